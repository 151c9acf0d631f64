//! Proves a log: every record there, in order; every byte of every stream once; every seal right.

use std::io::{self, BufRead as _, BufReader, Read};

use serde::Deserialize;

use super::journal::Hashes;
use super::layout::PlanDir;
use super::lock::Lock;
use super::proof::Proof;
pub use super::proof::Report;
use super::segment::SegmentFile;
use super::segments::{self, Segment};
use super::snapshot;

/// Reads the whole log of a plan and reports what is wrong with it. Of a log that is being written,
/// what is there now is proved.
pub fn verify(plan: &PlanDir) -> io::Result<Report> {
    let mut proof = Proof::new(plan.name().as_str());
    // Read first: it is written after the log, so that the log has come at least as far.
    let saved: Option<Saved> = snapshot::load_json(&plan.status_file())?;
    let listed = segments::list(&plan.log())?;
    for (at, segment) in listed.iter().enumerate() {
        let newest = at + 1 == listed.len();
        match SegmentFile::open(&plan.log(), segment.first)? {
            Some(file) => read_segment(&mut proof, segment, &file, newest, plan)?,
            // Pruned while the log was being proved.
            None => proof.note(format!("segment {} was removed meanwhile", segment.first)),
        }
    }
    if let Some(saved) = saved {
        proof.reached(saved.fold.seq);
    }
    Ok(proof.report())
}

/// What the saved state knows of the log's end.
#[derive(Deserialize)]
struct Saved {
    fold: SavedFold,
}

#[derive(Deserialize)]
struct SavedFold {
    seq: u64,
}

fn read_segment(
    proof: &mut Proof,
    segment: &Segment,
    file: &SegmentFile,
    newest: bool,
    plan: &PlanDir,
) -> io::Result<()> {
    proof.open(segment.first);
    for (from, to) in file.damage()? {
        proof.unreadable(from, to);
    }
    let mut file = BufReader::with_capacity(256 << 10, Sequel { file, at: 0 });
    let mut hashes = Hashes::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        if file.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.last() != Some(&b'\n') {
            // A living recorder may be in the middle of it.
            let being_written = newest && Lock::holder(&plan.recorder_lock())?.is_some();
            if !being_written {
                proof.tail(&line, newest, source_is_gone(plan, &line));
            }
            break;
        }
        proof.line(&line, &hashes);
        hashes.add(&line);
    }
    proof.close(newest);
    Ok(())
}

/// A segment from its beginning to its end.
struct Sequel<'f> {
    file: &'f SegmentFile,
    at: u64,
}

impl Read for Sequel<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Whether a torn record is of a line of the plan that is nowhere any more: neither in the spool
/// nor in a pipe. What planwatch says itself can be said again.
fn source_is_gone(plan: &PlanDir, torn: &[u8]) -> bool {
    let torn = String::from_utf8_lossy(torn);
    let field = |before: &str, end: char| {
        let (_, rest) = torn.split_once(before)?;
        Some(rest.split_once(end)?.0.to_owned())
    };
    let (Some(run), Some(stream)) = (field("\"run\":", ','), field("\"stream\":\"", '"')) else {
        return false;
    };
    let Ok(number) = run.parse() else { return false };
    let front = format!("{run}.{stream}.");
    let spooled = std::fs::read_dir(plan.spool()).is_ok_and(|mut files| {
        files.any(|file| {
            file.is_ok_and(|file| file.file_name().to_string_lossy().starts_with(&front))
        })
    });
    stream != "planwatch" && !spooled && !plan.run_pipes(number).exists()
}

#[cfg(test)]
mod tests {
    use super::super::layout::Home;
    use super::*;

    const OPENED: &str = r#"{"ts":"2026-11-23T17:31:02.000000Z","seq":1,"plan":"p","run":0,"stream":"planwatch","event":"segment.opened","level":"debug","msg":"x","format":1,"version":"0","host":"h","boot":"b","fold":{"streams":[]}}"#;
    const TORN: &str = r#"{"ts":"2026-11-23T17:31:02.000001Z","seq":2,"plan":"p","run":1,"stream":"stdout","off":0,"m"#;

    #[test]
    fn a_torn_tail_is_a_loss_only_if_its_line_is_nowhere_any_more() {
        let temp = tempfile::tempdir().unwrap();
        let plan = Home::open(temp.path()).unwrap().plan(&"p".parse().unwrap());
        plan.create().unwrap();
        std::fs::write(plan.segment(1), format!("{OPENED}\n{TORN}")).unwrap();
        assert_eq!(verify(&plan).unwrap().findings.len(), 1);
        std::fs::write(plan.spool().join("1.stdout.0"), "x").unwrap();
        let report = verify(&plan).unwrap();
        assert!(report.is_whole(), "{report:#?}");
        assert_eq!(report.notes.len(), 1);
        std::fs::write(plan.segment(1), format!("{OPENED}\n\0\0\0")).unwrap();
        assert!(!verify(&plan).unwrap().is_whole());
    }
}
