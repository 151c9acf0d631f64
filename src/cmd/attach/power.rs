//! What cannot be done to a run that somebody else started, and what to do instead.

use crate::exit::{Exit, Failure};
use crate::fold::RunFold;
use crate::foreign::{RunFolder, search};
use crate::model::{Spec, State};
use crate::os::given;
use crate::store::layout::PlanDir;
use crate::store::snapshot::load_json;

/// A run that somebody else started can be asked to stop only where we may send signals to it.
pub(in super::super) fn refuse_powerless(plan: &PlanDir, run: &RunFold) -> Result<(), Failure> {
    let begun = matches!(run.state, State::Running | State::Stopping);
    if !run.foreign || !begun {
        return Ok(());
    }
    let name = plan.name();
    let failure = Failure::new(Exit::Refused, format!("{name} cannot be sent signals from here"));
    // The log may not have heard yet whom the supervisor has found.
    let Some(pid) = run.pid.or_else(|| found_now(plan)) else {
        return Err(failure
            .because("no process of it is seen: it belongs to another user, or runs elsewhere")
            .hint("stop it where it was started; its recording ends with it"));
    };
    if given::may_signal(pid) {
        return Ok(());
    }
    let owner = given::owner(pid).map_or_else(|| "another user".to_owned(), given::user_name);
    Err(failure
        .because(format!("its process {pid} belongs to {owner}"))
        .hint(format!("run planwatch stop as {owner}")))
}

/// The process of a run that somebody else started, as it is seen now.
fn found_now(plan: &PlanDir) -> Option<i32> {
    let foreign = load_json::<Spec>(&plan.spec_file()).ok().flatten()?.foreign?;
    match (&foreign.dir, foreign.process) {
        (Some(dir), _) => Some(search(&RunFolder::open(dir).ok()?).ok()?.root?.pid),
        (None, named) => named.map(|process| process.pid),
    }
}

/// What to do instead of a restart.
pub(in super::super) fn not_ours_to_start(spec: &Spec) -> Failure {
    let name = &spec.plan;
    let failure = Failure::new(Exit::Refused, format!("{name} cannot be restarted"))
        .because("planwatch did not start it, and does not know the environment it was given");
    if spec.argv.is_empty() {
        return failure.hint(format!("planwatch run -n {name} -- COMMAND"));
    }
    let mut command = format!("planwatch run -n {name} -C {}", quoted(&spec.cwd.to_string_lossy()));
    let dir = spec.foreign.as_ref().and_then(|foreign| foreign.dir.as_ref());
    if let Some(dir) = dir {
        command += &format!(" -e RUN_ID_DIR={}", quoted(&dir.to_string_lossy()));
    }
    command += " --";
    for word in &spec.argv {
        command += &format!(" {}", quoted(word));
    }
    failure.hint(command)
}

/// A word as a shell would have to be given it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_to_use_instead_can_be_pasted_into_a_shell() {
        let argv = ["python", "-c", "print('a b')"].map(str::to_owned).to_vec();
        let spec = Spec::new("p".parse().unwrap(), argv, "/srv/my runs".into());
        let hint = not_ours_to_start(&spec).hint.unwrap();
        assert_eq!(hint, r"planwatch run -n p -C '/srv/my runs' -- python -c 'print('\''a b'\'')'");
    }
}
