//! Whatever happens while segments are compressed, the log stays what it was.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::process::Command;

use proptest::prelude::*;
use tempfile::TempDir;

use super::super::backward::Backward;
use super::super::layout::{Home, PlanDir};
use super::super::lock::Holder;
use super::super::reader::{Batch, Reader, Step};
use super::super::segments;
use super::super::verify::verify;
use super::pack::compress;
use super::*;
use crate::model::{Event, Head, Level, Stamp, Text, encode_event, encode_text};

const STEPS: [&str; 7] = ["begin", "frame", "synced", "proved", "renamed", "safe", "removed"];

struct Bench {
    _temp: TempDir,
    plan: PlanDir,
}

impl Bench {
    /// A log of three sealed segments of so many records each, and one that is being written.
    fn new(records: u64) -> Bench {
        let temp = tempfile::tempdir().unwrap();
        let plan = Home::open(temp.path()).unwrap().plan(&"p".parse().unwrap());
        plan.create().unwrap();
        let bench = Bench { _temp: temp, plan };
        (0..4).for_each(|segment| bench.write(segment * records + 1, records, segment < 3));
        bench
    }

    /// Writes a segment whose first record has this seq.
    fn write(&self, first: u64, records: u64, sealed: bool) {
        let own = Head::new(self.plan.name(), 1, "planwatch");
        let text = Head::new(self.plan.name(), 1, "stdout");
        let ts = |seq: u64| Stamp(seq as i64 * 1000).text();
        let mut lines = Vec::new();
        // Two records of each segment before are no text.
        let off = |first: u64| (first - 1) / records * (records - 2) * 30;
        let streams = serde_json::json!([{"run": 1, "stream": "stdout", "off": off(first)}]);
        let fold = Box::new(serde_json::json!({ "streams": streams }));
        let (version, host, boot) = ("0".to_owned(), "h".to_owned(), "b".to_owned());
        let opened = Event::SegmentOpened { format: 1, version, host, boot, fold };
        encode_event(&mut lines, &own, &ts(first), first, None, Level::Debug, "opened", &opened);
        let last = first + records - 1;
        for seq in first + 1..=last - u64::from(sealed) {
            let from = off(first) + (seq - first - 1) * 30;
            let bytes = format!("line {seq:024}");
            let text_of = Text { off: from, bytes: bytes.as_bytes(), ..Text::default() };
            encode_text(&mut lines, &text, &ts(seq), seq, &text_of);
        }
        if sealed {
            let crc32 =
                lines.chunks(1 << 20).map(|mib| crate::model::SealHash(crc32fast::hash(mib)));
            let (crc32, bytes) = (crc32.collect(), lines.len() as u64);
            let sealed = Event::SegmentSealed { records: records - 1, bytes, crc32 };
            encode_event(&mut lines, &own, &ts(last), last, None, Level::Debug, "sealed", &sealed);
        }
        fs::write(self.plan.segment(first), lines).unwrap();
    }

    fn compress(&self) -> pack::Saved {
        compress(&self.plan, &Holder::default(), &mut |_| Ok(())).unwrap()
    }

    /// The whole log as a reader gives it.
    fn read(&self) -> Vec<u8> {
        let mut reader = Reader::open(&self.plan).unwrap();
        let (lines, steps) = read_on(&mut reader);
        assert_eq!(steps, [], "no gap");
        lines
    }

    fn compressed(&self) -> Vec<bool> {
        segments::list(&self.plan.log()).unwrap().iter().map(|one| one.compressed).collect()
    }
}

/// Everything up to the end, and what else was told.
fn read_on(reader: &mut Reader) -> (Vec<u8>, Vec<Step>) {
    let (mut lines, mut steps, mut batch) = (Vec::new(), Vec::new(), Batch::new());
    loop {
        match reader.read(&mut batch).unwrap() {
            Step::Lines => lines.extend_from_slice(batch.bytes()),
            Step::End => return (lines, steps),
            step => steps.push(step),
        }
    }
}

