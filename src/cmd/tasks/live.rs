//! `tasks -f`: drawn again whenever something changes; on a pipe a line a change.

use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};

use super::canvas::Canvas;
use super::told::{self, Told};
use super::{Drawn, Options};
use crate::cmd::follow::{block_on, gone, listen_for_end};
use crate::cmd::out::{Out, OutError};
use crate::cmd::ps::ListForm;
use crate::cmd::tables::ChosenRun;
use crate::cmd::{World, now, terminal_height, terminal_width};
use crate::exit::{Exit, Failure};
use crate::feed::{Changed, Follow, LiveTable, News, Until};
use crate::fold::RunFold;

/// Between two pictures at least: a flood must not make the terminal the slowest part.
const APART: Duration = Duration::from_millis(50);
/// How long a picture with clocks stays true.
const CLOCK: Duration = Duration::from_secs(1);
/// Where nothing on it moves by itself.
const NEVER: Duration = Duration::from_secs(24 * 3600);

/// Follows the run to its end.
pub(super) fn follow(chosen: &ChosenRun, options: &Options, world: &World) -> anyhow::Result<i32> {
    if options.output == ListForm::Json {
        return Err(Failure::new(Exit::Usage, "one array is never done while it is followed")
            .hint("-o jsonl prints a row a change")
            .into());
    }
    block_on(async {
        let mut live = Live::new(chosen, options, world)?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let mut resized = signal(SignalKind::window_change())?;
        let reader = listen_for_end()?;
        while live.goes_on()? {
            let limit = live.limit();
            tokio::select! {
                woken = tokio::time::timeout(limit, live.follow.wait()) => {
                    woken.unwrap_or(Ok(()))?;
                }
                _ = resized.recv() => live.resized()?,
                _ = interrupt.recv() => return Ok(Exit::Interrupted.code()),
                _ = terminate.recv() => return Ok(Exit::Interrupted.code()),
                _ = hang_up.recv() => return Ok(Exit::Interrupted.code()),
                () = gone(reader.as_ref()) => return Err(OutError::Closed.into()),
            }
        }
        live.end()
    })
}

struct Live<'a> {
    follow: Follow,
    table: LiveTable,
    run: RunFold,
    view: Drawn<'a>,
    out: Out,
    /// On a terminal, a picture; else what was told of each task.
    canvas: Option<Canvas>,
    told: Told,
    changed: bool,
    drawn: Option<Instant>,
    width: usize,
    height: usize,
}

impl<'a> Live<'a> {
    fn new(chosen: &'a ChosenRun, options: &'a Options, world: &World) -> anyhow::Result<Live<'a>> {
        let table = LiveTable::of(&chosen.plan, chosen.run)?;
        let mut follow = Follow::live()?;
        follow.add(&chosen.plan, Until::Run(chosen.run), |reader| {
            reader.seek_after(table.cursor());
            Ok::<(), std::io::Error>(())
        })?;
        let picture = world.stdout.terminal && options.output == ListForm::Table;
        Ok(Live {
            follow,
            table,
            run: chosen.known(),
            view: Drawn::new(chosen, options, world),
            out: Out::stdout(),
            canvas: picture.then(Canvas::default),
            told: Told::default(),
            changed: true,
            drawn: None,
            width: world.width,
            height: terminal_height().unwrap_or(24),
        })
    }

    /// Reads and shows what is new. False at the end.
    fn goes_on(&mut self) -> anyhow::Result<bool> {
        self.tell(told::News::Any(self.run.started_at))?;
        self.read()?;
        let known = self.follow.fold(0).run(self.run.run);
        let standing = |run: &RunFold| (run.state, run.verdict, run.ended_at);
        if let Some(run) = known.filter(|run| standing(run) != standing(&self.run)) {
            self.run = run.clone();
            self.changed = true;
        }
        let over = self.follow.is_over();
        if over {
            self.tell(told::News::Last(self.run.ended_at.unwrap_or(self.run.started_at)))?;
        } else {
            self.draw()?;
        }
        self.out.flush()?;
        Ok(!over)
    }

    fn read(&mut self) -> anyhow::Result<()> {
        let Live { follow, table, told, out, view, run, changed, canvas, .. } = self;
        while let Some(piece) = follow.read()? {
            let mut rest = match piece.news {
                News::Lines(lines) => lines,
                News::Gap { .. } => {
                    table.lost_some();
                    continue;
                }
                News::Renewed | News::Stopped => {
                    *changed = true;
                    continue;
                }
            };
            while let Some(end) = memchr::memchr(b'\n', rest) {
                let (line, after) = rest.split_at(end + 1);
                rest = after;
                let Some((what, ts)) = table.line(line) else { continue };
                *changed = true;
                let news = match &what {
                    Changed::Task(task) => told::News::Of(task, ts),
                    Changed::Any => told::News::Any(ts),
                    Changed::Explained => told::News::Held(ts),
                };
                if canvas.is_none() {
                    told.tell(out, view, run, table, news)?;
                }
            }
        }
        Ok(())
    }

    /// On a pipe: what nobody was told of yet.
    fn tell(&mut self, news: told::News<'_>) -> anyhow::Result<()> {
        let Live { table, told, out, view, run, changed, canvas, .. } = self;
        if canvas.is_none() && *changed {
            told.tell(out, view, run, table, news)?;
            *changed = false;
        }
        Ok(())
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        if self.canvas.is_none() || self.drawn.is_some_and(|drawn| drawn.elapsed() < APART) {
            return Ok(());
        }
        let picture = self.picture()?;
        if let Some(canvas) = &mut self.canvas {
            self.out.write(&canvas.redraw(&picture, self.height, "▶"))?;
        }
        (self.changed, self.drawn) = (false, Some(Instant::now()));
        Ok(())
    }

    fn picture(&self) -> anyhow::Result<String> {
        let text = self.view.draw(&self.run, self.table.table(), now(), self.width)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// How long nothing on the picture changes unless something happens.
    fn limit(&self) -> Duration {
        match &self.canvas {
            None => NEVER,
            Some(_) if self.changed => APART,
            Some(_) if self.run.state.is_live() => CLOCK,
            Some(_) => NEVER,
        }
    }

    fn resized(&mut self) -> anyhow::Result<()> {
        self.width = terminal_width().unwrap_or(self.width);
        self.height = terminal_height().unwrap_or(self.height);
        if let Some(canvas) = &mut self.canvas {
            self.out.write(&canvas.forget())?;
        }
        (self.changed, self.drawn) = (true, None);
        Ok(())
    }

    fn end(mut self) -> anyhow::Result<i32> {
        let picture = if self.canvas.is_some() { self.picture()? } else { String::new() };
        if let Some(canvas) = &mut self.canvas {
            self.out.write(&canvas.finish(&picture))?;
        }
        self.out.finish()?;
        Ok(Exit::Done.code())
    }
}
