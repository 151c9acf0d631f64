//! A log → what is known of its plan: the state that `status.json` saves and `ps` shows.
//!
//! Pure: uses `model` and `parse`. What surprises: folding a log in two halves equals folding it
//! whole, so the saved fold can be deleted at any time; and the first record of a segment carries
//! the fold of everything before it, so that the same holds when older segments are gone.
//!
//! The recorder folds what it writes line by line with [`Fold::line`] and [`Fold::event`]; whoever
//! reads the log folds its records with [`Fold::record`] and comes to the very same fold.

mod clock;
mod face;
mod headline;
mod next;
mod report;
mod run;
mod status;
mod stream;
mod tail;
mod tasks;
mod tell;

use serde::{Deserialize, Serialize};

use crate::model::{Event, FORMAT, FileMark, Level, PlanName, Record, Stamp, State, Stream, Text};
use crate::parse::{self, Line, Seen};

use clock::Clock;
pub use clock::ToldSpan;
pub use headline::{Judgement, headline};
pub use next::Next;
pub use run::{RunFold, Stopping};
pub use status::{Saving, Status};
use stream::Heard;
pub use stream::StreamFold;
pub use tasks::{Kept, Rebuild, Tables, TaskRef, Tasks, Told, What};

/// Runs that a fold remembers.
pub const RUNS: usize = 8;

/// Ids of requests that a fold remembers.
pub const REQUESTS: usize = 64;

/// Everything a plan's log has said so far, in bounded size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fold {
    /// Log format.
    pub format: u32,
    /// The plan.
    pub plan: PlanName,
    /// Seq of the last record folded; 0 before the first.
    pub seq: u64,
    /// Time of that record.
    pub ts: Stamp,
    /// Boot in which the open segment was begun.
    #[serde(default)]
    pub boot: String,
    /// Records in all.
    #[serde(default)]
    pub records: u64,
    /// Lines of the plan in all, and their bytes.
    #[serde(default)]
    pub lines: u64,
    /// Bytes of those lines.
    #[serde(default)]
    pub bytes: u64,
    /// Lines that name a level of error or worse.
    #[serde(default)]
    pub errors: u64,
    /// Lines that name the level warning.
    #[serde(default)]
    pub warnings: u64,
    /// Gaps that the log admits.
    #[serde(default)]
    pub gaps: u64,
    /// The streams that may still say something. The lifecycle stream is stream `planwatch` of
    /// run 0.
    #[serde(default)]
    pub streams: Vec<StreamFold>,
    /// The last runs, oldest first.
    #[serde(default)]
    pub runs: Vec<RunFold>,
    /// Ids of the last requests that had an effect, oldest first.
    #[serde(default)]
    pub requests: Vec<String>,
    /// The tasks of the runs that may still say something, where somebody keeps them.
    #[serde(skip)]
    pub tables: Tables,
}

impl Fold {
    /// The fold of an empty log.
    pub fn new(plan: PlanName) -> Fold {
        Fold {
            format: FORMAT,
            plan,
            seq: 0,
            ts: Stamp::default(),
            boot: String::new(),
            records: 0,
            lines: 0,
            bytes: 0,
            errors: 0,
            warnings: 0,
            gaps: 0,
            streams: Vec::new(),
            runs: Vec::new(),
            requests: Vec::new(),
            tables: Tables::default(),
        }
    }

    /// The run of this number, if it is remembered.
    pub fn run(&self, run: u64) -> Option<&RunFold> {
        self.runs.iter().rev().find(|known| known.run == run)
    }

    /// The last run.
    pub fn last(&self) -> Option<&RunFold> {
        self.runs.last()
    }

    /// Number of the last run; 0 before the first.
    pub fn last_run(&self) -> u64 {
        self.last().map_or(0, |run| run.run)
    }

    /// Whether a run has not come to its end.
    pub fn is_live(&self) -> bool {
        self.runs.iter().any(|run| run.state.is_live())
    }

    /// Whether a request of this id has had its effect.
    pub fn has_seen(&self, request: &str) -> bool {
        self.requests.iter().any(|seen| seen == request)
    }

