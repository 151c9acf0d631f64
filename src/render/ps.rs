//! The rows of `ps`: what they hold for scripts, and how they look.

use std::time::Duration;

use serde::Serialize;

use super::table::{Cell, Column, table};
use super::theme::Tone;
use crate::fold::{Fold, RunFold};
use crate::model::{Stamp, State, TaskCounts, Verdict, brief, format_duration, format_size};

/// One plan and its last run, as `ps -o json` prints it. Additive: scripts may rely on every key.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PsRow {
    /// The plan.
    pub plan: String,
    /// Its last run.
    pub run: u64,
    /// Where the run stands in its life.
    pub state: State,
    /// How it ended.
    pub verdict: Verdict,
    /// Why, in words.
    pub reasons: Vec<String>,
    /// How its process ended; null until then.
    pub exit: Option<PsExit>,
    /// Its process.
    pub pid: Option<i32>,
    /// When it was announced.
    pub started_at: Stamp,
    /// When its process had ended.
    pub ended_at: Option<Stamp>,
    /// From start to end, or until now.
    pub elapsed_ms: u64,
    /// Luigi's tasks; null while nothing is known of them.
    pub tasks: Option<PsTasks>,
    /// Tasks that run now.
    pub now: Vec<String>,
    /// The first task that failed, for the table.
    #[serde(skip)]
    pub failure: Option<String>,
    /// Its group in the queue.
    pub group: Option<String>,
    /// Lines that name a level of error or worse.
    pub errors: u64,
    /// Lines that name the level warning.
    pub warnings: u64,
    /// Seq of the plan's last record.
    pub last_seq: u64,
    /// Bytes of the plan's segments.
    pub log_bytes: u64,
    /// Processes that still hold the run's output although it has ended.
    pub left_behind: Vec<i32>,
}

/// How a process ended: one of the two is null.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PsExit {
    /// Exit code.
    pub code: Option<i32>,
    /// Signal number.
    pub signal: Option<i32>,
}

/// Tasks by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PsTasks {
    /// All of them.
    pub total: u64,
    /// Ran and succeeded, or found complete.
    pub done: u64,
    /// Running.
    pub running: u64,
    /// Failed, or could not even be scheduled.
    pub failed: u64,
    /// Not run yet, or never will be: their data is missing.
    pub pending: u64,
}

impl PsTasks {
    /// None while nothing is known of any.
    pub fn of(counts: TaskCounts) -> Option<PsTasks> {
        let TaskCounts { total, pending, running, done, complete, failed, missing, broken } =
            counts;
        (total > 0).then_some(PsTasks {
            total: total.into(),
            done: u64::from(done) + u64::from(complete),
            running: running.into(),
            failed: u64::from(failed) + u64::from(broken),
            pending: u64::from(pending) + u64::from(missing),
        })
    }
}

impl PsRow {
    /// The row of a plan; None if it has never run.
    pub fn of(fold: &Fold, log_bytes: u64, now: Stamp) -> Option<PsRow> {
        let run = fold.last()?;
        let exit = (run.code.is_some() || run.signal.is_some())
            .then_some(PsExit { code: run.code, signal: run.signal });
        Some(PsRow {
            plan: fold.plan.to_string(),
            run: run.run,
            state: run.state,
            verdict: run.verdict,
            reasons: run.reasons.clone(),
            exit,
            pid: run.pid.filter(|_| run.ended_at.is_none()),
            started_at: run.started_at,
            ended_at: run.ended_at,
            elapsed_ms: elapsed_ms(run, now),
            tasks: PsTasks::of(run.tasks),
            now: run.now.iter().map(|now| now.task.clone()).collect(),
            failure: run.first_failure.as_ref().map(|failure| failure.task.clone()),
            group: None,
            errors: run.errors,
            warnings: run.warnings,
            last_seq: fold.seq,
            log_bytes,
            left_behind: Vec::new(),
        })
    }

    /// Whether it is no run, but a plan of the queue that waits or was skipped.
    pub fn is_idle(&self) -> bool {
        self.state == State::Queued || self.verdict == Verdict::Skipped
    }

