//! `completions`: a shell's completion script, plan names included.

use clap_complete::Shell;

use super::World;
use super::out::Out;

/// What a user may mean by `completions`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The whole command line, as `cli` defines it.
    pub command: clap::Command,
    /// The shell.
    pub shell: Shell,
}

/// Prints the script.
pub fn run(options: Options, _world: &World) -> anyhow::Result<i32> {
    let mut out = Out::stdout();
    out.write(script(options.command, options.shell).as_bytes())?;
    out.finish()?;
    Ok(0)
}

/// The script for one shell. What clap makes knows verbs and options; the names of plans are asked
/// for when the user presses Tab.
pub fn script(mut command: clap::Command, shell: Shell) -> String {
    let mut made = Vec::new();
    clap_complete::generate(shell, &mut command, "planwatch", &mut made);
    let script = String::from_utf8_lossy(&made).into_owned();
    let verbs = verbs_with_plans(&command);
    match shell {
        Shell::Bash => script + &BASH.replace("VERBS", &verbs.join("|")),
        Shell::Fish => verbs.iter().fold(script, |script, verb| {
            script + &format!("complete -c planwatch -n \"__fish_planwatch_using_subcommand {verb}\" -f -a \"(planwatch ps -aq 2>/dev/null)\"\n")
        }),
        Shell::Zsh => zsh(&script),
        _ => script,
    }
}

/// Verbs that take names of plans that exist.
fn verbs_with_plans(command: &clap::Command) -> Vec<&str> {
    let takes_plans = |verb: &&clap::Command| {
        !verb.is_hide_set()
            && verb
                .get_positionals()
                .any(|argument| matches!(argument.get_id().as_str(), "plans" | "target"))
    };
    command.get_subcommands().filter(takes_plans).map(clap::Command::get_name).collect()
}

const BASH: &str = r#"
_planwatch_with_plans() {
    _planwatch "$@"
    case "${COMP_WORDS[1]}" in
        VERBS)
            case "${COMP_WORDS[COMP_CWORD]}" in
                -*) ;;
                *) COMPREPLY=($(compgen -W "$(planwatch ps -aq 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}")) ;;
            esac
            ;;
    esac
}

complete -F _planwatch_with_plans -o bashdefault -o default planwatch
"#;

/// Where clap says that anything may stand, the names of plans may.
fn zsh(script: &str) -> String {
    let mut made = String::with_capacity(script.len() + 512);
    for line in script.lines() {
        let plans = ["'*::plans ", "':target "].iter().any(|start| line.starts_with(start));
        match line.strip_suffix(":_default' \\") {
            Some(kept) if plans => made += &format!("{kept}:_planwatch_plans' \\\n"),
            _ => {
                // The last lines of the script call what stands above them.
                if line.starts_with("if [ \"$funcstack[1]\"") {
                    made += ZSH;
                }
                made += line;
                made.push('\n');
            }
        }
    }
    made
}

const ZSH: &str = r#"_planwatch_plans() {
    local -a plans
    plans=(${(f)"$(planwatch ps -aq 2>/dev/null)"})
    _describe -t plans 'plan' plans
}

"#;