#[test]
fn a_compressed_log_reads_as_before_in_every_direction() {
    let bench = Bench::new(20_000);
    let log = bench.read();
    let saved = bench.compress();
    assert_eq!((saved.segments, bench.compressed()), (3, vec![true, true, true, false]));
    assert!(saved.bytes > log.len() as u64 / 2);
    assert!(bench.read() == log);
    let mut lines = Backward::new(&bench.plan.log()).unwrap();
    let mut back: Vec<Vec<u8>> = Vec::new();
    while let Some(line) = lines.line().unwrap() {
        back.push(line.to_vec());
    }
    back.reverse();
    assert!(back.concat() == log);
    for seq in [1, 2, 19_999, 20_000, 20_001, 33_333, 60_000, 79_999] {
        let mut reader = Reader::open(&bench.plan).unwrap();
        reader.seek_time(Stamp(seq * 1000)).unwrap();
        assert_eq!(reader.cursor(), seq as u64 - 1);
    }
    let report = verify(&bench.plan).unwrap();
    assert!(report.is_whole(), "{report:?}");
    assert_eq!((report.records, report.notes.len()), (80_000, 0));
}

#[test]
fn the_common_tool_unpacks_what_we_pack() {
    let bench = Bench::new(3000);
    let plain = fs::read(bench.plan.segment(1)).unwrap();
    bench.compress();
    let twin = bench.plan.segment(1).with_extension("jsonl.zst");
    match Command::new("zstd").args(["-q", "-dc"]).arg(&twin).output() {
        Ok(unpacked) => assert!(unpacked.stdout == plain),
        Err(_) => eprintln!("skipped: zstd is not installed"),
    }
    assert!(zstd::decode_all(File::open(&twin).unwrap()).unwrap() == plain);
}

#[test]
fn killed_at_any_step_the_log_is_whole_and_the_next_one_goes_on() {
    for step in STEPS {
        let bench = Bench::new(300);
        let log = bench.read();
        let killed = compress(&bench.plan, &Holder::default(), &mut |at| match at == step {
            true => Err(io::Error::other("killed")),
            false => Ok(()),
        });
        assert!(killed.is_err(), "{step} is a step");
        assert!(bench.read() == log, "{step}");
        assert!(verify(&bench.plan).unwrap().is_whole(), "{step}");
        bench.compress();
        assert_eq!(bench.compressed(), [true, true, true, false], "{step}");
        assert!(bench.read() == log, "{step}");
        let left = fs::read_dir(bench.plan.log()).unwrap().count();
        assert_eq!(left, 4, "{step}: nothing else is left");
    }
}

#[test]
fn what_may_still_be_written_stays_plain() {
    let bench = Bench::new(300);
    // The newest has begun without a whole record: a recorder would go on with the one before.
    bench.write(1201, 300, true);
    File::create(bench.plan.segment(1501)).unwrap().write_all(b"{").unwrap();
    bench.compress();
    assert_eq!(bench.compressed(), [true, true, true, false, false, false]);
}

#[test]
fn of_two_at_once_one_leaves() {
    let bench = Bench::new(300);
    let me = Holder::default();
    // Locks are a process's own: another process holds it.
    let mut other = Command::new("python3")
        .args(["-c", "import fcntl,sys,os\nf=open(sys.argv[1],'w')\nfcntl.lockf(f,fcntl.LOCK_EX)\nprint('held',flush=True)\nsys.stdin.read()"])
        .arg(bench.plan.compress_lock())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut held = [0; 4];
    io::Read::read_exact(other.stdout.as_mut().unwrap(), &mut held).unwrap();
    assert_eq!(compress(&bench.plan, &me, &mut |_| Ok(())).unwrap(), pack::Saved::default());
    drop(other.stdin.take());
    other.wait().unwrap();
    assert_eq!(bench.compress().segments, 3);
}

