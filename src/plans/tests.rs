//! Forty broken files, each with the place of its mistake and what was probably meant; and good ones.

use std::path::Path;

use super::*;
use crate::model::{After, RestartPolicy, StallDeed, VerdictRule};

fn var(name: &str) -> Option<String> {
    match name {
        "HOME" => Some("/home/op".to_owned()),
        "MODEL" => Some("large".to_owned()),
        _ => None,
    }
}

fn around() -> Surroundings<'static> {
    Surroundings { folder: Path::new("/srv"), var: &var, umask: 0o022 }
}

fn good(text: &str) -> PlansFile {
    read(text, false, &around()).unwrap_or_else(|mistakes| {
        let shown: Vec<_> =
            mistakes.iter().map(|mistake| mistake.shown("f", text).to_string()).collect();
        panic!("{}", shown.join("\n"))
    })
}

const CMD: &str = "cmd = [\"true\"]\n";

/// What is broken, where the mistake is told, words of it, words of the hint.
const BROKEN: [(&str, (usize, usize), &str, &str); 44] = [
    ("", (1, 1), "no plan", "[plan.NAME]"),
    ("[plan.a\ncmd = []", (1, 8), "", ""),
    ("[plan.a]\ncmd = [\"true\"", (2, 14), "", ""),
    ("[plan.a]\ncmd = 'x\n", (2, 9), "", ""),
    ("[plan.a]\ncmd = \"x\"\ncmd = \"y\"", (3, 1), "duplicate", ""),
    ("[plan.a]\ncmd = \"x\"\n[plan.a]", (3, 7), "duplicate", ""),
    ("[plan.a]\ncdm = [\"x\"]\ncmd = \"x\"", (2, 1), "unknown key 'cdm'", "'cmd'"),
    ("[plan.a]\ncommand = \"x\"\ncmd = \"y\"", (2, 1), "unknown key 'command'", "'cmd'"),
    ("[plan.a]\ncmd = \"x\"\nenv_file = \".env\"", (3, 1), "'env_file'", "'env-file'"),
    ("[plan.a]\ncmd = \"x\"\n  depends_on = \"b\"", (3, 3), "'depends_on'", "'after'"),
    ("[plan.a]\ncmd = \"x\"\nworkdir = \"b\"", (3, 1), "'workdir'", "'cwd'"),
    ("[plan.a]\ncmd = \"x\"\nstop-timout = \"1s\"", (3, 1), "'stop-timout'", "'stop-timeout'"),
    ("[plan.a]\ncmd = \"x\"\nzzz = 1", (3, 1), "'zzz'", "known here: cmd"),
    ("[plan.a]\ncmd = \"x\"\njobs = 2", (3, 1), "'jobs' belongs to [defaults]", ""),
    ("[defaults]\ncmd = \"x\"\n", (2, 1), "'cmd' belongs to a plan", ""),
    ("[defaults]\njobbs = 2\n[plan.a]\ncmd = \"x\"", (2, 1), "'jobbs'", "'jobs'"),
    ("[plans.a]\ncmd = \"x\"", (1, 2), "unknown table 'plans'", "'plan'"),
    ("[dublin]\ncmd = \"x\"", (1, 2), "unknown table 'dublin'", "[plan.dublin]"),
    ("cmd = \"x\"", (1, 1), "unknown table 'cmd'", "[plan.NAME]"),
    ("[plan]\na = \"x\"", (2, 1), "plan.a is a table", "[plan.a]"),
    ("[plan.a]\ncwd = \"/\"", (1, 7), "plan.a has no cmd", "cmd ="),
    ("[plan.a]\ncmd = []", (2, 7), "cmd is empty", "for the shell"),
    ("[plan.a]\ncmd = 3", (2, 7), "cmd is a text", ""),
    ("[plan.a]\ncmd = [\"x\", 3]", (2, 13), "each entry of cmd is a text", ""),
    ("[plan.\"a b\"]\ncmd = \"x\"", (1, 7), "'a b' cannot be a name", ""),
    ("[plan.a]\ncmd = \"x\"\ntimeout = \"soon\"", (3, 11), "'soon' is not a duration", ""),
    ("[plan.a]\ncmd = \"x\"\ntimeout = true", (3, 11), "timeout is a text", ""),
    ("[plan.a]\ncmd = \"x\"\nstop-signal = \"TREM\"", (3, 15), "TREM", "\"TERM\""),
    ("[plan.a]\ncmd = \"x\"\nrestart = \"allways\"", (3, 11), "'allways'", "\"always\""),
    ("[plan.a]\ncmd = \"x\"\nrestart = { max = 3 }", (3, 11), "lacks its policy", "policy ="),
    (
        "[plan.a]\ncmd = \"x\"\nrestart = { policy = \"always\", backof = 3 }",
        (3, 32),
        "unknown key 'backof' in restart",
        "'backoff'",
    ),
    (
        "[plan.a]\ncmd = \"x\"\nstall-timeout = { then = \"stop\" }",
        (3, 17),
        "lacks its after",
        "after =",
    ),
    (
        "[plan.a]\ncmd = \"x\"\nstall-timeout = { after = 9, then = \"stopp\" }",
        (3, 37),
        "then is one of",
        "\"stop\"",
    ),
    ("[plan.a]\ncmd = \"x\"\nverdict = \"luigy\"", (3, 11), "'luigy'", "\"luigi\""),
    ("[plan.a]\ncmd = \"x\"\nwhen = \"sucess\"", (3, 8), "when is one of", "\"success\""),
    ("[plan.a]\ncmd = \"x\"\nafter = \"b\"", (3, 9), "no plan 'b'", "there is: a"),
    (
        "[plan.dublin]\ncmd = \"x\"\n[plan.b]\ncmd = \"x\"\nafter = [\"dublim\"]",
        (5, 10),
        "no plan 'dublim'",
        "\"dublin\"",
    ),
    ("[plan.a]\ncmd = \"x\"\nafter = \"a\"", (3, 9), "cannot come after itself", ""),
    (
        "[plan.a]\ncmd = \"x\"\nafter = \"b\"\n[plan.b]\ncmd = \"x\"\nafter = \"a\"",
        (3, 9),
        "in a circle: a after b after a",
        "take one",
    ),
    ("[plan.a]\ncmd = \"x${NOPE}\"", (2, 9), "${NOPE} is not set", "${NAME:-value}"),
    ("[plan.a]\ncmd = \"x${MODEL\"", (2, 9), "'${' without its '}'", "$${"),
    ("[plan.a]\ncmd = \"x\"\nforeach = []", (3, 11), "nothing to choose", "${each}"),
    ("[plan.a]\ncmd = \"x\"\nforeach = [\"b\", \"b\"]", (1, 7), "two plans of the name 'a-b'", ""),
    (
        "[group.llm]\njobs = 2\n[plan.a]\ncmd = \"x\"\ngroup = \"lm\"",
        (5, 9),
        "no [group.lm]",
        "\"llm\"",
    ),
];

