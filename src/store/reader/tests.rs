//! Histories of a log, written to a real folder, and what readers make of them.

use std::fs::File;
use std::io::Write as _;

use proptest::prelude::*;

use super::*;

fn name(log: &Path, first: u64) -> PathBuf {
    log.join(format!("{first:018}.jsonl"))
}
use crate::model::{Event, Head, Level, Record, SealHash, Text, encode_event, encode_text};

/// Writes a log the way a recorder does, and badly where a test wants it.
struct Writer {
    temp: tempfile::TempDir,
    file: Option<File>,
    firsts: Vec<u64>,
    /// Every record written, by seq, with its time.
    written: Vec<(u64, i64, Vec<u8>)>,
    seq: u64,
    micros: i64,
    torn: Vec<u8>,
}

impl Writer {
    fn new() -> Writer {
        let mut writer = Writer {
            temp: tempfile::tempdir().unwrap(),
            file: None,
            firsts: Vec::new(),
            written: Vec::new(),
            seq: 0,
            micros: 1_000_000,
            torn: Vec::new(),
        };
        writer.open();
        writer
    }

    fn log(&self) -> PathBuf {
        self.temp.path().join("log")
    }

    fn reader(&self) -> Reader {
        Reader::of_log(self.log())
    }

    fn open(&mut self) {
        fs::create_dir_all(self.log()).unwrap();
        let first = self.seq + 1;
        self.file = Some(File::create(name(&self.log(), first)).unwrap());
        self.firsts.push(first);
        self.event(&Event::SegmentOpened {
            format: 1,
            version: "0".into(),
            host: "h".into(),
            boot: "b".into(),
            fold: Box::default(),
        });
    }

    fn event(&mut self, event: &Event) {
        let line = self.record(|line, head, ts, seq| {
            encode_event(line, head, ts, seq, None, Level::Info, "said", event);
        });
        self.put(&line);
    }

    fn record(
        &mut self,
        encode: impl FnOnce(&mut Vec<u8>, &Head, &[u8; Stamp::LEN], u64),
    ) -> Vec<u8> {
        self.seq += 1;
        self.micros += 10;
        let head = Head::new(&"p".parse().unwrap(), 1, "stdout");
        let mut line = Vec::new();
        encode(&mut line, &head, &Stamp(self.micros).text(), self.seq);
        self.written.push((self.seq, self.micros, line.clone()));
        line
    }

    fn text(&mut self, length: usize) -> Vec<u8> {
        let bytes = vec![b'a' + (self.seq % 26) as u8; length];
        self.record(|line, head, ts, seq| {
            encode_text(line, head, ts, seq, &Text { bytes: &bytes, ..Text::default() });
        })
    }

    fn put(&mut self, bytes: &[u8]) {
        let torn = std::mem::take(&mut self.torn);
        let mut file = self.file.as_ref().unwrap();
        file.write_all(&torn).unwrap();
        file.write_all(bytes).unwrap();
    }

    fn line(&mut self, length: usize) {
        let line = self.text(length);
        self.put(&line);
    }

    /// Writes the beginning of a record; its rest comes with the next write.
    fn torn_line(&mut self, length: usize) {
        let line = self.text(length);
        let (begun, rest) = line.split_at(line.len() / 2);
        self.put(begun);
        self.torn = rest.to_vec();
    }

    fn garbage(&mut self, bytes: &[u8]) {
        self.put(bytes);
    }

    fn rotate(&mut self, sealed: bool) {
        self.put(b"");
        if sealed {
            let crc32 = vec![SealHash(7)];
            self.event(&Event::SegmentSealed { records: 1, bytes: 1, crc32 });
        }
        self.open();
    }

    fn prune(&mut self) {
        if self.firsts.len() > 1 {
            fs::remove_file(name(&self.log(), self.firsts.remove(0))).unwrap();
        }
    }

