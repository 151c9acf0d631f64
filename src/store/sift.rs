//! The records of a log that carry one of a few marks, found without parsing the others.

use std::io;

use memchr::memmem::Finder;

use super::layout::PlanDir;
use super::reader::{Batch, Reader, Step};
use crate::model::Record;

/// What is found.
#[derive(Debug)]
pub enum Sifted<'r> {
    /// A record, marked or asked for, and the line that it is.
    Record(&'r Record<'r>, &'r [u8]),
    /// Records are missing here.
    Gap,
}

/// Hands over the records behind `after` and up to `upto` that carry one of `marks`: text that only
/// the writer can have put into a record, for inside a string the quotes are escaped. Where `take`
/// says true, the next record is handed over whatever it is; `every` says so of the first. Gives the seq of the last record looked
/// at, or None if the log was removed meanwhile.
pub fn sift(
    plan: &PlanDir,
    after: u64,
    upto: u64,
    marks: &[&str],
    mut every: bool,
    take: &mut dyn FnMut(Sifted<'_>) -> bool,
) -> io::Result<Option<u64>> {
    let finders: Vec<Finder<'_>> = marks.iter().map(Finder::new).collect();
    let mut reader = Reader::open(plan)?;
    reader.seek_after(after);
    let mut batch = Batch::new();
    while reader.cursor() < upto {
        match reader.read(&mut batch)? {
            Step::Lines => every = sift_lines(batch.bytes(), upto, &finders, every, take),
            Step::Gap { .. } => {
                take(Sifted::Gap);
                every = false;
            }
            Step::Renewed => return Ok(None),
            Step::End => break,
        }
    }
    Ok(Some(reader.cursor().min(upto)))
}

/// Whether the next record is wanted whatever it is.
fn sift_lines(
    lines: &[u8],
    upto: u64,
    finders: &[Finder<'_>],
    mut every: bool,
    take: &mut dyn FnMut(Sifted<'_>) -> bool,
) -> bool {
    let mut found: Vec<usize> = vec![0; finders.len()];
    let mut at = 0;
    while at < lines.len() {
        if !every {
            for (found, finder) in found.iter_mut().zip(finders) {
                if *found <= at {
                    let next = finder.find(&lines[at..]);
                    *found = next.map_or(lines.len(), |next| at + next);
                }
            }
            let next = found.iter().copied().min().unwrap_or(lines.len());
            if next == lines.len() {
                break;
            }
            at += memchr::memrchr(b'\n', &lines[at..next]).map_or(0, |end| end + 1);
        }
        let Some(length) = memchr::memchr(b'\n', &lines[at..]) else { break };
        let line = &lines[at..=at + length];
        at += line.len();
        if let Ok(record) = Record::parse(line) {
            if record.seq > upto {
                break;
            }
            every = take(Sifted::Record(&record, line));
        }
    }
    every
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Head, Stamp, Text, encode_text};
    use crate::store::layout::Home;

    #[test]
    fn marked_records_are_found_and_those_behind_them_where_they_are_wanted() {
        let temp = tempfile::tempdir().unwrap();
        let plan = Home::open(temp.path()).unwrap().plan(&"p".parse().unwrap());
        plan.create().unwrap();
        let head = Head::new(plan.name(), 1, "stdout");
        let mut log = Vec::new();
        for seq in 1..=40 {
            let task = (seq % 10 == 0).then_some(("T()", "done"));
            let bytes = br#"a print of ,"task_event":"done" is none"#;
            let text = Text { off: seq, bytes, task, ..Text::default() };
            encode_text(&mut log, &head, &Stamp(0).text(), seq, &text);
        }
        std::fs::write(plan.segment(1), log).unwrap();
        for (after, upto, expected) in
            [(0, 99, &[10, 11, 20, 21, 30, 31, 40][..]), (10, 30, &[20, 21, 30]), (40, 99, &[])]
        {
            let mut seqs = Vec::new();
            let last = sift(&plan, after, upto, &[r#","task_event":""#], false, &mut |sifted| {
                let Sifted::Record(record, _) = sifted else { return false };
                seqs.push(record.seq);
                record.task.is_some()
            });
            assert_eq!((last.unwrap(), &seqs[..]), (Some(upto.min(40)), expected));
        }
        std::fs::remove_file(plan.segment(1)).unwrap();
        std::fs::write(plan.segment(9), "").unwrap();
        assert_eq!(sift(&plan, 0, 99, &["x"], false, &mut |_| true).unwrap(), Some(0));
    }
}
