//! The file of plans, as the screen wants it: which plans stand in it, and which of them are meant.

use crate::cmd::World;
use crate::cmd::plansfile::{Opened, Wanted, find, look};
use crate::exit::message;
use crate::model::PlanName;
use crate::plans::Mistake;
use crate::tui::msg::{FileOfPlans, Named};

/// What is in the file, or what is wrong with it on one line.
pub(super) fn read(world: &World) -> Result<FileOfPlans, String> {
    let file = open(world)?.file;
    let mut groups: Vec<String> = file.plans.iter().filter_map(|plan| plan.group.clone()).collect();
    groups.sort_unstable();
    groups.dedup();
    Ok(FileOfPlans { plans: file.plans.iter().map(|plan| plan.name().clone()).collect(), groups })
}

/// The plans that are meant, and those that they come after.
pub(super) fn mean(named: Named, world: &World) -> Result<Vec<PlanName>, String> {
    let opened = open(world)?;
    let Named { names, group } = named;
    let wanted = Wanted { file: None, names, group };
    let plans = opened.wanted(&wanted).map_err(|failure| in_one_line(&failure.to_string()))?;
    Ok(plans.into_iter().map(|plan| plan.name().clone()).collect())
}

fn open(world: &World) -> Result<Opened, String> {
    let told = |error: anyhow::Error| in_one_line(&message(&error));
    let path = find(None, world).map_err(told)?;
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match look(&path, world).map_err(told)? {
        Ok(opened) => Ok(opened),
        Err((text, mistakes)) => Err(first(&file, &text, &mistakes)),
    }
}

/// `plans.toml:3:1: … · and 2 more: planwatch check`
fn first(file: &str, text: &str, mistakes: &[Mistake]) -> String {
    let Some(mistake) = mistakes.first() else { return String::new() };
    let (line, column) = mistake.place(text);
    let mut said = format!("{file}:{line}:{column}: {}", mistake.what);
    if let Some(hint) = &mistake.hint {
        said.push_str(&format!(" · {hint}"));
    }
    if mistakes.len() > 1 {
        said.push_str(&format!(" · and {} more: planwatch check", mistakes.len() - 1));
    }
    said
}

/// What a command says in several lines, as one.
pub(super) fn in_one_line(said: &str) -> String {
    let lines = said.lines().map(|line| line.trim().trim_start_matches("planwatch: "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" · ")
}
