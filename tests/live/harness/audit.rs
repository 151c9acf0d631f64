//! Proof from the log alone that every byte of a plan is in it once, in order.
//!
//! Written from the description of the format, without the crate's own reader, so that the two
//! cannot be wrong together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::records::{content, original, segments};
use super::{Expected, Out, Step};

/// What is to be proved of a log.
pub(crate) struct Audit {
    plan: String,
    log: PathBuf,
    wanted: BTreeMap<(u64, String), Expected>,
    accounted: BTreeMap<(u64, String), u64>,
    gaps_allowed: bool,
    pruned: bool,
}

/// What a log that passed its audit holds.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) records: u64,
    /// Those of them that are lines of the plan, or pieces of one.
    pub(crate) lines: u64,
    /// How far the plan's streams have come, together.
    pub(crate) bytes: u64,
    pub(crate) segments: usize,
    pub(crate) gaps: usize,
    /// How often each kind of event came.
    pub(crate) events: BTreeMap<String, usize>,
    /// Verdict and exit code of each run.
    pub(crate) verdicts: BTreeMap<u64, (String, i64)>,
    pub(crate) last_seq: u64,
}

/// How far one stream of one run has come.
#[derive(Default)]
struct Flow {
    next: Option<u64>,
    expected: Option<Expected>,
    pending: Vec<u8>,
    closed: bool,
}

/// How far one run has come.
#[derive(Default)]
struct Run {
    order: Vec<String>,
}

struct Auditor<'a> {
    audit: &'a Audit,
    report: Report,
    flows: BTreeMap<(u64, String), Flow>,
    runs: BTreeMap<u64, Run>,
}

impl Audit {
    pub(crate) fn of(plan: &str, log: &Path) -> Audit {
        Audit {
            plan: plan.to_owned(),
            log: log.to_owned(),
            wanted: BTreeMap::new(),
            accounted: BTreeMap::new(),
            gaps_allowed: false,
            pruned: false,
        }
    }

    /// The run's stdout and stderr must be what these steps write.
    pub(crate) fn run(mut self, run: u64, steps: &[Step]) -> Audit {
        for (name, out) in [("stdout", Out::Stdout), ("stderr", Out::Stderr)] {
            self.wanted.insert((run, name.to_owned()), Expected::new(steps, out));
        }
        self
    }

    /// The run was killed when it had written about so many bytes of what these steps write: at least
    /// those that it has accounted for, at most one piece more.
    pub(crate) fn killed_run(mut self, run: u64, steps: &[Step], accounted: [u64; 2]) -> Audit {
        for (name, accounted) in ["stdout", "stderr"].into_iter().zip(accounted) {
            self.accounted.insert((run, name.to_owned()), accounted);
        }
        self.run(run, steps)
    }

    /// Named losses are no failure here.
    pub(crate) fn with_gaps(mut self) -> Audit {
        self.gaps_allowed = true;
        self
    }

    /// Old segments have been removed: the log begins anywhere, and has no hole from there on.
    pub(crate) fn pruned(mut self) -> Audit {
        self.pruned = true;
        self
    }

    /// Proves it or panics with the first difference.
    #[track_caller]
    pub(crate) fn holds(self) -> Report {
        let plan = self.plan.clone();
        let (report, wrong) = self.proof();
        if let Some(wrong) = wrong {
            panic!("the log of {plan} does not hold: {wrong}");
        }
        report
    }

    /// Proves it, up to the first difference.
    pub(crate) fn proof(mut self) -> (Report, Option<String>) {
        let flows = std::mem::take(&mut self.wanted)
            .into_iter()
            .map(|(key, expected)| (key, Flow { expected: Some(expected), ..Flow::default() }))
            .collect();
        let mut auditor =
            Auditor { audit: &self, report: Report::default(), flows, runs: BTreeMap::new() };
        let wrong = auditor.walk().and_then(|()| auditor.finish()).err();
        auditor.report.bytes =
            auditor.flows.iter().filter(|(key, _)| key.0 > 0).filter_map(|(_, f)| f.next).sum();
        (auditor.report, wrong)
    }
}

