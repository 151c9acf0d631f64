//! A home of its own for one test, and the end of everything that lives by it.

use std::path::{Path, PathBuf};

use rustix::process::Signal;
use tempfile::TempDir;

use super::disk::Disk;
use super::{Audit, Cmd, Proc, Records, Step, procs, records, wait};

/// A fresh PLANWATCH_HOME. Dropping it kills every process that carries it in its environment:
/// supervisors, recorders, plans, followers.
pub(crate) struct Home {
    dir: TempDir,
    planwatch: PathBuf,
    oracle: PathBuf,
    user: Option<u32>,
    disk: Option<Disk>,
}

impl Home {
    pub(crate) fn new() -> Home {
        let planwatch = PathBuf::from(env!("CARGO_BIN_EXE_planwatch"));
        let folder = planwatch.parent().expect("a program lies in a folder");
        let oracle = folder.join("examples/oracle");
        build_if_missing(&oracle, "oracle");
        let dir = tempfile::Builder::new().prefix("planwatch-test-").tempdir().expect("a folder");
        Home { dir, planwatch, oracle, user: None, disk: None }
    }

    /// A home whose commands run as an ordinary user, even where the tests run as root.
    pub(crate) fn of_ordinary_user() -> Home {
        use std::os::unix::fs::PermissionsExt;
        const NOBODY: u32 = 65_534;
        let mut home = Home::new();
        if !rustix::process::geteuid().is_root() {
            return home;
        }
        // The build folder may be out of reach for another user.
        for program in [&mut home.planwatch, &mut home.oracle] {
            let copy = home.dir.path().join(program.file_name().expect("a program has a name"));
            std::fs::copy(&program, &copy).expect("a program can be copied");
            *program = copy;
        }
        std::os::unix::fs::chown(home.dir.path(), Some(NOBODY), Some(NOBODY)).expect("chown");
        std::fs::set_permissions(home.dir.path(), std::fs::Permissions::from_mode(0o755))
            .expect("chmod");
        home.user = Some(NOBODY);
        home
    }

    /// A home on a disk of this size, in mebibytes, which only its own commands see. None where
    /// the tests may not mount anything.
    pub(crate) fn on_small_disk(mebibytes: u64) -> Option<Home> {
        let mut home = Home::new();
        std::fs::create_dir(home.path()).expect("a folder");
        home.disk = Some(Disk::new(&home.path(), mebibytes)?);
        Some(home)
    }

    /// A home in which the shell commands that `script` gives for its path have been carried out,
    /// seen by its own commands alone. None where they fail.
    pub(crate) fn on_disk(script: impl FnOnce(&Home) -> String) -> Option<Home> {
        let mut home = Home::new();
        std::fs::create_dir(home.path()).expect("a folder");
        home.disk = Some(Disk::mounted(&script(&home))?);
        Some(home)
    }

    /// Runs shell commands where the disk is seen.
    pub(crate) fn on_its_disk(&self, commands: &str) {
        let disk = self.disk.as_ref().expect("it has a disk of its own");
        disk.enter().args(&["sh", "-ec", commands]).prints_something().may_speak().runs();
    }

    pub(crate) fn enlarge_disk(&self, mebibytes: u64) {
        self.disk.as_ref().expect("it has a disk of its own").enlarge(&self.path(), mebibytes);
    }

    /// The PLANWATCH_HOME itself.
    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// The PLANWATCH_HOME as the test can read it.
    fn visible(&self) -> PathBuf {
        self.disk.as_ref().map_or(self.path(), |disk| disk.seen_from_outside(&self.path()))
    }

