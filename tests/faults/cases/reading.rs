//! Logs that turn under their readers, and news of them that does not come.

use super::{Case, Proof, case};

pub(super) const FOLLOWING: &[Case] = &[
    case(
        "Eight followers while the log turns segment after segment",
        "Each gets every record once",
        &["live/logs.rs::eight_followers_get_every_record_once_through_many_rotations"],
    ),
    case(
        "Segments are pruned before a slow reader came to them",
        "The reader is told which records are gone, and goes on",
        &[
            "faults/damage.rs::pruning_races_no_reader_into_a_wrong_line",
            "faults/damage.rs::sealed_segments_removed_under_writer_and_readers_are_a_named_gap_and_no_more",
        ],
    ),
    case(
        "A follower begins in the middle of a write",
        "Never half a record",
        &[
            "live/logs.rs::followers_from_before_amid_and_after_the_run_get_the_same_records",
            "live/logs.rs::a_follower_killed_and_resumed_by_cursor_gets_every_record_once",
        ],
    ),
    case(
        "The plan is started again while it is followed",
        "Following goes on with the next run",
        &["live/logs.rs::following_goes_on_across_a_restart"],
    ),
    case(
        "Segments are compressed under readers",
        "They read on as if nothing had happened",
        &["live/compress.rs::a_long_run_is_compressed_while_it_is_recorded_and_followed"],
    ),
    case(
        "A part of a compressed segment is damaged",
        "Exactly its records are named, by readers and `verify`; the rest is read",
        &[
            "src/store/packed/tests.rs::a_damaged_frame_is_named_with_exactly_its_records_and_everything_else_is_read",
        ],
    ),
    case(
        "Ten thousand followers come and go",
        "Memory, descriptors and processes of those who record stay as they were",
        &["faults/lasting.rs::followers_that_come_and_go_leave_nothing_behind"],
    ),
    case(
        "A hundred million lines",
        "Memory and descriptors stay as they were",
        &["faults/lasting.rs::many_lines_need_no_more_memory_than_few"],
    ),
    case(
        "Ten thousand runs of tiny plans",
        "No process, file, pipe or lock is left over",
        &["faults/lasting.rs::runs_without_number_leave_nothing_behind"],
    ),
    Case {
        fault: "A log of ten million records and more is opened",
        expected: "At once, in bounded memory",
        proof: Proof::None("measured instead: `cargo bench --bench window -- 10240`"),
    },
    Case {
        fault: "A flood of 200 MB/s and more",
        expected: "The screen answers, the recorder loses nothing",
        proof: Proof::None("measured instead: `cargo bench --bench cost -- screen`"),
    },
];

pub(super) const NOTIFICATIONS: &[Case] = &[
    case(
        "No inotify instance is left",
        "Followers poll, say so and why, and use less than 2 % of a processor; no line is lost",
        &[
            "faults/notices.rs::without_inotify_instances_following_polls_says_so_and_costs_almost_nothing",
            "faults/notices.rs::the_commands_of_a_day_work_without_inotify",
        ],
    ),
    case(
        "No inotify watch is left",
        "The same",
        &["faults/notices.rs::without_inotify_watches_following_polls_and_says_so"],
    ),
    case(
        "The kernel drops notifications (queue overflow)",
        "Everything is looked at again: no line is lost",
        &[
            "faults/notices.rs::an_overflow_of_notifications_costs_no_line",
            "src/wake/watcher/tests.rs::an_overflow_means_that_everything_may_have_changed",
        ],
    ),
    case(
        "A plan's folder is moved away or removed and made again",
        "It is watched where it is now; followers go on with the new log",
        &[
            "faults/notices.rs::a_plans_folder_that_is_moved_away_and_made_again_is_followed_again",
            "src/wake/watcher/tests.rs::a_folder_whose_parent_is_moved_away_and_made_again_at_once_is_watched_where_it_is_now",
            "src/wake/watcher/tests.rs::a_folder_that_is_removed_or_moved_and_made_again_is_watched_again",
        ],
    ),
    case(
        "Files are born right after their folder",
        "Followers from before the first run get every record once",
        &[
            "live/logs.rs::followers_from_before_amid_and_after_the_run_get_the_same_records",
            "src/wake/watcher/tests.rs::a_folder_that_comes_later_is_watched_when_it_comes",
        ],
    ),
    case(
        "The thread that watches cannot be started",
        "Followers poll and say so",
        &["faults/notices.rs::a_watcher_without_a_thread_polls_and_says_so"],
    ),
    case(
        "A file system that never notifies",
        "It is known by its kind, polled, and that is said",
        &["faults/notices.rs::a_file_system_that_does_not_notify_is_polled_and_that_is_said"],
    ),
    case(
        "A second mount of the home whose locks are its own, as on FUSE",
        "Whom a lock's file names and who lives is at work: nobody takes over from the living",
        &["faults/notices.rs::a_file_system_that_does_not_notify_is_polled_and_that_is_said"],
    ),
    Case {
        fault: "NFS and SMB",
        expected: "Known by their kind, polled, and that is said; their locks reach every machine",
        proof: Proof::None(
            "no server here; they are known by the same check as FUSE, which is tested",
        ),
    },
    Case {
        fault: "The home is seen through overlayfs and written beneath it",
        expected: "Nothing is promised",
        proof: Proof::None(
            "the kernel leaves it undefined; and overlayfs cannot be polled on suspicion: in a container all is overlayfs, and notifies what is written through it",
        ),
    },
    case(
        "Nothing happens, on a healthy local disk",
        "No system call is made",
        &[
            "live/idle.rs::ten_idle_plans_and_five_followers_make_no_system_call",
            "live/screen.rs::it_makes_no_system_call_while_nothing_runs",
        ],
    ),
];
