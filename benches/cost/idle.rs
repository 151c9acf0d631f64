//! Memory of plans that do nothing.

use super::bed::{Bed, kib, until_at_rest};

const PLANS: usize = 20;

pub(crate) fn measure() {
    let bed = Bed::new();
    let names: Vec<String> = (0..PLANS).map(|i| format!("idle-{i}")).collect();
    for name in &names {
        bed.run(name, &[], "line", 100);
    }
    bed.go();
    let (mut pss, mut largest) = (0, 0);
    for name in &names {
        let mut own = 0;
        for lock in ["recorder.lock", "supervisor.lock"] {
            let pid = bed.holder(name, lock);
            until_at_rest(pid);
            own += kib(pid, "smaps_rollup", "Pss:");
        }
        pss += own;
        largest = largest.max(own);
    }
    println!("\nidle: {PLANS} plans; proportional set size of recorder and supervisor together");
    println!("{} KiB a plan on average, {largest} KiB at most", pss / PLANS as u64);
    bed.open_gate();
}
