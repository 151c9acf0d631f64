//! Real folders, real notifications.

use std::fs;
use std::io::Write as _;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::*;

/// Waits until the watcher rings; false after two seconds of silence.
fn rings(watcher: &Watcher, limit: Duration) -> bool {
    let fd = watcher.fd();
    let limit = Timespec { tv_sec: 0, tv_nsec: i64::from(limit.subsec_nanos()) };
    poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&limit)).unwrap() > 0
}

const LONG: Duration = Duration::from_millis(999);
const SHORT: Duration = Duration::from_millis(50);

/// Clears the watcher until it stays silent, and says whether `folder` was named.
fn drain(watcher: &Watcher, folder: &Path) -> bool {
    let mut named = false;
    while rings(watcher, SHORT) {
        named |= watcher.clear().holds(folder);
    }
    named
}

#[test]
fn a_write_rings_and_a_look_does_not() {
    let temp = tempfile::tempdir().unwrap();
    let mut file = fs::File::create(temp.path().join("a")).unwrap();
    let watcher = Watcher::new().unwrap();
    assert_eq!(watcher.mode(), Mode::Notify);
    watcher.watch(temp.path());
    drain(&watcher, temp.path());
    fs::read(temp.path().join("a")).unwrap();
    fs::read_dir(temp.path()).unwrap().count();
    assert!(!rings(&watcher, SHORT));
    file.write_all(b"x").unwrap();
    assert!(rings(&watcher, LONG));
    assert!(watcher.clear().holds(temp.path()));
    file.write_all(b"y").unwrap();
    assert!(rings(&watcher, LONG));
}

#[test]
fn a_folder_that_comes_later_is_watched_when_it_comes() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("plans/x/log");
    let watcher = Watcher::new().unwrap();
    watcher.watch(&folder);
    fs::create_dir_all(temp.path().join("other")).unwrap();
    assert!(!rings(&watcher, SHORT), "a stranger's folder is no news");
    fs::create_dir_all(&folder).unwrap();
    assert!(rings(&watcher, LONG));
    assert!(drain(&watcher, &folder));
    fs::write(folder.join("a"), "x").unwrap();
    assert!(rings(&watcher, LONG));
    assert!(drain(&watcher, &folder));
}

#[test]
fn a_folder_that_is_removed_or_moved_and_made_again_is_watched_again() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("log");
    fs::create_dir(&folder).unwrap();
    let watcher = Watcher::new().unwrap();
    watcher.watch(&folder);
    for round in 0..6 {
        if round % 2 == 0 {
            fs::remove_dir_all(&folder).unwrap();
        } else {
            fs::rename(&folder, temp.path().join(format!("old{round}"))).unwrap();
        }
        if round % 3 == 0 {
            drain(&watcher, &folder);
        }
        fs::create_dir(&folder).unwrap();
        assert!(rings(&watcher, LONG));
        drain(&watcher, &folder);
        fs::write(folder.join("a"), "x").unwrap();
        assert!(rings(&watcher, LONG), "round {round}");
        assert!(drain(&watcher, &folder));
    }
}

#[test]
fn what_is_no_longer_watched_is_silent() {
    let temp = tempfile::tempdir().unwrap();
    let watcher = Watcher::new().unwrap();
    watcher.watch(temp.path());
    watcher.watch(temp.path());
    watcher.unwatch(temp.path());
    fs::write(temp.path().join("a"), "x").unwrap();
    assert!(rings(&watcher, LONG));
    drain(&watcher, temp.path());
    watcher.unwatch(temp.path());
    fs::write(temp.path().join("b"), "x").unwrap();
    assert!(!rings(&watcher, SHORT));
}

#[test]
fn without_notifications_it_polls_and_says_why() {
    let watcher = Watcher::new().unwrap();
    watcher.poll_because("a test").unwrap();
    assert_eq!(watcher.mode(), Mode::Polling("a test".to_owned()));
    for _ in 0..2 {
        assert!(rings(&watcher, LONG));
        assert!(watcher.clear().holds(Path::new("/anything")));
    }
}

#[test]
fn an_overflow_means_that_everything_may_have_changed() {
    let mut heard = Heard::default();
    let overflow = Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan);
    assert!(heard.note(&Ok(overflow)));
    assert!(heard.changed.holds(Path::new("/anything")));
}

#[test]
fn a_folder_that_goes_away_with_the_one_around_it_is_missed_although_a_file_in_it_is_open() {
    let temp = tempfile::tempdir().unwrap();
    let (plan, folder) = (temp.path().join("plan"), temp.path().join("plan/log"));
    for removed in [false, true] {
        fs::create_dir_all(&folder).unwrap();
        let file = fs::File::create(folder.join("a")).unwrap();
        let watcher = Watcher::new().unwrap();
        watcher.watch(&folder);
        fs::write(plan.join("status.json"), "x").unwrap();
        assert!(!rings(&watcher, SHORT), "what stands beside the folder is no news");
        if removed {
            fs::remove_dir_all(&plan).unwrap();
        } else {
            fs::rename(&plan, temp.path().join("away")).unwrap();
        }
        assert!(rings(&watcher, LONG));
        drain(&watcher, &folder);
        fs::create_dir_all(&folder).unwrap();
        assert!(rings(&watcher, LONG));
        drain(&watcher, &folder);
        fs::write(folder.join("b"), "x").unwrap();
        assert!(rings(&watcher, LONG));
        assert!(drain(&watcher, &folder));
        drop(file);
        fs::remove_dir_all(&plan).unwrap();
    }
}

#[test]
fn a_folder_whose_parent_is_moved_away_and_made_again_at_once_is_watched_where_it_is_now() {
    let temp = tempfile::tempdir().unwrap();
    let (plan, folder) = (temp.path().join("plan"), temp.path().join("plan/log"));
    fs::create_dir_all(&folder).unwrap();
    let watcher = Watcher::new().unwrap();
    watcher.watch(&folder);
    for round in 0..3 {
        fs::rename(&plan, temp.path().join(format!("old{round}"))).unwrap();
        fs::create_dir_all(&folder).unwrap();
        assert!(rings(&watcher, LONG));
        drain(&watcher, &folder);
        fs::write(folder.join("a"), "x").unwrap();
        assert!(rings(&watcher, LONG), "round {round}");
        assert!(drain(&watcher, &folder));
        fs::write(temp.path().join(format!("old{round}/log/a")), "x").unwrap();
        assert!(!rings(&watcher, SHORT), "what was moved away is no news");
    }
}
