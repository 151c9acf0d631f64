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

pub(crate) const GROUPS: &[(&str, &[Case])] = &[
    ("Storage", STORAGE),
    ("Rotation and following", FOLLOWING),
    ("Notifications", NOTIFICATIONS),
    ("Processes", PROCESSES),
    ("Terminal", TERMINAL),
    ("Names and files", NAMES),
    ("Requests", REQUESTS),
    ("Secrets", SECRETS),
    ("Clock, host, upgrade", CLOCK),
    ("Gateway", GATEWAY),
    ("Everything at once", STORM),
];

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
            "faults/sweep.rs::a_recorder_killed_at_any_of_its_calls_loses_and_doubles_nothing",
            "faults/sweep.rs::a_supervisor_killed_at_any_of_its_calls_changes_nothing",
            "faults/sweep.rs::a_start_killed_at_any_of_its_calls_leaves_a_plan_that_runs_once_or_not_at_all",
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
        "SIGKILL of `prune` at each system call",
        "The log is whole from where it begins; the next `prune` ends what this one began",
        &[
            "faults/sweep.rs::a_prune_killed_at_any_of_its_calls_leaves_a_whole_log_and_can_be_repeated",
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
    case(
        "A file system that shows late what was written, as FUSE does for a second",
        "A follower looks again a second later before it says that records are missing",
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

const FOLLOWING: &[Case] = &[
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

const PROCESSES: &[Case] = &[
    case(
        "The program is not there, cannot be executed, its folder cannot be entered",
        "127, 126, 125, and what to do",
        &["live/run.rs::what_cannot_be_executed_is_told_by_126_and_127"],
    ),
    case(
        "No further process can be started",
        "The start fails with the reason; a later one works",
        &[
            "faults/processes.rs::where_no_process_can_be_started_a_start_fails_with_the_reason_and_a_later_one_works",
        ],
    ),
    case(
        "Few descriptors",
        "It is recorded, or refused with the reason",
        &[
            "faults/processes.rs::with_few_descriptors_a_plan_is_recorded_or_refused_with_the_reason",
        ],
    ),
    case(
        "A grandchild keeps the streams after the end",
        "The verdict names it and does not wait; what it writes is kept",
        &[
            "live/processes.rs::a_grandchild_that_holds_the_streams_delays_no_verdict_and_loses_no_line",
            "live/stop.rs::what_a_killed_plan_left_behind_is_named_and_ended_by_stop",
        ],
    ),
    case(
        "A grandchild becomes a daemon",
        "It is left in peace",
        &["live/processes.rs::a_daemon_that_closed_its_streams_is_left_in_peace"],
    ),
    case(
        "The plan forks faster than it is stopped",
        "`stop` leaves nobody",
        &["faults/processes.rs::a_plan_that_forks_faster_than_it_is_stopped_leaves_nobody"],
    ),
    case(
        "The plan ignores SIGTERM",
        "SIGKILL after the grace",
        &["live/stop.rs::a_plan_that_ignores_term_is_killed_after_the_grace"],
    ),
    case(
        "The plan is stopped (SIGSTOP)",
        "It can be stopped for good, and survives the death of its supervisor",
        &[
            "live/stop.rs::a_stopped_plan_can_be_stopped_for_good",
            "live/crash.rs::a_plan_stopped_by_a_signal_survives_the_death_of_its_supervisor",
        ],
    ),
    case(
        "The recorder is stopped (SIGSTOP)",
        "It is made to go on",
        &["live/crash.rs::a_recorder_that_was_stopped_is_made_to_go_on"],
    ),
    case(
        "The plan closes stdout early",
        "Nothing spins; the rest goes on",
        &["live/processes.rs::a_plan_that_closes_its_stdout_early_goes_on"],
    ),
    case(
        "An orphan of one run writes during the next",
        "Into its own run",
        &[
            "faults/processes.rs::an_orphan_of_one_run_that_writes_during_the_next_writes_into_its_own",
        ],
    ),
    case(
        "asyncio writes to stdout",
        "It finds a pipe as it expects one",
        &["live/processes.rs::asyncio_may_write_to_its_stdout"],
    ),
    case(
        "SIGKILL between the start of the plan and its record",
        "It is never started twice",
        &[
            "live/processes.rs::a_supervisor_killed_between_the_plans_start_and_its_record_starts_nothing_twice",
        ],
    ),
    case(
        "The kernel kills the plan for want of memory",
        "The verdict says so",
        &["faults/processes.rs::a_plan_that_the_kernel_killed_for_want_of_memory_is_said_to_be"],
    ),
    case(
        "Another process has got the number of a dead plan",
        "It is never signalled",
        &["faults/processes.rs::a_process_that_got_the_number_of_a_dead_plan_is_never_signalled"],
    ),
    case(
        "What the plan inherits",
        "Signals, mask, umask and descriptors as a shell would give them; no lock",
        &[
            "live/run.rs::the_plan_has_its_environment_its_folder_and_clean_signals",
            "faults/processes.rs::a_plan_inherits_no_lock_and_no_file_of_planwatch",
        ],
    ),
    case(
        "Luigi with several workers is stopped",
        "No worker is left",
        &[
            "live/luigi.rs::stopping_a_plan_with_four_workers_leaves_no_process",
            "live/stop.rs::stop_reaches_children_that_moved_to_sessions_of_their_own",
        ],
    ),
    case(
        "All of planwatch is killed",
        "The next command or follower takes the plan up",
        &[
            "live/crash.rs::a_plan_whose_planwatch_is_wholly_dead_is_taken_up_by_the_next_command",
            "live/crash.rs::a_plan_killed_with_all_of_its_planwatch_can_be_run_again_at_once",
        ],
    ),
];

const TERMINAL: &[Case] = &[
    case(
        "A panic, on any thread",
        "The terminal is given back, the message is read there",
        &["live/screen.rs::a_panic_on_any_thread_gives_the_terminal_back_and_is_read_there"],
    ),
    case(
        "The terminal vanishes, with SIGHUP ignored",
        "The screen ends; plans go on",
        &[
            "live/screen.rs::a_terminal_that_vanishes_without_a_signal_ends_it",
            "live/run.rs::the_plan_outlives_the_terminal",
        ],
    ),
    case(
        "A storm of sizes, 0×0 and 500×200 among them",
        "The picture is whole",
        &["live/screen.rs::a_storm_of_sizes_leaves_the_picture_whole"],
    ),
    case(
        "The terminal takes nothing (^S)",
        "The plan and its recorder do not notice; the screen goes on when it does",
        &["faults/terminal.rs::a_terminal_that_takes_nothing_holds_up_nobody_but_its_own_screen"],
    ),
    case(
        "^Z, and back",
        "The shell has its terminal, then the screen is drawn anew",
        &["live/screen.rs::it_goes_to_the_shell_and_comes_back"],
    ),
    case(
        "`logs | head -1`",
        "A quiet success",
        &["live/logs.rs::a_closed_pipe_is_a_quiet_success"],
    ),
    case(
        "`> /dev/full`",
        "An error, and not a word lost about it",
        &[
            "command_line.rs::a_reader_that_has_gone_is_a_quiet_success_and_a_full_disk_is_not",
            "live/run.rs::a_closed_output_does_not_end_the_plan",
        ],
    ),
    case(
        "TERM=dumb, or no terminal",
        "Plain text; `watch` says what to do instead",
        &[
            "faults/terminal.rs::on_a_dumb_terminal_nothing_but_text_is_written",
            "live/screen.rs::where_there_is_no_terminal_it_says_what_to_do_instead",
        ],
    ),
    case(
        "Hostile lines: clipboard, titles, links, modes, queries, C1, overwrites, bidi, marks, NUL",
        "None reaches the terminal, none hides text, none breaks the picture",
        &[
            "src/render/sanitize.rs::everything_else_lies_open",
            "src/render/sanitize.rs::a_flood_of_marks_is_cut_and_ordinary_marks_stay",
            "src/render/sanitize.rs::text_is_never_painted_in_the_colour_of_its_ground",
            "live/screen.rs::nothing_that_a_plan_prints_reaches_the_terminal_as_an_escape",
            "live/logs.rs::control_sequences_of_a_plan_do_not_reach_a_reader_of_the_short_form",
        ],
    ),
    case(
        "A gigabyte without a line end",
        "Recorded in pieces, in bounded memory",
        &["live/record.rs::a_line_without_end_is_recorded_in_pieces_and_in_bounded_memory"],
    ),
];

const NAMES: &[Case] = &[
    case(
        "Names that leave the home, hold control characters, look like options or like others, are too long",
        "Refused, with the rule",
        &[
            "faults/names.rs::names_that_lead_out_of_the_home_or_break_a_line_are_refused_with_the_rule",
            "src/model/name.rs::names_that_could_leave_their_folder_are_refused",
        ],
    ),
    case(
        "Links planted inside the home",
        "Refused or replaced, never followed; the home itself may be a link",
        &[
            "faults/names.rs::links_planted_in_the_home_are_not_followed_but_the_home_itself_may_be_one",
            "src/store/prune.rs::a_plan_is_removed_whole_and_a_link_in_its_place_is_refused",
        ],
    ),
    case(
        "A loose umask, another user",
        "All that is written is for its owner alone",
        &[
            "faults/names.rs::what_is_written_is_for_its_owner_alone_whatever_the_umask_and_another_user_reads_nothing",
            "live/lists.rs::everything_under_the_home_is_for_its_owner_alone",
        ],
    ),
    case(
        "`prune` or `rm` where there is no home of planwatch",
        "Nothing is deleted",
        &["live/lists.rs::nothing_is_deleted_in_a_folder_that_is_not_a_home"],
    ),
];

const REQUESTS: &[Case] = &[
    case(
        "Ten commands start one plan at once",
        "One does; the others say who did",
        &["live/run.rs::ten_simultaneous_runs_of_one_name_start_it_once"],
    ),
    case(
        "Locks, pipes and spooled bytes that dead processes left",
        "In nobody's way",
        &[
            "faults/names.rs::locks_and_pipes_that_dead_processes_left_behind_are_in_nobodys_way",
            "live/stop.rs::a_restart_takes_over_pipes_that_nobody_was_told_to_use",
        ],
    ),
    case(
        "Garbage, huge and slow requests",
        "They harm nobody, and the next one is heard",
        &[
            "live/stop.rs::garbage_in_the_requests_pipe_harms_nobody",
            "faults/names.rs::a_request_that_comes_in_pieces_or_never_ends_harms_nobody",
        ],
    ),
    case(
        "A request is sent to a supervisor that dies",
        "Its successor does it, once",
        &["live/stop.rs::a_stop_asked_of_a_dead_supervisor_is_done_by_the_next"],
    ),
];

const SECRETS: &[Case] = &[
    case(
        "Values of the environment",
        "In no file, no list and no error",
        &[
            "faults/secrets.rs::values_of_variables_are_in_no_file_whoever_starts_the_plan_again",
            "live/lists.rs::inspect_tells_everything_but_the_values_of_the_environment",
            "live/up.rs::variables_of_a_plan_are_its_own_and_their_values_are_nowhere_in_the_state",
        ],
    ),
    case(
        "The plan prints a value named by `--secret`, or has it in its command line",
        "Covered with `*` in the log and wherever it is shown",
        &[
            "faults/secrets.rs::a_secret_is_covered_in_all_that_a_plan_prints_and_in_its_command_line",
        ],
    ),
    case(
        "The value comes in pieces, and somebody dies in between",
        "Covered as a whole",
        &["faults/secrets.rs::a_secret_is_covered_whoever_dies_in_the_middle_of_it"],
    ),
    case(
        "Everybody who knew the value is dead, the plan too",
        "All that is left of the run is covered, and a `log.gap` says so",
        &["faults/secrets.rs::a_secret_whose_value_nobody_knows_any_more_covers_everything"],
    ),
    case(
        "A secret that is not set, or too long to be covered",
        "Refused",
        &["faults/secrets.rs::a_secret_that_is_not_there_or_does_not_fit_is_refused"],
    ),
];

const CLOCK: &[Case] = &[
    case(
        "The clock goes back an hour, and ten years forward",
        "No line is lost, every segment is in order, `clock.stepped` says so",
        &["faults/clock.rs::a_clock_that_jumps_back_and_far_forward_loses_no_line_and_is_said"],
    ),
    Case {
        fault: "The machine is suspended",
        expected: "The plan sleeps with it",
        proof: Proof::None(
            "no suspending here; timers run on the clock that stands still meanwhile, and restarts are tested",
        ),
    },
    case(
        "The machine is restarted",
        "Running becomes lost, nobody is signalled, numbers go on higher",
        &[
            "faults/clock.rs::after_a_restart_of_the_machine_a_run_is_lost_nobody_is_signalled_and_the_next_run_goes_on",
        ],
    ),
    case(
        "The program is replaced while a plan runs",
        "Whoever dies is replaced by the program that was started",
        &["faults/clock.rs::a_program_that_is_replaced_while_a_plan_runs_changes_nothing_for_that"],
    ),
    case(
        "A newer release wrote the home",
        "Left alone, exit 5",
        &["live/lists.rs::a_home_of_a_newer_release_is_left_alone"],
    ),
    case(
        "Logs of earlier releases, and keys of later ones",
        "Read for ever",
        &[
            "live/compat.rs::a_log_of_format_1_is_read_as_it_was_written",
            "live/compat.rs::keys_that_this_release_does_not_know_are_passed_on",
        ],
    ),
];

const STORM: &[Case] = &[
    case(
        "Fifty plans for ten minutes: kills, full disks, rotations, prunes, followers, stops and restarts",
        "Every line once; the page of figures says how it went",
        &["faults/storm.rs::a_storm_over_many_plans_costs_no_line"],
    ),
    case(
        "Something is wrong with a home",
        "`doctor` names it, mends what is safe to mend, and exits 1 when a person is needed",
        &["faults/doctor.rs::doctor_names_what_is_wrong_and_mends_what_is_safe"],
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
