//! The command lines of planwatch's own background processes, read without the command tree: they
//! live as long as a plan, and the memory in which the tree is built would stay theirs.

use std::ffi::OsString;

use super::args::{AnyVerb, CompressArgs, ExecArgs, RecorderArgs, SuperviseArgs};

/// The role, if the command line is exactly as planwatch itself writes it.
pub(super) fn of(argv: &[OsString]) -> Option<AnyVerb> {
    let words: Vec<&str> = argv.iter().skip(1).map_while(|word| word.to_str()).collect();
    let supervise = |plan: &str, adopt, plan_pidfd| {
        Some(AnyVerb::Supervise(SuperviseArgs { plan: plan.parse().ok()?, adopt, plan_pidfd }))
    };
    match *words.as_slice() {
        ["__queue"] => Some(AnyVerb::Queue),
        ["__record", plan] => Some(AnyVerb::Recorder(RecorderArgs { plan: plan.parse().ok()? })),
        ["__compress", plan] => Some(AnyVerb::Compress(CompressArgs { plan: plan.parse().ok()? })),
        ["__supervise", plan] => supervise(plan, false, None),
        ["__supervise", plan, "--adopt"] => supervise(plan, true, None),
        ["__supervise", plan, "--adopt", "--plan-pidfd", number] => {
            supervise(plan, true, Some(number.parse().ok()?))
        }
        ["__exec", ..] => Some(AnyVerb::Exec(ExecArgs { arguments: argv.get(2..)?.to_vec() })),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_way_of_writing_it_is_a_role() {
        let role = |words: &[&str]| {
            let argv: Vec<OsString> = words.iter().map(OsString::from).collect();
            of(&argv).is_some()
        };
        assert!(role(&["planwatch", "__record", "a"]));
        assert!(role(&["planwatch", "__supervise", "a", "--adopt", "--plan-pidfd", "7"]));
        assert!(role(&["planwatch", "__exec", "a", "{}", "--", "true"]));
        assert!(!role(&["planwatch", "__record", "../a"]));
        assert!(!role(&["planwatch", "__supervise"]));
        assert!(!role(&["planwatch", "run", "__record", "a"]));
    }
}