#[test]
fn every_mistake_is_told_with_its_place_and_with_what_was_meant() {
    let mut wrong = String::new();
    for (text, place, words, hint) in BROKEN {
        let Err(mistakes) = read(text, false, &around()) else { panic!("nothing wrong in {text}") };
        let first = &mistakes[0];
        let told = first.hint.as_deref().unwrap_or_default();
        let right = first.place(text) == place
            && !first.what.is_empty()
            && first.what.contains(words)
            && told.contains(hint);
        if !right {
            wrong +=
                &format!("{}\n(wanted {place:?}, {words}, {hint})\n\n", first.shown("f", text));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn all_mistakes_come_at_once_in_the_order_of_the_file() {
    let text = "[plan.a]\ncdm = 1\ntimeout = \"soon\"\n[plan.b]\ncmd = []\n";
    let mistakes = read(text, false, &around()).unwrap_err();
    let lines: Vec<usize> = mistakes.iter().map(|mistake| mistake.place(text).0).collect();
    assert_eq!(lines, [1, 2, 3, 5]);
    assert_eq!(
        mistakes[1].shown("plans.toml", text).to_string(),
        "plans.toml:2:1: unknown key 'cdm' in [plan.a]\n  2 | cdm = 1\n    | ^^^\n  hint: did you mean 'cmd'?"
    );
}

#[test]
fn the_example_of_the_manual_means_what_it_says() {
    let file = good(
        r#"
        [defaults]
        cwd = "planexe/worker_plan"
        env = { PLANEXE_LOG_LEVEL = "INFO" }
        env-file = [".env"]
        verdict = ["luigi", "file:999-pipeline_complete.txt"]
        jobs = 2
        [plan.dublin-cafe]
        cmd = ["python", "-m", "worker_plan_internal.plan.run_plan_pipeline"]
        env = { RUN_ID_DIR = "${HOME}/run/dublin_cafe", N = 3 }
        timeout = "3h"
        restart = { policy = "on-failure", max = 5, backoff = "1s" }
        stall-timeout = { after = "20m", then = "stop", in-task = true }
        on-failure = "mail -s ${RUN_ID_DIR} op"
        [plan.mars-base]
        cmd = "luigi --module mars Base | tee out"
        cwd = "/mars"
        after = "dublin-cafe"
        when = "exit"
        priority = 5
        "#,
    );
    assert_eq!(file.jobs, Some(2));
    let [cafe, mars] = &file.plans[..] else { panic!("{:?}", file.plans) };
    assert_eq!(cafe.spec.cwd, Path::new("/srv/planexe/worker_plan"));
    assert_eq!(cafe.spec.env_files, [Path::new("/srv/.env")]);
    let env: Vec<String> = cafe.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(env, ["PLANEXE_LOG_LEVEL=INFO", "RUN_ID_DIR=/home/op/run/dublin_cafe", "N=3"]);
    let rules: Vec<String> = cafe.spec.verdict.iter().map(VerdictRule::to_string).collect();
    assert_eq!(rules, ["exit", "luigi", "file:999-pipeline_complete.txt"]);
    assert_eq!(cafe.spec.stop.timeout_ms, Some(10_800_000));
    let restart = cafe.spec.restart.as_ref().unwrap();
    let shape = (restart.policy, restart.max, restart.backoff_ms);
    assert_eq!(shape, (RestartPolicy::OnFailure, Some(5), 1_000));
    let stall = cafe.spec.stall.as_ref().unwrap();
    assert_eq!((stall.after_ms, stall.then, stall.in_task), (1_200_000, StallDeed::Stop, true));
    let hook = cafe.spec.hooks.on_failure.as_ref().unwrap();
    assert_eq!(hook[..], ["sh", "-c", "mail -s /home/op/run/dublin_cafe op"]);
    assert_eq!(mars.spec.argv, ["sh", "-c", "luigi --module mars Base | tee out"]);
    assert_eq!(mars.spec.cwd, Path::new("/mars"));
    assert_eq!((&mars.after[..], mars.when), (&["dublin-cafe".parse().unwrap()][..], After::Exit));
    assert_eq!((mars.priority, mars.line), (5, 15));
}

#[test]
fn foreach_makes_a_plan_of_each_combination() {
    let file = good(
        r#"
        [plan.paint]
        cmd = ["paint", "--city", "${city}", "--model", "${model}", "${MODEL}"]
        foreach = { city = ["dublin", "oslo"], model = ["a", "b"] }
        [plan.frame]
        cmd = ["frame", "${each}"]
        foreach = ["x"]
        after = ["paint"]
        "#,
    );
    let names: Vec<&str> = file.plans.iter().map(|plan| plan.name().as_str()).collect();
    assert_eq!(
        names,
        ["paint-dublin-a", "paint-dublin-b", "paint-oslo-a", "paint-oslo-b", "frame-x"]
    );
    assert_eq!(file.plans[2].spec.argv[2..], ["oslo", "--model", "a", "large"]);
    assert_eq!(file.plans[4].after.len(), 4, "the key stands for all of them");
}

#[test]
fn the_variables_of_one_plan_are_found_among_the_mistakes_of_others() {
    let text = r#"
        [defaults]
        env = { A = "1", B = "2" }
        [plan.paint]
        cmd = "x"
        env = { B = "${each}", C = "${HOME}" }
        foreach = ["oslo", "rome"]
        [plan.paint-oslo-b]
        cmd = []
        timeout = "soon"
        "#;
    let of = |plan: &str| variables(text, false, &plan.parse().unwrap(), &around());
    let pairs = of("paint-rome").unwrap().unwrap();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(pairs, ["A=1", "B=rome", "C=/home/op"]);
    assert_eq!(of("paint").unwrap(), None, "it is the key of two plans, and the name of none");
    assert_eq!(of("other").unwrap(), None);
    assert!(of("paint-oslo-b").is_err(), "its own mistakes matter");
    assert!(variables("[plan.a", false, &"a".parse().unwrap(), &around()).is_err());
    let procfile = |plan: &str| variables("a: x", true, &plan.parse().unwrap(), &around());
    assert_eq!((procfile("a"), procfile("b")), (Ok(Some(vec![])), Ok(None)));
}

#[test]
fn a_procfile_is_a_file_of_plans() {
    let text = "# all\nweb: FOO=1 ./web --port 1:2\n\nnight: python -m luigi\n";
    let file = read(text, true, &around()).unwrap();
    assert_eq!(file.plans[0].spec.argv, ["sh", "-c", "FOO=1 ./web --port 1:2"]);
    assert_eq!((file.plans[1].name().as_str(), file.plans[1].line), ("night", 4));
    for (text, place) in
        [("web ./web", (1, 1)), ("\na b: x", (2, 1)), ("a:", (1, 1)), ("a: x\na: y", (2, 1))]
    {
        assert_eq!(read(text, true, &around()).unwrap_err()[0].place(text), place, "{text}");
    }
}

#[test]
fn every_key_is_taken_in_its_place() {
    let values = [
        ("cmd", "['x']"),
        ("foreach", "['b']"),
        ("after", "'z'"),
        ("when", "'exit'"),
        ("env", "{ A = 1 }"),
        ("bridge", "false"),
        ("priority", "1"),
        ("stop-signal", "'INT'"),
        ("restart", "'always'"),
        ("verdict", "'exit'"),
        ("success-exit-codes", "[3]"),
        ("segment-size", "'1MiB'"),
        ("max-line", "'1KiB'"),
        ("keep", "'1GiB'"),
        ("on-full", "'drop'"),
        ("compress", "'never'"),
        ("jobs", "4"),
    ];
    for (key, place) in keys() {
        let value = values.iter().find(|(known, _)| *known == key).map_or("'5s'", |(_, v)| v);
        let cmd = if key == "cmd" { "" } else { CMD };
        let text = match place {
            Place::Defaults => format!("[defaults]\n{key} = {value}\n[plan.z]\n{CMD}"),
            _ => format!("[plan.z]\n{CMD}[plan.a]\n{cmd}{key} = {value}\n"),
        };
        let empty = good(&format!("[plan.z]\n{CMD}[plan.a]\n{CMD}"));
        assert!(key == "cmd" || good(&text) != empty, "{key} changes nothing");
    }
}
