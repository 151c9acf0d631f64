//! Which segments a log has.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// One segment of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Seq of its first record.
    pub first: u64,
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// Whether only its compressed twin is there.
    pub compressed: bool,
}

/// The seq in a segment's file name, and whether it is a compressed one.
pub fn parse_name(name: &str) -> Option<(u64, bool)> {
    let (digits, compressed) = match name.strip_suffix(".jsonl") {
        Some(digits) => (digits, false),
        None => (name.strip_suffix(".jsonl.zst")?, true),
    };
    let legal = digits.len() == 18 && digits.bytes().all(|b| b.is_ascii_digit());
    if legal { digits.parse().ok().map(|first| (first, compressed)) } else { None }
}

/// The segments in a log folder, oldest first. Where both twins of a segment exist, the plain one
/// counts. A folder that is not there has none.
pub fn list(log: &Path) -> io::Result<Vec<Segment>> {
    let entries = match fs::read_dir(log) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut segments: Vec<Segment> = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Some((first, compressed)) = entry.file_name().to_str().and_then(parse_name) else {
            continue;
        };
        let (mut path, mut compressed) = (entry.path(), compressed);
        let meta = entry.metadata().or_else(|error| {
            // Its compressed twin may have taken its place between the listing and the question.
            (path, compressed) = (log.join(format!("{first:018}.jsonl.zst")), true);
            fs::symlink_metadata(&path).map_err(|_| error)
        });
        // Pruned between the two: as if it had not been listed.
        if let Ok(meta) = meta
            && meta.is_file()
        {
            segments.push(Segment { first, path, bytes: meta.len(), compressed });
        }
    }
    segments.sort_by_key(|segment| (segment.first, segment.compressed));
    segments.dedup_by_key(|segment| segment.first);
    Ok(segments)
}

/// First seqs of the segments in a log folder, oldest first. Cheaper than a list: no file is looked
/// at.
pub fn firsts(log: &Path) -> io::Result<Vec<u64>> {
    let entries = match fs::read_dir(log) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut firsts = Vec::new();
    for entry in entries {
        if let Some((first, _)) = entry?.file_name().to_str().and_then(parse_name) {
            firsts.push(first);
        }
    }
    firsts.sort_unstable();
    firsts.dedup();
    Ok(firsts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_eighteen_digits_make_a_segments_name() {
        assert_eq!(parse_name("000000000000000001.jsonl"), Some((1, false)));
        assert_eq!(parse_name("000000000000004711.jsonl.zst"), Some((4711, true)));
        for name in ["1.jsonl", "000000000000000001.json", "current", "00000000000000000x.jsonl"] {
            assert_eq!(parse_name(name), None, "{name}");
        }
    }

    #[test]
    fn of_two_twins_the_plain_one_counts() {
        let temp = tempfile::tempdir().unwrap();
        for name in [
            "000000000000000005.jsonl.zst",
            "000000000000000005.jsonl",
            "000000000000000001.jsonl.zst",
        ] {
            fs::write(temp.path().join(name), "x").unwrap();
        }
        let found: Vec<(u64, bool)> =
            list(temp.path()).unwrap().iter().map(|s| (s.first, s.compressed)).collect();
        assert_eq!(found, [(1, true), (5, false)]);
        assert!(list(&temp.path().join("none")).unwrap().is_empty());
    }
}
