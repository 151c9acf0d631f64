//! What one table of the file says: the defaults, or a plan.

use toml::de::DeTable;

use super::expand::Matrix;
use super::keys::{Place, keys, meant};
use super::mistake::Mistake;
use super::policy::{foreach, millis, restart, some_millis, stall};
use super::value::{At, Desk, Value, in_order};
use crate::model::{
    After, Compress, KeepRule, LogSpec, OnFull, RestartChoice, Stall, VerdictRule, parse_signal,
    parse_size,
};

/// Everything that a table may say; nothing is looked up yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) cmd: Option<Vec<At<String>>>,
    pub(super) foreach: Option<Matrix>,
    pub(super) after: Vec<At<String>>,
    pub(super) jobs: Option<u32>,
    pub(super) when: Option<After>,
    pub(super) priority: Option<i64>,
    pub(super) group: Option<At<String>>,
    pub(super) cwd: Option<At<String>>,
    pub(super) env: Vec<(At<String>, At<String>)>,
    pub(super) env_file: Option<Vec<At<String>>>,
    pub(super) secret: Option<Vec<At<String>>>,
    pub(super) stdin: Option<At<String>>,
    pub(super) bridge: Option<bool>,
    pub(super) timeout_ms: Option<u64>,
    pub(super) stop_signal: Option<i32>,
    pub(super) stop_timeout_ms: Option<u64>,
    pub(super) restart: Option<RestartChoice>,
    pub(super) stall: Option<Stall>,
    pub(super) verdict: Option<Vec<At<String>>>,
    pub(super) success_exit_codes: Option<Vec<i32>>,
    pub(super) on_success: Option<Vec<At<String>>>,
    pub(super) on_failure: Option<Vec<At<String>>>,
    pub(super) on_stall: Option<Vec<At<String>>>,
    pub(super) hook_timeout_ms: Option<u64>,
    pub(super) segment_size: Option<u64>,
    pub(super) segment_age_ms: Option<u64>,
    pub(super) keep: Option<Vec<KeepRule>>,
    pub(super) max_line: Option<usize>,
    pub(super) on_full: Option<OnFull>,
    pub(super) sync_ms: Option<u64>,
    pub(super) compress: Option<Compress>,
}

/// Reads the table `what`, over `defaults`: what it says itself wins, variables are added.
pub(super) fn settings(
    desk: &mut Desk<'_>,
    what: &str,
    here: Place,
    table: &DeTable<'_>,
    defaults: &Settings,
) -> Settings {
    let mut settings = defaults.clone();
    for (key, value) in in_order(table) {
        match keys().find(|(known, _)| *known == key.it) {
            Some((_, place)) if place == Place::Both || place == here => {
                take(desk, &mut settings, &key.it, value);
            }
            Some((_, place)) => {
                let belongs = if place == Place::Plan { "a plan" } else { "[defaults]" };
                let said = format!("'{}' belongs to {belongs}, not to {what}", key.it);
                desk.say(Mistake::new(key.span, said));
            }
            None => desk.say(unknown(&key, what, here)),
        }
    }
    settings
}

fn unknown(key: &At<String>, what: &str, here: Place) -> Mistake {
    let mistake = Mistake::new(key.span.clone(), format!("unknown key '{}' in {what}", key.it));
    match meant(&key.it, |place| place == Place::Both || place == here) {
        Some(near) => mistake.hint(format!("did you mean '{near}'?")),
        None => {
            let fits = |place| place == Place::Both || place == here;
            let all: Vec<_> =
                keys().filter(|(_, place)| fits(*place)).map(|(key, _)| key).collect();
            mistake.hint(format!("known here: {}", all.join(", ")))
        }
    }
}

fn take(desk: &mut Desk<'_>, to: &mut Settings, key: &str, value: &Value<'_>) {
    const WHEN: [(&str, After); 2] = [("success", After::Success), ("exit", After::Exit)];
    // What cannot be read leaves what was there: the mistake is said, and nothing will run.
    macro_rules! set {
        ($field:ident, $value:expr) => {
            if let Some(value) = $value {
                to.$field = Some(value);
            }
        };
    }
    match key {
        "cmd" => set!(cmd, desk.command(key, value)),
        "foreach" => set!(foreach, foreach(desk, value)),
        "after" => to.after = desk.texts(key, value).unwrap_or_default(),
        "jobs" => set!(jobs, jobs(desk, value)),
        "when" => set!(when, desk.word(key, value, &WHEN)),
        "priority" => set!(priority, desk.number(key, value, -1_000_000..=1_000_000)),
        "group" => set!(group, desk.text(key, value)),
        "cwd" => set!(cwd, desk.text(key, value)),
        "env" => variables(desk, to, value),
        "env-file" => set!(env_file, desk.texts(key, value)),
        "secret" => set!(secret, desk.texts(key, value)),
        "stdin" => set!(stdin, desk.text(key, value)),
        "bridge" => set!(bridge, desk.flag(key, value)),
        "timeout" => set!(timeout_ms, desk.measure(key, value, some_millis)),
        "stop-signal" => set!(stop_signal, desk.measure(key, value, parse_signal)),
        "stop-timeout" => set!(stop_timeout_ms, desk.measure(key, value, millis)),
        "restart" => set!(restart, restart(desk, value)),
        "stall-timeout" => set!(stall, stall(desk, value)),
        "verdict" => set!(verdict, verdict(desk, value)),
        "success-exit-codes" => set!(success_exit_codes, codes(desk, value)),
        "on-success" => set!(on_success, desk.command(key, value)),
        "on-failure" => set!(on_failure, desk.command(key, value)),
        "on-stall" => set!(on_stall, desk.command(key, value)),
        "hook-timeout" => set!(hook_timeout_ms, desk.measure(key, value, some_millis)),
        _ => log_limit(desk, to, key, value),
    }
}

