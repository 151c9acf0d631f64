//! The last line of Luigi's execution summary: the only place where Luigi says how a run went.

use crate::model::Face;

/// What a line says about the end of a Luigi run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// `This progress looks :) because …` (`luigi/execution_summary.py`; the words are the same in
    /// 3.0.3–3.8.1).
    Summary(Face),
    /// `luigi_build_return_value: …`, which PlanExe prints after `luigi.build()`.
    Built(bool),
}

/// What the line says about the end of a Luigi run, if anything.
///
/// The sentence must end the line; what stands before it does not matter, since a progress bar or
/// a print without newline may glue itself to its front. The last four bytes turn nearly every
/// other line away.
#[inline]
pub fn ended(line: &[u8]) -> Option<Ended> {
    match line.last_chunk::<4>()? {
        b"cies" => one_of(line, &[Face::Fine, Face::Missing]),
        b"etry" => one_of(line, &[Face::Retried]),
        b"asks" => one_of(line, &[Face::Failed]),
        b"iled" => one_of(line, &[Face::FailedAndScheduling, Face::Scheduling]),
        b"uler" => one_of(line, &[Face::NotRun]),
        b"ning" => locked(line),
        b"True" => built(line, b"True", true),
        b"alse" => built(line, b"False", false),
        _ => None,
    }
}

fn one_of(line: &[u8], faces: &[Face]) -> Option<Ended> {
    let says = |face: &&Face| {
        line.strip_suffix(face.because().as_bytes())
            .and_then(|rest| rest.strip_suffix(b" because "))
            .and_then(|rest| rest.strip_suffix(face.sign().as_bytes()))
            .is_some_and(|rest| rest.ends_with(b"This progress looks "))
    };
    faces.iter().find(says).map(|&face| Ended::Summary(face))
}

fn built(line: &[u8], word: &[u8], value: bool) -> Option<Ended> {
    line.strip_suffix(word)?.ends_with(b"luigi_build_return_value: ").then_some(Ended::Built(value))
}

/// `Pid(s) {12, 34} already running` (`luigi/lock.py`): it is printed, so it has no prefix.
fn locked(line: &[u8]) -> Option<Ended> {
    let pids = line.strip_prefix(b"Pid(s) {")?.strip_suffix(b"} already running")?;
    let are_pids = pids.iter().all(|&b| b.is_ascii_digit() || b == b',' || b == b' ');
    (are_pids && !pids.is_empty()).then_some(Ended::Summary(Face::Locked))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACES: [Face; 7] = [
        Face::Fine,
        Face::Retried,
        Face::Failed,
        Face::FailedAndScheduling,
        Face::Scheduling,
        Face::Missing,
        Face::NotRun,
    ];

    #[test]
    fn all_seven_faces_are_told_apart_alone_and_glued_to_something() {
        for face in FACES {
            let line = format!("This progress looks {} because {}", face.sign(), face.because());
            for glue in ["", "50%|####| ", "INFO: ", "status LuigiStatusCode.FAILED | "] {
                let glued = format!("{glue}{line}");
                assert_eq!(ended(glued.as_bytes()), Some(Ended::Summary(face)), "{glued}");
            }
            assert_eq!(ended(format!("{line} or not").as_bytes()), None);
            assert_eq!(ended(line.replace("looks", "seems").as_bytes()), None);
        }
    }

    #[test]
    fn a_luigi_that_finds_another_at_work_says_so_alone_on_its_line() {
        for line in ["Pid(s) {29466} already running", "Pid(s) {1, 22} already running"] {
            assert_eq!(ended(line.as_bytes()), Some(Ended::Summary(Face::Locked)), "{line}");
            assert_eq!(ended(format!("log: {line}").as_bytes()), None);
        }
        assert_eq!(ended(b"Pid(s) {} already running"), None);
        assert_eq!(ended(b"Pid(s) {x} already running"), None);
    }

    #[test]
    fn planexes_own_last_line_is_understood() {
        let line = b"2026-11-23 17:36:12 - __main__ - INFO - luigi_build_return_value: True";
        assert_eq!(ended(line), Some(Ended::Built(true)));
        let line = b"2026-11-23 17:36:12 - __main__ - INFO - luigi_build_return_value: False";
        assert_eq!(ended(line), Some(Ended::Built(false)));
        assert_eq!(ended(b"answer: False"), None);
    }
}