    fn jump(&mut self, said: bool) {
        let from = self.seq + 1;
        self.put(b"");
        self.seq += 10;
        let (from, to) = (Some(from), Some(self.seq));
        match said {
            true => {
                let reason = "boot".into();
                self.event(&Event::LogGap { reason, from, to, of: None, at: None, bytes: None });
            }
            false => self.line(5),
        }
    }
}

/// A reader and what it has been given.
struct Follower {
    reader: Reader,
    batch: Batch,
    seen: Vec<Vec<u8>>,
    /// Holes that were named, by a step or by the log's own record.
    gaps: Vec<(u64, u64)>,
}

impl Follower {
    fn new(reader: Reader) -> Follower {
        Follower { reader, batch: Batch::new(), seen: Vec::new(), gaps: Vec::new() }
    }

    fn step(&mut self) -> Step {
        let step = self.reader.read(&mut self.batch).unwrap();
        match step {
            Step::Lines => {
                assert!(!self.batch.is_empty());
                for line in self.batch.lines() {
                    if let Ok(Event::LogGap { from: Some(from), to: Some(to), .. }) =
                        serde_json::from_slice(line)
                    {
                        self.gaps.push((from, to));
                    }
                    self.seen.push(line.to_vec());
                }
            }
            Step::Gap { from, to } => self.gaps.push((from, to)),
            Step::Renewed | Step::End => assert!(self.batch.is_empty()),
        }
        step
    }

    fn read_up(&mut self) {
        while self.step() != Step::End {}
    }

    fn seqs(&self) -> Vec<u64> {
        self.seen.iter().map(|line| Peek::seq(line).unwrap()).collect()
    }

    /// Every record is here once, in order, as it was written, or lies in a named gap.
    fn check(&self, written: &[(u64, i64, Vec<u8>)], from: u64) {
        let mut seen = self.seen.iter();
        let mut next = seen.next();
        for (seq, _, line) in written.iter().filter(|(seq, ..)| *seq > from) {
            if next == Some(line) {
                next = seen.next();
            } else {
                let named = self.gaps.iter().any(|(from, to)| (from..=to).contains(&seq));
                assert!(named, "{seq} is missing: {:?} {:?}", self.gaps, self.seqs());
            }
        }
        assert_eq!(next, None, "too much: {:?}", self.seqs());
        let dense = self
            .seqs()
            .windows(2)
            .all(|pair| pair[0] + 1 == pair[1] || self.gaps.contains(&(pair[0] + 1, pair[1] - 1)));
        assert!(dense, "a hole without a name: {:?} {:?}", self.seqs(), self.gaps);
    }
}

#[derive(Clone, Debug)]
enum Deed {
    Lines(u8, usize),
    Torn(usize),
    Garbage,
    Rotate(bool),
    Prune,
    Jump(bool),
    Step(usize),
    Begin,
}

fn deed() -> impl Strategy<Value = Deed> {
    let length = prop_oneof![8 => 0..200_usize, 1 => 30_000..140_000_usize];
    prop_oneof![
        6 => (1..40_u8, 0..200_usize).prop_map(|(n, length)| Deed::Lines(n, length)),
        1 => length.clone().prop_map(|length| Deed::Lines(2, length)),
        2 => length.prop_map(Deed::Torn),
        1 => Just(Deed::Garbage),
        3 => any::<bool>().prop_map(Deed::Rotate),
        2 => Just(Deed::Prune),
        1 => any::<bool>().prop_map(Deed::Jump),
        6 => (0..4_usize).prop_map(Deed::Step),
        1 => Just(Deed::Begin),
    ]
}