    /// State and verdict in one word.
    pub fn word(&self) -> &'static str {
        if self.state == State::Ended { self.verdict.name() } else { self.state.name() }
    }

    /// What comes first: what is alive, then what ended last.
    pub fn order(&self) -> (bool, i64, &str) {
        let live = self.state.is_live();
        let ended = self.ended_at.filter(|_| !live).unwrap_or(self.started_at);
        (!live, if live { 0 } else { -ended.0 }, &self.plan)
    }
}

fn elapsed_ms(run: &RunFold, now: Stamp) -> u64 {
    u64::try_from(run.took(now).as_millis()).unwrap_or(u64::MAX)
}

const COLUMNS: [Column; 8] = [
    Column::text("PLAN"),
    Column::number("RUN").leaves(3),
    Column::text("STATE"),
    Column::number("TASKS").leaves(1),
    Column::text("NOW").shrinks(16).leaves(4),
    Column::number("ELAPSED").leaves(2),
    Column::number("ERRORS").leaves(5),
    Column::number("LOG").leaves(6),
];

/// Columns that mostly only plans of Luigi's fill.
const TASKS: usize = 3;
const NOW: usize = 4;

/// Cells of the bar before a number of tasks.
const BAR: u64 = 12;

/// The rows as a table.
pub fn ps_table(rows: &[PsRow], width: Option<usize>, colour: bool) -> Vec<u8> {
    let (mut columns, mut cells) = (COLUMNS.to_vec(), rows.iter().map(cells).collect::<Vec<_>>());
    let no_tasks = rows.iter().all(|row| row.tasks.is_none());
    let says_now = |row: &PsRow| row.is_idle() || !row.left_behind.is_empty();
    let no_now = no_tasks && !rows.iter().any(says_now);
    for (at, empty) in [(NOW, no_now), (TASKS, no_tasks)] {
        if empty {
            columns.remove(at);
            cells.iter_mut().for_each(|row| drop(row.remove(at)));
        }
    }
    let mut to = Vec::new();
    table(&mut to, &columns, &cells, width, colour);
    to
}

/// `███▎········`: what is done, and where something failed.
pub fn bar(tasks: PsTasks, cells: u64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let PsTasks { total, done, failed, .. } = tasks;
    let eighths = done * cells * 8 / total.max(1);
    let mut bar = "█".repeat(usize::try_from(eighths / 8).unwrap_or(0));
    bar.push_str(EIGHTHS[usize::try_from(eighths % 8).unwrap_or(0)]);
    let used = eighths.div_ceil(8);
    let mark = u64::from(failed > 0 && used < cells);
    bar.push_str(if mark > 0 { "✗" } else { "" });
    bar.push_str(&"·".repeat(usize::try_from(cells - used - mark).unwrap_or(0)));
    bar
}

/// The bar and the numbers.
fn progress(tasks: PsTasks) -> String {
    let digits = tasks.total.to_string().len();
    format!("{}  {:>digits$}/{}", bar(tasks, BAR), tasks.done, tasks.total)
}

/// What runs now: the task that has run longest, and how many more. Where nothing should run any
/// more, what does all the same, or the task that failed first.
fn now(row: &PsRow) -> Cell {
    if !row.left_behind.is_empty() {
        return Cell::new(format!("{} left behind", row.left_behind.len()), Tone::Bad);
    }
    if row.is_idle() {
        return Cell::new(row.reasons.join(", "), Tone::Dim);
    }
    let running = row.tasks.map_or(0, |tasks| tasks.running);
    match (row.now.first(), &row.failure) {
        (Some(task), _) if running > 1 => format!("{} +{}", brief(task), running - 1).into(),
        (Some(task), _) => brief(task).into(),
        (None, Some(task)) => Cell::new(format!("✗ {}", brief(task)), Tone::Bad),
        (None, None) => "".into(),
    }
}

