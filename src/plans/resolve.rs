//! Settings × defaults × what surrounds the file → plans.

use std::path::Path;

use toml::Spanned;
use toml::de::DeTable;

use super::expand::{Chosen, expand};
use super::keys::Place;
use super::mistake::{Mistake, closest};
use super::settings::{Settings, jobs, settings};
use super::value::{At, Desk, Value, in_order};
use super::{Planned, PlansFile, Surroundings, order};
use crate::model::{Hooks, LogSpec, PlanName, Spec, StopSpec, VerdictRule};

/// A plan's table, read.
struct Section {
    key: At<String>,
    settings: Settings,
}

/// Reads the whole file.
pub(super) fn file(
    text: &str,
    around: &Surroundings<'_>,
    mistakes: &mut Vec<Mistake>,
) -> PlansFile {
    let Some(table) = parsed(text, mistakes) else { return PlansFile::default() };
    let mut desk = Desk { mistakes };
    let (mut groups, mut sections) = (Vec::new(), Vec::new());
    let entries = in_order(table.get_ref());
    let defaults = defaults(&mut desk, &entries);
    for (key, value) in entries {
        match &*key.it {
            "defaults" => {}
            "group" => groups = limits(&mut desk, value),
            "plan" => sections = plans(&mut desk, value, &defaults, |_| true),
            _ => desk.say(stranger(&key, value)),
        }
    }
    if sections.is_empty() && desk.mistakes.is_empty() {
        desk.say(
            Mistake::new(text.len()..text.len(), "there is no plan in this file")
                .hint(r#"a plan is [plan.NAME] and below it cmd = ["python", "-m", "luigi", …]"#),
        );
    }
    let mut found = Vec::new();
    for section in sections {
        members(&section, around, mistakes, &mut found, |_| true);
    }
    let plans = order::settle(found, mistakes, text);
    named_groups(&plans, &groups, mistakes);
    let plans = plans.into_iter().map(|(planned, _)| planned).collect();
    PlansFile { jobs: defaults.jobs, groups, plans }
}

/// The variables of one plan. Mistakes in the tables of others do not matter to it.
pub(super) fn variables(
    text: &str,
    wanted: &PlanName,
    around: &Surroundings<'_>,
    mistakes: &mut Vec<Mistake>,
) -> Option<Vec<(String, String)>> {
    let table = parsed(text, mistakes)?;
    let mut desk = Desk { mistakes };
    let entries = in_order(table.get_ref());
    let defaults = defaults(&mut desk, &entries);
    let (_, value) = entries.iter().find(|(key, _)| key.it == "plan")?;
    let is_part = |key: &str| {
        let rest = wanted.as_str().strip_prefix(key);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let sections = plans(&mut desk, value, &defaults, is_part);
    let mut found = Vec::new();
    for section in sections {
        members(&section, around, mistakes, &mut found, |name| name == wanted);
    }
    found.into_iter().next().map(|(planned, _)| planned.env)
}

fn parsed<'t>(text: &'t str, mistakes: &mut Vec<Mistake>) -> Option<Spanned<DeTable<'t>>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    // What follows a slip of the pen looks like a mistake and is none.
    let Some(error) = errors.first() else { return Some(table) };
    let span = error.span().unwrap_or(0..0);
    mistakes.push(Mistake::new(span, error.message().replace('\n', "; ")));
    None
}

fn defaults(desk: &mut Desk<'_>, entries: &[(At<String>, &Value<'_>)]) -> Settings {
    let value = entries.iter().find(|(key, _)| key.it == "defaults");
    match value.and_then(|(_, value)| desk.table("defaults", value)) {
        Some(table) => settings(desk, "[defaults]", Place::Defaults, table, &Settings::default()),
        None => Settings::default(),
    }
}

/// A plan and what is still to be looked up among the others.
pub(super) type Found = (Planned, Loose);

/// Names that other tables must know, and where they stand.
#[derive(Clone, Debug, Default)]
pub(super) struct Loose {
    pub(super) after: Vec<At<String>>,
    pub(super) group: Option<At<String>>,
    pub(super) key: Option<At<String>>,
}

