//! Which environment variables are a plan's and which only came along.

const PASSING: [&str; 8] =
    ["_", "SHLVL", "PWD", "OLDPWD", "WINDOWID", "TERM_SESSION_ID", "COLUMNS", "LINES"];
const PASSING_BEGIN: [&str; 4] = ["SSH_", "TMUX", "XDG_SESSION_", "INVOCATION_ID"];

/// Whether a variable belongs to a terminal, a shell or a login, not to a plan: nobody misses it,
/// and that it is another one today means nothing.
pub fn is_passing(name: &str) -> bool {
    PASSING.contains(&name) || PASSING_BEGIN.iter().any(|begin| name.starts_with(begin))
}
