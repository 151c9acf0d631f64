//! A storm over many plans at once: whoever can be killed is killed, the disk fills, logs are
//! pruned under readers who come and go, plans are stopped, killed and started again. What falls
//! when comes from a seed (PLANWATCH_TEST_SEED gives it again). At its end every line is accounted
//! for, and one page tells what it was. PLANWATCH_TEST_SECONDS makes it shorter or longer.
//!
//! At full scale, ten minutes over fifty plans:
//! `PLANWATCH_TEST_SCALE=full cargo test --release --test faults a_storm -- --nocapture`

mod page;

use std::io::Write as _;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Chunk, Home, Live, Proc, Random, Step, scale};
use page::Page;

/// One plan of the storm.
struct Target {
    name: String,
    /// Runs that were begun.
    runs: u64,
    /// Follows from the first record to the last; the log of such a plan is pruned under it.
    witness: Option<Live>,
}

struct Storm {
    home: Home,
    random: Random,
    targets: Vec<Target>,
    /// Followers that will be killed.
    passing: Vec<Live>,
    /// When there was room on the disk again.
    full: Option<Instant>,
    page: Page,
}

/// What falls, how often beside the others, and how.
type Fault = (&'static str, u64, fn(&mut Storm));

const FAULTS: [Fault; 12] = [
    ("recorder killed", 30, Storm::kill_recorder),
    ("supervisor killed", 12, Storm::kill_supervisor),
    ("both killed", 8, Storm::kill_both),
    ("recorder stopped", 4, Storm::freeze_recorder),
    ("disk full", 3, Storm::fill_disk),
    ("log pruned", 12, Storm::prune),
    ("saved state removed", 6, Storm::forget_state),
    ("follower came", 20, Storm::follow),
    ("follower killed", 14, Storm::kill_follower),
    ("plan stopped, started", 4, Storm::stop),
    ("plan restarted", 6, Storm::restart),
    ("plan killed, started", 4, Storm::kill_plan),
];

/// Segments that a pruned log keeps: enough for a witness that is a little late.
const KEPT: &str = "24";

/// How long all plans together catch up on what a full disk kept from them.
const CROWDED: Duration = Duration::from_secs(3);

impl Storm {
    fn new(home: Home, plans: u64) -> Storm {
        let (targets, passing, page) = (Vec::new(), Vec::new(), Page::default());
        let random = Random::new();
        let mut storm = Storm { home, random, targets, passing, full: None, page };
        for i in 0..plans {
            let name = format!("plan-{i:02}");
            let steps = storm.steps(i as usize);
            let options = ["-d", "-n", &name, "--segment-size", "64KiB", "--stop-timeout", "5s"];
            storm.home.run_oracle(&options, &steps).prints_something().may_speak().runs();
            let witness = i.is_multiple_of(2).then(|| {
                let args = ["logs", "-f", "--forever", "-o", "json", "--after", "0", &name];
                storm.home.planwatch(args).any_code().prints_something().may_speak().spawn()
            });
            storm.targets.push(Target { name, runs: 1, witness });
        }
        storm
    }

    /// What a plan does until the storm is over.
    fn steps(&self, i: usize) -> Vec<Step> {
        let file = |what: &str| self.home.file(&format!("{what}-{i}"));
        vec![
            Step::Account(file("account")),
            Step::Seed(i as u64),
            Step::Chunk(if i.is_multiple_of(3) { Chunk::Line } else { Chunk::Ragged }),
            Step::MixedEnds(true),
            Step::Rate(scale(1_000, 200)),
            Step::Until(self.home.file("over"), file("tally")),
        ]
    }

    fn blow(&mut self) {
        let all: u64 = FAULTS.iter().map(|(_, weight, _)| weight).sum();
        let mut at = self.random.below(all);
        for (name, weight, fault) in FAULTS {
            if at < weight {
                fault(self);
                return self.page.count(name);
            }
            at -= weight;
        }
    }

    fn any(&mut self) -> (usize, String) {
        let i = self.random.below(self.targets.len() as u64) as usize;
        (i, self.targets[i].name.clone())
    }

    fn kill(&self, victims: &[&Proc]) {
        victims.iter().for_each(|victim| victim.signal(Signal::KILL));
        self.home.until("the killed are gone", || {
            victims.iter().all(|v| matches!(v.state(), None | Some('Z'))).then_some(())
        });
    }

    fn recorder(&self, plan: &str) -> Proc {
        self.home.until(&format!("{plan} is recorded"), || self.home.recorder(plan))
    }

    fn supervisor(&self, plan: &str) -> Proc {
        self.home.until(&format!("{plan} is looked after"), || self.home.supervisor(plan))
    }

    /// Bytes in the log, and the number of its newest segment.
    fn log_end(&self, plan: &str) -> (u64, String) {
        let last = self.home.segments(plan).pop();
        last.map_or((0, String::new()), |last| {
            let bytes = last.metadata().map_or(0, |meta| meta.len());
            (bytes, last.display().to_string())
        })
    }

    fn kill_recorder(&mut self) {
        let (_, plan) = self.any();
        let recorder = self.recorder(&plan);
        let killed = Instant::now();
        self.kill(&[&recorder]);
        let before = self.log_end(&plan);
        // It is written again by another: the log says so first.
        while self.log_end(&plan) == before {
            assert!(killed.elapsed() < crate::harness::LIMIT, "{plan}\n{}", self.home.picture());
            std::thread::yield_now();
        }
        self.page.recovered_in(killed, self.full.is_some_and(|full| full.elapsed() < CROWDED));
    }

    fn kill_supervisor(&mut self) {
        let (_, plan) = self.any();
        let supervisor = self.supervisor(&plan);
        self.kill(&[&supervisor]);
        self.supervisor(&plan);
    }

    fn kill_both(&mut self) {
        let (_, plan) = self.any();
        let (recorder, supervisor) = (self.recorder(&plan), self.supervisor(&plan));
        self.kill(&[&supervisor, &recorder]);
        // Whoever looks at it takes it up: now and then a witness has been faster.
        self.home.planwatch(["ps", "-q"]).prints_something().may_speak().runs();
        self.recorder(&plan);
        self.supervisor(&plan);
    }

    fn freeze_recorder(&mut self) {
        let (_, plan) = self.any();
        let recorder = self.recorder(&plan);
        recorder.signal(Signal::STOP);
        self.random.moment(Duration::from_millis(50));
        recorder.signal(Signal::CONT);
    }

    fn fill_disk(&mut self) {
        let filler = self.home.plan_dir("filler");
        let until = Instant::now() + Duration::from_millis(200 + self.random.below(1_500));
        while Instant::now() < until {
            super::full::fill(&filler);
            self.random.moment(Duration::from_millis(10));
        }
        std::fs::remove_file(&filler).unwrap();
        self.full = Some(Instant::now());
    }

    fn prune(&mut self) {
        let (i, _) = self.any();
        let plan = self.targets[i - i % 2].name.clone();
        self.home.planwatch(["prune", "--keep", KEPT, &plan]).prints_something().may_speak().runs();
    }

    fn forget_state(&mut self) {
        let (_, plan) = self.any();
        let _ = std::fs::remove_file(self.home.plan_dir(&plan).join("status.json"));
    }

    fn follow(&mut self) {
        let (_, plan) = self.any();
        let from = self.random.below(50).to_string();
        let verb = ["logs", "attach"][self.random.below(2) as usize];
        let args = match verb {
            "logs" => vec!["logs", "-f", "-o", "json", "-n", &from, &plan],
            _ => vec!["attach", "-n", &from, &plan],
        };
        let follower = self.home.planwatch(args).any_code().prints_something().may_speak();
        self.passing.push(follower.spawn());
        if self.passing.len() > 60 {
            self.kill_follower();
        }
    }

    fn kill_follower(&mut self) {
        if self.passing.is_empty() {
            return;
        }
        let at = self.random.below(self.passing.len() as u64) as usize;
        let follower = self.passing.swap_remove(at);
        follower.signal(Signal::KILL);
        let done = follower.ends();
        let records = done.stdout.lines().filter(|line| line.starts_with('{'));
        let numbers: Vec<u64> = records
            .filter_map(|line| serde_json::from_str::<Value>(line).ok()?["seq"].as_u64())
            .collect();
        for pair in numbers.windows(2) {
            assert_eq!(pair[1], pair[0] + 1, "a follower missed something\n{}", done.stderr);
        }
    }

    /// The plan runs again: as the next run, once.
    fn start_again(&mut self, i: usize) {
        let plan = self.targets[i].name.clone();
        self.home.planwatch(["restart", &plan]).may_speak().runs();
        self.targets[i].runs += 1;
    }

    fn stop(&mut self) {
        let (i, plan) = self.any();
        self.home.planwatch(["stop", &plan]).prints_something().may_speak().runs();
        self.start_again(i);
    }

    fn restart(&mut self) {
        let (i, _) = self.any();
        self.start_again(i);
    }

    fn kill_plan(&mut self) {
        let (i, plan) = self.any();
        self.home.planwatch(["signal", "-s", "KILL", &plan]).may_speak().runs();
        self.home.planwatch(["wait", &plan]).any_code().prints_something().may_speak().runs();
        self.start_again(i);
    }

    /// Everything ends, and everything is counted.
    fn end(mut self) {
        while !self.passing.is_empty() {
            self.kill_follower();
        }
        self.home.touch("over");
        for i in 0..self.targets.len() {
            let plan = self.targets[i].name.clone();
            let wait = self.home.planwatch(["wait", &plan]).prints_something().may_speak();
            assert!(wait.runs().stdout.contains("succeeded"));
        }
        let mut targets = std::mem::take(&mut self.targets);
        for (i, target) in targets.iter_mut().enumerate() {
            self.prove(i, target);
        }
        self.home.planwatch(["verify"]).prints_something().may_speak().runs();
        let listed = self.home.planwatch(["ps", "-a", "-o", "json"]).prints_something().runs();
        for plan in listed.json().as_array().unwrap() {
            assert_eq!(plan["state"], "ended", "{plan}");
        }
        self.home.until_quiet();
        self.page.print(targets.len());
    }

    /// No line of any run of the plan is lost or doubled.
    fn prove(&mut self, i: usize, target: &mut Target) {
        let (steps, name) = (self.steps(i), &target.name);
        let Some(witness) = target.witness.take() else {
            let audit = self.runs_of(self.home.audit(name), i, target.runs, &steps);
            return self.page.proved(name, self.written(i, target.runs), audit.proof());
        };
        self.home.audit(name).pruned().holds();
        // The log is pruned, but all of it went past the witness.
        let last = self.home.records(name).last_seq();
        let wanted = format!("\"seq\":{last},");
        self.home.until("the witness has all", || {
            let printed = witness.stdout_end(4096);
            printed.contains(&wanted).then_some(())
        });
        witness.signal(Signal::INT);
        let heard = witness.ends().stdout;
        let folder = self.home.file(&format!("heard-{i}"));
        std::fs::create_dir(&folder).unwrap();
        as_segments(&heard, &folder);
        let audit = crate::harness::Audit::of(name, &folder);
        let proof = self.runs_of(audit, i, target.runs, &steps).proof();
        self.page.proved(name, self.written(i, target.runs), proof);
    }

    /// What a run has accounted for, by stream.
    fn account(&self, i: usize, run: u64) -> [u64; 2] {
        let account = std::fs::read(self.home.file(&format!("account-{i}.{run}")));
        let account = account.unwrap_or_default();
        [0, 8].map(|at| {
            let bytes = account.get(at..at + 8).map(|bytes| bytes.try_into().unwrap());
            bytes.map_or(0, u64::from_le_bytes)
        })
    }

    fn written(&self, i: usize, runs: u64) -> u64 {
        (1..=runs).flat_map(|run| self.account(i, run)).sum()
    }

    fn runs_of(
        &self,
        mut audit: crate::harness::Audit,
        i: usize,
        runs: u64,
        steps: &[Step],
    ) -> crate::harness::Audit {
        // How many lines it came to write is told of the last run alone.
        let mut unended = steps.to_vec();
        if let Some(Step::Until(_, tally)) = unended.last_mut() {
            *tally = self.home.file("no-tally");
        }
        for run in 1..runs {
            audit = audit.killed_run(run, &unended, self.account(i, run));
        }
        audit.run(runs, steps)
    }
}

/// Puts what a follower printed into files as the recorder had them.
fn as_segments(heard: &str, folder: &std::path::Path) {
    let mut file: Option<std::fs::File> = None;
    for line in heard.lines() {
        if line.contains("\"event\":\"segment.opened\"") {
            let record: Value = serde_json::from_str(line).unwrap();
            let name = format!("{:018}.jsonl", record["seq"].as_u64().unwrap());
            file = Some(std::fs::File::create(folder.join(name)).unwrap());
        }
        let file = file.as_mut().expect("a log begins with the beginning of a segment");
        file.write_all(line.as_bytes()).and_then(|()| file.write_all(b"\n")).unwrap();
    }
}

#[test]
fn a_storm_over_many_plans_costs_no_line() {
    let Some(home) = Home::on_small_disk(scale(512, 8_192)) else {
        println!("skipped: nothing may be mounted here");
        return;
    };
    let mut storm = Storm::new(home, scale(6, 50));
    let given = std::env::var("PLANWATCH_TEST_SECONDS").ok().and_then(|text| text.parse().ok());
    let seconds = given.unwrap_or(scale(12, 600));
    let until = Instant::now() + Duration::from_secs(seconds);
    storm.page.begin();
    while Instant::now() < until {
        storm.blow();
        let calm = [1, 10, 100][storm.random.below(3) as usize];
        storm.random.moment(Duration::from_millis(calm));
    }
    storm.end();
}
