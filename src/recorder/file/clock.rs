//! By which clock a file's lines were written.

use std::fs::File;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};

use jiff::tz::TimeZone;

use crate::model::Stamp;
use crate::parse;

/// Bytes at its end in which the last time is looked for.
const TAIL: u64 = 64 << 10;

/// How long before its last change a file's last time may be: what is written behind it has none.
const BEFORE: i64 = 10 * 60 * 1_000_000;

/// How long after: a clock may be set back a little.
const AFTER: i64 = 2_000_000;

/// Seconds east of UTC at which the times in a file are to be read: those of the zone here, or none,
/// as containers have it. The last of them and the time of the file's last change tell which; None
/// where neither fits, as in a copy.
pub(super) fn zone_of(file: &File, here: &TimeZone) -> Option<i32> {
    let meta = file.metadata().ok()?;
    let from = meta.len().saturating_sub(TAIL);
    let mut tail = vec![0; usize::try_from(meta.len() - from).ok()?];
    file.read_exact_at(&mut tail, from).ok()?;
    let changed =
        Stamp(meta.mtime().checked_mul(1_000_000)?.checked_add(meta.mtime_nsec() / 1000)?);
    let here = here.to_offset(changed.timestamp()).seconds();
    let lines = || tail.split(|&byte| byte == b'\n').rev();
    let fits = |zone: &i32| {
        let last = lines().find_map(|line| parse::written_at(line, *zone));
        last.is_some_and(|last| (-AFTER..BEFORE).contains(&(changed.0 - last.0)))
    };
    [here, 0].into_iter().find(fits)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn a_file_is_read_by_the_clock_here_or_by_utc_and_a_copy_by_none() {
        let zone = |text: &str, changed: u64| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(changed)).unwrap();
            zone_of(&file, &TimeZone::fixed(jiff::tz::offset(2)))
        };
        let text = "1970-01-02 09:00:00 INFO begins\n1970-01-02 10:00:00 INFO x\n no time\n";
        let ten = 34 * 3600;
        assert_eq!(zone(text, ten + 5), Some(0));
        assert_eq!(zone(text, ten - 2 * 3600 + 5), Some(7200));
        assert_eq!(zone(text, ten + 3 * 86_400), None, "a copy");
        assert_eq!(
            zone(text, ten + 20 * 60),
            None,
            "something was written long after the last time"
        );
        assert_eq!(zone(text, ten - 60), None, "written before its own time");
        assert_eq!(zone("INFO x\n", ten), None);
        assert_eq!(zone("", ten), None);
    }
}
