//! What the roster tells → what the screen takes in.

use crate::cmd::queue::{HELD, is_held};
use crate::feed::roster::Told;
use crate::fold::Fold;
use crate::model::{PlanName, Queue, Stand as Stands};
use crate::tui::msg::{Msg, PlanFacts, Queued, Stand};

/// `left` tells how many processes of a plan go on though its run has ended.
pub(super) fn message(
    told: Told,
    left: impl Fn(&Fold) -> usize,
    shown: &impl Fn(&PlanName) -> bool,
) -> Msg {
    match told {
        Told::Plan { fold, log_bytes, orphaned } => Msg::Plan(PlanFacts {
            left: left(&fold),
            heard: Some(fold.ts),
            run: fold.last().cloned().map(Box::new),
            seq: fold.seq,
            lines: fold.lines,
            plan: fold.plan,
            log_bytes,
            orphaned,
        }),
        Told::Gone(plan) => Msg::Gone(plan),
        Told::Queue(queue) => Msg::Queue(queued(&queue, shown)),
        Told::Listed => Msg::Listed,
        Told::Polling(why) => Msg::Polling(why),
        Told::Failed(why) => Msg::Say(why),
    }
}

/// What the queue says of plans that are shown, but of those that have had their turn.
fn queued(queue: &Queue, shown: &impl Fn(&PlanName) -> bool) -> Vec<Queued> {
    let (waits, held) = (queue.waits(), is_held(queue));
    let entries = queue.entries.iter().filter(|entry| shown(&entry.plan));
    let told = entries.filter_map(|entry| {
        let (since, stand) = match &entry.stand {
            Stands::Waiting if held => (entry.queued_at, Stand::Waits(HELD.to_owned())),
            Stands::Waiting => {
                let what = waits.get(&entry.plan).cloned().unwrap_or_default();
                (entry.queued_at, Stand::Waits(what))
            }
            Stands::Given { run, .. } => (entry.queued_at, Stand::Begins(*run)),
            Stands::Skipped { why, at } => (*at, Stand::Skipped(why.clone())),
            Stands::Over { .. } => return None,
        };
        let (plan, group) = (entry.plan.clone(), entry.group.clone());
        Some(Queued { plan, place: entry.place, group, since, stand })
    });
    told.collect()
}
