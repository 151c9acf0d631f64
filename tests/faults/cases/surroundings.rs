//! Names, secrets, clocks and hosts.

use super::{Case, Proof, case};

pub(super) const NAMES: &[Case] = &[
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

pub(super) const SECRETS: &[Case] = &[
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

pub(super) const CLOCK: &[Case] = &[
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
