//! Follows plans and prints them: the core of `run`, `attach`, `logs` and `wait`.

use std::fs::File;
use std::future::Future;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::FileTypeExt as _;
use std::sync::Arc;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

use super::out::OutError;
use super::print::Printer;
use crate::exit::{Exit, Failure};
use crate::feed::{Follow, News, Source, Until};
use crate::fold::{Fold, RunFold};
use crate::model::{PlanName, Verdict};
use crate::os::limits;
use crate::store::layout::PlanDir;
use crate::store::reader::Reader;

/// Pieces printed before the caller may look at other things: a flood must not make ^C wait.
const AT_ONCE: usize = 16;

/// Bytes of lines that are shown at once, in a write of their own.
const A_FEW: usize = 4 << 10;

/// Plans that are followed, and where they are printed.
pub struct Follower {
    follow: Follow,
    plans: Vec<PlanName>,
    printer: Printer,
    stopped: bool,
    told_polling: bool,
    /// Standard output, once it has been looked at: something where its reader can go away.
    reader: Option<Option<AsyncFd<OwnedFd>>>,
}

/// How a followed run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The plan.
    pub plan: PlanName,
    /// The run.
    pub run: u64,
    /// Its verdict.
    pub verdict: Verdict,
    /// What a command that waited for it returns.
    pub exit: i32,
    /// Why, in words.
    pub reasons: Vec<String>,
}

impl Ending {
    /// How a run ended, if it has.
    pub fn of(fold: &Fold, run: u64) -> Option<Ending> {
        let RunFold { verdict, exit, reasons, .. } = fold.run(run)?;
        let plan = fold.plan.clone();
        Some(Ending { plan, run, verdict: *verdict, exit: (*exit)?, reasons: reasons.clone() })
    }
}

/// Runs what follows plans to its end, on this thread.
pub fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    runtime()?.block_on(future)
}

/// Descriptors that following a plan takes, and a few to spare.
const LEAST_OPEN: u64 = 24;

/// What a future runs in, for those who need it before they have one.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    // It panics when it gets no descriptors for its signals.
    if let Some(most) = limits::open_files().filter(|most| *most < LEAST_OPEN) {
        let words = format!("only {most} files may be open at once here: ulimit -n 1024");
        return Err(std::io::Error::other(words));
    }
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Standard output as something that tells when its reader has gone; None if it is no pipe.
#[allow(deprecated, reason = "what replaces it is unsafe; an owned descriptor stays open")]
pub(super) fn listen_for_end() -> anyhow::Result<Option<AsyncFd<OwnedFd>>> {
    let stdout = std::io::stdout().as_fd().try_clone_to_owned()?;
    let file = File::from(stdout.try_clone()?);
    if !file.metadata()?.file_type().is_fifo() {
        return Ok(None);
    }
    Ok(AsyncFd::with_interest(stdout, Interest::ERROR).ok())
}

/// Ends when the reader of standard output has gone: who prints nothing would never notice.
pub(super) async fn gone(stdout: Option<&AsyncFd<OwnedFd>>) {
    match stdout {
        Some(stdout) if stdout.ready(Interest::ERROR).await.is_ok() => {}
        _ => std::future::pending().await,
    }
}

impl Follower {
    /// A follower of no plan yet. For one that waits, inside [`block_on`].
    pub fn new(follow: Follow, printer: Printer) -> Follower {
        let plans = Vec::new();
        Follower { follow, plans, printer, stopped: false, told_polling: false, reader: None }
    }

    /// Follows one run of one plan from behind `after` on, and the restarts that follow it by
    /// themselves, inside [`block_on`].
    pub fn of_run(
        plan: &PlanDir,
        run: u64,
        after: u64,
        printer: Printer,
    ) -> anyhow::Result<Follower> {
        let mut follower = Follower::new(Follow::live()?, printer);
        follower.add(plan, Until::Last(run), |reader, _| {
            reader.seek_after(after);
            Ok(())
        })?;
        Ok(follower)
    }

    /// The run of the only plan that `run` has led to by restarts.
    pub fn last_of_row(&self, run: u64) -> u64 {
        self.follow.fold(0).last_of_row(run)
    }

    /// Adds a plan. `place` says where in its log to begin.
    pub fn add(
        &mut self,
        plan: &PlanDir,
        until: Until,
        place: impl FnOnce(&mut Reader, &Printer) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let Follower { follow, printer, .. } = self;
        follow.add(plan, until, |reader| place(reader, printer))?;
        self.plans.push(plan.name().clone());
        Ok(())
    }