fn stranger(key: &At<String>, value: &Value<'_>) -> Mistake {
    let mistake = Mistake::new(key.span.clone(), format!("unknown table '{}'", key.it));
    let near = closest(&key.it, ["defaults", "plan", "group"].into_iter());
    match (near, value.get_ref().is_table()) {
        (Some(near), _) => mistake.hint(format!("did you mean '{near}'?")),
        (None, true) => mistake.hint(format!("a plan is written as [plan.{}]", key.it)),
        (None, false) => mistake.hint("keys stand in [defaults] or in [plan.NAME]"),
    }
}

fn limits(desk: &mut Desk<'_>, value: &Value<'_>) -> Vec<(String, u32)> {
    let Some(table) = desk.table("group", value) else { return Vec::new() };
    let mut groups = Vec::new();
    for (name, value) in in_order(table) {
        let Some(table) = desk.table(&format!("group.{}", name.it), value) else { continue };
        let entries = desk.entries(&format!("[group.{}]", name.it), table, &["jobs"]);
        let limit = entries.iter().find_map(|(_, value)| jobs(desk, value));
        groups.push((name.it, limit.unwrap_or(u32::MAX)));
    }
    groups
}

fn plans(
    desk: &mut Desk<'_>,
    value: &Value<'_>,
    defaults: &Settings,
    wanted: impl Fn(&str) -> bool,
) -> Vec<Section> {
    let Some(table) = desk.table("plan", value) else { return Vec::new() };
    let mut sections = Vec::new();
    for (key, value) in in_order(table).into_iter().filter(|(key, _)| wanted(&key.it)) {
        let what = format!("plan.{}", key.it);
        let Some(table) = value.get_ref().as_table() else {
            desk.say(
                Mistake::new(key.span.clone(), format!("{what} is a table of its own"))
                    .hint(format!("write it as [plan.{}]", key.it)),
            );
            continue;
        };
        let settings = settings(desk, &format!("[{what}]"), Place::Plan, table, defaults);
        if settings.cmd.is_none() && !table.contains_key("cmd") {
            let said = Mistake::new(key.span.clone(), format!("{what} has no cmd"));
            desk.say(said.hint(r#"cmd = ["python", "-m", "luigi", …]"#));
        }
        sections.push(Section { key, settings });
    }
    sections
}

/// The plans that a table stands for: one, or one for each combination of its `foreach`.
fn members(
    section: &Section,
    around: &Surroundings<'_>,
    mistakes: &mut Vec<Mistake>,
    to: &mut Vec<Found>,
    wanted: impl Fn(&PlanName) -> bool,
) {
    let one = [Chosen::default()];
    let all = section.settings.foreach.as_ref().map(super::expand::Matrix::combinations);
    for chosen in all.as_deref().unwrap_or(&one) {
        let name = format!("{}{}", section.key.it, chosen.suffix);
        let name: PlanName = match name.parse() {
            Ok(name) if wanted(&name) => name,
            Ok(_) => continue,
            Err(error) => {
                let span = section.key.span.clone();
                mistakes.push(Mistake::new(span, format!("'{name}' cannot be a name: {error}")));
                continue;
            }
        };
        to.extend(planned(section, name, chosen, around, mistakes));
    }
}

fn planned(
    section: &Section,
    name: PlanName,
    chosen: &Chosen,
    around: &Surroundings<'_>,
    mistakes: &mut Vec<Mistake>,
) -> Option<Found> {
    let Settings { cmd, env, .. } = &section.settings;
    let chosen = |wanted: &str| {
        let pair = chosen.pairs.iter().find(|(name, _)| name == wanted);
        pair.map(|(_, value)| value.clone())
    };
    // A variable of its own may be made of the caller's of the same name.
    let outside = |wanted: &str| chosen(wanted).or_else(|| (around.var)(wanted));
    let env: Vec<(String, String)> = env
        .iter()
        .filter_map(|(name, text)| Some((name.it.clone(), expand(text, outside, mistakes)?)))
        .collect();
    let inside = |wanted: &str| {
        let own = env.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        chosen(wanted).or(own).or_else(|| (around.var)(wanted))
    };
    let cmd = cmd.as_ref()?;
    let mut text = |text: &At<String>| expand(text, inside, mistakes);
    let argv: Vec<String> = cmd.iter().filter_map(&mut text).collect();
    let spec = spec(&section.settings, name, argv, around.folder, &mut text);
    if spec.rules_size() > Spec::MOST_RULES {
        let said = "its verdict and success-exit-codes are too many to be announced";
        mistakes.push(Mistake::new(section.key.span.clone(), said));
    }
    let spec = Spec { umask: around.umask, ..spec };
    let Settings { after, when, priority, group, .. } = &section.settings;
    let planned = Planned {
        spec,
        env,
        after: Vec::new(),
        when: when.unwrap_or_default(),
        priority: priority.unwrap_or_default(),
        group: group.as_ref().map(|group| group.it.clone()),
        line: 0,
        key: section.key.it.clone(),
    };
    let (after, group) = (after.clone(), group.clone());
    Some((planned, Loose { after, group, key: Some(section.key.clone()) }))
}

fn spec(
    settings: &Settings,
    name: PlanName,
    argv: Vec<String>,
    folder: &Path,
    text: &mut impl FnMut(&At<String>) -> Option<String>,
) -> Spec {
    let cwd = settings.cwd.as_ref().and_then(&mut *text);
    let cwd = cwd.map_or_else(|| folder.to_owned(), |cwd| folder.join(cwd));
    let mut spec = Spec::new(name, argv, cwd);
    let files = settings.env_file.as_deref().unwrap_or_default();
    spec.env_files = files.iter().filter_map(&mut *text).map(|path| folder.join(path)).collect();
    let secrets = settings.secret.as_deref().unwrap_or_default();
    spec.secrets = secrets.iter().filter_map(&mut *text).collect();
    spec.stdin = settings.stdin.as_ref().and_then(&mut *text).map(|path| folder.join(path));
    spec.bridge = settings.bridge.unwrap_or(true);
    let usual = StopSpec::default();
    spec.stop = StopSpec {
        timeout_ms: settings.timeout_ms,
        signal: settings.stop_signal.unwrap_or(usual.signal),
        grace_ms: settings.stop_timeout_ms.unwrap_or(usual.grace_ms),
    };
    spec.restart = settings.restart.clone().and_then(|choice| choice.0);
    spec.stall = settings.stall.clone();
    if let Some(rules) = &settings.verdict {
        let rules = rules.iter().filter_map(&mut *text);
        spec.require(rules.filter_map(|rule| rule.parse::<VerdictRule>().ok()).collect());
    }
    spec.success_exit_codes = settings.success_exit_codes.clone().unwrap_or_default();
    let mut hook = |command: &Option<Vec<At<String>>>| {
        command.as_ref().map(|words| words.iter().filter_map(&mut *text).collect())
    };
    spec.hooks = Hooks {
        on_success: hook(&settings.on_success),
        on_failure: hook(&settings.on_failure),
        on_stall: hook(&settings.on_stall),
        timeout_ms: settings.hook_timeout_ms,
    };
    spec.log = log(settings);
    spec
}

fn log(settings: &Settings) -> LogSpec {
    let usual = LogSpec::default();
    LogSpec {
        segment_size: settings.segment_size.unwrap_or(usual.segment_size),
        segment_age_ms: settings.segment_age_ms,
        keep: settings.keep.clone().filter(|keep| !keep.is_empty()).unwrap_or(usual.keep),
        max_line: settings.max_line.unwrap_or(usual.max_line),
        on_full: settings.on_full.unwrap_or(usual.on_full),
        sync_ms: settings.sync_ms,
        compress: settings.compress.unwrap_or(usual.compress),
    }
}

/// A group without a limit may go unnamed; but where groups have tables, another name is a slip.
fn named_groups(plans: &[Found], groups: &[(String, u32)], mistakes: &mut Vec<Mistake>) {
    for group in plans.iter().filter_map(|(_, loose)| loose.group.as_ref()) {
        let known = groups.iter().any(|(name, _)| *name == group.it);
        if known || groups.is_empty() {
            continue;
        }
        let mistake = Mistake::new(group.span.clone(), format!("there is no [group.{}]", group.it));
        let near = closest(&group.it, groups.iter().map(|(name, _)| &**name));
        mistakes.push(match near {
            Some(near) => mistake.hint(format!("did you mean \"{near}\"?")),
            None => mistake.hint(format!("give it a limit: [group.{}] and jobs = 2", group.it)),
        });
    }
}
