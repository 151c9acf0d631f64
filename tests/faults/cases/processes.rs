//! Processes that die, terminals that go, and what is asked of them.

use super::{Case, case};

pub(super) const PROCESSES: &[Case] = &[
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

pub(super) const TERMINAL: &[Case] = &[
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

pub(super) const REQUESTS: &[Case] = &[
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
