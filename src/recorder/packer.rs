//! Who compresses sealed segments while the recorder records: a process of its own, behind all others.

use std::os::fd::{AsFd as _, BorrowedFd};
use std::process::Child;

use crate::model::Compress;
use crate::os::child::spawn_self;
use crate::os::host;
use crate::os::pidfd::Pidfd;
use crate::store::layout::PlanDir;
use crate::store::segments;

/// So many bytes of sealed segments are worth a process.
const WORTH: u64 = 8 << 20;

/// In a flood others need the processors: only so many bytes may not wait until it is over.
const TOO_MANY: u64 = 512 << 20;

/// The process, if it is at work.
#[derive(Debug, Default)]
pub(super) struct Packer {
    work: Option<(Child, Option<Pidfd>)>,
}

impl Packer {
    /// Segments were sealed: starts the process unless it is at work or there is too little for it.
    pub(super) fn expect(&mut self, plan: &PlanDir, compress: Compress, flood: bool) {
        self.look();
        let worth = if flood { TOO_MANY } else { WORTH };
        if compress == Compress::Never || self.work.is_some() || waiting(plan) < worth {
            return;
        }
        let args = ["__compress".to_owned(), plan.name().to_string()];
        match spawn_self(&args, plan.open_diagnostics().ok()) {
            Ok(child) => {
                let pid = i32::try_from(child.id()).unwrap_or_default();
                self.work = Some((child, Pidfd::open(pid, None).ok().flatten()));
            }
            Err(error) => host::complain(&format!("sealed segments stay as they are: {error}")),
        }
    }

    /// Readable when the process has ended.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.work.as_ref().and_then(|(_, held)| held.as_ref()).map(|held| held.as_fd())
    }

    /// Lets go of the process if it has ended.
    pub(super) fn look(&mut self) {
        if let Some((child, _)) = &mut self.work
            && !matches!(child.try_wait(), Ok(None))
        {
            self.work = None;
        }
    }
}

/// Bytes of the plain segments behind the open one.
fn waiting(plan: &PlanDir) -> u64 {
    let listed = segments::list(&plan.log()).unwrap_or_default();
    let sealed = listed.iter().rev().skip(1).filter(|segment| !segment.compressed);
    sealed.map(|segment| segment.bytes).sum()
}
