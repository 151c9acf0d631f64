//! Disks that are full, broken, read-only, slow or somebody else's.

use std::process::Command;

use crate::ground::{alone, has, is_root};
use crate::harness::{Chunk, Home, Live, Records, Step, scale};

#[test]
fn a_home_that_others_own_is_refused_and_named() {
    if !is_root() {
        return;
    }
    let home = Home::of_ordinary_user();
    std::fs::create_dir(home.path()).unwrap();
    std::fs::write(home.path().join("format"), "planwatch-state 1\n").unwrap();
    let path = home.path().display().to_string();
    for command in [&["run", "-n", "plan", "--", "true"][..], &["ps"], &["logs", "x"], &["prune"]] {
        home.planwatch(command.iter().copied()).code(5).says(&path).says("belongs to").runs();
    }
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
}

/// Takes every inode that is left on the home's disk, until it is dropped.
struct Fillers<'a>(&'a Home, u32);

impl Fillers<'_> {
    fn take_all(home: &Home) -> Fillers<'_> {
        let mut fillers = Fillers(home, 0);
        while std::fs::File::create(fillers.path(fillers.1)).is_ok() {
            fillers.1 += 1;
        }
        fillers
    }

    fn path(&self, n: u32) -> std::path::PathBuf {
        self.0.plan_dir("plan").join(format!("filler-{n}"))
    }
}

impl Drop for Fillers<'_> {
    fn drop(&mut self) {
        (0..self.1).for_each(|n| drop(std::fs::remove_file(self.path(n))));
    }
}

#[test]
fn without_inodes_the_log_stays_on_its_segment_and_loses_nothing() {
    if !is_root() {
        return;
    }
    let home = Home::on_disk(|home| {
        let at = home.path().display().to_string();
        format!("mount -t tmpfs -o size=64m,nr_inodes=200,mode=700 tmpfs '{at}'")
    });
    let home = home.expect("root may mount");
    let steps = [
        Step::Chunk(Chunk::Bulk),
        Step::Both(100),
        Step::Mark(home.file("begun")),
        Step::Gate(home.file("gate")),
        Step::Both(2_000),
        Step::Gate(home.file("over")),
        Step::Both(2_000),
    ];
    home.run_oracle(&["-d", "-n", "plan", "--segment-size", "64KiB"], &steps)
        .prints("plan\n")
        .may_speak()
        .runs();
    home.until_file("begun");
    let fillers = Fillers::take_all(&home);
    home.touch("gate");
    let lines = |records: &Records| records.0.iter().filter(|r| r["stream"] == "stderr").count();
    home.until("what was written is recorded", || {
        (lines(&home.records("plan")) == 2_100).then_some(())
    });
    assert_eq!(home.segments("plan").len(), 1);
    let last = home.records("plan").last_seq();
    let listed = home.planwatch(["ps", "-o", "json"]).prints_something().runs().json();
    assert_eq!(listed[0]["last_seq"], last, "what could not be saved is folded from the log");
    drop(fillers);
    home.touch("over");
    home.planwatch(["wait", "plan"]).prints("plan succeeded 0\n").may_speak().runs();
    let report = home.audit("plan").run(1, &steps).holds();
    assert!(report.segments > 5, "{report:?}");
    home.planwatch(["verify", "plan"]).prints_something().may_speak().runs();
}

/// `record`, fed by the oracle, where strace meddles with system calls on the first segment.
fn record_meddled(home: &Home, inject: &str, steps: &[Step]) -> Live {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut oracle = Command::new(home.oracle_program());
    let mut oracle = oracle.args(steps.iter().map(Step::to_arg)).stdout(writer).spawn().unwrap();
    std::thread::spawn(move || oracle.wait());
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("inject={inject}")]);
    let segment = home.plan_dir("plan").join("log/000000000000000001.jsonl");
    strace.arg("-P").arg(segment);
    home.planwatch(["record", "plan", "--segment-size", "64KiB"])
        .under(strace)
        .stdin(reader)
        .code(0)
        .spawn()
}

