//! Plans that behave badly: orphans, holders of streams, the deaf, the many.

use rustix::process::Signal;

use crate::harness::{Chunk, Home, Step, scale};

#[test]
fn a_grandchild_that_holds_the_streams_delays_no_verdict_and_loses_no_line() {
    let home = Home::new();
    let steps = [Step::Both(10), Step::Hold(home.file("go"), 20), Step::Exit(3)];
    home.run_oracle(&["-n", "holder"], &steps).code(3).prints_something().may_speak().runs();
    let records = home.records("holder");
    let held = records.events("stream.held");
    assert_eq!(held.len(), 1, "the holder is named");
    let holder = held[0]["pids"][0].as_i64().unwrap();
    assert!(home.processes().iter().any(|process| i64::from(process.pid) == holder));
    home.touch("go");
    home.until("the late lines are there and nothing is left", || {
        home.processes().is_empty().then_some(())
    });
    let report = home.audit("holder").run(1, &steps).holds();
    assert_eq!(report.verdicts[&1], ("failed".to_owned(), 3));
}

#[test]
fn an_orphan_of_run_2_that_writes_during_run_3_writes_into_run_2() {
    let home = Home::new();
    let one = [Step::Seed(1), Step::Both(5)];
    let two = [Step::Seed(2), Step::Both(5), Step::Hold(home.file("go"), 500)];
    let three = [
        Step::Seed(3),
        Step::Both(50),
        Step::Mark(home.file("three")),
        Step::Gate(home.file("gate")),
        Step::Both(50),
    ];
    for steps in [one.as_slice(), &two] {
        home.run_oracle(&["-n", "mixed"], steps).prints_something().may_speak().runs();
    }
    home.run_oracle(&["-d", "-n", "mixed"], &three).prints("mixed\n").may_speak().runs();
    home.until_file("three");
    home.touch("go");
    home.until_record("mixed", "the orphan has ended", |record| {
        record["event"] == "stream.closed" && record["run"] == 2 && record["of"] == "stdout"
    });
    home.touch("gate");
    home.planwatch(["wait", "mixed"]).prints("mixed succeeded 0\n").may_speak().runs();
    home.audit("mixed").run(1, &one).run(2, &two).run(3, &three).holds();
    home.until_quiet();
}

#[test]
fn a_plan_that_closes_its_stdout_early_goes_on() {
    let home = Home::new();
    let steps = [
        Step::Stdout(10),
        Step::Close,
        Step::Stderr(10),
        Step::Gate(home.file("gate")),
        Step::Stderr(10),
    ];
    home.run_oracle(&["-d", "-n", "closing"], &steps).prints("closing\n").may_speak().runs();
    home.until_record("closing", "stderr is there", |record| record["stream"] == "stderr");
    home.touch("gate");
    home.planwatch(["wait", "closing"]).prints("closing succeeded 0\n").may_speak().runs();
    home.audit("closing").run(1, &steps).holds();
}

#[test]
fn a_daemon_that_closed_its_streams_is_left_in_peace() {
    let home = Home::new();
    let script = "setsid sh -c 'while [ ! -e go ]; do sleep 0.05; done; touch gone' >/dev/null 2>&1 </dev/null & exit 0";
    home.planwatch(["run", "-n", "daemon", "--", "sh", "-c", script])
        .prints_something()
        .may_speak()
        .runs();
    assert_eq!(home.audit("daemon").holds().verdicts[&1], ("succeeded".to_owned(), 0));
    home.touch("go");
    home.until_file("gone");
}

#[test]
fn a_long_silent_run_of_nul_and_binary_bytes_is_recorded_exactly() {
    let home = Home::new();
    let steps = [
        Step::Chunk(Chunk::Ragged),
        Step::Binary(scale(200_000, 20_000_000)),
        Step::Blank(scale(2_000, 1_000_000)),
        Step::Letters(scale(1_000_000, 100_000_000)),
    ];
    home.run_oracle(&["-d", "-n", "bytes"], &steps).prints("bytes\n").may_speak().runs();
    home.planwatch(["wait", "bytes"]).prints("bytes succeeded 0\n").may_speak().runs();
    home.audit("bytes").run(1, &steps).holds();
    home.until_quiet();
}

