//! What the plans of a home lack: somebody who looks after them, the end of their log, the same
//! release everywhere.

use super::{Finding, Health, finding};
use crate::cmd::alive::{is_orphaned, keepers, settled};
use crate::cmd::up::some;
use crate::feed::{Depth, known};
use crate::model::{FORMAT, Spec};
use crate::os::given::is_ourselves;
use crate::store::layout::{Home, PlanDir};
use crate::store::probe::{End, end_of_log};
use crate::store::snapshot;

/// What is known of all plans together, by name.
#[derive(Default)]
struct Lists {
    orphaned: Vec<String>,
    taken_up: Vec<String>,
    torn: Vec<String>,
    blank: Vec<String>,
    other_release: Vec<String>,
    newer: Vec<String>,
}

pub(super) fn look(home: &Home, fix: bool) -> anyhow::Result<Vec<Finding>> {
    let mut lists = Lists::default();
    for name in home.plans()? {
        lists.look(&home.plan(&name), fix)?;
    }
    Ok(lists.findings())
}

impl Lists {
    fn look(&mut self, plan: &PlanDir, fix: bool) -> anyhow::Result<()> {
        let name = plan.name().to_string();
        let spec: Option<Spec> = snapshot::load_json(&plan.spec_file())?;
        if spec.is_some_and(|spec| spec.format > FORMAT) {
            self.newer.push(name);
            return Ok(());
        }
        let keepers_now = keepers(plan)?;
        if is_orphaned(&known(plan, Depth::State)?, &keepers_now) {
            let still = !fix || is_orphaned(&settled(plan)?, &keepers(plan)?);
            let list = if still { &mut self.orphaned } else { &mut self.taken_up };
            list.push(name.clone());
        }
        let holders = [&keepers_now.supervisor, &keepers_now.recorder];
        if holders.into_iter().flatten().any(|holder| holder.pid > 0 && !is_ourselves(holder.pid)) {
            self.other_release.push(name.clone());
        }
        if keepers_now.recorder.is_none() {
            match end_of_log(plan)? {
                End::Whole => {}
                End::Torn => self.torn.push(name),
                End::Blank => self.blank.push(name),
            }
        }
        Ok(())
    }

    fn findings(self) -> Vec<Finding> {
        let named = |names: &[String]| some(&names.iter().map(|n| &**n).collect::<Vec<_>>());
        let mut findings = Vec::new();
        let mut tell = |health, names: &[String], text: &str, hint: &str| {
            if !names.is_empty() {
                let finding = finding("plans", health, format!("{text} {}", named(names)));
                findings.push(if hint.is_empty() { finding } else { finding.hint(hint) });
            }
        };
        tell(
            Health::Ill,
            &self.orphaned,
            "nobody looks after",
            "planwatch doctor --fix, or planwatch ps, takes them up again",
        );
        tell(Health::Ok, &self.taken_up, "mended: taken up again:", "");
        tell(
            Health::Weak,
            &self.torn,
            "half a record stands at the end of the log of",
            "nothing is lost that planwatch verify does not name; the next run completes it",
        );
        tell(
            Health::Ill,
            &self.blank,
            "a power cut took the end of the log of",
            "planwatch verify NAME says what is missing; the next run goes on behind it",
        );
        tell(
            Health::Weak,
            &self.other_release,
            "another planwatch program looks after",
            "its runs end as they began; the next one is this release's",
        );
        tell(
            Health::Ill,
            &self.newer,
            "a newer planwatch wrote",
            "use that release for them: this one leaves them alone",
        );
        let all_fine = findings.iter().all(|finding| finding.health == Health::Ok);
        if all_fine {
            findings.push(finding("plans", Health::Ok, "every plan that runs is looked after"));
        }
        findings
    }
}
