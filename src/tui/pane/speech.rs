//! What the pane says of itself, and what it copies.

use std::fmt::Display;

use unicode_width::UnicodeWidthStr as _;

use super::LogPane;
use crate::feed::window::Item;
use crate::model::PlanName;
use crate::render::sanitize::harmless;
use crate::render::table::cut;

impl LogPane {
    /// Whose log it is, for its upper border.
    pub fn title(&self) -> String {
        let names: Vec<&str> = self.view.plans.iter().map(PlanName::as_str).collect();
        match names[..] {
            [name] => name.to_owned(),
            _ => format!("{} plans as one", names.len()),
        }
    }

    /// The run of the line under the cursor, or of the last that is seen.
    pub fn run(&self) -> Option<u64> {
        let row = self.current()?;
        // A note on missing records is of none.
        Some(self.held[row.at].item.run).filter(|run| *run > 0)
    }

    /// What is shown of it: `following · warning+ · stderr`, for the same border, in about so many
    /// columns: patterns are shortened for it. `live`: there may be more to come.
    pub fn status(&self, live: bool, room: usize) -> String {
        let full = self.status_with(live, usize::MAX);
        let shorter = [40, 30, 20, 14, 9, 5].map(|most| self.status_with(live, most));
        let mut all = std::iter::once(full).chain(shorter);
        let fits = all.find(|status| status.width() <= room);
        fits.unwrap_or_else(|| self.status_with(live, 5))
    }

    /// The same with so many columns of each pattern at most.
    fn status_with(&self, live: bool, most: usize) -> String {
        let short = |text: &dyn Display| cut(&harmless(&text.to_string()), most);
        let mut said: Vec<String> = Vec::new();
        said.push(match (self.follow, live) {
            (true, true) => "following".into(),
            (true, false) => "at its end".into(),
            (false, _) => "paused".into(),
        });
        if let Some(permille) = self.progress {
            said.push(format!("searching {} %", permille / 10));
        } else if self.hunt.is_some() {
            said.push("searching".into());
        }
        if let Some(trouble) = &self.trouble {
            said.push(trouble.clone());
        } else if let Some(search) = self.search.as_ref().filter(|search| search.entered) {
            let more = if search.counted { "" } else { "…" };
            let here = self.current().map(|row| self.held[row.at].item.place);
            let upto = here.filter(|_| !search.places.is_empty()).map(|here| {
                let upto = search.places.partition_point(|place| !place.is_after(&here));
                format!("{upto} of ")
            });
            let upto = upto.unwrap_or_default();
            said.push(format!("{upto}{}{more} /{}", search.total, short(&search.pattern)));
            if search.round {
                said.push("from the other end".into());
            }
        }
        let filter = &self.view.filter;
        said.extend(filter.level.map(|level| format!("{level}+")));
        if !filter.streams.is_empty() {
            let names: Vec<String> = filter.streams.iter().map(ToString::to_string).collect();
            said.push(names.join("+"));
        }
        said.extend(filter.run.map(|run| format!("run {run}")));
        said.extend(filter.task.as_ref().map(|task| format!("task {}", short(&task.text()))));
        said.extend(filter.text.as_ref().map(|text| format!("&{}", short(text))));
        said.extend(filter.exclude.as_ref().map(|text| format!("&!{}", short(text))));
        if self.settings.raw {
            said.push("raw".into());
        }
        said.join(" · ")
    }

    /// How many records have come that are below what is seen; none while following.
    pub fn news(&self) -> u64 {
        if self.follow { 0 } else { self.unseen }
    }

    /// What stands where nothing is to be shown.
    pub(super) fn emptiness(&self) -> String {
        let looking = self.loading || self.pending.older.is_some() || self.pending.newer.is_some();
        match (looking, self.view.filter.is_open()) {
            (true, true) => "reading…".into(),
            (true, false) => "looking for what fits the filter…".into(),
            (false, true) => "nothing in the log yet".into(),
            (false, false) => "nothing fits the filter: Esc takes it away".into(),
        }
    }

    /// The lines of the row under the cursor, as they were written.
    pub(super) fn row_text(&self) -> String {
        let Some(row) = self.current() else { return String::new() };
        let whole: &[usize] = if row.folded.is_empty() { &[row.at] } else { &row.folded };
        let lines: Vec<&str> = whole.iter().map(|&at| &*self.held[at].item.msg).collect();
        lines.join("\n")
    }

    /// The name of an item, for people: `dublin-cafe 4242`.
    pub(super) fn name_of(&self, item: &Item) -> String {
        let plan = self.view.plans.get(item.place.plan).map_or("", PlanName::as_str);
        format!("{plan} {}", item.place.seq)
    }
}

/// A record as it is stored, one key a line; nothing else is changed.
pub(super) fn indented(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let (mut text, mut depth, mut quoted, mut escaped) = (String::new(), 0_usize, false, false);
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        if quoted {
            text.push(c);
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '"' => quoted = true,
            '{' | '[' if rest.peek().is_some_and(|next| !matches!(next, '}' | ']')) => {
                text.push(c);
                depth += 1;
                break_line(&mut text, depth);
                continue;
            }
            '}' | ']' if !text.ends_with(['{', '[']) => {
                depth = depth.saturating_sub(1);
                break_line(&mut text, depth);
            }
            _ => {}
        }
        text.push(c);
        match c {
            ':' => text.push(' '),
            ',' => break_line(&mut text, depth),
            _ => {}
        }
    }
    text
}

fn break_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n(' ', 2 * depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_indented_and_otherwise_as_it_is_stored() {
        let line =
            br#"{"ts":"2026","seq":1,"msg":"a: {\"b\", [","fold":{"runs":[],"n":[1,2]},"e":{}}"#;
        let text = indented(line);
        assert_eq!(
            text,
            r#"{
  "ts": "2026",
  "seq": 1,
  "msg": "a: {\"b\", [",
  "fold": {
    "runs": [],
    "n": [
      1,
      2
    ]
  },
  "e": {}
}"#
        );
    }
}
