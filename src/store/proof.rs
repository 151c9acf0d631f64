//! What must hold of a log, line by line. Pure: the lines come from `verify`.

use std::collections::{HashMap, HashSet};

use super::journal::Hashes;
use crate::model::{Event, Record, SealHash, Stamp, Stream, StreamPos};

/// Findings that are kept; more are only counted.
const MOST_FINDINGS: usize = 100;

/// What a proof of one log came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What is missing, twice, or not as it was written.
    pub findings: Vec<String>,
    /// Findings that are not listed any more.
    pub more: u64,
    /// What is worth knowing and lost nothing.
    pub notes: Vec<String>,
    /// Segments read.
    pub segments: u64,
    /// Records read.
    pub records: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Seq of the first record.
    pub first: u64,
    /// Seq of the last record.
    pub last: u64,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }
}

/// A proof under way.
pub(super) struct Proof {
    plan: String,
    report: Report,
    /// The seq that must come next.
    next: Option<u64>,
    /// The next offset of each stream; the lifecycle stream counts as one of run 0.
    offsets: HashMap<(u64, Stream), u64>,
    /// Whether a stream that is not in `offsets` must begin at 0.
    complete: bool,
    /// Runs that have had their `run.exited` and their `run.verdict`.
    exited: HashSet<u64>,
    judged: HashSet<u64>,
    segment: SegmentProof,
}

/// What must hold within one segment.
#[derive(Default)]
struct SegmentProof {
    first: u64,
    records: u64,
    bytes: u64,
    sealed: bool,
    ts: Option<Stamp>,
}

impl Proof {
    pub(super) fn new(plan: &str) -> Proof {
        Proof {
            plan: plan.to_owned(),
            report: Report::default(),
            next: None,
            offsets: HashMap::new(),
            complete: false,
            exited: HashSet::new(),
            judged: HashSet::new(),
            segment: SegmentProof::default(),
        }
    }

    pub(super) fn report(self) -> Report {
        self.report
    }

    fn found(&mut self, finding: String) {
        if self.report.findings.len() < MOST_FINDINGS {
            self.report.findings.push(finding);
        } else {
            self.report.more += 1;
        }
    }

    pub(super) fn note(&mut self, note: String) {
        self.report.notes.push(note);
    }

    /// A stretch of a compressed segment that cannot be unpacked.
    pub(super) fn unreadable(&mut self, from: u64, to: u64) {
        let first = self.segment.first;
        self.found(format!("segment {first}: bytes {from}–{to} cannot be unpacked"));
    }

    /// Begins a segment.
    pub(super) fn open(&mut self, first: u64) {
        self.report.segments += 1;
        self.segment = SegmentProof { first, ..SegmentProof::default() };
    }

    /// Ends a segment.
    pub(super) fn close(&mut self, newest: bool) {
        let first = self.segment.first;
        if self.segment.records == 0 && !newest {
            self.found(format!("segment {first} is empty"));
        } else if !self.segment.sealed && !newest {
            self.note(format!("segment {first} was never sealed: its checksums are not known"));
        }
    }

    /// The log has once come to this record.
    pub(super) fn reached(&mut self, seq: u64) {
        // Of a log that is gone as a whole the last number is 0.
        let next = self.next.unwrap_or(1);
        if next <= seq {
            self.found(format!("records {next}–{seq} are missing at the end"));
        }
    }

    /// What stands behind the last line end of a segment that nobody is writing. `gone` says that
    /// nobody can complete it.
    pub(super) fn tail(&mut self, tail: &[u8], newest: bool, gone: bool) {
        let first = self.segment.first;
        let length = tail.len();
        if tail.iter().all(|&byte| byte == 0) {
            self.found(format!(
                "segment {first} ends in {length} NUL bytes: a power cut lost its last records"
            ));
        } else if gone {
            self.found(format!(
                "segment {first} ends in the first {length} bytes of a record, and its line is nowhere any more"
            ));
        } else if newest {
            self.note(format!(
                "segment {first} ends in the first {length} bytes of a record: nothing is lost, the next recorder completes it"
            ));
        } else {
            self.found(format!("segment {first} ends in the first {length} bytes of a record"));
        }
    }

    /// Takes a whole line; `hashes` are those of everything before it in its segment.
    pub(super) fn line(&mut self, line: &[u8], hashes: &Hashes) {
        let at = self.segment.bytes;
        let place = format!("segment {}, byte {at}", self.segment.first);
        if self.segment.sealed {
            self.found(format!("{place}: a record behind the seal"));
        }
        match Record::parse(line) {
            Err(error) => {
                self.found(format!("{place}: {error}"));
                // It takes a number all the same: what follows is not missing. Of a stretch that is
                // gone nobody knows how many it held: what is missing is told by what follows.
                if !line.contains(&0) {
                    self.next = self.next.map(|next| next + 1);
                }
            }
            Ok(record) => {
                let event = record.event_of(line);
                self.number(&record, event.as_ref());
                self.first_line(&record, event.as_ref());
                self.time(&record);
                self.offset(&record);
                if let Some(event) = &event {
                    self.event(&record, event, hashes);
                }
                if *record.plan != self.plan {
                    self.found(format!("record {} is of plan {}", record.seq, record.plan));
                }
            }
        }
        self.segment.records += 1;
        self.segment.bytes += line.len() as u64;
        self.report.records += 1;
        self.report.bytes += line.len() as u64;
    }

