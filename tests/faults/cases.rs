//! The list of faults: what is broken, what must happen then, and the test that shows it. The
//! table in RELIABILITY.md is made from it.

/// One way in which the world can break.
pub(crate) struct Case {
    pub(crate) fault: &'static str,
    pub(crate) expected: &'static str,
    pub(crate) proof: Proof,
}

/// How it is known that what is expected happens.
pub(crate) enum Proof {
    /// Tests, each as `file::name`, the file from `tests/` on or, with `src/`, from there.
    Tests(&'static [&'static str]),
    /// It is not tested, and why.
    None(&'static str),
}

/// A case with its tests.
const fn case(fault: &'static str, expected: &'static str, tests: &'static [&'static str]) -> Case {
    Case { fault, expected, proof: Proof::Tests(tests) }
}

pub(crate) const GROUPS: &[(&str, &[Case])] =
    &[("Storage", STORAGE), ("Notifications", NOTIFICATIONS), ("Gateway", GATEWAY)];

const STORAGE: &[Case] = &[
    case(
        "The disk is full while the log is written",
        "Nothing is torn, the plan waits, and all goes on by itself when there is room",
        &[
            "live/faults.rs::a_full_disk_makes_the_plan_wait_and_tears_nothing",
            "live/faults.rs::a_recording_that_is_ended_while_the_disk_is_full_waits_asleep_for_room",
            "live/record.rs::what_cannot_be_said_on_a_full_disk_ends_no_recording",
        ],
    ),
    case(
        "The same with `--on-full drop`",
        "The plan does not wait; what is given up is counted in `log.gap`, also across a SIGKILL",
        &[
            "live/faults.rs::a_full_disk_drops_what_it_is_told_to_drop_and_counts_it",
            "live/faults.rs::a_plan_whose_words_may_be_dropped_does_not_wait_for_a_full_disk",
        ],
    ),
    case(
        "No inode is left at a rotation, and for the saved state",
        "The log stays on its segment and loses nothing; `ps` tells the truth from the log",
        &["faults/storage.rs::without_inodes_the_log_stays_on_its_segment_and_loses_nothing"],
    ),
    case(
        "The disk gives errors (EIO) to writes for a while",
        "Tried again on a backoff until it works: no line is lost",
        &["faults/storage.rs::errors_of_the_disk_are_waited_out_and_cost_no_line"],
    ),
    case(
        "A sync fails once, and the next succeeds",
        "A `log.gap` names the records that a power cut may take; later success hides nothing",
        &["faults/storage.rs::a_sync_that_fails_is_on_record_and_no_later_success_hides_it"],
    ),
    case(
        "The file system turns read-only under the writer",
        "Nothing is torn, all that was written is read, the plan waits; new runs are refused with the reason",
        &[
            "faults/storage.rs::a_disk_that_turns_read_only_tears_nothing_and_everything_is_still_read",
        ],
    ),
    case(
        "The disk is slow",
        "The plan waits for it and loses nothing",
        &["faults/storage.rs::a_slow_disk_makes_the_plan_wait_and_costs_no_line"],
    ),
    case(
        "SIGKILL of the recorder, the supervisor or both, at random and at each system call",
        "No line lost, none twice, the plan undisturbed",
        &[
            "live/crash.rs::a_storm_on_the_recorder_costs_no_line",
            "live/crash.rs::a_storm_on_the_supervisor_costs_no_line_and_starts_nothing_twice",
            "live/crash.rs::a_follower_brings_back_what_was_killed_together",
            "live/recorder.rs::killed_at_any_instant_it_loses_and_repeats_nothing",
            "live/recorder.rs::killed_while_it_turns_segments_it_loses_and_repeats_nothing",
            "live/recorder.rs::killed_at_each_call_of_each_kind_it_loses_and_repeats_nothing",
        ],
    ),
    case(
        "The last line is torn",
        "Readers stop before it; the next recorder completes it or cuts it off",
        &["live/rotation.rs::a_torn_last_line_is_completed_by_the_next_run"],
    ),
    case(
        "NUL bytes at the end after a power cut",
        "Readers stop before them, `verify` counts them, the next recorder cuts them off and says so",
        &["faults/damage.rs::a_tail_of_nuls_is_cut_off_and_costs_no_record"],
    ),
    case(
        "Flipped bytes, a missing line, a missing segment",
        "Readers go on; `verify` says exactly what",
        &[
            "live/rotation.rs::verify_names_what_is_missing_or_changed",
            "live/record.rs::a_damaged_first_record_costs_nothing_but_itself",
        ],
    ),
    case(
        "The log is deleted while it is written",
        "It goes on behind a `log.gap`; a silent plan is still listed and can be stopped",
        &[
            "live/record.rs::a_log_removed_under_its_writer_goes_on_behind_a_gap",
            "faults/damage.rs::a_silent_plan_whose_log_was_deleted_is_still_known_and_can_be_stopped",
        ],
    ),
    case(
        "The log folder is renamed",
        "It goes on in a new one behind a `log.gap`; followers get every line",
        &["faults/damage.rs::a_log_folder_that_is_moved_away_is_left_behind_and_named"],
    ),
    case(
        "The log folder is replaced by a symlink",
        "Nothing is written through it; the recorder says so and waits until it is gone",
        &["faults/damage.rs::a_log_folder_replaced_by_a_link_is_not_written_through"],
    ),
    case(
        "The open segment is cut short under writer and reader",
        "The lost records are named by number in a `log.gap`; no line is glued to half another",
        &[
            "faults/damage.rs::a_segment_cut_short_under_writer_and_reader_costs_what_was_cut_and_that_is_named",
        ],
    ),
    case(
        "A sealed segment is unlinked under writer and readers",
        "Readers and `verify` name its first and last record",
        &[
            "faults/damage.rs::sealed_segments_removed_under_writer_and_readers_are_a_named_gap_and_no_more",
        ],
    ),
    case(
        "`prune` races readers",
        "They get every record in order or say which are gone",
        &["faults/damage.rs::pruning_races_no_reader_into_a_wrong_line"],
    ),
    case(
        "The home cannot be made, or belongs to somebody else",
        "An error that names it; nothing is written there or anywhere else",
        &[
            "live/run.rs::a_home_that_cannot_be_made_is_an_error_that_names_it",
            "faults/storage.rs::a_home_that_others_own_is_refused_and_named",
        ],
    ),
    case(
        "Twenty plans write while their disk is full, for a while",
        "`block`: nothing is lost; `drop`: exact counts in `log.gap`; all go on by themselves",
        &["faults/full.rs::twenty_plans_on_a_full_disk_go_on_by_themselves"],
    ),
    Case {
        fault: "The power goes",
        expected: "The log goes on at a higher number behind a `log.gap`: no cursor skips new records",
        proof: Proof::None(
            "no power to cut here; its traces (another boot id, torn and NUL-filled tails) are tested",
        ),
    },
];