    /// A file of the test, outside of the home.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn touch(&self, name: &str) {
        std::fs::write(self.file(name), "").expect("a file can be made");
    }

    /// What the demo is to find around it: this home, a cache in it, and a Python that has luigi.
    pub(crate) fn demo_env(&self, python: &Path) -> [(&'static str, String); 3] {
        let bin = python.parent().expect("a folder").display().to_string();
        let path = format!("{bin}:{}", std::env::var("PATH").expect("a PATH"));
        [
            ("PLANWATCH_HOME", self.path().display().to_string()),
            ("XDG_CACHE_HOME", self.file("cache").display().to_string()),
            ("PATH", path),
        ]
    }

    pub(crate) fn plan_dir(&self, plan: &str) -> PathBuf {
        self.visible().join("plans").join(plan)
    }

    pub(crate) fn oracle_program(&self) -> String {
        self.oracle.display().to_string()
    }

    /// A program of the tests beside the oracle.
    pub(crate) fn example(&self, name: &str) -> PathBuf {
        let program = self.oracle.with_file_name(name);
        build_if_missing(&program, name);
        program
    }

    /// The program itself.
    pub(crate) fn program(&self) -> &Path {
        &self.planwatch
    }

    /// `planwatch` with these arguments.
    pub(crate) fn planwatch<S: AsRef<str>>(&self, args: impl IntoIterator<Item = S>) -> Cmd {
        let mut cmd = match (self.user, &self.disk) {
            (None, None) => Cmd::new(&self.planwatch),
            (None, Some(disk)) => disk.enter().arg(&self.planwatch),
            (Some(id), _) => Cmd::new(Path::new("setpriv"))
                .arg(format!("--reuid={id}"))
                .arg(format!("--regid={id}"))
                .arg("--clear-groups")
                .arg(self.planwatch.display().to_string()),
        };
        for arg in args {
            cmd = cmd.arg(arg.as_ref());
        }
        cmd.env("PLANWATCH_HOME", &self.path().display().to_string())
            .env("LC_ALL", "C.UTF-8")
            .folder(self.dir.path())
    }

    /// `planwatch run OPTIONS -- oracle STEPS`.
    pub(crate) fn run_oracle(&self, options: &[&str], steps: &[Step]) -> Cmd {
        self.planwatch(["run"])
            .args(options)
            .arg("--")
            .arg(self.oracle_program())
            .args(&steps.iter().map(Step::to_arg).collect::<Vec<_>>())
    }

    /// The records of a plan as they lie on disk now.
    pub(crate) fn records(&self, plan: &str) -> Records {
        Records::read(&self.plan_dir(plan).join("log"))
    }

    /// An audit of the plan's log.
    pub(crate) fn audit(&self, plan: &str) -> Audit {
        Audit::of(plan, &self.plan_dir(plan).join("log"))
    }

    /// Waits until `condition` gives something; in vain, it tells what the home looks like.
    #[track_caller]
    pub(crate) fn until<T>(&self, what: &str, condition: impl FnMut() -> Option<T>) -> T {
        match wait::within(wait::LIMIT, condition) {
            Some(found) => found,
            None => panic!("waited in vain until {what}\n{}", self.picture()),
        }
    }

    /// The same, for so many times as long.
    #[track_caller]
    pub(crate) fn until_within<T>(
        &self,
        times: u64,
        what: &str,
        condition: impl FnMut() -> Option<T>,
    ) -> T {
        match wait::within(wait::LIMIT * times as u32, condition) {
            Some(found) => found,
            None => panic!("waited in vain until {what}\n{}", self.picture()),
        }
    }

    /// Waits for a record that satisfies `wanted`, and gives it.
    #[track_caller]
    pub(crate) fn until_record(
        &self,
        plan: &str,
        what: &str,
        wanted: impl Fn(&serde_json::Value) -> bool,
    ) -> serde_json::Value {
        self.until(what, || self.records(plan).0.iter().find(|record| wanted(record)).cloned())
    }

    /// Waits for a file of the test, and gives its content.
    #[track_caller]
    pub(crate) fn until_file(&self, name: &str) -> String {
        let path = self.file(name);
        self.until(&format!("{name} exists"), || std::fs::read_to_string(&path).ok())
    }

    /// Waits until no process of this home is left: an ended plan costs nothing.
    #[track_caller]
    pub(crate) fn until_quiet(&self) {
        self.until("no process is left", || self.processes().is_empty().then_some(()));
    }

    /// Waits until only this plan's processes are left.
    #[track_caller]
    pub(crate) fn until_quiet_but(&self, plan: &str) {
        let ours = |process: &Proc| process.argv.iter().any(|arg| arg.starts_with("__"));
        let others = || {
            self.processes().into_iter().filter(ours).any(|p| !p.argv.contains(&plan.to_owned()))
        };
        self.until("no other process is left", || (!others()).then_some(()));
    }

    pub(crate) fn processes(&self) -> Vec<Proc> {
        procs::of_home(&self.path())
    }

    /// The process that holds the plan's `recorder.lock`.
    pub(crate) fn recorder(&self, plan: &str) -> Option<Proc> {
        self.holder(plan, "recorder.lock")
    }

    /// The process that holds the plan's `supervisor.lock`.
    pub(crate) fn supervisor(&self, plan: &str) -> Option<Proc> {
        self.holder(plan, "supervisor.lock")
    }

    fn holder(&self, plan: &str, lock: &str) -> Option<Proc> {
        let pid = procs::lock_holder(&self.plan_dir(plan).join(lock))?;
        Some(Proc { pid, argv: procs::argv(pid) })
    }

    /// Kills a plan and all of planwatch that looks after it, so that nobody can replace anybody.
    pub(crate) fn kill_all(&self, plan: &str, pid: i32) {
        let supervisor = self.until("a supervisor lives", || self.supervisor(plan));
        let recorder = self.until("a recorder lives", || self.recorder(plan));
        supervisor.signal(Signal::STOP);
        recorder.signal(Signal::KILL);
        procs::signal_pid(pid, Signal::KILL);
        supervisor.signal(Signal::KILL);
        self.until("all are gone", || {
            let states = [supervisor.state(), recorder.state(), self.state(pid)];
            states.iter().all(|state| state.is_none_or(|state| state == 'Z')).then_some(())
        });
    }

    /// The segments of the plan in order.
    pub(crate) fn segments(&self, plan: &str) -> Vec<PathBuf> {
        records::segments(&self.plan_dir(plan).join("log"))
    }

    /// The letter of the state of any process.
    pub(crate) fn state(&self, pid: i32) -> Option<char> {
        procs::state(pid)
    }

    /// The state of the home in words, for the message of a test that failed.
    pub(crate) fn picture(&self) -> String {
        let mut picture = String::from("processes:\n");
        for process in self.processes() {
            let line = process.argv.join(" ").chars().take(160).collect::<String>();
            picture += &format!("  {} {:?} {line}\n", process.pid, process.state());
        }
        for plan in std::fs::read_dir(self.visible().join("plans")).into_iter().flatten().flatten()
        {
            let name = plan.file_name().to_string_lossy().into_owned();
            let records = Records::readable(&self.plan_dir(&name).join("log")).0;
            picture += &format!("plan {name}: {} records, the last:\n", records.len());
            for record in &records[records.len().saturating_sub(8)..] {
                picture +=
                    &format!("  {}\n", record.to_string().chars().take(300).collect::<String>());
            }
            let said = std::fs::read_to_string(plan.path().join("diagnostics.log"));
            picture += &format!("diagnostics: {}\n", said.unwrap_or_default());
        }
        picture
    }
}

/// `cargo test` builds the examples, `cargo test --test live` does not.
fn build_if_missing(program: &Path, name: &str) {
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock();
    if !program.exists() {
        let mut cargo = std::process::Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--example", name]);
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        let status = cargo.status().expect("cargo can be started");
        assert!(status.success(), "{cargo:?}");
    }
    assert!(program.exists(), "{} is missing: cargo build --examples", program.display());
}

impl Drop for Home {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.picture());
        }
        // A process that forks while it is looked for is found in the next round.
        let gone = wait::within(wait::LIMIT, || {
            let left = self.processes();
            left.iter().for_each(|process| process.signal(Signal::KILL));
            left.is_empty().then_some(())
        });
        if gone.is_none() && !std::thread::panicking() {
            panic!("processes of {} cannot be killed", self.path().display());
        }
    }
}