    /// Numbers are dense; only a `log.gap` that names them explains missing ones.
    fn number(&mut self, record: &Record<'_>, event: Option<&Event>) {
        let seq = record.seq;
        if self.report.records == 0 {
            self.report.first = seq;
            self.complete = seq == 1;
            if seq > 1 {
                self.note(format!("records 1–{} have been pruned", seq - 1));
            }
        }
        match self.next {
            Some(next) if seq > next => match event {
                Some(Event::LogGap { from: Some(from), to: Some(to), reason, .. })
                    if *from <= next && *to + 1 >= seq =>
                {
                    self.note(format!("records {next}–{} are given up: {reason}", seq - 1));
                }
                _ => self.found(format!("records {next}–{} are missing", seq - 1)),
            },
            Some(next) if seq < next => {
                self.found(format!("record {seq} comes after record {}", next - 1));
            }
            _ => {}
        }
        self.next = Some(seq + 1);
        self.report.last = self.report.last.max(seq);
    }

    /// A segment begins with `segment.opened`, under the name of its seq.
    fn first_line(&mut self, record: &Record<'_>, event: Option<&Event>) {
        if self.segment.records > 0 {
            return;
        }
        let first = self.segment.first;
        if record.seq != first {
            self.found(format!("segment {first} begins with record {}", record.seq));
        }
        let Some(Event::SegmentOpened { fold, .. }) = event else {
            return self.found(format!("segment {first} does not begin with segment.opened"));
        };
        let streams = fold.get("streams").cloned().unwrap_or_default();
        let known: Vec<StreamPos> = serde_json::from_value(streams).unwrap_or_default();
        for StreamPos { run, stream, off } in known {
            let key = (run, stream);
            match self.offsets.get(&key) {
                Some(&here) if self.complete && here != off => self.found(format!(
                    "segment {first} begins with {} of run {run} at byte {off}, the one before ended at {here}",
                    key.1
                )),
                _ => {}
            }
            self.offsets.insert(key, off);
        }
        // From here on every stream that is open is known.
        self.complete = true;
    }

    fn time(&mut self, record: &Record<'_>) {
        if self.segment.ts.is_some_and(|before| record.ts < before) {
            self.found(format!("record {} is older than the one before it", record.seq));
        }
        self.segment.ts = Some(record.ts);
    }

    /// Every byte of a stream is in one record, in order.
    fn offset(&mut self, record: &Record<'_>) {
        let Some((off, length)) = record.span() else { return };
        let run = if record.stream == Stream::Planwatch { 0 } else { record.run };
        self.follows(run, &record.stream, off, record.seq);
        self.offsets.insert((run, record.stream.clone()), off + length);
    }

    fn follows(&mut self, run: u64, stream: &Stream, off: u64, seq: u64) {
        let known = self.offsets.get(&(run, stream.clone())).copied();
        let Some(expected) = known.or(self.complete.then_some(0)) else { return };
        let of = if run == 0 { stream.to_string() } else { format!("{stream} of run {run}") };
        if off > expected {
            let missing = off - expected;
            self.found(format!(
                "{of}: {missing} bytes from {expected} on are missing before record {seq}"
            ));
        } else if off < expected {
            let twice = expected - off;
            self.found(format!(
                "{of}: {twice} bytes from {off} on are recorded twice, in record {seq}"
            ));
        }
    }

    fn event(&mut self, record: &Record<'_>, event: &Event, hashes: &Hashes) {
        let (run, seq) = (record.run, record.seq);
        match event {
            Event::SegmentSealed { records, bytes, crc32 } => {
                self.seal(*records, *bytes, crc32, &hashes.finished());
            }
            Event::LogGap { of: Some(of), at: Some(at), bytes: Some(bytes), reason, .. } => {
                self.follows(run, of, *at, seq);
                self.offsets.insert((run, of.clone()), at + bytes);
                self.note(format!("{of} of run {run}: {bytes} bytes are given up: {reason}"));
            }
            Event::StreamClosed { of, bytes } => {
                self.follows(run, of, *bytes, seq);
                self.offsets.remove(&(run, of.clone()));
            }
            Event::RunExited { .. } if !self.exited.insert(run) => {
                self.found(format!("run {run} has exited twice, again in record {seq}"));
            }
            Event::RunVerdict { .. } if !self.judged.insert(run) => {
                self.found(format!("run {run} has two verdicts, the second in record {seq}"));
            }
            _ => {}
        }
    }