#[test]
fn a_segment_that_is_pruned_while_it_is_compressed_does_not_come_back() {
    for step in STEPS {
        let bench = Bench::new(300);
        let done = compress(&bench.plan, &Holder::default(), &mut |at| {
            if at == step {
                let _ = fs::remove_file(bench.plan.segment(1));
                let _ = fs::remove_file(bench.plan.segment(1).with_extension("jsonl.zst"));
            }
            Ok(())
        });
        done.unwrap();
        let first = segments::list(&bench.plan.log()).unwrap()[0].first;
        assert_eq!(first, 301, "{step}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn a_follower_reads_on_wherever_it_stands_when_segments_are_replaced_under_it(
        stops in proptest::collection::vec((1..5000_usize, 0..STEPS.len()), 1..4),
    ) {
        let bench = Bench::new(400);
        let log = bench.read();
        let mut reader = Reader::open(&bench.plan).unwrap();
        let (mut lines, mut batch) = (Vec::new(), Batch::of(1500));
        for (bytes, step) in stops {
            let upto = lines.len() + bytes;
            while lines.len() < upto {
                match reader.read(&mut batch).unwrap() {
                    Step::Lines => lines.extend_from_slice(batch.bytes()),
                    Step::End => break,
                    step => prop_assert!(false, "{step:?}"),
                }
            }
            // Killed at a step, some later segment than the last time.
            let mut seen = 0;
            let _ = compress(&bench.plan, &Holder::default(), &mut |at| {
                seen += usize::from(at == STEPS[step]);
                if seen > bytes % 3 { Err(io::Error::other("killed")) } else { Ok(()) }
            });
        }
        let (rest, steps) = read_on(&mut reader);
        lines.extend(rest);
        prop_assert_eq!(steps, []);
        prop_assert!(lines == log);
    }
}

/// Damages the frame in the middle of the first segment; gives the records that are gone.
fn damaged(bench: &Bench) -> (u64, u64) {
    let plain = fs::read(bench.plan.segment(1)).unwrap();
    bench.compress();
    let path = bench.plan.segment(1).with_extension("jsonl.zst");
    let frames = table::read(&File::open(&path).unwrap()).unwrap();
    assert!(frames.len() >= 3);
    let mut packed = fs::read(&path).unwrap();
    let middle = frames[1];
    packed[middle.at as usize + middle.packed as usize / 2] ^= 0x55;
    fs::write(&path, packed).unwrap();
    let line_at =
        |at: u64| plain[..at as usize].iter().filter(|&&byte| byte == b'\n').count() as u64;
    (line_at(middle.start) + 1, line_at(middle.end()) + 1)
}

#[test]
fn a_damaged_frame_is_named_with_exactly_its_records_and_everything_else_is_read() {
    let bench = Bench::new(20_000);
    let (from, to) = damaged(&bench);
    let mut reader = Reader::open(&bench.plan).unwrap();
    let (lines, steps) = read_on(&mut reader);
    assert_eq!(steps, [Step::Gap { from, to }]);
    assert_eq!(lines.split(|&byte| byte == b'\n').count() as u64 - 1, 80_000 - (to - from + 1));
    let report = verify(&bench.plan).unwrap();
    let missing = format!("records {from}–{to} are missing");
    assert!(report.findings.contains(&missing), "{missing}: {report:#?}");
    assert!(report.findings[0].contains("cannot be unpacked"), "{report:#?}");
}

#[test]
fn without_its_table_a_compressed_segment_is_read_all_the_same() {
    let bench = Bench::new(20_000);
    let log = bench.read();
    bench.compress();
    let path = bench.plan.segment(1).with_extension("jsonl.zst");
    let whole = table::read(&File::open(&path).unwrap()).unwrap();
    let packed = fs::read(&path).unwrap();
    fs::write(&path, &packed[..packed.len() - 20]).unwrap();
    assert_eq!(table::read(&File::open(&path).unwrap()).unwrap(), whole);
    assert!(bench.read() == log);
    // Packed by hand, in one frame.
    let plain = zstd::decode_all(packed.as_slice()).unwrap();
    fs::write(&path, zstd::bulk::compress(&plain, 3).unwrap()).unwrap();
    assert!(bench.read() == log);
}

#[test]
fn a_file_that_is_no_compressed_segment_is_a_gap_and_no_crash() {
    let bench = Bench::new(300);
    bench.compress();
    for content in [&b""[..], b"x", &[0; 4000], b"\x28\xb5\x2f\xfd garbage"] {
        fs::write(bench.plan.segment(1).with_extension("jsonl.zst"), content).unwrap();
        let (_, steps) = read_on(&mut Reader::open(&bench.plan).unwrap());
        assert_eq!(steps, [Step::Gap { from: 1, to: 300 }]);
        assert!(!verify(&bench.plan).unwrap().is_whole());
    }
}
