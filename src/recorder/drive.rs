//! The recorder's loop: sleep until a pipe has bytes, take them, make records, write them once.

mod files;
mod input;
mod rest;

use std::io;
use std::time::{Duration, Instant};

use crate::fold::{Fold, Judgement};
use crate::model::{Event, Level, Spec, Stamp, State, Stream};
use crate::os::host;
use crate::store::layout::PlanDir;
use crate::store::snapshot;

use super::capture::{Capture, Identity};
use super::pace::Pace;
use super::packer::Packer;
use super::pruner::Pruner;
use super::recover::{Torn, recover, say_what_happened, settle_torn};
use super::source::{Desk, LARGE_PIPE, Source};
use super::tables::Keeper;
use super::watch::Watch;
use files::Files;
pub(super) use input::ENDING;
use input::Input;

/// A recorder at work.
pub(super) struct Recorder {
    cap: Capture,
    lifecycle: Source,
    sources: Vec<Entry>,
    files: Files,
    /// None where this process is its own supervisor.
    watch: Option<Watch>,
    desk: Desk,
    /// Last seq in the saved state, and when it was saved.
    saved: (u64, Instant),
    /// When the log was last made to survive a power cut, and its last seq then.
    synced: (u64, Instant),
    rotations: u64,
    packer: Packer,
    pruner: Pruner,
    keeper: Keeper,
    /// The log could not be written: when to try again, and how long to wait after that.
    blocked: Option<(Instant, Duration)>,
    /// The run whose stdout is our standard input.
    input: Option<Input>,
    /// Something was taken late in a pass: look again before sleeping.
    again: bool,
    /// The log may name streams that are not open yet.
    announced: bool,
}

struct Entry {
    source: Source,
    pace: Pace,
    /// The pipe may have something to tell.
    ready: bool,
    /// Bytes that the last pass took.
    taken: usize,
}

impl Entry {
    fn new(source: Source) -> Entry {
        Entry { source, pace: Pace::default(), ready: true, taken: 0 }
    }

    /// Whether a look at the pipe is due. A pipe whose writers have gone shows that for ever, so
    /// it is not slept on but read until it is empty.
    fn is_due(&self) -> bool {
        self.ready || self.source.has_waiting() || self.is_running_dry()
    }

    fn is_running_dry(&self) -> bool {
        !self.source.emptied || (self.source.hung_up && !self.source.no_writer)
    }
}

impl Recorder {
    /// Goes on where the last recorder of the plan stopped. Not `watched`, it is its own
    /// supervisor.
    pub(super) fn open(
        plan: &PlanDir,
        identity: Identity,
        pid: i32,
        watched: bool,
    ) -> io::Result<Recorder> {
        let spec: Option<Spec> = snapshot::load_json(&plan.spec_file())?;
        let limits = spec.map(|spec| spec.log).unwrap_or_default();
        let recovered = recover(plan, identity, limits, Stamp::now())?;
        let mut cap = recovered.cap;
        let mut desk = Desk::new()?;
        let mut lifecycle = Source::open_lifecycle(&mut cap, &desk)?;
        let mut sources = open_sources(&mut cap, &desk, &[])?;
        // On a full disk it fails, and is tried again in each pass.
        let _ = lifecycle.take();
        for source in &mut sources {
            let _ = source.take();
            source.ended = has_ended(&cap.fold, source, &[Stream::Stdout]);
        }
        let mut files = Files::default();
        files.open_new(&mut cap)?;
        let mut all: Vec<&mut dyn Torn> = vec![&mut lifecycle];
        all.extend(sources.iter_mut().map(|source| source as &mut dyn Torn));
        all.extend(files.sources.iter_mut().map(|source| source as &mut dyn Torn));
        let cut = settle_torn(&mut cap, &mut all, &recovered.torn, &mut desk)?;
        cap.set_time(Stamp::now())?;
        say_what_happened(&mut cap, recovered.jump, cut, pid)?;
        let now = Instant::now();
        let sources = sources.into_iter().map(Entry::new).collect();
        let saved = (0, now);
        let watch = watched.then(|| Watch::new(plan.clone()));
        let rotations = cap.rotations();
        Ok(Recorder {
            cap,
            lifecycle,
            sources,
            files,
            watch,
            desk,
            saved,
            synced: saved,
            rotations,
            packer: Packer::default(),
            pruner: Pruner::default(),
            keeper: Keeper::default(),
            blocked: None,
            input: None,
            again: false,
            announced: false,
        })
    }

