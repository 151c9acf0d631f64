//! What a plan is called that was given no name.

use std::path::Path;

use super::PlanName;

impl PlanName {
    /// The base name of its RUN_ID_DIR, else of `--module`, `-m` or the script, made legal.
    pub fn of_command(run_id_dir: Option<&str>, argv: &[String]) -> Option<PlanName> {
        let base = |path: &str| {
            let name = Path::new(path).file_name()?.to_str()?.to_owned();
            PlanName::legalised(&name)
        };
        if let Some(name) = run_id_dir.filter(|dir| !dir.is_empty()).and_then(base) {
            return Some(name);
        }
        let after = |flag: &str| {
            argv.iter().enumerate().skip(1).find_map(|(at, word)| {
                if word == flag {
                    return argv.get(at + 1).cloned();
                }
                word.strip_prefix(flag)?.strip_prefix('=').map(str::to_owned)
            })
        };
        if let Some(module) = after("--module") {
            return PlanName::legalised(&module);
        }
        // `python -m luigi mars Base`: the module that matters was looked for above.
        if let Some(module) = after("-m").filter(|module| module != "luigi") {
            return PlanName::legalised(module.rsplit('.').next().unwrap_or(&module));
        }
        let script = match interpreter(argv.first()?) {
            true => argv.iter().skip(1).find(|word| !word.starts_with('-')).or(argv.first()),
            false => argv.first(),
        }?;
        base(script.strip_suffix(".py").or_else(|| script.strip_suffix(".sh")).unwrap_or(script))
    }
}

/// Whether a program runs a script that its arguments name.
fn interpreter(program: &str) -> bool {
    let name = Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or(program);
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    matches!(plain, "python" | "pypy" | "sh" | "bash" | "zsh" | "env" | "nice" | "uv" | "luigi")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_without_a_name_is_named_after_what_it_runs() {
        for (run_id_dir, command, name) in [
            (Some("/srv/run/dublin_cafe"), "python -m plan", "dublin_cafe"),
            (Some("/srv/run/dublin_cafe/"), "x", "dublin_cafe"),
            (None, "luigi --module mars Base", "mars"),
            (None, "python -m luigi --module=mars.base Base", "mars.base"),
            (None, "python -m worker_plan_internal.plan.run_plan_pipeline", "run_plan_pipeline"),
            (None, "python3.11 -u jobs/nightly.py --x", "nightly"),
            (None, "./nightly.sh", "nightly"),
            (None, "sh", "sh"),
            (None, "/usr/bin/sleep 5", "sleep"),
        ] {
            let argv: Vec<String> = command.split(' ').map(str::to_owned).collect();
            let made = PlanName::of_command(run_id_dir, &argv).map(|name| name.to_string());
            assert_eq!(made.as_deref(), Some(name), "{command}");
        }
    }
}
