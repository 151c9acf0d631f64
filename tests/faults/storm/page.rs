//! What a storm was, on one page.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::harness::audit::Report;

#[derive(Default)]
pub(super) struct Page {
    began: Option<Instant>,
    faults: BTreeMap<&'static str, u64>,
    recoveries: Vec<Duration>,
    /// Those while all plans caught up after a full disk.
    crowded: Vec<Duration>,
    runs: u64,
    /// Bytes that the plans have accounted for.
    written: u64,
    /// Of those, bytes that no record has.
    lost: u64,
    /// Logs that differ from what was written, and how.
    wrong: Vec<String>,
    lines: u64,
    records: u64,
    segments: u64,
}

impl Page {
    pub(super) fn begin(&mut self) {
        self.began = Some(Instant::now());
    }

    pub(super) fn count(&mut self, fault: &'static str) {
        *self.faults.entry(fault).or_default() += 1;
    }

    /// From the death of a recorder to the first record of the next, which is now.
    pub(super) fn recovered_in(&mut self, killed: Instant, crowded: bool) {
        let spans = if crowded { &mut self.crowded } else { &mut self.recoveries };
        spans.push(killed.elapsed());
    }

    /// What came of comparing a plan's records byte by byte with what it has written.
    pub(super) fn proved(
        &mut self,
        plan: &str,
        written: u64,
        (report, wrong): (Report, Option<String>),
    ) {
        self.written += written;
        self.lost += written.saturating_sub(report.bytes);
        self.wrong.extend(wrong.map(|wrong| format!("{plan}: {wrong}")));
        self.runs += report.verdicts.len() as u64;
        self.lines += report.lines;
        self.records += report.records;
        self.segments += report.segments as u64;
    }

    pub(super) fn print(mut self, plans: usize) {
        let all: u64 = self.faults.values().sum();
        let span = self.began.map_or(0.0, |began| began.elapsed().as_secs_f64());
        println!("\na storm of {span:.0} s over {plans} plans, {} runs", self.runs);
        println!("  faults        {all:>10}");
        for (fault, count) in &self.faults {
            println!("    {fault:<22} {count:>5}");
        }
        println!("  bytes written {:>10}", self.written);
        println!("  bytes lost    {:>10}", self.lost);
        println!("  lines         {:>10}   each compared with what was written", self.lines);
        println!("  wrong logs    {:>10}   (a line lost, doubled, changed)", self.wrong.len());
        println!("  records       {:>10}   in {} segments", self.records, self.segments);
        for (when, spans) in [
            ("", &mut self.recoveries),
            (", while all catch up after a full disk", &mut self.crowded),
        ] {
            spans.sort();
            let at = |share: usize| {
                let last = spans.len().checked_sub(1);
                last.map_or(0.0, |last| spans[last * share / 100].as_secs_f64() * 1000.0)
            };
            println!(
                "  recording again after SIGKILL{when}: p50 {:.1} ms, p99 {:.1} ms, at most {:.1} ms ({})",
                at(50),
                at(99),
                at(100),
                spans.len()
            );
        }
        assert!(self.wrong.is_empty() && self.lost == 0, "{}", self.wrong.join("\n"));
    }
}