fn log_limit(desk: &mut Desk<'_>, to: &mut Settings, key: &str, value: &Value<'_>) {
    const COMPRESS: [(&str, Compress); 2] =
        [("never", Compress::Never), ("sealed", Compress::Sealed)];
    const FULL: [(&str, OnFull); 2] = [("block", OnFull::Block), ("drop", OnFull::Drop)];
    let size = |text: &str| parse_size(text).map_err(|error| error.to_string());
    match key {
        "segment-size" => {
            let segment = |text: &str| within(size(text)?, LogSpec::SEGMENT_SIZE);
            to.segment_size = desk.measure(key, value, segment).or(to.segment_size);
        }
        "max-line" => {
            let line = |text: &str| {
                let bytes = usize::try_from(size(text)?).map_err(|error| error.to_string())?;
                within(bytes, LogSpec::MAX_LINE)
            };
            to.max_line = desk.measure(key, value, line).or(to.max_line);
        }
        "segment-age" => {
            to.segment_age_ms = desk.measure(key, value, some_millis).or(to.segment_age_ms);
        }
        "compress" => to.compress = desk.word(key, value, &COMPRESS).or(to.compress),
        "sync" => to.sync_ms = desk.measure(key, value, millis).or(to.sync_ms),
        "on-full" => to.on_full = desk.word(key, value, &FULL).or(to.on_full),
        _ => {
            let rules = desk.texts("keep", value).unwrap_or_default();
            let rules: Vec<_> =
                rules.iter().filter_map(|rule| desk.understood("keep", rule, str::parse)).collect();
            to.keep = Some(rules);
        }
    }
}

fn within<T: PartialOrd + std::fmt::Display + Copy>(
    value: T,
    range: std::ops::RangeInclusive<T>,
) -> Result<T, String> {
    if range.contains(&value) {
        return Ok(value);
    }
    Err(format!("must be between {} and {} bytes", range.start(), range.end()))
}

/// How many at once.
pub(super) fn jobs(desk: &mut Desk<'_>, value: &Value<'_>) -> Option<u32> {
    desk.number("jobs", value, 1..=10_000).and_then(|jobs| u32::try_from(jobs).ok())
}

fn variables(desk: &mut Desk<'_>, to: &mut Settings, value: &Value<'_>) {
    let Some(table) = desk.table("env", value) else { return };
    for (name, value) in in_order(table) {
        if name.it.is_empty() || name.it.contains(['=', '\0']) {
            desk.say(Mistake::new(name.span, "this is no name of a variable"));
            continue;
        }
        let text = match value.get_ref() {
            // As people write them: what the plan gets is a text in any case.
            toml::de::DeValue::Integer(number) => {
                Some(At::new(number.as_str().to_owned(), value.span()))
            }
            toml::de::DeValue::Boolean(flag) => Some(At::new(flag.to_string(), value.span())),
            _ => desk.text(&format!("env.{}", name.it), value),
        };
        let Some(text) = text else { continue };
        to.env.retain(|(known, _)| known.it != name.it);
        to.env.push((name, text));
    }
}

fn verdict(desk: &mut Desk<'_>, value: &Value<'_>) -> Option<Vec<At<String>>> {
    let rules = desk.texts("verdict", value)?;
    for rule in &rules {
        desk.understood("verdict", rule, str::parse::<VerdictRule>)?;
    }
    Some(rules)
}

fn codes(desk: &mut Desk<'_>, value: &Value<'_>) -> Option<Vec<i32>> {
    let what = "each of success-exit-codes";
    let Some(list) = value.get_ref().as_array() else {
        let code = desk.number("success-exit-codes", value, 0..=255)?;
        return i32::try_from(code).ok().map(|code| vec![code]);
    };
    list.iter().map(|code| i32::try_from(desk.number(what, code, 0..=255)?).ok()).collect()
}