    /// Records until no run is live, nobody holds a pipe, and no supervisor lives.
    pub(super) fn run(&mut self) -> io::Result<()> {
        loop {
            let before = self.cap.fold.seq;
            match self.step() {
                Ok(()) => self.blocked = None,
                Err(error) => self.block(&error),
            }
            if self.is_done()? {
                break;
            }
            if self.cap.fold.seq != before {
                self.nap()?;
            }
            if !self.again {
                self.sleep()?;
            }
        }
        self.cap.flush()?;
        self.cap.sync()?;
        self.save(true);
        self.keep_tables();
        let pruned = self.pruner.finish().and_then(|()| self.prune());
        if let Err(error) = pruned.and_then(|()| self.pruner.finish()) {
            host::complain(&format!("what the rules do not keep is still there: {error}"));
        }
        self.packer.expect(self.cap.plan(), self.cap.limits().compress, false);
        Ok(())
    }

    /// Whether nothing is left to wait for.
    fn is_done(&mut self) -> io::Result<bool> {
        let live = self.cap.fold.is_live();
        let Some(watch) = &mut self.watch else {
            return Ok(self.blocked.is_none() && !live);
        };
        watch.look(&self.cap.fold, Instant::now())?;
        let open = !self.sources.is_empty() || !self.files.sources.is_empty();
        let quiet = self.blocked.is_none() && !live && !open && watch.alone();
        // What was said between the last look and now must not be left behind.
        if quiet && self.lifecycle.take()? > 0 {
            self.again = true;
            self.expect_news();
        }
        Ok(quiet && !self.again)
    }

    /// One pass: take what is there, record it, write it, draw the consequences.
    fn step(&mut self) -> io::Result<()> {
        self.prune()?;
        self.cap.flush()?;
        self.cap.set_time(Stamp::now())?;
        self.cap.stay_in_place()?;
        self.again = false;
        self.lifecycle.take()?;
        if self.lifecycle.has_waiting() {
            self.announced = true;
            self.lifecycle.record(&mut self.cap, &mut self.desk, false)?;
            self.cap.flush()?;
            self.lifecycle.release(&self.desk)?;
        }
        if self.announced {
            // Nobody says it twice: what cannot be done now is done when there is room again.
            self.after_lifecycle()?;
            self.announced = false;
        }
        self.take_all()?;
        self.again |= self.files.record(&mut self.cap, &mut self.desk.room)?;
        self.cap.flush()?;
        for entry in &mut self.sources {
            entry.source.release(&self.desk)?;
        }
        self.close_ended()?;
        self.close_files()?;
        self.obey_signals()?;
        self.end_input()?;
        self.give_verdicts()?;
        self.housekeeping()
    }

    /// New runs have pipes to be opened and may have other limits.
    fn after_lifecycle(&mut self) -> io::Result<()> {
        let known: Vec<(u64, Stream)> =
            self.sources.iter().map(|e| (e.source.run, e.source.stream.clone())).collect();
        let new = open_sources(&mut self.cap, &self.desk, &known)?;
        let any = !new.is_empty();
        self.sources.extend(new.into_iter().map(Entry::new));
        if any {
            self.take_limits()?;
        }
        if self.files.open_new(&mut self.cap)? {
            self.take_limits()?;
        }
        // What is known of a run decides what an empty pipe means.
        for entry in &mut self.sources {
            entry.ready = true;
        }
        self.expect_news();
        Ok(())
    }

    fn take_limits(&mut self) -> io::Result<()> {
        let spec: Option<Spec> = snapshot::load_json(&self.cap.plan().spec_file())?;
        self.cap.set_limits(spec.map(|spec| spec.log).unwrap_or_default());
        Ok(())
    }

