//! Searching: what is on the screen first, then the whole log, then from its other end.

use super::{LogPane, PaneEffect, Search};
use crate::feed::window::{Pattern, Place, Want};

impl LogPane {
    pub(super) fn search_for(
        &mut self,
        text: &str,
        backward: bool,
        done: bool,
        effects: &mut Vec<PaneEffect>,
    ) {
        (self.trouble, self.pending.count) = (None, None);
        (self.hunt, self.goal, self.pending.find) = (None, None, None);
        self.ahead.clear();
        if text.is_empty() {
            self.search = None;
            return;
        }
        let pattern = match Pattern::new(text) {
            Ok(pattern) => pattern,
            Err(trouble) => return self.trouble = Some(trouble),
        };
        let (total, places, counted) = (0, Vec::new(), false);
        let (entered, round) = (done, false);
        self.search = Some(Search { pattern, backward, entered, round, total, places, counted });
        if !done {
            return;
        }
        // What is on the screen comes first, wherever the cursor is.
        let mut rows: Vec<usize> = self.visible().into_iter().map(|(row, _)| row).collect();
        if backward {
            rows.reverse();
        }
        match rows.into_iter().find_map(|row| self.fitting(row)) {
            Some(place) => {
                self.open_around(place);
                self.show(place, effects);
            }
            None => self.next_match(true, effects),
        }
        self.count(effects);
    }

    /// The first record of a row that is searched for.
    fn fitting(&self, row: usize) -> Option<Place> {
        let row = self.rows.list.get(row)?;
        let search = self.search.as_ref()?;
        let whole = std::iter::once(&row.at).chain(&row.folded);
        whole
            .map(|&at| &self.held[at].item)
            .find(|item| match self.settings.raw {
                true => search.pattern.fits(&item.msg),
                false => item.shows(&search.pattern),
            })
            .map(|item| item.place)
    }

    /// Asks how often it is in the log.
    pub(super) fn count(&mut self, effects: &mut Vec<PaneEffect>) {
        let Some(search) = self.search.as_mut().filter(|search| search.entered) else { return };
        (search.total, search.counted) = (0, false);
        search.places.clear();
        let pattern = search.pattern.clone();
        effects.push(self.ask(Want::Count(pattern)));
    }

    pub(super) fn next_match(&mut self, onward: bool, effects: &mut Vec<PaneEffect>) {
        let Some(search) = self.search.as_mut() else {
            return effects.push(PaneEffect::Say("nothing is searched for: / searches".into()));
        };
        let entered = std::mem::replace(&mut search.entered, true);
        let forward = onward != search.backward;
        self.next_match_to(forward, effects);
        if !entered {
            self.count(effects);
        }
    }

    pub(super) fn next_match_to(&mut self, forward: bool, effects: &mut Vec<PaneEffect>) {
        self.search.iter_mut().for_each(|search| search.round = false);
        self.hunt_from_here(false, forward, effects);
    }
}
