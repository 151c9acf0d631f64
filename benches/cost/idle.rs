//! What plans that do nothing cost, beside what other supervisors cost with as many children.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::bed::{Bed, is_installed, kib, until, until_at_rest};

/// How long is looked on.
const SECONDS: u64 = 10;

/// What is started for so many plans; gives the processes that look after them.
type Supervisor = fn(&Bed, usize) -> Keeper;

const SUPERVISORS: [(&str, Supervisor); 5] = [
    ("planwatch", planwatch),
    ("supervisord", supervisord),
    ("conmon", conmon),
    ("pueued", pueue),
    ("pm2", pm2),
];

/// What looks after plans. Dropping it ends it.
#[derive(Default)]
struct Keeper {
    pids: Vec<u32>,
    children: Vec<Child>,
    /// Ended with their groups, or as many processes would be left.
    groups: Vec<u32>,
}

pub(crate) fn measure() {
    println!("\nidle: of all the processes that look after the plans, during {SECONDS} s");
    println!(
        "{:<14}{:>8}{:>12}{:>14}{:>14}{:>12}{:>14}",
        "", "plans", "processes", "PSS KiB/plan", "RSS KiB/plan", "wake-ups", "system calls"
    );
    for plans in [10, 100] {
        for (name, supervisor) in SUPERVISORS {
            if name != "planwatch" && !is_installed(name) {
                println!("{name:<14}{plans:>8}  not installed");
                continue;
            }
            let bed = Bed::new();
            let keeper = supervisor(&bed, plans);
            tell(name, plans, &keeper.pids);
            bed.open_gate();
        }
    }
}

fn tell(name: &str, plans: usize, pids: &[u32]) {
    // What never comes to rest is looked at all the same.
    std::thread::sleep(Duration::from_secs(2));
    let sum = |key: &str| pids.iter().map(|&pid| kib(pid, "smaps_rollup", key)).sum::<u64>();
    let (pss, rss) = (sum("Pss:"), sum("Rss:"));
    let before = switches(pids);
    std::thread::sleep(Duration::from_secs(SECONDS));
    let wakes = switches(pids) - before;
    let calls = system_calls(pids).map_or("strace?".to_owned(), |calls| calls.to_string());
    println!(
        "{name:<14}{plans:>8}{:>12}{:>14}{:>14}{wakes:>12}{calls:>14}",
        pids.len(),
        pss / plans as u64,
        rss / plans as u64,
    );
}

/// How often the processes gave a processor back, all threads together.
fn switches(pids: &[u32]) -> u64 {
    let mut sum = 0;
    for pid in pids {
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten();
        for thread in threads.flatten() {
            let text = std::fs::read_to_string(thread.path().join("status")).unwrap_or_default();
            let lines = text.lines().filter(|line| line.contains("ctxt_switches:"));
            sum +=
                lines.filter_map(|line| line.rsplit('\t').next()?.parse::<u64>().ok()).sum::<u64>();
        }
    }
    sum
}

/// System calls that begin while strace looks on. None without it.
fn system_calls(pids: &[u32]) -> Option<u64> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("calls");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-q", "-e", "trace=!exit,exit_group", "-o"]).arg(&file);
    for pid in pids {
        strace.args(["-p", &pid.to_string()]);
    }
    let mut strace = strace.stderr(Stdio::null()).spawn().ok()?;
    let traced = |pid: &u32| kib(*pid, "status", "TracerPid:") == u64::from(strace.id());
    until(|| pids.iter().all(traced));
    let count = || std::fs::read_to_string(&file).unwrap_or_default().lines().count() as u64;
    // What it waited in shows as a call that began when it was attached.
    std::thread::sleep(Duration::from_millis(500));
    let before = count();
    std::thread::sleep(Duration::from_secs(SECONDS));
    let calls = count() - before;
    let _ = Command::new("kill").args(["-INT", &strace.id().to_string()]).status();
    strace.wait().unwrap();
    Some(calls)
}

fn planwatch(bed: &Bed, plans: usize) -> Keeper {
    let names: Vec<String> = (0..plans).map(|n| format!("idle-{n}")).collect();
    names.iter().for_each(|name| bed.run(name, &[], "line", 100));
    bed.go();
    let locks = ["recorder.lock", "supervisor.lock"];
    let pids = names.iter().flat_map(|name| locks.map(|lock| bed.holder(name, lock)));
    let pids: Vec<u32> = pids.collect();
    for &pid in &pids {
        until_at_rest(pid);
    }
    Keeper { pids, children: Vec::new(), groups: Vec::new() }
}