#[test]
fn errors_of_the_disk_are_waited_out_and_cost_no_line() {
    if !has("strace") {
        return;
    }
    let home = Home::new();
    let steps = [Step::Chunk(Chunk::Bulk), Step::Stdout(3_000)];
    record_meddled(&home, "write:error=EIO:when=4..8", &steps).ends();
    home.audit("plan").run(1, &steps).holds();
    home.planwatch(["verify", "plan"]).prints_something().may_speak().runs();
}

#[test]
fn a_sync_that_fails_is_on_record_and_no_later_success_hides_it() {
    if !has("strace") {
        return;
    }
    // A sealed segment is synced when the next has begun, the last one at the end.
    for lines in [600, 50] {
        let home = Home::new();
        let steps = [Step::Chunk(Chunk::Bulk), Step::Stdout(lines)];
        record_meddled(&home, "fdatasync:error=EIO:when=1", &steps).ends();
        home.audit("plan").with_gaps().run(1, &steps).holds();
        let records = home.records("plan");
        let gaps = records.events("log.gap");
        assert_eq!(gaps.len(), 1, "{gaps:?}");
        assert!(gaps[0]["msg"].as_str().unwrap().contains("power cut"), "{gaps:?}");
        home.planwatch(["verify", "plan"]).prints_something().may_speak().runs();
    }
}

#[test]
fn a_slow_disk_makes_the_plan_wait_and_costs_no_line() {
    if !has("strace") {
        return;
    }
    let home = Home::new();
    let steps = [Step::Chunk(Chunk::Bulk), Step::Stdout(scale(5_000, 100_000))];
    record_meddled(&home, "write:delay_enter=300000", &steps).ends();
    home.audit("plan").run(1, &steps).holds();
}

#[test]
fn a_disk_that_turns_read_only_tears_nothing_and_everything_is_still_read() {
    if !is_root() {
        return;
    }
    let _turn = alone();
    let Some(home) = Home::on_disk(|home| {
        let (image, at) = (home.file("image"), home.path());
        let (image, at) = (image.display(), at.display());
        format!(
            "truncate -s 32M '{image}'; mkfs.ext4 -q '{image}'; \
             mount -o loop,errors=remount-ro '{image}' '{at}'; rmdir '{at}/lost+found'; chmod 700 '{at}'"
        )
    }) else {
        println!("skipped: no loop device here");
        return;
    };
    let steps = [
        Step::Both(100),
        Step::Mark(home.file("begun")),
        Step::Gate(home.file("gate")),
        Step::Both(100),
        Step::Idle,
    ];
    home.run_oracle(&["-d", "-n", "plan"], &steps).prints("plan\n").may_speak().runs();
    home.until_file("begun");
    for last in ["o00000099", "e00000099"] {
        home.until_record("plan", &format!("{last} is recorded"), |record| {
            record["msg"].as_str().is_some_and(|msg| msg.starts_with(last))
        });
    }
    let before = home.records("plan").len();
    let at = home.path().display().to_string();
    home.on_its_disk(&format!(
        "device=$(findmnt -no SOURCE '{at}'); echo 1 > /sys/fs/ext4/${{device#/dev/}}/trigger_fs_error"
    ));
    home.touch("gate");
    let done = home.planwatch(["logs", "-o", "json", "plan"]).prints_something().may_speak().runs();
    assert_eq!(done.lines().len(), before);
    let listed = home.planwatch(["ps", "-o", "json"]).prints_something().may_speak().runs().json();
    assert_eq!(listed[0]["state"], "running");
    home.planwatch(["verify", "plan"]).prints_something().may_speak().runs();
    home.planwatch(["run", "-d", "-n", "other", "--", "true"])
        .any_code()
        .may_speak()
        .says("ead-only")
        .runs();
    home.planwatch(["stop", "--timeout", "2s", "plan"])
        .any_code()
        .prints_something()
        .may_speak()
        .runs();
}
