//! A night: real Luigi plans from one file, and every planwatch process killed at random meanwhile.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Home, Random, luigi_python, scale, within};
use crate::up::{most_at_once, spans, up};

const TASKS: &str = r#"
import os, sys, time, luigi

def came(name):
    with open(f"came-{name}", "a") as file: file.write("x\n")

class Step(luigi.Task):
    plan = luigi.Parameter()
    n = luigi.IntParameter()
    def output(self): return luigi.LocalTarget(f"out/{self.plan}-{self.n}")
    def requires(self): return [Step(self.plan, self.n - 1)] if self.n else []
    def run(self):
        print(f"{self.plan} step {self.n}", flush=True)
        time.sleep(0.05)
        with self.output().open("w") as file: file.write("x")

class Good(luigi.WrapperTask):
    plan = luigi.Parameter()
    def requires(self): return Step(self.plan, 3)

class Fails(luigi.Task):
    plan = luigi.Parameter()
    def requires(self): return Step(self.plan, 1)
    def run(self): raise ValueError("it was bound to fail")

class Flaps(luigi.Task):
    plan = luigi.Parameter()
    def requires(self): return Step(self.plan, 1)
    def output(self): return luigi.LocalTarget(f"out/{self.plan}")
    def run(self):
        if len(open(f"came-{self.plan}").readlines()) < 3: raise ValueError("not yet")
        with self.output().open("w") as file: file.write("x")

class Hangs(luigi.Task):
    plan = luigi.Parameter()
    def requires(self): return Step(self.plan, 1)
    def run(self): time.sleep(1000)

came(sys.argv[sys.argv.index("--plan") + 1])
"#;

/// What becomes of a plan: its name, its task, what else its table says, its verdict and its runs.
struct Fate {
    plan: String,
    task: &'static str,
    more: &'static str,
    verdict: &'static str,
    runs: usize,
}

fn fates(many: u64) -> Vec<Fate> {
    let fate = |plan: &str, task, more, verdict, runs| {
        let plan = plan.to_owned();
        Fate { plan, task, more, verdict, runs }
    };
    let restart = "restart = { policy = \"on-failure\", max = 5, backoff = \"20ms\" }";
    let stall = "stall-timeout = { after = \"3s\", then = \"stop\", in-task = true }";
    let mut all = vec![
        fate("bad-1", "Fails", "", "failed", 1),
        fate("flaps", "Flaps", restart, "succeeded", 3),
        fate("hangs", "Hangs", stall, "timeout", 1),
        fate("needs-bad", "Good", "after = \"bad-1\"", "skipped", 0),
        fate("bad-2", "Fails", "", "failed", 1),
        fate("bad-3", "Fails", "", "failed", 1),
        fate("last", "Good", "after = [\"good-6\", \"hangs\"]\nwhen = \"exit\"", "succeeded", 1),
    ];
    for n in 6..many.max(8) - 1 {
        all.push(fate(&format!("good-{n}"), "Good", "", "succeeded", 1));
    }
    all
}

fn file_of(fates: &[Fate], home: &Home) -> String {
    let python = luigi_python().expect("a Python with luigi: see the test command of the README");
    let config = home.file("luigi.cfg").display().to_string();
    let mut text = format!(
        "[defaults]\njobs = 4\nenv = {{ PYTHONPATH = \".\", LUIGI_CONFIG_PATH = {config:?} }}\n"
    );
    for Fate { plan, task, more, .. } in fates {
        text += &format!(
            "[plan.{plan}]\ncmd = [{:?}, \"-m\", \"luigi\", \"--module\", \"tasks\", \
             \"--local-scheduler\", {task:?}, \"--plan\", {plan:?}]\n{more}\n",
            python.to_str().unwrap()
        );
    }
    text
}

/// Kills something of planwatch, but never both that look after one plan: what its pipes held and how
/// it ended would be gone with them, and that is not promised.
fn strike(home: &Home, fates: &[Fate], random: &mut Random) -> bool {
    let turns = home
        .processes()
        .into_iter()
        .filter(|process| process.argv.iter().any(|arg| arg == "__queue"));
    let turns: Vec<_> = turns.collect();
    turns.iter().for_each(|turn| turn.signal(Signal::KILL));
    let plan = &fates[random.below(fates.len() as u64) as usize].plan;
    if !home.plan_dir(plan).join("pipes/requests").exists() {
        return !turns.is_empty();
    }
    let (Some(supervisor), Some(recorder)) = (home.supervisor(plan), home.recorder(plan)) else {
        return !turns.is_empty();
    };
    let before = home.records(plan).0.len();
    let victim = if random.below(2) == 0 { supervisor } else { recorder };
    victim.signal(Signal::KILL);
    // Before the next blow at the same plan it has been taken up again, and says so.
    let _ = within(Duration::from_secs(2), || (home.records(plan).0.len() > before).then_some(()));
    true
}

#[test]
fn a_night_of_luigi_plans_goes_as_the_file_says_whatever_is_killed() {
    let home = Home::new();
    std::fs::write(home.file("tasks.py"), TASKS).unwrap();
    std::fs::write(home.file("luigi.cfg"), "[core]\nno_lock=True\n").unwrap();
    let fates = fates(scale(14, 30));
    let text = file_of(&fates, &home);
    let mut random = Random::new();
    up(&home, &text, &[]);
    let mut blows = 0_u32;
    let rows = || -> Vec<Value> {
        let listed = home.planwatch(["ps", "-a", "-o", "json"]).prints_something();
        serde_json::from_str(&listed.may_speak().runs().stdout).unwrap()
    };
    let over = within(Duration::from_secs(scale(240, 900)), || {
        blows += u32::from(strike(&home, &fates, &mut random));
        let rows = rows();
        let ended = |row: &&Value| row["state"] == "ended" || row["state"] == "lost";
        (rows.iter().filter(ended).count() == fates.len()).then_some(rows)
    });
    let over = over.unwrap_or_else(|| panic!("the night has no end\n{}", home.picture()));
    println!("{blows} blows");
    assert!(blows > 0, "nothing was killed");
    for Fate { plan, verdict, runs, .. } in &fates {
        let row = over.iter().find(|row| row["plan"] == plan.as_str()).unwrap();
        assert_eq!(row["verdict"], *verdict, "{row}");
        let came = std::fs::read_to_string(home.file(&format!("came-{plan}"))).unwrap_or_default();
        assert_eq!(came.lines().count(), *runs, "{plan} was started so often");
        if *runs > 0 {
            let records = home.records(plan);
            assert_eq!(records.events("run.started").len(), *runs, "{plan}");
            home.audit(plan).holds();
        }
    }
    let of = |plan: &str| spans(&home, plan);
    let all: Vec<_> = fates.iter().filter(|fate| fate.runs > 0).flat_map(|f| of(&f.plan)).collect();
    assert!(most_at_once(&all) <= 4, "{} at once", most_at_once(&all));
    let ended = |plan: &str| of(plan).last().unwrap().1.clone();
    assert!(of("last")[0].0 > ended("hangs") && of("last")[0].0 > ended("good-6"));
    home.until_quiet();
}