const NOTIFICATIONS: &[Case] = &[
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
    Case {
        fault: "NFS and SMB",
        expected: "As above",
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

const GATEWAY: &[Case] = &[
    case(
        "A page of another site opens a WebSocket, asks, or posts (CSRF), also with the token",
        "Refused by its Origin, or by what the browser says of the site; nothing is told or done",
        &["live/gateway/security.rs::pages_of_others_get_nothing_even_with_the_token"],
    ),
    case(
        "A foreign name is made to point here (DNS rebinding)",
        "Refused by the Host, on every path",
        &["live/gateway/security.rs::a_name_that_is_made_to_point_here_is_refused_everywhere"],
    ),
    case(
        "The token is missing or guessed",
        "401, on every path that tells of a plan and over every way",
        &["live/gateway/security.rs::without_the_token_nothing_of_a_plan_is_told"],
    ),
    case(
        "It is told to listen where strangers can reach it",
        "Refused unless said twice; never without a token",
        &["live/gateway/security.rs::strangers_are_let_in_only_by_name"],
    ),
    case(
        "A log line is HTML, a script, or turns the text around; a name of a plan or a path is one",
        "It stays text, and the policy of the page lets nothing else run; such names are refused",
        &[
            "live/gateway/security.rs::what_a_log_says_stays_text_and_every_answer_says_so",
            "live/gateway/security.rs::paths_and_names_lead_nowhere_but_to_plans",
            "live/gateway/page.rs::the_page_shows_every_line_once_however_often_the_server_dies",
        ],
    ),
    case(
        "Paths and names that lead elsewhere (`../`, `%2e%2e`, NUL)",
        "400 or 404; nothing but plans is ever read",
        &["live/gateway/security.rs::paths_and_names_lead_nowhere_but_to_plans"],
    ),
    case(
        "A client does not read",
        "Reading stops for it alone: memory stays flat, and later it gets every record",
        &["live/gateway/storm.rs::one_that_does_not_read_costs_nothing_and_then_gets_everything"],
    ),
    case(
        "The host of a client vanishes without a word (half-open TCP)",
        "Its connections are closed within about a minute; nobody waits for it",
        &[
            "live/gateway/network.rs::a_host_that_vanishes_without_a_word_is_noticed_and_nobody_else_waits_for_it",
        ],
    ),
    case(
        "More connections than there may be, in crowds of a hundred",
        "Each is told so with 503 and when to come back; those inside are served on",
        &[
            "live/gateway/security.rs::connections_beyond_the_limit_are_refused_cleanly_and_the_others_live",
        ],
    ),
    case(
        "Slow heads; huge and malformed requests and frames",
        "Cut off or refused, with the code that tells why; others notice nothing",
        &["live/gateway/security.rs::malformed_huge_and_slow_requests_end_and_harm_nobody"],
    ),
    case(
        "Connections break at any moment, over WebSocket, events and long polls",
        "Every client has every record once, in order",
        &[
            "live/gateway/storm.rs::connections_that_break_at_any_moment_lose_and_double_nothing",
            "live/gateway/far.rs::a_followed_log_of_another_machine_goes_on_however_often_its_gateway_is_killed",
        ],
    ),
    case(
        "WebSockets, or event streams too, do not get through to the page",
        "It goes on over events, or by polling, and shows every line once",
        &["live/gateway/page.rs::the_page_falls_back_to_events_and_to_polling_and_loses_nothing"],
    ),
    case(
        "The gateway is killed",
        "Plans and recorders notice nothing; pages, screens and followers go on when it is back",
        &[
            "live/gateway/plain.rs::whoever_ends_the_gateway_ends_no_plan_and_clients_are_told",
            "live/gateway/page.rs::the_page_shows_every_line_once_however_often_the_server_dies",
            "live/gateway/far.rs::the_screen_shows_another_machine_and_says_when_it_does_not",
        ],
    ),
];