#[test]
fn asyncio_may_write_to_its_stdout() {
    let home = Home::new();
    let program = r#"
import asyncio, sys
async def main():
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sys.stdout)
    writer = asyncio.StreamWriter(transport, protocol, None, loop)
    for n in range(2000):
        writer.write(f"line {n}\n".encode())
        await writer.drain()
    writer.close()
asyncio.run(main())
"#;
    std::fs::write(home.file("plan.py"), program).unwrap();
    home.planwatch(["run", "-n", "asyncio", "--", "python3", "plan.py"])
        .prints_something()
        .may_speak()
        .runs();
    let wanted: String = (0..2000).map(|n| format!("line {n}\n")).collect();
    assert!(home.records("asyncio").bytes(1, "stdout") == wanted.as_bytes());
    home.audit("asyncio").holds();
}

#[test]
fn forty_plans_of_an_ordinary_user_at_once_lose_nothing() {
    let home = Home::of_ordinary_user();
    let count = 40;
    let plan = |i: u64| format!("plan-{i:02}");
    let steps = |i: u64| {
        [
            Step::Seed(i),
            Step::Chunk(Chunk::Bulk),
            Step::Both(scale(200, 20_000)),
            Step::Exit(i as i32),
        ]
    };
    let all: Vec<_> = (0..count)
        .map(|i| {
            home.run_oracle(&["-d", "-n", &plan(i)], &steps(i))
                .prints_something()
                .may_speak()
                .spawn()
        })
        .collect();
    all.into_iter().for_each(|run| drop(run.ends()));
    for i in 0..count {
        home.planwatch(["wait", &plan(i)]).code(i as i32).prints_something().may_speak().runs();
        let report = home.audit(&plan(i)).run(1, &steps(i)).holds();
        assert_eq!(report.events["run.spawned"], 1);
    }
    home.until_quiet();
}

#[test]
fn a_supervisor_killed_between_the_plans_start_and_its_record_starts_nothing_twice() {
    for _ in 0..scale(5, 50) {
        let home = Home::new();
        // Every start of the plan leaves a line in this file.
        let script = "echo $$ >> starts; while [ ! -e gate ]; do sleep 0.01; done; exit 4";
        let run = home
            .planwatch(["run", "-d", "-n", "once", "--", "sh", "-c", script])
            .any_code()
            .prints_something()
            .may_speak()
            .spawn();
        home.until("the plan was started", || home.file("starts").exists().then_some(()));
        if let Some(supervisor) = home.supervisor("once") {
            supervisor.signal(Signal::KILL);
        }
        run.ends();
        home.touch("gate");
        home.planwatch(["wait", "once"]).code(4).prints("once failed 4\n").may_speak().runs();
        assert_eq!(std::fs::read_to_string(home.file("starts")).unwrap().lines().count(), 1);
        let report = home.audit("once").holds();
        assert_eq!(report.verdicts[&1], ("failed".to_owned(), 4));
        home.until_quiet();
    }
}

#[test]
fn a_plan_may_write_while_nobody_reads_and_the_rest_of_the_world_goes_on() {
    let home = Home::new();
    let steps = [Step::Both(100), Step::Gate(home.file("gate"))];
    home.run_oracle(&["-d", "-n", "a"], &steps).prints("a\n").may_speak().runs();
    let stuck = home
        .planwatch(["logs", "-f", "-o", "json", "--after", "0", "a"])
        .prints_something()
        .may_speak()
        .spawn();
    stuck.until_printed("run.started");
    stuck.signal(Signal::STOP);
    home.touch("gate");
    home.planwatch(["wait", "a"]).prints("a succeeded 0\n").may_speak().runs();
    stuck.signal(Signal::CONT);
    stuck.ends();
    home.audit("a").run(1, &steps).holds();
}
