//! A run that somebody else started: how it is known, and which of its files are followed.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How a run that planwatch did not start is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foreign {
    /// Its run folder, with every link resolved: its processes name it in their RUN_ID_DIR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dir: Option<PathBuf>,
    /// Its process, where the user named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ForeignProcess>,
    /// The files that are recorded.
    pub files: Vec<Followed>,
}

/// A process that was there before us, as long as this boot lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignProcess {
    /// Process id.
    pub pid: i32,
    /// Start time in clock ticks since boot.
    pub start: u64,
}

/// A file that is followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Followed {
    /// Its stream is `file:NAME`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Bytes at its beginning that somebody else wrote, before the run's process began.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub earlier: u64,
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

impl Followed {
    /// Files with names that tell them apart: the base name, with a number where two are the same.
    pub fn named(paths: Vec<PathBuf>) -> Vec<Followed> {
        let mut files: Vec<Followed> = Vec::new();
        for path in paths {
            let base = path.file_name().map_or_else(
                || "file".to_owned(),
                |name| name.to_string_lossy().chars().filter(|c| !c.is_control()).collect(),
            );
            let taken = |name: &str| files.iter().any(|file| file.name == name);
            let numbered = (2..).map(|number| format!("{base}~{number}"));
            let free = std::iter::once(base.clone()).chain(numbered).find(|name| !taken(name));
            files.push(Followed { name: free.unwrap_or(base), path, earlier: 0 });
        }
        files
    }
}

/// One file for ever, as far as the system can tell: device, inode, and the time it was made, since
/// inodes are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMark {
    /// Device.
    pub device: u64,
    /// Inode.
    pub inode: u64,
    /// When it was made, in nanoseconds of the system's clock; 0 where nobody knows.
    pub made: u64,
}

impl Serialize for FileMark {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{:x}-{:x}-{:x}", self.device, self.inode, self.made))
    }
}

impl<'de> Deserialize<'de> for FileMark {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<FileMark, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        let mut parts = text.split('-').map(|part| u64::from_str_radix(part, 16).ok());
        match (parts.next(), parts.next(), parts.next()) {
            (Some(Some(device)), Some(Some(inode)), Some(Some(made))) => {
                Ok(FileMark { device, inode, made })
            }
            _ => Err(serde::de::Error::custom("not the mark of a file")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_name_are_told_apart() {
        let paths = ["/a/log.txt", "/b/log.txt", "/b/other"].map(PathBuf::from).to_vec();
        let names: Vec<String> = Followed::named(paths).into_iter().map(|file| file.name).collect();
        assert_eq!(names, ["log.txt", "log.txt~2", "other"]);
    }

    #[test]
    fn a_mark_survives_being_stored() {
        let mark = FileMark { device: 0x801, inode: u64::MAX, made: 1_700_000_000_123_456_789 };
        let stored = serde_json::to_string(&mark).unwrap();
        assert_eq!(serde_json::from_str::<FileMark>(&stored).unwrap(), mark, "{stored}");
    }
}