    /// Place of a stream in `streams`, made if it is new. Valid until the next event.
    pub fn slot(&mut self, run: u64, stream: &Stream) -> usize {
        if let Some(slot) = self.streams.iter().position(|known| known.is(run, stream)) {
            return slot;
        }
        self.streams.push(StreamFold::new(run, stream.clone()));
        self.streams.len() - 1
    }

    /// What [`Fold::line`] would make of a line, without taking it.
    pub fn preview<'a>(&self, slot: usize, off: u64, line: &Line<'a>, ts: Stamp) -> Text<'a> {
        let known = &self.streams[slot];
        if known.stream == Stream::Events {
            return report::text(off, line, report::report(line).as_ref());
        }
        let mut stream = StreamFold { off, ..known.clone() };
        let heard = stream.hear(line);
        let happened = stream.happened(line, ts);
        text(off, line, &heard, happened)
    }

    /// Takes a line of the stream at `slot` as record `seq`, and gives what it was recognised as.
    #[inline]
    pub fn line<'a>(
        &mut self,
        slot: usize,
        off: u64,
        line: &Line<'a>,
        ts: Stamp,
        seq: u64,
    ) -> Text<'a> {
        if self.streams[slot].stream == Stream::Events {
            return self.event_line(slot, off, line, ts, seq);
        }
        let stream = &mut self.streams[slot];
        let (piece, own) = (stream.recogniser.is_inside_line(), stream.is_own());
        let heard = stream.hear(line);
        let seen = if own { heard.seen } else { Seen::default() };
        let happened = stream.happened(line, ts);
        let bytes = line.consumed as u64;
        stream.pass(off, line);
        self.lines += 1;
        self.bytes += bytes;
        if !seen.continues {
            match seen.level {
                Some(Level::Error | Level::Critical) => self.errors += 1,
                Some(Level::Warning) => self.warnings += 1,
                _ => {}
            }
        }
        let run = stream.run;
        if heard.task.is_some() || seen.explains {
            self.tell(slot, line, &heard, happened.unwrap_or(ts), seq);
        }
        let ended = if piece || !own { None } else { parse::ended(line.bytes) };
        if let Some(run) = self.run_mut(run) {
            run.line(&seen, ended, bytes, seq);
            run.written(happened, own);
        }
        self.count(ts, seq);
        text(off, line, &heard, happened)
    }

    /// Takes an event as record `seq`. `span` is the offset and length of its line in the lifecycle
    /// stream, if it came from there.
    pub fn event(
        &mut self,
        run: u64,
        event: &Event,
        span: Option<(u64, u64)>,
        ts: Stamp,
        seq: u64,
    ) {
        if let Some(request) = request_of(event) {
            self.remember_request(request);
        }
        match event {
            Event::SegmentOpened { boot, .. } => self.boot.clone_from(boot),
            Event::RunStarted { streams, .. } => {
                self.begin_run(RunFold::started(run, event, ts, seq));
                for stream in streams {
                    self.slot(run, stream);
                }
            }
            Event::StreamClosed { of, .. } => self.streams.retain(|known| !known.is(run, of)),
            Event::LogGap { of, at, bytes, .. } => {
                self.gaps += 1;
                if let (Some(of), Some(at), Some(bytes)) = (of, at, bytes) {
                    let slot = self.slot(run, of);
                    self.streams[slot].skip_to(at + bytes);
                }
            }
            Event::SourceOpened { of, file, earlier, zone, bytes, .. } => {
                self.begin_file(run, of, Some(*file));
                let slot = self.slot(run, of);
                let stream = &mut self.streams[slot];
                stream.own = stream.off + earlier;
                stream.clock = zone.map(|zone| Clock::new(zone, stream.off + bytes));
            }
            Event::SourceReplaced { of, file, .. } => self.begin_file(run, of, *file),
            Event::SourceTruncated { of, .. } => self.begin_file(run, of, None),
            _ => {}
        }
        if let Event::RunVerdict { verdict, heard, .. } = event {
            self.tables.cut(run, heard.unwrap_or(ts), seq, verdict.is_success());
        }
        self.sum_up();
        self.said(run, span, seq);
        if let Some(known) = self.run_mut(run) {
            known.event(event, ts);
        }
        self.count(ts, seq);
    }

    fn begin_file(&mut self, run: u64, of: &Stream, file: Option<FileMark>) {
        let slot = self.slot(run, of);
        self.streams[slot].begin_file(file);
    }

    /// What every event says, whatever its kind.
    fn said(&mut self, run: u64, span: Option<(u64, u64)>, seq: u64) {
        if let Some((off, len)) = span {
            let slot = self.slot(0, &Stream::Planwatch);
            self.streams[slot].off = off + len;
        }
        if let Some(known) = self.run_mut(run) {
            known.last_seq = seq;
        }
    }

    #[inline]
    fn run_mut(&mut self, run: u64) -> Option<&mut RunFold> {
        self.runs.iter_mut().rev().find(|known| known.run == run)
    }

    /// Takes a record that was read from `line`. A record already folded changes nothing.
    pub fn record(&mut self, record: &Record<'_>, line: &[u8]) {
        if record.seq <= self.seq {
            return;
        }
        if record.stream != Stream::Planwatch {
            let bytes = record.bytes();
            let consumed = bytes.len() + record.eol.bytes().len();
            let line = Line { bytes: &bytes, eol: record.eol, consumed };
            let slot = self.slot(record.run, &record.stream);
            let off = record.off.unwrap_or(self.streams[slot].off);
            self.line(slot, off, &line, record.ts, record.seq);
            return;
        }
        match record.event_of(line) {
            Some(event) => {
                self.catch_up(&event, record.seq);
                self.event(record.run, &event, record.off.zip(record.len), record.ts, record.seq);
            }
            // A kind of a later release: what every event says is taken all the same.
            None => {
                let (run, span) = (record.run, record.off.zip(record.len));
                self.said(run, span, record.seq);
                self.count(record.ts, record.seq);
            }
        }
    }

    /// A segment's first record knows what came before it: what this fold has missed is taken from
    /// there.
    fn catch_up(&mut self, event: &Event, seq: u64) {
        let missed = self.records == 0 || self.seq + 1 < seq;
        if let Event::SegmentOpened { fold, .. } = event
            && missed
            && let Ok(before) = serde_json::from_value::<Fold>((**fold).clone())
        {
            // Tables have missed it too.
            let keeps = self.tables.keeps;
            *self = before;
            self.tables.keeps = keeps;
        }
    }

    /// Judges a run; None if it is not remembered.
    pub fn verdict(&self, run: u64) -> Option<Judgement> {
        self.run(run).map(RunFold::judgement)
    }

    #[inline]
    fn count(&mut self, ts: Stamp, seq: u64) {
        self.records += 1;
        self.ts = ts;
        self.seq = seq;
    }

    fn begin_run(&mut self, run: RunFold) {
        // The run that was to be restarted has been.
        for known in self.runs.iter_mut().filter(|known| known.state == State::Restarting) {
            known.state = State::Ended;
        }
        self.tables.begin(run.run);
        self.runs.push(run);
        if self.runs.len() > RUNS {
            self.runs.remove(0);
        }
        self.release_tables();
    }

    fn remember_request(&mut self, request: &str) {
        if !self.has_seen(request) {
            self.requests.push(request.to_owned());
        }
        if self.requests.len() > REQUESTS {
            self.requests.remove(0);
        }
    }
}

fn text<'a>(off: u64, line: &Line<'a>, heard: &Heard<'a>, happened: Option<Stamp>) -> Text<'a> {
    Text {
        off,
        bytes: line.bytes,
        eol: line.eol,
        level: heard.seen.level,
        logger: heard.seen.logger,
        task: heard.task.map(|(task, event)| (task.task, event)),
        happened: happened.filter(|_| heard.task.is_some()),
    }
}

fn request_of(event: &Event) -> Option<&str> {
    match event {
        Event::RunStopping { request, .. }
        | Event::RunSignalled { request, .. }
        | Event::RunRestarting { request, .. } => request.as_deref(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