    fn expect_news(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.expect_news();
        }
    }

    fn take_all(&mut self) -> io::Result<()> {
        let now = Instant::now();
        for entry in &mut self.sources {
            if !entry.is_due() {
                continue;
            }
            let bytes = entry.source.take()?;
            entry.ready = false;
            if entry.pace.wants_larger(bytes, now) {
                self.desk.grow();
                entry.source.resize(LARGE_PIPE);
            }
            entry.taken = bytes;
            entry.source.record(&mut self.cap, &mut self.desk, false)?;
        }
        Ok(())
    }

    /// Streams that nobody can write to any more get their last record.
    fn close_ended(&mut self) -> io::Result<()> {
        let mut index = 0;
        while index < self.sources.len() {
            let others = self.others(index);
            let source = &mut self.sources[index].source;
            source.ended = has_ended(&self.cap.fold, source, &others);
            let late = source.ended && source.take()? > 0;
            self.again |= late;
            if !source.ended || late {
                index += 1;
                continue;
            }
            source.record(&mut self.cap, &mut self.desk, true)?;
            source.close(&mut self.cap)?;
            self.cap.flush()?;
            source.remove(self.cap.plan())?;
            self.sources.remove(index);
            self.find_slots();
            index = 0;
        }
        Ok(())
    }

    /// A stream has left the fold: the others stand elsewhere in it.
    fn find_slots(&mut self) {
        for entry in &mut self.sources {
            entry.source.find_slot(&mut self.cap);
        }
        for file in &mut self.files.sources {
            file.find_slot(&mut self.cap);
        }
        self.lifecycle.find_slot(&mut self.cap);
    }

    /// The other streams of the same run that are still open.
    fn others(&self, index: usize) -> Vec<Stream> {
        let run = self.sources[index].source.run;
        let same = |(at, entry): &(usize, &Entry)| *at != index && entry.source.run == run;
        self.sources
            .iter()
            .enumerate()
            .filter(same)
            .map(|(_, entry)| entry.source.stream.clone())
            .collect()
    }

    /// A run that has exited, whose every stream has ended or is named held, gets its verdict.
    fn give_verdicts(&mut self) -> io::Result<()> {
        for run in verdicts_due(&self.cap.fold) {
            self.cap.fold.sum_up();
            let Some(judged) = self.cap.fold.verdict(run) else { continue };
            let Judgement { verdict, exit, reasons, luigi, level, msg } = judged;
            let event = Event::RunVerdict { verdict, exit, reasons, luigi };
            self.cap.event(run, None, level, &msg, &event)?;
            self.cap.flush()?;
            self.sync()?;
            self.save(false);
            self.keep_tables();
        }
        self.tidy()
    }

    /// Spooled bytes and folders of pipes that nobody needs any more.
    fn tidy(&mut self) -> io::Result<()> {
        if !self.cap.fold.is_live() {
            let kept: Vec<u64> = self.sources.iter().map(|entry| entry.source.run).collect();
            let last = self.cap.fold.last_run();
            self.cap.plan().remove_spooled(last, &kept)?;
            self.cap.plan().remove_run_pipes(last, &kept)?;
        }
        Ok(())
    }
}

/// Opens the pipes of every stream that may still say something and is not in `known`.
fn open_sources(
    cap: &mut Capture,
    desk: &Desk,
    known: &[(u64, Stream)],
) -> io::Result<Vec<Source>> {
    let open: Vec<(u64, Stream)> =
        cap.fold.streams.iter().map(|stream| (stream.run, stream.stream.clone())).collect();
    let mut sources = Vec::new();
    for (run, stream) in open {
        let is_file = matches!(stream, Stream::File(_));
        if is_file || stream == Stream::Planwatch || known.contains(&(run, stream.clone())) {
            continue;
        }
        match Source::open(cap, desk, run, stream.clone()) {
            Ok(source) => sources.push(source),
            // Somebody removed the pipe: nothing can come out of it any more.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let slot = cap.fold.slot(run, &stream);
                let bytes = cap.fold.streams[slot].off;
                let msg = format!("the pipe of {stream} is gone after {bytes} bytes");
                let event = Event::StreamClosed { of: stream, bytes };
                cap.event(run, None, Level::Warning, &msg, &event)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(sources)
}

/// Whether no byte can follow in this stream; `others` are the run's other open streams.
fn has_ended(fold: &Fold, source: &Source, others: &[Stream]) -> bool {
    let Some(run) = fold.run(source.run) else { return source.no_writer };
    let exited = !matches!(run.state, State::Starting | State::Running | State::Stopping);
    if source.stream == Stream::Events {
        // Held open by us: it ends when nobody of the run is left to write into it.
        return exited && others.is_empty();
    }
    // Before the plan's process was there, an empty pipe without a writer waits for its first.
    source.no_writer && (source.hung_up || source.is_input || exited || run.pid.is_some())
}

/// Runs whose process has ended and whose every stream has ended or is named held.
fn verdicts_due(fold: &Fold) -> Vec<u64> {
    // The events' own end comes with that of the others, so it waits for none that is held.
    let open = |run: u64, held: &[Stream]| {
        fold.streams.iter().filter(|stream| stream.run == run).any(|stream| match stream.stream {
            Stream::Events => held.is_empty(),
            _ => !held.contains(&stream.stream),
        })
    };
    fold.runs
        .iter()
        .filter(|run| run.state == State::Draining && !open(run.run, &run.held))
        .map(|run| run.run)
        .collect()
}
