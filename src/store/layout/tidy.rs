//! What runs leave in their plan's folder, and its removal.

use std::fs;
use std::io;

use super::PlanDir;

impl PlanDir {
    /// Removes the pipes of runs up to `last`, but for those in `kept`.
    pub fn remove_run_pipes(&self, last: u64, kept: &[u64]) -> io::Result<()> {
        for run in self.runs_with_pipes()? {
            if run <= last && !kept.contains(&run) {
                fs::remove_dir_all(self.run_pipes(run))?;
            }
        }
        Ok(())
    }

    /// Removes what was spooled for runs up to `last`, but for those in `kept`: who closed a stream may
    /// have died before it came to that.
    pub fn remove_spooled(&self, last: u64, kept: &[u64]) -> io::Result<()> {
        for entry in fs::read_dir(self.spool())? {
            let entry = entry?;
            let name = entry.file_name();
            let run = name.to_str().and_then(|name| name.split('.').next()?.parse().ok());
            // The lifecycle stream is that of no run.
            if run.is_some_and(|run: u64| run > 0 && run <= last && !kept.contains(&run)) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// The runs whose pipes are there.
    pub fn runs_with_pipes(&self) -> io::Result<Vec<u64>> {
        let mut runs = Vec::new();
        for entry in fs::read_dir(self.pipes())? {
            runs.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
        }
        Ok(runs)
    }
}
