//! `run`: starts a plan in the background, follows it here, ends with its verdict.

use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::World;
use super::ask::{Asked, request};
use super::environment::{environment, keep_harmless, too_short};
use super::follow::{Ending, Follower, runtime};
use super::out::Out;
use super::print::Printer;
use super::say::{say, say_over_keys};
use super::select::Selected;
use super::start::{AlreadyRunning, Meant, say_started, start};
use super::stop::stop_one;
use crate::control::{Request, Verb};
use crate::exit::{Exit, Failure};
use crate::feed::{Depth, known};
use crate::model::{PlanName, Spec};
use crate::store::layout::{Home, PlanDir};
use crate::supervisor::launch::Tied;

/// What a user may mean by `run`.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to run. Its `env_names` are filled here, from the environment it will be given.
    pub spec: Spec,
    /// `NAME=value` pairs that go over everything else.
    pub env: Vec<(String, String)>,
    /// Return as soon as it runs.
    pub detach: bool,
    /// What to do if a run of this plan is alive.
    pub if_running: IfRunning,
}

/// What `run` does about a plan that is running already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfRunning {
    /// Refuse.
    #[default]
    Fail,
    /// Follow the living run.
    Attach,
    /// Stop it, then start.
    Replace,
}

/// A grace that never ends: the first ^C asks, it does not threaten.
const PATIENT: Duration = Duration::from_secs(365 * 86_400);

/// Starts the plan and follows it to its verdict.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    let home = world.open_home()?;
    let Options { mut spec, env, detach, if_running } = options;
    if spec.rules_size() > Spec::MOST_RULES {
        return Err(too_many_rules(&spec).into());
    }
    let variables = environment(world, &spec.env_files, &env)?;
    keep_harmless(&mut spec, &variables, &home.key()?)?;
    for (name, bytes) in too_short(&spec, &variables) {
        let many = if bytes == 1 { "byte" } else { "bytes" };
        say(format_args!(
            "the value of {name} has {bytes} {many}: other text will be covered with it"
        ));
    }
    let plan = home.plan(&spec.plan);
    let tied_to = spec.tied.then(Tied::to_me);
    // Before the plan can be there: a ^C in between is the plan's, and must not end us instead.
    let ears = if detach { None } else { Some(Ears::open()?) };
    let (run, after) = loop {
        match start(&plan, &spec, &variables, Meant { tied_to, ..Meant::default() }, world) {
            Ok((run, pid, seq)) => {
                say_started(&plan, run, pid, !detach);
                break (run, seq.saturating_sub(1));
            }
            Err(error) => match error.downcast::<AlreadyRunning>()? {
                AlreadyRunning { run, .. } if if_running == IfRunning::Attach => {
                    say(format_args!("{} run {run} is alive already: following it", spec.plan));
                    let last = known(&plan, Depth::State)?.seq;
                    break (run, last);
                }
                _ if if_running == IfRunning::Replace => {
                    stop_for_another(&home, &spec.plan, world)?
                }
                running => return Err(refused(&spec.plan, running).into()),
            },
        }
    };
    let Some(ears) = ears else {
        let mut out = Out::stdout();
        out.line(spec.plan.as_str())?;
        out.finish()?;
        return Ok(0);
    };
    follow(&plan, run, after, ears, world)
}

/// Hears ^C from the moment it is made.
struct Ears {
    runtime: Runtime,
    interrupts: Signal,
}

impl Ears {
    fn open() -> std::io::Result<Ears> {
        let runtime = runtime()?;
        let interrupts = {
            let _inside = runtime.enter();
            signal(SignalKind::interrupt())?
        };
        Ok(Ears { runtime, interrupts })
    }
}

fn stop_for_another(home: &Home, plan: &PlanName, world: &World) -> anyhow::Result<()> {
    say(format_args!("{plan} is alive: stopping it first"));
    stop_one(home, &Selected { plan: plan.clone(), run: None }, world)?;
    super::alive::wait_for_leavers(&home.plan(plan))
}

fn too_many_rules(spec: &Spec) -> Failure {
    Failure::new(Exit::Planwatch, format!("{} has too many rules of success", spec.plan))
        .because(format!(
            "--verdict and --success-exit-codes come to {} bytes, of at most {}",
            spec.rules_size(),
            Spec::MOST_RULES
        ))
        .hint("name only the file that is written last, or let the command check its files")
}

fn refused(plan: &PlanName, running: AlreadyRunning) -> Failure {
    Failure::new(Exit::Refused, format!("{plan} is running already")).because(running).hint(format!(
        "follow it: planwatch attach {plan} · stop it: planwatch stop {plan} · or run under another name with -n"
    ))
}

/// Prints the run's lines until its verdict. ^C asks the plan to stop, harder each time.
fn follow(plan: &PlanDir, run: u64, after: u64, ears: Ears, world: &World) -> anyhow::Result<i32> {
    let printer = Printer::of_plan(world, vec![(plan.name().to_string(), run)]);
    let Ears { runtime, mut interrupts } = ears;
    runtime.block_on(async {
        let mut follower = Follower::of_run(plan, run, after, printer)?;
        let mut asked = Vec::new();
        loop {
            let ending = follower.print_to_verdict(run);
            if let Some(ending) = until_interrupted(ending, &mut interrupts).await {
                follower.finish()?;
                return Ok(ending?.exit);
            }
            let request = nth_request(asked.len(), follower.last_of_row(run), world);
            asked.push(Asked::send(plan, request)?);
        }
    })
}

/// None if ^C came first.
async fn until_interrupted(
    ending: impl Future<Output = anyhow::Result<Ending>>,
    interrupts: &mut Signal,
) -> Option<anyhow::Result<Ending>> {
    tokio::select! {
        ending = ending => Some(ending),
        Some(()) = interrupts.recv() => None,
    }
}

fn nth_request(before: usize, run: u64, world: &World) -> Request {
    let verb = if before >= 2 { Verb::Kill } else { Verb::Stop };
    let mut request = request(verb, run, world);
    request.id = format!("{}-{before}", request.id);
    let (word, next) = match before {
        0 => ("asked it to stop (SIGINT)", "^C again: SIGTERM, then SIGKILL"),
        1 => ("asked it to stop (SIGTERM)", "^C again: SIGKILL now"),
        _ => ("killing it", "its log stays"),
    };
    if before == 0 {
        request.signal = Some(2);
        request.grace_ms = PATIENT.as_millis().try_into().ok();
    }
    say_over_keys(format_args!("{word} · {next}"));
    request
}