fn perform(writer: &mut Writer, deed: &Deed) {
    match *deed {
        Deed::Lines(n, length) => (0..n).for_each(|_| writer.line(length)),
        Deed::Torn(length) => writer.torn_line(length),
        Deed::Garbage => writer.garbage(b"\0\0not a record\n"),
        Deed::Rotate(sealed) => writer.rotate(sealed),
        Deed::Prune => writer.prune(),
        Deed::Jump(said) => writer.jump(said),
        Deed::Step(_) | Deed::Begin => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_history_gives_a_reader_every_record_once_in_order_or_a_named_gap(
        deeds in proptest::collection::vec(deed(), 1..60)
    ) {
        let mut writer = Writer::new();
        let mut followers: Vec<Follower> = (0..4).map(|_| Follower::new(writer.reader())).collect();
        for deed in &deeds {
            perform(&mut writer, deed);
            match *deed {
                Deed::Step(who) => { followers[who].step(); }
                Deed::Begin => followers.push(Follower::new(writer.reader())),
                _ => {}
            }
        }
        writer.put(b"");
        for follower in &mut followers {
            follower.read_up();
            follower.check(&writer.written, 0);
            prop_assert_eq!(follower.reader.cursor(), writer.seq);
        }
    }

    #[test]
    fn every_way_to_seek_agrees_with_a_naive_scan(
        deeds in proptest::collection::vec(deed(), 1..40),
        seq in 0..600_u64,
        time in 0..7_000_i64,
        last in 0..300_usize,
    ) {
        let mut writer = Writer::new();
        for deed in &deeds {
            perform(&mut writer, deed);
        }
        writer.put(b"");
        let mut whole = Follower::new(writer.reader());
        whole.read_up();
        let lines = &whole.seen;

        let mut found = Follower::new(writer.reader());
        found.reader.seek_after(seq);
        found.read_up();
        let expected: Vec<_> = lines.iter().filter(|line| Peek::seq(line) > Some(seq)).collect();
        prop_assert_eq!(found.seen.iter().collect::<Vec<_>>(), expected);

        let since = Stamp(1_000_000 + time);
        let mut found = Follower::new(writer.reader());
        found.reader.seek_time(since).unwrap();
        found.read_up();
        let late = |line: &&Vec<u8>| Peek::place(line).unwrap().0 >= since.text();
        prop_assert_eq!(found.seen.iter().collect::<Vec<_>>(), lines.iter().filter(late).collect::<Vec<_>>());

        let mut found = Follower::new(writer.reader());
        found.reader.seek_last(last as u64, &mut |_| true).unwrap();
        found.read_up();
        prop_assert_eq!(&found.seen[..], &lines[lines.len().saturating_sub(last)..]);
        prop_assert_eq!(found.reader.last_seq().unwrap(), writer.seq);
    }
}

#[test]
fn eight_followers_get_every_record_through_many_rotations() {
    let mut writer = Writer::new();
    let mut followers: Vec<Follower> = (0..8).map(|_| Follower::new(writer.reader())).collect();
    for round in 0..500 {
        (0..round % 17).for_each(|_| writer.line(60));
        writer.rotate(true);
        followers[round % 8].step();
        if round % 3 == 0 {
            followers[(round / 3) % 8].read_up();
        }
    }
    for follower in &mut followers {
        follower.read_up();
        assert_eq!(follower.seqs(), (1..=writer.seq).collect::<Vec<u64>>());
    }
}

#[test]
fn a_torn_tail_is_not_yet_there() {
    let mut writer = Writer::new();
    let mut follower = Follower::new(writer.reader());
    writer.torn_line(50);
    follower.read_up();
    assert_eq!(follower.seqs(), [1]);
    assert_eq!(follower.reader.last_seq().unwrap(), 1);
    writer.put(b"");
    follower.read_up();
    assert_eq!(follower.seqs(), [1, 2]);
}

#[test]
fn damage_is_counted_and_passed_over() {
    let mut writer = Writer::new();
    let mut follower = Follower::new(writer.reader());
    writer.line(5);
    writer.garbage(b"\0\0\0\n");
    writer.line(5);
    writer.garbage(&[&vec![0; LONGEST * 2 + 77][..], b"\n"].concat());
    writer.line(5);
    follower.read_up();
    assert_eq!(follower.seqs(), [1, 2, 3, 4]);
    assert_eq!(follower.reader.skipped(), 2);
    let mut last = writer.reader();
    last.seek_last(2, &mut |_| true).unwrap();
    assert_eq!(last.cursor(), 2);
}

#[test]
fn a_log_that_does_not_exist_yet_is_read_once_it_does() {
    let mut writer = Writer::new();
    let away = writer.temp.path().join("away");
    fs::rename(writer.log(), &away).unwrap();
    let mut follower = Follower::new(writer.reader());
    assert_eq!(follower.step(), Step::End);
    fs::rename(&away, writer.log()).unwrap();
    writer.line(3);
    follower.read_up();
    assert_eq!(follower.seqs(), [1, 2]);
}

#[test]
fn a_log_that_was_removed_and_begun_anew_is_read_from_its_beginning() {
    let mut writer = Writer::new();
    (0..5).for_each(|_| writer.line(3));
    let mut follower = Follower::new(writer.reader());
    follower.read_up();
    fs::remove_dir_all(writer.log()).unwrap();
    follower.read_up();
    writer.seq = 0;
    writer.open();
    writer.line(3);
    assert_eq!(follower.step(), Step::Renewed);
    follower.read_up();
    assert_eq!(follower.seqs(), [1, 2, 3, 4, 5, 6, 1, 2]);
}

#[test]
fn a_segment_cut_short_or_replaced_by_a_copy_repeats_nothing() {
    let mut writer = Writer::new();
    (0..5).for_each(|_| writer.line(3));
    let mut follower = Follower::new(writer.reader());
    follower.read_up();
    let path = name(&writer.log(), 1);
    let copy = writer.temp.path().join("copy");
    fs::copy(&path, &copy).unwrap();
    fs::rename(&copy, &path).unwrap();
    writer.file = Some(File::options().append(true).open(&path).unwrap());
    writer.line(3);
    follower.read_up();
    assert_eq!(follower.seqs(), (1..=7).collect::<Vec<u64>>());
    writer.file.as_ref().unwrap().set_len(0).unwrap();
    follower.read_up();
    writer.line(3);
    follower.read_up();
    assert_eq!(follower.seqs(), (1..=8).collect::<Vec<u64>>());
}

#[test]
fn the_last_lines_are_counted_by_what_the_caller_wants() {
    let mut writer = Writer::new();
    for n in 0..300 {
        writer.line(if n % 10 == 0 { 7 } else { 3 });
        if n % 50 == 0 {
            writer.rotate(true);
        }
    }
    let sevens = |line: &[u8]| Record::parse(line).unwrap().msg.len() == 7;
    let expected: Vec<u64> =
        writer.written.iter().filter(|(.., line)| sevens(line)).map(|(seq, ..)| *seq).collect();
    let mut reader = writer.reader();
    reader.seek_last(2, &mut |line| sevens(line)).unwrap();
    assert_eq!(reader.cursor(), expected[expected.len() - 2] - 1);
}

#[test]
fn what_was_written_before_the_clock_went_back_is_found_by_its_time() {
    let mut writer = Writer::new();
    let hour = 3_600_000_000;
    let lines = |writer: &mut Writer, count: usize| {
        for _ in 0..count {
            writer.micros += hour / 60;
            writer.line(20);
        }
    };
    lines(&mut writer, 120);
    let before = (writer.seq, writer.micros);
    // Back by an hour, and a minute later right again.
    writer.event(&Event::SegmentSealed { records: 1, bytes: 1, crc32: vec![SealHash(7)] });
    writer.micros -= hour;
    writer.rotate(false);
    writer.event(&Event::ClockStepped { back_ms: 3_600_000 });
    lines(&mut writer, 1);
    writer.micros += hour;
    lines(&mut writer, 120);
    writer.rotate(true);
    lines(&mut writer, 120);
    let since = |at: i64| {
        let mut reader = writer.reader();
        reader.seek_since(Stamp(at)).unwrap();
        reader.cursor()
    };
    let half = hour / 2;
    let cursor = since(before.1 - half);
    assert!(cursor >= before.0 - 31 && cursor < before.0 - 28, "{cursor} of {}", before.0);
    // What only holds older records is not read.
    let late = writer.micros - half;
    let mut reader = writer.reader();
    reader.seek_time(Stamp(late)).unwrap();
    assert_eq!(since(late), reader.cursor());
}