    fn seal(&mut self, records: u64, bytes: u64, told: &[SealHash], found: &[SealHash]) {
        let first = self.segment.first;
        self.segment.sealed = true;
        if records != self.segment.records {
            let here = self.segment.records;
            self.found(format!("segment {first} was sealed with {records} records and has {here}"));
        }
        if bytes != self.segment.bytes {
            let here = self.segment.bytes;
            self.found(format!("segment {first} was sealed with {bytes} bytes and has {here}"));
        }
        for (mib, (told, found)) in told.iter().zip(found).enumerate() {
            if told != found {
                self.found(format!(
                    "segment {first}: MiB {mib} is not what was written (checksum)"
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENED: &str = r#"{"ts":"2026-11-23T17:31:02.000000Z","seq":1,"plan":"p","run":0,"stream":"planwatch","event":"segment.opened","level":"debug","msg":"x","format":1,"version":"0","host":"h","boot":"b","fold":{"streams":[]}}"#;

    fn text(seq: u64, off: u64, msg: &str) -> String {
        format!(
            r#"{{"ts":"2026-11-23T17:31:02.{seq:06}Z","seq":{seq},"plan":"p","run":1,"stream":"stdout","off":{off},"msg":"{msg}"}}"#
        )
    }

    fn event(seq: u64, rest: &str) -> String {
        format!(
            r#"{{"ts":"2026-11-23T17:31:02.{seq:06}Z","seq":{seq},"plan":"p","run":1,"stream":"planwatch","level":"info","msg":"x",{rest}}}"#
        )
    }

    fn proved(lines: &[String]) -> Report {
        let mut proof = Proof::new("p");
        proof.open(1);
        let mut hashes = Hashes::default();
        for line in lines {
            let line = format!("{line}\n");
            proof.line(line.as_bytes(), &hashes);
            hashes.add(line.as_bytes());
        }
        proof.close(true);
        proof.report()
    }

    fn sealed(mut lines: Vec<String>) -> Vec<String> {
        let content: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let crc = crc32fast::hash(content.as_bytes());
        lines.push(event(
            lines.len() as u64 + 1,
            &format!(
                r#""event":"segment.sealed","records":{},"bytes":{},"crc32":["{crc:08x}"]"#,
                lines.len(),
                content.len()
            ),
        ));
        lines
    }

    fn whole() -> Vec<String> {
        vec![OPENED.to_owned(), text(2, 0, "abc"), text(3, 4, ""), text(4, 5, "x")]
    }

    #[test]
    fn a_whole_log_is_found_whole() {
        let report = proved(&sealed(whole()));
        assert_eq!(report.findings, [""; 0]);
        assert_eq!((report.first, report.last, report.records), (1, 5, 5));
    }

    #[test]
    fn a_missing_record_is_named_with_its_bytes() {
        let mut lines = whole();
        lines.remove(2);
        assert_eq!(
            proved(&lines).findings,
            [
                "records 3–3 are missing",
                "stdout of run 1: 1 bytes from 4 on are missing before record 4"
            ]
        );
    }

    #[test]
    fn a_lost_end_is_named_by_its_numbers() {
        let mut proof = Proof::new("p");
        proof.open(1);
        let line = format!("{OPENED}\n");
        proof.line(line.as_bytes(), &Hashes::default());
        proof.close(true);
        proof.reached(1);
        proof.reached(7);
        assert_eq!(proof.report().findings, ["records 2–7 are missing at the end"]);
    }

    #[test]
    fn a_doubled_line_is_named() {
        let mut lines = whole();
        lines.push(text(5, 5, "x"));
        assert_eq!(
            proved(&lines).findings,
            ["stdout of run 1: 2 bytes from 5 on are recorded twice, in record 5"]
        );
    }

    #[test]
    fn a_flipped_byte_breaks_the_seal() {
        let mut lines = sealed(whole());
        lines[1] = lines[1].replace("abc", "abd");
        assert_eq!(
            proved(&lines).findings,
            ["segment 1: MiB 0 is not what was written (checksum)"]
        );
    }

    #[test]
    fn a_gap_that_the_log_admits_is_no_finding() {
        let mut lines = whole();
        lines
            .push(event(5, r#""event":"log.gap","reason":"full","of":"stdout","at":7,"bytes":93"#));
        lines.push(event(200, r#""event":"log.gap","reason":"reboot","from":6,"to":199"#));
        lines.push(text(201, 100, "y"));
        lines.push(event(202, r#""event":"stream.closed","of":"stdout","bytes":102"#));
        let report = proved(&lines);
        assert_eq!(report.findings, [""; 0]);
        assert_eq!(report.notes.len(), 2);
    }

    #[test]
    fn a_stream_that_ended_elsewhere_than_it_closed_is_named() {
        let mut lines = whole();
        lines.push(event(5, r#""event":"stream.closed","of":"stdout","bytes":9"#));
        assert_eq!(proved(&lines).findings.len(), 1);
    }

    #[test]
    fn garbage_is_named_and_what_follows_is_still_proved() {
        let mut lines = whole();
        lines[2] = "garbage".to_owned();
        let findings = proved(&lines).findings;
        assert_eq!(findings.len(), 2, "{findings:#?}");
        assert!(findings[0].starts_with("segment 1, byte "), "{findings:#?}");
    }
}
