//! Gateways and their clients, and everything at once.

use super::{Case, case};

pub(super) const GATEWAY: &[Case] = &[
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

pub(super) const STORM: &[Case] = &[
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
