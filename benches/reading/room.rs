//! How much of a disk a long life of one plan takes: a recorded run of PlanExe again and again, with
//! other ids, times and amounts in each run, as a real run has.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::time::Instant;

use planwatch::fold::Fold;
use planwatch::model::{Event, Head, Level, Stamp, Stream, encode_event, encode_text};
use planwatch::parse::Splitter;
use planwatch::store::layout::Home;
use planwatch::store::lock::Holder;
use planwatch::store::pack::compress;
use regex::{Captures, Regex};

const STDOUT: &str = include_str!("../../tests/data/planexe/whole/stdout");
const STDERR: &str = include_str!("../../tests/data/planexe/whole/stderr");

/// Bytes of a segment.
const SEGMENT: usize = 64 << 20;

/// Between two runs, in microseconds.
const PERIOD: i64 = 70 * 60 * 1_000_000;

/// Writes a log of so many bytes in whole segments, compresses it and tells what that took.
pub(crate) fn measure(home: &Home, mib: u64) {
    let plan = home.plan(&"room".parse().unwrap());
    plan.create().unwrap();
    let mut log = Log { home, fold: Fold::new("room".parse().unwrap()), seq: 0, out: Vec::new() };
    let (mut text, mut stored, mut run) = (0, 0, 0);
    let mut odd = Odd(7);
    while stored < mib << 20 {
        let first = log.seq + 1;
        while log.out.len() < SEGMENT {
            run += 1;
            text += log.run(run, &mut odd);
        }
        stored += log.out.len() as u64;
        log.seal(first);
    }
    // One that has begun: what stands before it is written no more.
    let first = log.seq + 1;
    log.run(run + 1, &mut odd);
    File::create(plan.segment(first)).unwrap().write_all(&log.out).unwrap();
    let began = Instant::now();
    let saved = compress(&plan, &Holder::default(), &mut |_| Ok(())).unwrap();
    let (took, packed) = (began.elapsed().as_secs_f64(), stored - saved.bytes);
    println!(
        "\n### Room: {run} runs of PlanExe, each with other numbers\n\n| text MiB | log MiB | compressed \
         MiB | × the text | MiB/s of the log |\n| ---: | ---: | ---: | ---: | ---: |\n| {} | {} | {} | \
         {:.3} | {:.1} |",
        text >> 20,
        stored >> 20,
        packed >> 20,
        packed as f64 / text as f64,
        (stored >> 20) as f64 / took
    );
}

struct Log<'h> {
    home: &'h Home,
    fold: Fold,
    seq: u64,
    /// The segment being made.
    out: Vec<u8>,
}

impl Log<'_> {
    /// Records one run; gives the bytes it has printed.
    fn run(&mut self, run: u64, odd: &mut Odd) -> u64 {
        let mut text = 0;
        let mut now = 1_795_455_372_000_000 + run as i64 * PERIOD;
        let mut other = Other { start: now, same: HashMap::new(), odd };
        for (stream, whole) in [(Stream::Stderr, STDERR), (Stream::Stdout, STDOUT)] {
            let whole = other.numbers(whole);
            let slot = self.fold.slot(run, &stream);
            let head = Head::new(&"room".parse().unwrap(), run, &stream.name());
            let (mut splitter, mut rest, mut off) = (Splitter::new(64 << 10), whole.as_bytes(), 0);
            while let Some(line) = splitter.next(rest, true) {
                // Most lines come by themselves, some together with the one before.
                if other.odd.next(5) > 0 {
                    now += 50 + other.odd.next(9000) as i64;
                }
                self.seq += 1;
                let seen = self.fold.line(slot, off, &line, Stamp(now), self.seq);
                encode_text(&mut self.out, &head, &Stamp(now).text(), self.seq, &seen);
                off += line.consumed as u64;
                rest = &rest[line.consumed..];
            }
            text += off;
        }
        text
    }

    fn seal(&mut self, first: u64) {
        self.seq += 1;
        let plan = self.home.plan(&"room".parse().unwrap());
        let own = Head::new(plan.name(), 1, "planwatch");
        let (records, bytes) = (self.seq - first, self.out.len() as u64);
        let sealed = Event::SegmentSealed { records, bytes, crc32: Vec::new() };
        let ts = Stamp(1_795_455_372_000_000).text();
        encode_event(&mut self.out, &own, &ts, self.seq, None, Level::Debug, "sealed", &sealed);
        File::create(plan.segment(first)).unwrap().write_all(&self.out).unwrap();
        self.out.clear();
    }
}

/// A run's numbers in the place of the recorded ones.
struct Other<'o> {
    start: i64,
    /// Ids, pids and hashes: the same wherever they stand in a run.
    same: HashMap<String, String>,
    odd: &'o mut Odd,
}

impl Other<'_> {
    fn numbers(&mut self, text: &str) -> String {
        let found = Regex::new(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)|\b[0-9a-f]*\d[0-9a-f]*\b");
        let found = found.unwrap();
        let recorded: Stamp = "2026-11-23T17:35:58.000000Z".parse().unwrap();
        found
            .replace_all(text, |number: &Captures<'_>| {
                let word = &number[0];
                if let (Some(day), Some(time)) = (number.get(1), number.get(2)) {
                    let at = format!("{}T{}.000000Z", day.as_str(), time.as_str());
                    let at = at.parse().map_or(0, |Stamp(at)| at - recorded.0) + self.start;
                    return Stamp(at).to_string()[..19].replace('T', &word[10..11]);
                }
                match word.len() {
                    0..3 => word.to_owned(),
                    3 => self.odd.like(word),
                    _ => match self.same.get(word) {
                        Some(known) => known.clone(),
                        None => {
                            let new = self.odd.like(word);
                            self.same.insert(word.to_owned(), new.clone());
                            new
                        }
                    },
                }
            })
            .into_owned()
    }
}

/// Numbers that do not repeat, the same in each measurement (splitmix64).
struct Odd(u64);

impl Odd {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % below
    }

    /// Other digits, and other hexadecimal ones where there were such.
    fn like(&mut self, word: &str) -> String {
        let digit = |c: char, odd: &mut Odd| match c.is_ascii_digit() {
            true => char::from(b'0' + odd.next(10) as u8),
            false => char::from(b'a' + odd.next(6) as u8),
        };
        word.chars().map(|c| digit(c, self)).collect()
    }
}
