//! Help and footer, made of the table of keys.

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::keys::{Binding, Place, Scope, scopes};
use super::look::Look;
use super::page::Page;
use super::palette;
use crate::render::theme::Tone;

/// The page of help.
pub(super) fn page(look: &Look) -> Page {
    let mut lines = Vec::new();
    for scope in Scope::ALL {
        lines.push(Line::from(Span::styled(scope.title(), look.tone(Tone::Bold))));
        for Binding { keys, words, .. } in scope.keys() {
            lines.push(row(keys, words, look));
        }
        if scope == Scope::Plans {
            lines.push(row("1–9", "the plan of this place; in the grid, the log", look));
        }
        lines.push(Line::default());
    }
    lines.push(Line::from(Span::styled("after a colon", look.tone(Tone::Bold))));
    for command in palette::COMMANDS {
        let usage = format!("{} {}", command.name, command.takes);
        lines.push(row(usage.trim_end(), command.words, look));
    }
    Page::new("help".to_owned(), lines)
}

fn row(keys: &str, words: &str, look: &Look) -> Line<'static> {
    const COLUMN: usize = 22;
    let pad = COLUMN.saturating_sub(keys.width());
    Line::from(vec![
        Span::raw("  "),
        Span::styled(keys.to_owned(), look.tone(Tone::Busy)),
        Span::raw(format!("{:pad$}  {words}", "")),
    ])
}

/// What the footer says of the keys: pairs of key and word. `short` is the word of a key now.
pub(super) fn footer(
    place: Place,
    short: impl Fn(&Binding) -> &'static str,
) -> Vec<(&'static str, &'static str)> {
    let bindings = scopes(place).iter().flat_map(|scope| scope.keys());
    let mut pairs: Vec<(&'static str, &'static str)> =
        bindings.map(|binding| (binding.first(), short(binding))).collect();
    pairs.retain(|(_, word)| !word.is_empty());
    // The way out and the way to the rest are never cut off.
    let last = |pair: &(&str, &str)| matches!(pair.1, "help" | "back" | "quit");
    pairs.sort_by_key(|pair| !last(pair));
    pairs
}
