//! A PlanExe run folder: `log.txt`, the files its tasks write, and `999-pipeline_complete.txt` when
//! all of them are there.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::os::limits::{FileSystem, file_system};
use crate::os::lock::effective_user;
use crate::os::proc::{self, FileId};

/// What the pipeline logs.
pub const LOG: &str = "log.txt";

/// Written by the last task: the run is complete.
pub const MARKER: &str = "999-pipeline_complete.txt";

/// The names of all files that the pipeline is going to write, as a JSON array.
const EXPECTED: &str = "expected_filenames1.json";

/// Any of these makes a folder a run folder: the last two are there before the pipeline is started.
const SIGNS: [&str; 5] = [LOG, MARKER, EXPECTED, "001-1-start_time.json", "001-2-plan.txt"];

/// Without a process to be seen, a log that ends with the pipeline's last words is over when it has
/// been silent for this long.
const AFTER_LAST_WORDS: Duration = Duration::from_secs(3);

/// One without last words, where its process would be seen if it lived.
const WHERE_ALL_IS_SEEN: Duration = Duration::from_secs(10);

/// One without last words, where its process may be hidden: a call of a language model takes
/// minutes.
const WHERE_SOME_IS_HIDDEN: Duration = Duration::from_secs(15 * 60);

/// Lines at the end of a log among which the last words are looked for.
const LAST_LINES: usize = 8;

/// A folder of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    dir: PathBuf,
    id: FileId,
}

/// Where a run stands of which no process is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has written nothing yet; or what it had written is gone.
    NotBegun,
    /// The folder itself is gone, whatever has taken its place.
    Gone,
    /// It may live where we cannot see it. To be asked again after this long, or when it writes.
    MayLive(Duration),
    /// It is over.
    Ended,
}

impl RunFolder {
    /// The folder at `path`, links followed.
    pub fn open(path: &Path) -> io::Result<RunFolder> {
        let dir = path.canonicalize()?;
        let id = proc::file_id(&dir)?;
        if !dir.is_dir() {
            return Err(io::Error::from(io::ErrorKind::NotADirectory));
        }
        Ok(RunFolder { dir, id })
    }

    /// Where it is, every link resolved.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What makes it the same folder under any name.
    pub fn id(&self) -> FileId {
        self.id
    }

    /// The pipeline's log, which may not exist yet.
    pub fn log(&self) -> PathBuf {
        self.dir.join(LOG)
    }

    /// Whether a pipeline has run in it, runs, or is about to.
    pub fn is_run(&self) -> bool {
        SIGNS.iter().any(|name| self.dir.join(name).is_file())
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        fs::read_dir(&self.dir).is_ok_and(|mut entries| entries.next().is_none())
    }

    /// How many of the expected files are there, and how many are expected. None before the
    /// pipeline has said what it is going to write.
    pub fn outputs(&self) -> Option<(usize, usize)> {
        let text = fs::read(self.dir.join(EXPECTED)).ok()?;
        let names: Vec<String> = serde_json::from_slice(&text).ok()?;
        // A name that leads out of the folder is none of its files.
        let names = names.iter().filter(|name| !name.contains('/'));
        let (there, all) = names.fold((0, 0), |(there, all), name| {
            (there + usize::from(self.dir.join(name).is_file()), all + 1)
        });
        Some((there, all))
    }

    /// Whether a process that writes the log would be seen by us. Not from inside a container, and
    /// not where the folder may be shared with another machine. Else if it is one of ours: it runs
    /// as the user who owns the file, unless somebody else goes on with it.
    pub fn writer_is_visible(&self) -> bool {
        let me = effective_user();
        let ours = me == 0 || fs::metadata(self.log()).is_ok_and(|meta| meta.uid() == me);
        ours && is_seen_whole(proc::sees_all_namespaces(), file_system(&self.dir))
    }

    /// Where the run stands if no process of it is seen.
    pub fn standing(&self, now: SystemTime) -> Standing {
        self.standing_where(now, self.writer_is_visible())
    }

    fn standing_where(&self, now: SystemTime, writer_is_visible: bool) -> Standing {
        if !proc::file_id(&self.dir).is_ok_and(|id| id == self.id) {
            return Standing::Gone;
        }
        let Ok(meta) = fs::metadata(self.log()) else {
            let complete = self.dir.join(MARKER).is_file();
            return if complete { Standing::Ended } else { Standing::NotBegun };
        };
        let patience = if self.dir.join(MARKER).is_file() || self.has_last_words() {
            AFTER_LAST_WORDS
        } else if writer_is_visible {
            WHERE_ALL_IS_SEEN
        } else {
            WHERE_SOME_IS_HIDDEN
        };
        // A file that was written in the future is as good as one written now.
        let written = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let silent = now.duration_since(written).unwrap_or_default();
        match patience.checked_sub(silent) {
            Some(left) if !left.is_zero() => Standing::MayLive(left),
            _ => Standing::Ended,
        }
    }