/// Most bytes that the oracle writes at once when it writes ragged pieces.
const LONGEST_PIECE: u64 = 5000;

type Proof = Result<(), String>;

impl Auditor<'_> {
    fn walk(&mut self) -> Proof {
        let files = segments(&self.audit.log);
        if files.is_empty() {
            return Err(format!("{} has no segment", self.audit.log.display()));
        }
        self.report.segments = files.len();
        for (i, file) in files.iter().enumerate() {
            let bytes = content(file).map_err(|error| error.to_string())?;
            self.segment(&bytes, i + 1 == files.len())
                .map_err(|wrong| format!("{}: {wrong}", file.display()))?;
            let named = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let named = named.split('.').next().unwrap_or_default();
            let first: Value = serde_json::from_slice(first_line(&bytes)).unwrap_or_default();
            if named.len() != 18 || named.parse().ok() != first["seq"].as_u64() {
                return Err(format!("{named} begins with record {}", first["seq"]));
            }
        }
        Ok(())
    }

    fn segment(&mut self, bytes: &[u8], last: bool) -> Proof {
        if bytes.last() != Some(&b'\n') {
            return Err("its last line is torn".to_owned());
        }
        let (mut stamp, mut count, mut at) = (String::new(), 0_u64, 0);
        let mut kind = String::new();
        for line in bytes[..bytes.len() - 1].split(|&byte| byte == b'\n') {
            let told = || String::from_utf8_lossy(&line[..line.len().min(400)]).into_owned();
            let record: Value =
                serde_json::from_slice(line).map_err(|error| format!("{error}: {}", told()))?;
            let ts = record["ts"].as_str().unwrap_or_default();
            if ts.len() != 27 || !ts.ends_with('Z') || ts < stamp.as_str() {
                return Err(format!("time {ts} after {stamp}: {}", told()));
            }
            stamp = ts.to_owned();
            kind = record["event"].as_str().unwrap_or_default().to_owned();
            if (count == 0) != (kind == "segment.opened") {
                return Err(format!("a segment begins with segment.opened: {}", told()));
            }
            self.record(&record, line).map_err(|wrong| format!("{wrong}: {}", told()))?;
            if kind == "segment.sealed" {
                seal_holds(&record, count, &bytes[..at])?;
            }
            count += 1;
            at += line.len() + 1;
        }
        if !last && kind != "segment.sealed" {
            return Err("it has a successor, but is not sealed".to_owned());
        }
        Ok(())
    }

    fn record(&mut self, record: &Value, line: &[u8]) -> Proof {
        let seq = record["seq"].as_u64().ok_or("no seq")?;
        if !line.starts_with(b"{\"ts\":\"") || record["plan"] != self.audit.plan.as_str() {
            return Err("not the shape of a record of this plan".to_owned());
        }
        let fine = self.report.records == 0 || seq == self.report.last_seq + 1;
        if !fine && !self.audit.gaps_allowed {
            return Err(format!("seq {seq} after {}", self.report.last_seq));
        }
        self.report.last_seq = seq;
        self.report.records += 1;
        let run = record["run"].as_u64().ok_or("no run")?;
        if record["stream"] == "planwatch" {
            self.event(run, record)
        } else {
            self.report.lines += 1;
            self.text(run, record)
        }
    }

    fn event(&mut self, run: u64, record: &Value) -> Proof {
        let kind = record["event"].as_str().ok_or("no event")?.to_owned();
        *self.report.events.entry(kind.clone()).or_default() += 1;
        if let Some(off) = record["off"].as_u64() {
            let len = record["len"].as_u64().ok_or("an event with off, without len")?;
            self.advance((0, "planwatch".to_owned()), off, len)?;
        }
        match kind.as_str() {
            "log.gap" if self.audit.gaps_allowed => self.report.gaps += 1,
            "log.gap" => return Err("a gap".to_owned()),
            "stream.closed" => {
                let of = record["of"].as_str().unwrap_or_default().to_owned();
                let flow = self.flows.entry((run, of)).or_default();
                let unseen = flow.next.is_none() && (self.audit.pruned || record["bytes"] == 0);
                if flow.closed || !(unseen || flow.next == record["bytes"].as_u64()) {
                    return Err(format!("closed after {:?} bytes", flow.next));
                }
                flow.closed = true;
            }
            "run.started" | "run.spawned" | "run.exited" | "run.verdict" => {
                self.runs.entry(run).or_default().order.push(kind.clone());
            }
            _ => {}
        }
        if kind == "run.verdict" {
            let verdict = record["verdict"].as_str().unwrap_or_default().to_owned();
            let exit = record["exit"].as_i64().unwrap_or(-1);
            self.report.verdicts.insert(run, (verdict, exit));
        }
        Ok(())
    }

    fn text(&mut self, run: u64, record: &Value) -> Proof {
        let stream = record["stream"].as_str().ok_or("no stream")?.to_owned();
        if !self.runs.contains_key(&run) && !self.audit.pruned {
            return Err("a line before its run".to_owned());
        }
        let bytes = original(record);
        let off = record["off"].as_u64().ok_or("a line without off")?;
        let key = (run, stream);
        self.advance(key.clone(), off, bytes.len() as u64)?;
        self.flows.get_mut(&key).map_or(Ok(()), |flow| flow.matches(&bytes))
    }

    fn advance(&mut self, key: (u64, String), off: u64, len: u64) -> Proof {
        let flow = self.flows.entry(key).or_default();
        if flow.closed {
            return Err("a line after the end of its stream".to_owned());
        }
        // A pruned log begins anywhere.
        let first = if self.audit.pruned { off } else { 0 };
        let next = flow.next.unwrap_or(first);
        if off != next && !self.audit.gaps_allowed {
            return Err(format!("off {off} where {next} was due"));
        }
        flow.next = Some(off + len);
        Ok(())
    }

    fn finish(&mut self) -> Proof {
        for (number, run) in &self.runs {
            let order: Vec<&str> = run.order.iter().map(String::as_str).collect();
            let spawned = ["run.started", "run.spawned", "run.exited", "run.verdict"];
            let unspawned = ["run.started", "run.exited", "run.verdict"];
            let cut = self.audit.pruned && spawned.ends_with(&order);
            if order != spawned && order != unspawned && !cut {
                return Err(format!("run {number} is {order:?}"));
            }
        }
        for (key, flow) in &mut self.flows {
            let (run, stream) = key;
            if let Some(&accounted) = self.audit.accounted.get(key) {
                let here = flow.next.unwrap_or(0);
                if here < accounted || here > accounted + LONGEST_PIECE {
                    return Err(format!(
                        "{stream} of run {run} has {here} bytes, {accounted} were accounted for"
                    ));
                }
                continue;
            }
            let mut rest = Vec::new();
            let more = flow.expected.as_mut().is_some_and(|expected| expected.next(&mut rest));
            if more || !flow.pending.is_empty() {
                let rest = [flow.pending.as_slice(), &rest].concat();
                return Err(format!("{stream} of run {run} ends before {}", excerpt(&rest)));
            }
        }
        Ok(())
    }
}

impl Flow {
    fn matches(&mut self, bytes: &[u8]) -> Proof {
        let Some(expected) = &mut self.expected else { return Ok(()) };
        while self.pending.len() < bytes.len() {
            if !expected.next(&mut self.pending) {
                return Err(format!("more than was written: {}", excerpt(bytes)));
            }
        }
        if &self.pending[..bytes.len()] != bytes {
            return Err(format!("{} where {} was due", excerpt(bytes), excerpt(&self.pending)));
        }
        self.pending.drain(..bytes.len());
        Ok(())
    }
}

fn seal_holds(seal: &Value, count: u64, before: &[u8]) -> Proof {
    let hashes: Vec<String> =
        before.chunks(1 << 20).map(|part| format!("{:08x}", crc32fast::hash(part))).collect();
    let wanted = serde_json::json!(hashes);
    if seal["records"] != count || seal["bytes"] != before.len() || seal["crc32"] != wanted {
        return Err(format!(
            "its seal is {seal}, but {count} records, {} bytes, {wanted}",
            before.len()
        ));
    }
    Ok(())
}

fn first_line(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == b'\n').next().unwrap_or_default()
}

fn excerpt(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(120)]))
}