    /// Adds a plan of another machine, of which this is known.
    pub fn add_far(&mut self, fold: Fold, source: Box<dyn Source>, until: Until) {
        self.plans.push(fold.plan.clone());
        self.follow.add_far(fold, source, until);
    }

    /// What wakes it when there is more of a plan of another machine.
    pub fn bell(&self) -> Arc<Notify> {
        self.follow.bell()
    }

    /// Prints what there is. False if that was so much that the caller should look up in between.
    pub fn print(&mut self) -> anyhow::Result<bool> {
        for _ in 0..AT_ONCE {
            let Some(piece) = self.follow.read()? else {
                self.printer.flush()?;
                return Ok(true);
            };
            let plan = &self.plans[piece.plan];
            match piece.news {
                News::Lines(lines) => {
                    self.printer.lines(lines)?;
                    // Few lines come one by one: show them before looking whether there are more.
                    if lines.len() < A_FEW {
                        self.printer.flush()?;
                    }
                }
                News::Gap { from, to } => self.printer.gap(plan, from, to)?,
                News::Renewed => self.printer.renewed(plan)?,
                News::Stopped => {
                    self.stopped = true;
                    self.printer.say(&format!(
                        "{plan}: recording has stopped and could not be taken up again"
                    ))?;
                }
            }
        }
        Ok(false)
    }

    /// Prints until nothing more will come. Dropping the future loses nothing: it can be called
    /// again.
    pub async fn print_to_end(&mut self) -> anyhow::Result<()> {
        loop {
            if !self.print()? {
                tokio::task::yield_now().await;
                continue;
            }
            if self.is_over() {
                return Ok(());
            }
            self.wait().await?;
        }
    }

    /// Prints until the run of the only plan has its verdict.
    pub async fn print_to_verdict(&mut self, run: u64) -> anyhow::Result<Ending> {
        self.print_to_end().await?;
        let run = self.last_of_row(run);
        match self.ending(0, run) {
            Some(ending) => Ok(ending),
            None => Err(self.no_verdict(0, run).into()),
        }
    }

    fn tell_polling(&mut self) -> anyhow::Result<()> {
        if !self.told_polling
            && let Some(reason) = self.follow.polling()
        {
            self.told_polling = true;
            self.printer.say(&format!("polling five times a second: {reason}"))?;
        }
        Ok(())
    }

    /// How a run ended, if it has.
    pub fn ending(&self, plan: usize, run: u64) -> Option<Ending> {
        Ending::of(self.follow.fold(plan), run)
    }

    /// Why there is no ending.
    pub fn no_verdict(&self, plan: usize, run: u64) -> Failure {
        let plan = &self.plans[plan];
        let failure = Failure::new(Exit::Failed, format!("{plan} run {run} has no verdict"));
        if self.stopped {
            failure
                .because("nobody records it any more, and nobody could be brought to")
                .hint(format!("planwatch restart {plan}"))
        } else {
            failure
                .because("its log does not say how it ended")
                .hint(format!("planwatch verify {plan}"))
        }
    }

    /// Whether nothing more will come.
    pub fn is_over(&self) -> bool {
        self.follow.is_over()
    }

    /// How many plans are followed.
    pub fn plans(&self) -> usize {
        self.plans.len()
    }

    /// Lets go of the plans of which nothing more comes, and of what they hold open.
    pub fn let_go(&mut self) {
        let kept = self.follow.let_go();
        self.plans = kept.into_iter().map(|place| self.plans[place].clone()).collect();
    }

    /// Sleeps until there may be more to print. Dropping the future loses nothing.
    pub async fn wait(&mut self) -> anyhow::Result<()> {
        self.tell_polling()?;
        if self.reader.is_none() {
            self.reader = Some(listen_for_end()?);
        }
        let Follower { follow, reader, .. } = self;
        tokio::select! {
            woken = follow.wait() => Ok(woken?),
            () = gone(reader.as_ref().and_then(Option::as_ref)) => Err(OutError::Closed.into()),
        }
    }

    /// The last seq printed or passed over, of each plan.
    pub fn cursors(&self) -> Vec<(PlanName, u64)> {
        let seqs = (0..).map(|plan| self.follow.cursor(plan));
        self.plans.iter().cloned().zip(seqs).collect()
    }

    /// Where they are printed.
    pub fn printer(&mut self) -> &mut Printer {
        &mut self.printer
    }

    /// Says what was passed over, and gives the exit code: 1 if a plan's recording has stopped.
    pub fn finish(mut self) -> anyhow::Result<i32> {
        self.printer.finish(self.follow.skipped())?;
        Ok(if self.stopped { Exit::Failed } else { Exit::Done }.code())
    }
}
