//! Asks a plan's supervisor for something and waits until it has happened.

use super::World;
use super::alive::keepers;
use super::follow::block_on;
use crate::control::{self, Line, Request};
use crate::exit::{Exit, Failure};
use crate::feed::{Follow, News, Until};
use crate::fold::Fold;
use crate::model::PlanName;
use crate::store::layout::PlanDir;
use crate::store::lock::Lock;

/// A request on its way.
pub(super) struct Asked {
    plan: PlanDir,
    request: Request,
    /// Held so that what was sent outlives a supervisor that dies now.
    line: Option<Line>,
    /// The supervisor it was sent to.
    to: Option<i32>,
}

impl Asked {
    /// Sends a request, now or as soon as somebody listens.
    pub(super) fn send(plan: &PlanDir, request: Request) -> anyhow::Result<Asked> {
        let mut asked = Asked { plan: plan.clone(), request, line: None, to: None };
        asked.send_again()?;
        Ok(asked)
    }

    /// Sends the request to a supervisor that has not got it yet: one that took over has not read
    /// what its forerunner took out of the pipe. Where nobody listens, somebody will soon: a
    /// supervisor listens before it writes its first record, which wakes whoever waits.
    pub(super) fn send_again(&mut self) -> anyhow::Result<()> {
        let now = Lock::holder(&self.plan.supervisor_lock())?.map(|holder| holder.pid);
        if now.is_none() || now == self.to {
            return Ok(());
        }
        if self.line.is_none() {
            self.line = control::open(&self.plan)?;
        }
        if let Some(line) = &mut self.line {
            line.send(&self.request).map_err(|error| self.refused(&error))?;
            self.to = now;
        }
        Ok(())
    }

    fn refused(&self, error: &std::io::Error) -> Failure {
        let name = self.plan.name();
        Failure::new(Exit::Planwatch, format!("the supervisor of {name} cannot be asked"))
            .because(error)
            .hint(format!("if it is stopped, wake it: kill -CONT {}", self.to.unwrap_or_default()))
    }

    /// Whether the request, or what makes it needless, stands in the log.
    fn is_settled(&self, fold: &Fold) -> bool {
        let over = fold.run(self.request.run).is_none_or(|run| !run.state.is_live());
        over || fold.has_seen(&self.request.id)
    }
}

/// Sends requests, each about a run of a plan, and waits until `done` says so of every plan's fold.
/// Gives those folds, in order.
pub(super) fn ask(
    requests: Vec<(PlanDir, Request)>,
    until: fn(u64) -> Until,
    done: fn(&Fold, &Request) -> bool,
) -> anyhow::Result<Vec<(PlanName, Fold)>> {
    for (plan, _) in &requests {
        refuse_recording(plan)?;
    }
    block_on(async {
        let mut follow = Follow::live()?;
        let mut asked = Vec::new();
        for (plan, request) in requests {
            follow.add(&plan, until(request.run), |reader| {
                let last = reader.last_seq()?;
                reader.seek_after(last);
                Ok::<(), anyhow::Error>(())
            })?;
            asked.push(Asked::send(&plan, request)?);
        }
        loop {
            while let Some(piece) = follow.read()? {
                if matches!(piece.news, News::Stopped) {
                    return Err(nobody_there(asked[piece.plan].plan.name()));
                }
            }
            let mut waiting = false;
            for (at, one) in asked.iter_mut().enumerate() {
                let fold = follow.fold(at);
                if !one.is_settled(fold) {
                    one.send_again()?;
                }
                waiting |= !done(fold, &one.request);
            }
            if !waiting || follow.is_over() {
                break;
            }
            follow.wait().await?;
        }
        Ok(asked
            .iter()
            .enumerate()
            .map(|(at, one)| (one.plan.name().clone(), follow.fold(at).clone()))
            .collect())
    })
}

fn nobody_there(plan: &PlanName) -> anyhow::Error {
    Failure::new(Exit::Failed, format!("{plan} could not be asked"))
        .because("nobody looks after it any more, and nobody could be brought to")
        .hint("planwatch doctor looks for the cause")
        .into()
}

/// What `record` records was not started by planwatch, and nobody is there who could stop it.
fn refuse_recording(plan: &PlanDir) -> anyhow::Result<()> {
    let keepers = keepers(plan)?;
    let (Some(supervisor), Some(recorder)) = (keepers.supervisor, keepers.recorder) else {
        return Ok(());
    };
    if supervisor.pid != recorder.pid {
        return Ok(());
    }
    let (name, pid) = (plan.name(), recorder.pid);
    Err(Failure::new(Exit::Refused, format!("{name} cannot be asked for that"))
        .because(format!("`planwatch record {name}` (pid {pid}) records what others started"))
        .hint("end the program that writes into its pipe, and the run ends")
        .into())
}

/// A request of this command about a run.
pub(super) fn request(verb: control::Verb, run: u64, world: &World) -> Request {
    Request::new(verb, run, &world.by, world.now)
}
