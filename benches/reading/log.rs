//! A log as a long run of Luigi leaves it, without the run.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

use planwatch::model::{Event, Head, Level, SealHash, Stamp, Text, encode_event, encode_text};
use planwatch::store::layout::Home;

/// Stands in one record of each log.
pub(crate) const RARE: &str = "NeedleInHay";

/// Bytes of a segment.
const SEGMENT: u64 = 64 << 20;

/// When each log begins, in microseconds since 1970.
const START: i64 = 1_795_455_372_000_000;

/// What was written.
pub(crate) struct Made {
    pub(crate) records: u64,
    /// Bytes of the lines as the plan would have written them.
    pub(crate) text: u64,
    /// A time in the middle.
    pub(crate) middle: i64,
    /// The newest segment.
    pub(crate) last: PathBuf,
}

/// A line of Luigi's or of a task's, never twice the same.
fn line(seq: u64) -> (Option<Level>, Option<&'static str>, String) {
    let id = seq.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let (task, hash) = (seq / 40, id >> 24);
    match seq % 10 {
        0 => (
            Some(Level::Info),
            None,
            format!(
                "INFO: [pid {}] Worker Worker(salt={}, workers=4, host=build, username=plan, pid={}) running   AssumptionsTask(run_id_dir=/srv/planexe/run/{task}, speedvsdetail=fast, llm_model=fake-{})",
                4000 + seq % 7,
                hash,
                4000,
                seq % 3
            ),
        ),
        1 => (
            Some(Level::Debug),
            None,
            format!("DEBUG: {} running tasks, waiting for next task to finish", seq % 5),
        ),
        2 => (
            None,
            None,
            format!(
                "{{\"step\": {seq}, \"tokens\": {}, \"text\": \"a plan for the café no. {task}\"}}",
                id % 4096
            ),
        ),
        3 => (
            Some(Level::Info),
            None,
            format!(
                "INFO: Informed scheduler that task   AssumptionsTask_fake_{hash:010x}   has status   DONE"
            ),
        ),
        4 if seq % 1000 == 4 => (
            Some(Level::Warning),
            None,
            format!("WARNING: retry {} of step {seq} in {} ms", seq % 4, id % 9000),
        ),
        _ => (
            Some(Level::Info),
            Some("planexe.plan"),
            format!(
                "2026-11-23 17:36:12 - planexe.plan - INFO - step {seq} of task {task}: {} items in {} ms, nothing to see",
                id % 100,
                id % 977
            ),
        ),
    }
}

/// Writes a log of so many bytes, its segments sealed but the last. Logs with another `offset` have
/// their records at other times.
pub(crate) fn write(home: &Home, name: &str, bytes: u64, offset: usize) -> Made {
    let plan = home.plan(&name.parse().unwrap());
    plan.create().unwrap();
    let (own, head) = (Head::new(plan.name(), 1, "planwatch"), Head::new(plan.name(), 1, "stderr"));
    let ts = |seq: u64| Stamp(START + offset as i64 * 3 + seq as i64 * 100).text();
    let (mut seq, mut written, mut off) = (0, 0, 0);
    let mut made = Made { records: 0, text: 0, middle: 0, last: plan.log() };
    while written < bytes {
        let first = seq + 1;
        made.last = plan.segment(first);
        let mut file = File::create(&made.last).unwrap();
        let (mut segment, mut crc32, mut block) = (0, Vec::new(), Vec::with_capacity(2 << 20));
        let opened = Event::SegmentOpened {
            format: 1,
            version: "0".to_owned(),
            host: "h".to_owned(),
            boot: "b".to_owned(),
            fold: Box::new(
                serde_json::json!({"streams": [{"run": 1, "stream": "stderr", "off": off}]}),
            ),
        };
        seq += 1;
        encode_event(&mut block, &own, &ts(seq), seq, None, Level::Debug, "opened", &opened);
        let most = SEGMENT.min(bytes - written);
        while segment + (block.len() as u64) < most {
            while block.len() < 1 << 20 {
                seq += 1;
                let (level, logger, mut text) = line(seq);
                if off > bytes / 3 && made.text == 0 {
                    text += RARE;
                    made.text = 1;
                }
                let level = if seq % 1_000_000 == 77 { Some(Level::Error) } else { level };
                let (bytes, logger) = (text.as_bytes(), logger.map(str::as_bytes));
                let text = Text { off, bytes, level, logger, ..Text::default() };
                encode_text(&mut block, &head, &ts(seq), seq, &text);
                off += text.bytes.len() as u64 + 1;
            }
            crc32.push(SealHash(crc32fast::hash(&block[..1 << 20])));
            file.write_all(&block[..1 << 20]).unwrap();
            block.drain(..1 << 20);
            segment += 1 << 20;
        }
        if !block.is_empty() {
            crc32.push(SealHash(crc32fast::hash(&block)));
        }
        segment += block.len() as u64;
        seq += 1;
        let sealed = Event::SegmentSealed { records: seq - first, bytes: segment, crc32 };
        encode_event(&mut block, &own, &ts(seq), seq, None, Level::Debug, "sealed", &sealed);
        file.write_all(&block).unwrap();
        written += segment;
    }
    made.middle = START + offset as i64 * 3 + seq as i64 * 50;
    (made.records, made.text) = (seq, off);
    made
}