    /// Whether the log ends with what a pipeline says last.
    fn has_last_words(&self) -> bool {
        let tail = end_of(&self.log(), 16 << 10).unwrap_or_default();
        let lines = tail.split(|&byte| byte == b'\n').rev();
        let says =
            |line: &[u8], words: &str| memchr::memmem::find(line, words.as_bytes()).is_some();
        lines.take(LAST_LINES + 1).any(|line| {
            says(line, "luigi_build_return_value: ") || says(line, "This progress looks :")
        })
    }
}

/// Whether every process that can write such a folder is one that we can list.
fn is_seen_whole(all_namespaces: bool, kind: Option<FileSystem>) -> bool {
    all_namespaces && matches!(kind, Some(FileSystem::Local(_) | FileSystem::Memory(_)))
}

/// The last bytes of a file.
fn end_of(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
    let mut text = Vec::new();
    file.take(most).read_to_end(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, RunFolder) {
        let temp = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(temp.path().join(name), text).unwrap();
        }
        let folder = RunFolder::open(temp.path()).unwrap();
        (temp, folder)
    }

    #[test]
    fn a_folder_that_was_removed_is_gone_also_when_another_stands_in_its_place() {
        let (temp, folder) = folder(&[(LOG, "works\n")]);
        let elsewhere = temp.path().with_extension("moved");
        fs::rename(temp.path(), &elsewhere).unwrap();
        assert_eq!(folder.standing(SystemTime::now()), Standing::Gone);
        fs::create_dir(temp.path()).unwrap();
        assert_eq!(folder.standing(SystemTime::now()), Standing::Gone);
        fs::remove_dir_all(elsewhere).unwrap();
    }

    #[test]
    fn a_run_folder_is_known_by_what_planexe_puts_there() {
        assert!(!folder(&[("notes.txt", "")]).1.is_run());
        assert!(folder(&[("001-2-plan.txt", "a café")]).1.is_run());
        assert!(folder(&[(LOG, "")]).1.is_run());
        assert!(folder(&[]).1.is_empty());
    }

    #[test]
    fn outputs_are_counted_against_what_is_expected() {
        let names = r#"["a.json", "b.md", "999-pipeline_complete.txt", "../log.txt"]"#;
        let (_temp, folder) = folder(&[(EXPECTED, names), ("a.json", "{}"), ("c", "")]);
        assert_eq!(folder.outputs(), Some((1, 3)));
    }

    #[test]
    fn a_silent_log_is_over_sooner_the_more_it_has_said() {
        let words = "… - INFO - luigi_build_return_value: False\n… has_stop_flag_file: False\n";
        let after = |folder: &RunFolder, seconds| {
            let written = fs::metadata(folder.log()).unwrap().modified().unwrap();
            folder.standing_where(written + Duration::from_secs(seconds), true)
        };
        let (_temp, spoken) = folder(&[(LOG, words)]);
        assert_eq!(after(&spoken, 1), Standing::MayLive(Duration::from_secs(2)));
        assert_eq!(after(&spoken, 4), Standing::Ended);
        let (_temp, complete) = folder(&[(LOG, "works\n"), (MARKER, "")]);
        assert_eq!(after(&complete, 4), Standing::Ended);
        // What an earlier pipeline in this folder said last is not this one's last word.
        let resumed = format!("{words}{}", "goes on\n".repeat(LAST_LINES));
        let (_temp, silent) = folder(&[(LOG, &resumed)]);
        assert_eq!(after(&silent, 4), Standing::MayLive(Duration::from_secs(6)));
        assert_eq!(after(&silent, 11), Standing::Ended);
        // Somebody whom we cannot see may be waiting for a language model.
        let written = fs::metadata(silent.log()).unwrap().modified().unwrap();
        let hidden = |seconds| silent.standing_where(written + Duration::from_secs(seconds), false);
        assert_eq!(hidden(11), Standing::MayLive(Duration::from_secs(15 * 60 - 11)));
        assert_eq!(hidden(15 * 60), Standing::Ended);
        let (_temp, new) = folder(&[("001-2-plan.txt", "a café")]);
        assert_eq!(new.standing(SystemTime::now()), Standing::NotBegun);
    }

    #[test]
    fn a_writer_may_be_hidden_in_another_container_and_on_another_machine() {
        assert!(is_seen_whole(true, Some(FileSystem::Local("ext4"))));
        assert!(!is_seen_whole(false, Some(FileSystem::Local("overlayfs"))), "in a container");
        assert!(!is_seen_whole(true, Some(FileSystem::Remote("NFS"))));
        assert!(!is_seen_whole(true, Some(FileSystem::Unknown(0x6a65_6a63))));
        assert!(!is_seen_whole(true, None));
    }
}