fn cells(row: &PsRow) -> Vec<Cell> {
    let elapsed = Duration::from_millis(row.elapsed_ms);
    let errors = if row.errors > 0 { Tone::Bad } else { Tone::Dim };
    vec![
        Cell::new(&row.plan, Tone::Bold),
        if row.run > 0 { row.run.to_string() } else { String::new() }.into(),
        Cell::new(row.word(), Tone::of_run(row.state, row.verdict)),
        row.tasks.map_or_else(String::new, progress).into(),
        now(row),
        if row.is_idle() { String::new() } else { format_duration(elapsed) }.into(),
        Cell::new(row.errors.to_string(), errors),
        Cell::new(format_size(row.log_bytes), Tone::Dim),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Failure, NowRunning};

    fn fold(state: State, verdict: Verdict) -> Fold {
        let mut fold = Fold::new("dublin-cafe".parse().unwrap());
        fold.seq = 4711;
        let spawned_at = Some(Stamp(1_000_000));
        let (started_at, pid) = (Stamp(0), Some(12));
        let run =
            RunFold { run: 3, state, verdict, started_at, spawned_at, pid, ..RunFold::default() };
        fold.runs.push(run);
        fold
    }

    #[test]
    fn a_row_has_every_key_that_scripts_were_promised() {
        let row = PsRow::of(&fold(State::Running, Verdict::Unknown), 5, Stamp(62_000_000)).unwrap();
        assert_eq!(
            serde_json::to_string(&row).unwrap(),
            concat!(
                r#"{"plan":"dublin-cafe","run":3,"state":"running","verdict":"unknown","reasons":[],"#,
                r#""exit":null,"pid":12,"started_at":"1970-01-01T00:00:00.000000Z","ended_at":null,"#,
                r#""elapsed_ms":61000,"tasks":null,"now":[],"group":null,"errors":0,"warnings":0,"#,
                r#""last_seq":4711,"log_bytes":5,"left_behind":[]}"#
            )
        );
    }

    #[test]
    fn the_table_shows_how_the_tasks_stand_where_a_plan_has_tasks() {
        let mut running = fold(State::Running, Verdict::Unknown);
        let run = &mut running.runs[0];
        run.tasks =
            TaskCounts { total: 63, pending: 20, running: 3, done: 38, complete: 2, ..run.tasks };
        let named = |task: &str| NowRunning { task: task.to_owned(), since: Stamp(0) };
        run.now = vec![named("WBSLevel3Task(run_id_dir=/runs/1)"), named("B()"), named("C()")];
        let mut failed = fold(State::Ended, Verdict::Failed);
        let run = &mut failed.runs[0];
        run.tasks = TaskCounts { total: 9, pending: 1, failed: 1, done: 7, ..run.tasks };
        let (task, state) = ("Fails(n=3)".to_owned(), crate::model::TaskState::Failed);
        run.first_failure = Some(Failure { task, state, error: None });
        let other = fold(State::Running, Verdict::Unknown);
        let rows: Vec<PsRow> = [running, failed, other]
            .iter()
            .filter_map(|fold| PsRow::of(fold, 5, Stamp(62_000_000)))
            .collect();
        assert_eq!(
            String::from_utf8(ps_table(&rows, None, false)).unwrap(),
            "PLAN         RUN  STATE                  TASKS  NOW               ELAPSED  ERRORS  LOG\n\
             dublin-cafe    3  running  ███████▌····  40/63  WBSLevel3Task +2    1m01s       0  5 B\n\
             dublin-cafe    3  failed     █████████▎✗·  7/9  ✗ Fails(n=3)        1m01s       0  5 B\n\
             dublin-cafe    3  running                                           1m01s       0  5 B\n"
        );
    }

    #[test]
    fn the_table_shows_one_word_for_state_and_verdict() {
        let rows = [
            PsRow::of(&fold(State::Running, Verdict::Unknown), 8_500_000, Stamp(62_000_000)),
            PsRow::of(&fold(State::Ended, Verdict::Failed), 900, Stamp(62_000_000)),
        ];
        let rows: Vec<PsRow> = rows.into_iter().flatten().collect();
        assert_eq!(
            String::from_utf8(ps_table(&rows, None, false)).unwrap(),
            "PLAN         RUN  STATE    ELAPSED  ERRORS      LOG\n\
             dublin-cafe    3  running    1m01s       0  8.1 MiB\n\
             dublin-cafe    3  failed     1m01s       0    900 B\n"
        );
    }
}
