//! Values that nobody may see: in no file that planwatch made, in nothing that it shows, whoever
//! dies in between.

use std::path::Path;

use rustix::process::Signal;

use crate::harness::{Home, Records};

const KEY: &str = "sk-or-v1/0123456789abcdef";
/// As a PEM file has it: covered line by line.
const PEM: &str = "-----BEGIN KEY-----\nMIIEvQIBADANBg/kqh\n-----END KEY-----\n";

/// Bytes of `value` in any file below the folder, pipes left out.
fn found_below(folder: &Path, value: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            found.extend(found_below(&path, value));
        } else if kind.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let bytes = match path.extension().is_some_and(|extension| extension == "zst") {
                true => zstd::decode_all(bytes.as_slice()).unwrap(),
                false => bytes,
            };
            if memchr::memmem::find(&bytes, value.as_bytes()).is_some() {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[track_caller]
fn is_nowhere(home: &Home, values: &[&str]) {
    for value in values {
        let nothing: [String; 0] = [];
        assert_eq!(found_below(&home.path(), value), nothing, "{value} was written");
        for args in [
            &["logs", "plan"][..],
            &["logs", "-o", "cat", "plan"],
            &["logs", "-o", "json", "plan"],
            &["inspect", "plan"],
            &["why", "plan"],
            &["ps", "-a", "-o", "json"],
            &["verify", "plan"],
        ] {
            let done = home.planwatch(args.iter().copied()).any_code().prints_something();
            let done = done.may_speak().runs();
            assert!(!done.stdout.contains(value) && !done.stderr.contains(value), "{args:?}");
        }
    }
}

fn messages(records: &Records, stream: &str) -> Vec<String> {
    let of = records.0.iter().filter(|record| record["stream"] == stream);
    of.map(|record| record["msg"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_secret_is_covered_in_all_that_a_plan_prints_and_in_its_command_line() {
    let home = Home::new();
    // In one piece, in many, as JSON writes it, in an invalid line, at the very end.
    let script = r#"
        echo "key $KEY, $1"; echo "$KEY" >&2
        i=0; while [ $i -lt ${#KEY} ]; do printf %s "$(printf %s "$KEY" | cut -c $((i+1)))"; i=$((i+1)); done; echo
        printf '%s' "$PEM" | sed 's/^/> /'
        printf '{"password": "q\\"uoted"}\n'; printf '\377 %s\n' "$KEY"
        printf 'ValueError: %s' "$KEY"; exit 3"#;
    home.planwatch(["run", "-n", "plan", "--secret", "KEY", "--secret", "PEM", "--secret", "JSON"])
        .args(&["-e", &format!("KEY={KEY}"), "-e", &format!("PEM={PEM}"), "-e", "JSON=q\"uoted"])
        .args(&["--", "sh", "-c", script, "sh", &format!("--key={KEY}")])
        .code(3)
        .prints_something()
        .may_speak()
        .runs();
    home.until_quiet();
    let stars = |text: &str| "*".repeat(text.len());
    let records = home.records("plan");
    let pem: Vec<String> = PEM.lines().map(|line| format!("> {}", stars(line))).collect();
    let mut wanted = vec![format!("key {0}, --key={0}", stars(KEY)), stars(KEY)];
    wanted.extend(pem);
    wanted.push(r#"{"password": "********"}"#.to_owned());
    wanted.push(format!("\u{fffd} {}", stars(KEY)));
    wanted.push(format!("ValueError: {}", stars(KEY)));
    assert_eq!(messages(&records, "stdout"), wanted);
    assert_eq!(messages(&records, "stderr"), [stars(KEY)]);
    let argv = &records.events("run.started")[0]["argv"];
    assert_eq!(argv[4], "--key=********");
    is_nowhere(&home, &[KEY, "MIIEvQIBADANBg", "q\\\"uoted", "q\"uoted"]);
    // What was covered in the command line is there when the plan is started again.
    home.planwatch(["restart", "plan"])
        .env("KEY", KEY)
        .env("PEM", PEM)
        .env("JSON", "q\"uoted")
        .may_speak()
        .runs();
    home.planwatch(["wait", "plan"]).code(3).prints_something().runs();
    let records = home.records("plan");
    assert_eq!(messages(&records, "stdout")[wanted.len()..], wanted);
    is_nowhere(&home, &[KEY, "MIIEvQIBADANBg"]);
    home.until_quiet();
}

#[test]
fn a_secret_is_covered_whoever_dies_in_the_middle_of_it() {
    let home = Home::new();
    // Half of the value, a pause in which somebody dies, the other half; at last a line that is
    // longer than a record, with the value across its cut.
    let script = r#"
        for gate in recorder supervisor both; do
            printf 'half %s' "$(printf %s "$KEY" | head -c 14)"; echo > "$DIR/$gate.waits"
            while [ ! -e "$DIR/$gate" ]; do sleep 0.01; done
            echo "$(printf %s "$KEY" | tail -c 11) end"
        done
        head -c 1020 /dev/zero | tr '\0' a; echo "$KEY""#;
    home.planwatch(["run", "-d", "-n", "plan", "--secret", "KEY", "--max-line", "1KiB"])
        .args(&["-e", &format!("KEY={KEY}"), "-e"])
        .args(&[format!("DIR={}", home.file("").display())])
        .args(&["--", "sh", "-c", script])
        .prints("plan\n")
        .may_speak()
        .runs();
    for gate in ["recorder", "supervisor", "both"] {
        home.until_file(&format!("{gate}.waits"));
        let recorder = home.until("it records", || home.recorder("plan"));
        let supervisor = home.until("it is looked after", || home.supervisor("plan"));
        let mut killed = Vec::new();
        if gate != "supervisor" {
            killed.push(recorder);
        }
        if gate != "recorder" {
            killed.push(supervisor);
        }
        killed.iter().for_each(|process| process.signal(Signal::KILL));
        home.until("they are dead", || {
            killed.iter().all(|dead| matches!(dead.state(), None | Some('Z'))).then_some(())
        });
        if gate == "both" {
            // A command takes it up; the values are found with the plan itself.
            home.planwatch(["ps"]).prints_something().may_speak().runs();
        }
        home.until("others are there", || home.recorder("plan").and(home.supervisor("plan")));
        home.touch(gate);
    }
    home.planwatch(["wait", "plan"]).prints("plan succeeded 0\n").may_speak().runs();
    home.until_quiet();
    let covered = format!("half {} end", "*".repeat(KEY.len()));
    let said = messages(&home.records("plan"), "stdout");
    assert_eq!(said[..3], [covered.clone(), covered.clone(), covered]);
    assert_eq!(said[3..].concat(), format!("{}{}", "a".repeat(1020), "*".repeat(KEY.len())));
    is_nowhere(&home, &[KEY, "56789abcdef", "sk-or-v1/01234"]);
    home.audit("plan").holds();
}

#[test]
fn a_secret_whose_value_nobody_knows_any_more_covers_everything() {
    let home = Home::new();
    let script = r#"echo "$KEY 1"; echo > "$DIR/waits"
        while [ ! -e "$DIR/gate" ]; do sleep 0.01; done; echo "$KEY 2""#;
    home.planwatch(["run", "-d", "-n", "plan", "--secret", "KEY", "-e", &format!("KEY={KEY}")])
        .args(&["-e", &format!("DIR={}", home.file("").display()), "--", "sh", "-c", script])
        .prints("plan\n")
        .may_speak()
        .runs();
    home.until_file("waits");
    home.until_record("plan", "its first line is there", |record| record["stream"] == "stdout");
    let recorder = home.until("it records", || home.recorder("plan"));
    let supervisor = home.until("it is looked after", || home.supervisor("plan"));
    // Stopped first, so that none replaces the other.
    [&recorder, &supervisor].iter().for_each(|process| process.signal(Signal::STOP));
    [&recorder, &supervisor].iter().for_each(|process| process.signal(Signal::KILL));
    home.until("they are dead", || {
        let dead = |state: Option<char>| matches!(state, None | Some('Z'));
        (dead(recorder.state()) && dead(supervisor.state())).then_some(())
    });
    // Somebody who holds the pipe: else what is in it dies with the plan.
    let pipe = home.plan_dir("plan").join("pipes/1/stdout");
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NONBLOCK;
    let held = rustix::fs::open(&pipe, flags, rustix::fs::Mode::empty()).unwrap();
    home.touch("gate");
    home.until("the plan is over", || {
        let plan = |process: &crate::harness::Proc| process.argv.first().is_some_and(|a| a == "sh");
        (!home.processes().iter().any(plan)).then_some(())
    });
    home.planwatch(["ps"]).prints_something().may_speak().runs();
    home.until_record("plan", "what was left is recorded", |record| {
        record["off"] == 28 && record["stream"] == "stdout"
    });
    drop(held);
    home.planwatch(["wait", "plan"]).any_code().prints_something().may_speak().runs();
    home.until_quiet();
    let stars = "*".repeat(KEY.len());
    let said = messages(&home.records("plan"), "stdout");
    assert_eq!(said, [format!("{stars} 1"), format!("{stars}**")]);
    assert!(!home.records("plan").events("log.gap").is_empty());
    is_nowhere(&home, &[KEY]);
}

#[test]
fn a_secret_that_is_not_there_or_does_not_fit_is_refused() {
    let home = Home::new();
    let long = "x".repeat(9000);
    let run = |options: &[&str]| {
        let command = home.planwatch(["run", "-n", "plan"]).args(options).args(&["--", "true"]);
        command.code(125)
    };
    run(&["--secret", "NOT_THERE"]).says("there is no NOT_THERE").says("--env-file").runs();
    run(&["--secret", "LONG", "-e", &format!("LONG={long}")]).says("8000").runs();
    let typed = run(&["--secret", "KEY=sk-1"]).says("name the variable alone").runs();
    assert!(!typed.stderr.contains("name the variable alone: sk-1"), "{}", typed.stderr);
    home.planwatch(["run", "-n", "plan", "--secret", "K", "-e", "K=ab", "--", "echo", "abc"])
        .says("K has 2 bytes")
        .prints_something()
        .runs();
    assert_eq!(messages(&home.records("plan"), "stdout"), ["**c"]);
}

#[test]
fn values_of_variables_are_in_no_file_whoever_starts_the_plan_again() {
    let home = Home::new();
    let value = "value-of-a-variable-4711";
    std::fs::write(home.file("env"), format!("FROM_FILE={value}1\n")).unwrap();
    let file = home.file("env").display().to_string();
    home.planwatch(["run", "-n", "plan", "--env-file", &file, "-e", &format!("OWN={value}2")])
        .args(&["--restart", "on-failure:1", "--", "sh", "-c", "exit 3"])
        .env("CALLERS", &format!("{value}3"))
        .code(3)
        .prints_something()
        .may_speak()
        .runs();
    home.until_quiet();
    is_nowhere(&home, &[value]);
}
