//! What is done to plans: which are meant, the question before it, and starting those of a file.

use super::app::App;
use super::confirm::{Confirm, named};
use super::list::Row;
use super::msg::{Deed, Effect, FileOfPlans, Named, Press};
use super::prompt::{Asks, Prompt};
use crate::model::PlanName;

/// What a line that starts plans begins with.
const START: &str = "start ";

impl App {
    /// The plans that a deed is for: those tagged, else the selected one.
    pub(super) fn meant(&self) -> Vec<PlanName> {
        match self.tagged.is_empty() {
            true => self.selected.iter().cloned().collect(),
            false => {
                let mut plans: Vec<PlanName> = self.tagged.iter().cloned().collect();
                // The one that is looked at is named first.
                plans.sort_by_key(|plan| self.selected.as_ref() != Some(plan));
                plans
            }
        }
    }

    fn row_of(&self, plan: &PlanName) -> Option<&Row> {
        self.rows.iter().find(|row| row.facts.plan == *plan)
    }

    /// Asks whether a deed is to be done.
    pub(super) fn propose(&mut self, deed: Deed, plans: Vec<PlanName>) {
        let can = |plan: &PlanName| {
            self.row_of(plan).is_some_and(|row| match deed {
                Deed::Restart => row.on_disk && !row.is_waiting(),
                _ => row.is_live() || row.is_waiting() || row.left() > 0,
            })
        };
        let first = plans.first().cloned();
        let plans: Vec<PlanName> = plans.into_iter().filter(can).collect();
        if plans.is_empty() {
            let row = first.and_then(|plan| self.row_of(&plan));
            let why = match row {
                Some(row) if row.is_waiting() => "it waits for its turn",
                Some(row) if !row.on_disk => "it has never run; :start starts it",
                _ => "it does not run",
            };
            self.said = Some(format!("nothing to {}: {why}", deed.verb()));
            return;
        }
        let rows = || plans.iter().filter_map(|plan| self.row_of(plan));
        let running = rows().filter(|row| row.is_live()).count();
        let waiting = rows().filter(|row| row.is_waiting()).count();
        let left = match deed {
            Deed::Stop | Deed::Kill => rows().map(Row::left).sum(),
            _ => 0,
        };
        self.confirm = Some(Confirm { deed, plans, running, waiting, left });
    }

    pub(super) fn answer(&mut self, press: Press, out: &mut Vec<Effect>) {
        let Some(Confirm { deed, plans, .. }) = self.confirm.take() else { return };
        if press == Press::char('y') {
            self.order(deed, plans, out);
            self.tagged.clear();
        } else {
            self.said = Some("nothing was done".to_owned());
        }
    }

    /// Has it done. What waits in the queue cannot be stopped, but taken out of it.
    fn order(&mut self, deed: Deed, plans: Vec<PlanName>, out: &mut Vec<Effect>) {
        self.said = Some(format!("asked to {}: {}", deed.verb(), named(&plans)));
        let ends = matches!(deed, Deed::Stop | Deed::Kill);
        let waits = |plan: &PlanName| ends && self.row_of(plan).is_some_and(Row::is_waiting);
        let (waiting, rest): (Vec<PlanName>, Vec<PlanName>) = plans.into_iter().partition(waits);
        for (deed, plans) in [(Deed::Unqueue, waiting), (deed, rest)] {
            if !plans.is_empty() {
                out.push(Effect::Act(deed, plans));
            }
        }
    }

    /// Asks which plans of the file are to be started; the line knows them.
    pub(super) fn ask_start(&mut self, out: &mut Vec<Effect>) {
        self.ask_command(out);
        if let Some(prompt) = &mut self.prompt {
            prompt.set(START);
        }
        self.suggest();
    }

    /// Opens the line for commands.
    pub(super) fn ask_command(&mut self, out: &mut Vec<Effect>) {
        self.prompt = Some(Prompt::new(Asks::Command));
        // As it is now: it may have been written since.
        out.push(Effect::File);
    }

    /// Takes what the file of plans is now.
    pub(super) fn take_file(&mut self, file: Result<FileOfPlans, String>) {
        if let (Err(trouble), Some(prompt)) = (&file, &self.prompt)
            && prompt.asks == Asks::Command
            && prompt.text() == START
        {
            self.said = Some(trouble.clone());
            self.prompt = None;
        }
        self.file = Some(file);
        if self.prompt.as_ref().is_some_and(|prompt| prompt.asks == Asks::Command) {
            self.suggest();
        }
    }

    /// What a word of a line that starts plans may become: those that do not run, and words for
    /// several.
    pub(super) fn startable(&self) -> Result<Vec<String>, String> {
        let file = match &self.file {
            None => return Ok(Vec::new()),
            Some(Err(trouble)) => return Err(trouble.clone()),
            Some(Ok(file)) => file,
        };
        let idle = |plan: &&PlanName| {
            !self.row_of(plan).is_some_and(|row| row.is_live() || row.is_waiting())
        };
        let mut words: Vec<String> =
            file.plans.iter().filter(idle).map(ToString::to_string).collect();
        if words.len() > 1 {
            words.push("all".to_owned());
        }
        words.extend(file.groups.iter().map(|group| format!("group:{group}")));
        Ok(words)
    }

    /// Asks which plans are meant by the words of a line.
    pub(super) fn mean(&mut self, words: &[&str], out: &mut Vec<Effect>) -> Result<(), String> {
        if words.is_empty() {
            return Err("which plans? all, group:NAME, or names; Tab completes".to_owned());
        }
        let mut named = Named::default();
        for &word in words {
            match word.strip_prefix("group:") {
                Some(group) if named.group.is_none() => named.group = Some(group.to_owned()),
                Some(_) => return Err("one group at a time".to_owned()),
                None if word == "all" && words.len() > 1 => {
                    return Err("'all' stands alone".to_owned());
                }
                None if word == "all" => {}
                None => named.names.push(word.to_owned()),
            }
        }
        out.push(Effect::Mean(named));
        Ok(())
    }

    /// Starts a plan of the file at once, and several after a question.
    pub(super) fn propose_start(&mut self, plans: Vec<PlanName>, out: &mut Vec<Effect>) {
        let (busy, idle): (Vec<PlanName>, Vec<PlanName>) = plans.into_iter().partition(|plan| {
            self.row_of(plan).is_some_and(|row| row.is_live() || row.is_waiting())
        });
        match &idle[..] {
            [] => {
                let verb = if busy.len() == 1 { "runs or waits" } else { "run or wait" };
                self.said = Some(format!("nothing to start: {} {verb} already", named(&busy)));
            }
            [_] => self.order(Deed::Start, idle, out),
            _ => {
                let ran =
                    |plan: &&PlanName| self.row_of(plan).is_some_and(|row| row.run().is_some());
                let running = idle.iter().filter(ran).count();
                let deed = Deed::Start;
                self.confirm = Some(Confirm { deed, plans: idle, running, waiting: 0, left: 0 });
            }
        }
    }
}
