//! Disks that are full, slow, broken or away.

use super::{Case, Proof, case};

pub(super) const STORAGE: &[Case] = &[
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
