//! The file in which `logs --cursor-file` keeps how far it has read, between calls.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::exit::{Exit, Failure};
use crate::model::PlanName;
use crate::store::snapshot::save_json_among_many;

/// `{"dublin-cafe":4711}`: the last seq shown of each plan. Always whole: it is written beside and
/// renamed into place.
#[derive(Debug)]
pub(super) struct CursorFile {
    path: PathBuf,
    seqs: RefCell<BTreeMap<String, u64>>,
}

impl CursorFile {
    /// Reads the file; one that is not there, or empty, has seen nothing.
    pub(super) fn open(path: &Path) -> anyhow::Result<CursorFile> {
        let fails = |why: &dyn std::fmt::Display| {
            Failure::new(Exit::Failed, format!("cannot read the cursor file {}", path.display()))
                .because(why)
        };
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(fails(&error).into()),
        };
        // Not the same as nothing seen: to begin anew by mistake would show everything twice.
        let seqs = match text.trim_ascii() {
            [] => BTreeMap::new(),
            text => serde_json::from_slice(text).map_err(|error| {
                fails(&error).hint("it should look like {\"PLAN\":SEQ}; remove it to begin anew")
            })?,
        };
        Ok(CursorFile { path: path.to_owned(), seqs: RefCell::new(seqs) })
    }

    /// The last seq shown of a plan.
    pub(super) fn get(&self, plan: &PlanName) -> Option<u64> {
        self.seqs.borrow().get(plan.as_str()).copied()
    }

    /// Saves what has been shown. Plans that were not read this time keep their place.
    pub(super) fn save(&self, shown: &[(PlanName, u64)]) -> anyhow::Result<()> {
        let mut seqs = self.seqs.borrow_mut();
        let mut changed = false;
        for (plan, seq) in shown {
            changed |= seqs.insert(plan.to_string(), *seq) != Some(*seq);
        }
        if changed {
            // A bare file name has an empty folder part, which cannot be opened.
            let beside = Path::new(".").join(&self.path);
            let path = if self.path.is_absolute() { &self.path } else { &beside };
            save_json_among_many(path, &*seqs).map_err(|error| {
                let what = format!("cannot save the cursor file {}", self.path.display());
                Failure::new(Exit::Failed, what).because(error)
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_place_is_found_again_and_others_are_kept() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("seen");
        let (a, b): (PlanName, PlanName) = ("a".parse().unwrap(), "b".parse().unwrap());
        let file = CursorFile::open(&path).unwrap();
        assert_eq!(file.get(&a), None);
        file.save(&[(a.clone(), 7)]).unwrap();
        CursorFile::open(&path).unwrap().save(&[(b.clone(), 9)]).unwrap();
        let file = CursorFile::open(&path).unwrap();
        assert_eq!((file.get(&a), file.get(&b)), (Some(7), Some(9)));
    }

    #[test]
    fn a_file_that_makes_no_sense_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("seen");
        std::fs::write(&path, "4711").unwrap();
        assert!(CursorFile::open(&path).is_err());
        std::fs::write(&path, "").unwrap();
        assert!(CursorFile::open(&path).is_ok());
    }
}