fn supervisord(bed: &Bed, plans: usize) -> Keeper {
    let folder = bed.file("supervisord");
    std::fs::create_dir(&folder).unwrap();
    let at = folder.display();
    let mut conf = format!(
        "[supervisord]\nnodaemon=true\nlogfile={at}/log\npidfile={at}/pid\nchildlogdir={at}\n"
    );
    for n in 0..plans {
        conf += &format!("[program:p{n}]\ncommand=sleep 1000\nstartsecs=0\n");
    }
    std::fs::write(folder.join("conf"), conf).unwrap();
    let mut command = Command::new("supervisord");
    started(command.arg("-c").arg(folder.join("conf")), plans)
}

/// Started as a container engine does, by a runtime that only starts a process.
fn conmon(bed: &Bed, plans: usize) -> Keeper {
    use std::os::unix::fs::PermissionsExt as _;
    let runtime = bed.file("runtime");
    let script = "#!/bin/sh\nwhile [ $# -gt 0 ]; do [ \"$1\" = --pid-file ] && file=$2; shift; done\n\
                  sleep 1000 & echo $! > \"$file\"\n";
    std::fs::write(&runtime, script).unwrap();
    std::fs::set_permissions(&runtime, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut keeper = Keeper::default();
    let sockets = bed.file("sockets");
    std::fs::create_dir(&sockets).unwrap();
    for n in 0..plans {
        let folder = bed.file(&format!("conmon-{n}"));
        std::fs::create_dir(&folder).unwrap();
        let (id, log) = (format!("c{n}"), format!("k8s-file:{}/log", folder.display()));
        let mut command = Command::new("conmon");
        command.args(["-c", &id, "-u", &id, "-n", &id, "--log-path", &log, "--sync"]);
        command.arg("-r").arg(&runtime).arg("--socket-dir-path").arg(&sockets);
        command.arg("--exit-dir").arg(&folder);
        command.arg("-b").arg(&folder).arg("-p").arg(folder.join("pid"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        keeper.pids.push(child.id());
        keeper.children.push(child);
        keeper.groups.push(pid_in(&folder.join("pid")));
    }
    keeper
}

fn pueue(bed: &Bed, plans: usize) -> Keeper {
    let (home, runtime) = (bed.file("pueue"), bed.file("pueue-run"));
    std::fs::create_dir(&home).unwrap();
    std::fs::create_dir(&runtime).unwrap();
    let env = |command: &mut Command| {
        command.env("HOME", &home).env("XDG_RUNTIME_DIR", &runtime).env_remove("XDG_DATA_HOME");
        command.env("XDG_CONFIG_HOME", home.join("config"));
    };
    let mut command = Command::new("pueued");
    env(&mut command);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let ask = |args: &[&str]| {
        let mut command = Command::new("pueue");
        env(&mut command);
        command.args(args).output().is_ok_and(|done| done.status.success())
    };
    until(|| ask(&["parallel", &plans.to_string()]));
    (0..plans).for_each(|_| assert!(ask(&["add", "--", "sleep", "1000"])));
    let pid = child.id();
    until(|| children_of(pid) >= plans);
    Keeper { pids: vec![pid], children: vec![child], groups: Vec::new() }
}

fn pm2(bed: &Bed, plans: usize) -> Keeper {
    let home = bed.file("pm2");
    std::fs::create_dir(&home).unwrap();
    let app = |n| serde_json::json!({"name": format!("p{n}"), "script": "/bin/sleep", "args": "1000", "interpreter": "none"});
    let apps: Vec<_> = (0..plans).map(app).collect();
    let file = home.join("apps.json");
    std::fs::write(&file, serde_json::json!({ "apps": apps }).to_string()).unwrap();
    let mut command = Command::new("pm2");
    command.arg("start").arg(&file).env("PM2_HOME", &home).env("HOME", &home);
    assert!(command.output().unwrap().status.success());
    let pid = pid_in(&home.join("pm2.pid"));
    until(|| children_of(pid) >= plans);
    Keeper { pids: vec![pid], children: Vec::new(), groups: vec![pid] }
}

/// A supervisor that stays where it is started, once it has its children.
fn started(command: &mut Command, plans: usize) -> Keeper {
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let pid = child.id();
    until(|| children_of(pid) >= plans);
    Keeper { pids: vec![pid], children: vec![child], groups: Vec::new() }
}

fn pid_in(file: &Path) -> u32 {
    let mut pid = 0;
    until(|| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        pid = text.trim().parse().unwrap_or(0);
        pid != 0
    });
    pid
}

fn children_of(pid: u32) -> usize {
    descendants(pid).len()
}

fn descendants(pid: u32) -> BTreeSet<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = tasks.map(|task| std::fs::read_to_string(task.path().join("children")));
    let lists: String = lists.map(Result::unwrap_or_default).collect();
    lists.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let own = self.children.iter().map(Child::id).chain(self.groups.iter().copied());
        let mut going: BTreeSet<u32> = own.collect();
        for pid in going.clone() {
            going.extend(descendants(pid));
        }
        for pid in going {
            let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
        }
        self.children.iter_mut().for_each(|child| drop(child.wait()));
    }
}
