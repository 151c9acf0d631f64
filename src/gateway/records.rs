//! `GET /api/plans/{plan}/records`: some records, or the next ones as soon as there are any.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::gate::Gate;
use super::query::{Named, Pairs, Wanted};
use super::refusal::Refusal;
use crate::feed::library::{Answer, Question};
use crate::feed::sieve::{Sieve, Wanted as Filter};
use crate::feed::tails::Cursor;
use crate::model::{PlanName, Stamp};

/// Records that an answer has if nothing is said, and at most.
const LIMIT: usize = 1000;
const MOST: usize = 10_000;
/// Bytes of records in an answer.
const BYTES: usize = 512 << 10;
/// Bytes of log that one question looks through.
const LOOK: usize = 64 << 20;

pub(super) async fn read(
    State(gate): State<Arc<Gate>>,
    Named(plan): Named,
    pairs: Pairs,
) -> Result<Response, Refusal> {
    let wanted = Wanted::of(&pairs, Stamp::now())?;
    let wait = wanted.wait.unwrap_or_default();
    // One who waits may have come before the plan.
    let name = match wait {
        Duration::ZERO => gate.plan(&plan).await?,
        _ => Gate::name(&plan)?,
    };
    let until = Instant::now() + wait;
    let bell = Arc::new(Notify::new());
    let mut waiting = Waiting { bell: Arc::clone(&bell), cursor: None };
    if !wait.is_zero() {
        waiting.cursor = Some(gate.cursor(&name, bell).await?);
    }
    let (plan, limit) = (name.clone(), wanted.limit.unwrap_or(LIMIT).min(MOST));
    let (is_wanted, _asking) = asking();
    let (sieve, after) = match wanted.last {
        Some(_) => {
            gate.search("the log", move |gate| begin(gate, &plan, wanted, &is_wanted)).await?
        }
        None => gate.read("the log", move |gate| begin(gate, &plan, wanted, &|| true)).await?,
    };
    let mut question = Question { after, records: limit, bytes: BYTES, looked_at: LOOK };
    let sieve = Arc::new(sieve);
    loop {
        let (plan, asked, wants) = (name.clone(), question.clone(), Arc::clone(&sieve));
        let answer =
            gate.read("the log", move |gate| gate.library.read(&plan, &asked, &wants)).await?;
        let empty = answer.records == 0 && answer.gaps.is_empty() && !answer.renewed;
        let over = Instant::now() >= until || gate.is_closing();
        if !empty || over || limit == 0 {
            if empty && !wait.is_zero() {
                gate.plan(name.as_str()).await?;
            }
            gate.counts.records.fetch_add(answer.records as u64, Relaxed);
            return Ok(respond(&name, &answer));
        }
        question.after = answer.after;
        if answer.at_end {
            tokio::select! {
                () = waiting.wait(until) => {}
                () = gate.closed() => {}
            }
        }
    }
}

/// Whether whoever asked is still there: a handler is dropped when its connection ends.
fn asking() -> (impl Fn() -> bool + Send, Arc<()>) {
    let asking = Arc::new(());
    let watched = Arc::downgrade(&asking);
    (move || watched.strong_count() > 0, asking)
}

/// Who waits for more of a log.
struct Waiting {
    bell: Arc<Notify>,
    /// Its bell rings as long as this lives.
    cursor: Option<Cursor>,
}

impl Waiting {
    async fn wait(&mut self, until: Instant) {
        if self.cursor.is_some() {
            let _ = timeout_at(until, self.bell.notified()).await;
        }
    }
}

impl Gate {
    async fn cursor(
        self: &Arc<Gate>,
        plan: &PlanName,
        bell: Arc<Notify>,
    ) -> Result<Cursor, Refusal> {
        let plan = plan.clone();
        self.read("the log", move |gate| gate.tails.cursor(&plan, 0, &bell)).await
    }
}

/// What lets records pass, and the cursor to begin with.
fn begin(
    gate: &Gate,
    plan: &PlanName,
    wanted: Wanted,
    is_wanted: &dyn Fn() -> bool,
) -> std::io::Result<(Sieve, u64)> {
    let tasks = gate.library.task_filter(plan, wanted.tasks, wanted.run)?;
    let filter = Filter {
        since: wanted.since,
        until: wanted.until,
        level: wanted.level,
        texts: if wanted.grep.is_empty() { Vec::new() } else { vec![wanted.grep] },
        exclude: wanted.exclude,
        streams: wanted.streams,
        run: wanted.run,
        audience: wanted.audience,
        tasks,
        ..Filter::default()
    };
    let sieve = Sieve::new(filter);
    let mut after = wanted.after.unwrap_or(0);
    if wanted.after.is_none()
        && let Some(since) = wanted.since
    {
        after = gate.library.after_time(plan, since)?;
    }
    if let Some(last) = wanted.last {
        after = after.max(gate.library.after_last(plan, last, &sieve, is_wanted)?);
    }
    Ok((sieve, after))
}

/// `{"plan":"a","records":[…],"after":N}`, and more where there is more to say.
fn respond(plan: &PlanName, answer: &Answer) -> Response {
    let mut body = String::with_capacity(answer.lines.len() + 128);
    let _ = write!(body, "{{\"plan\":\"{plan}\",\"records\":[");
    join(&mut body, answer.lines.lines());
    let _ = write!(body, "],\"after\":{}", answer.after);
    if !answer.at_end {
        body.push_str(",\"more\":true");
    }
    if answer.renewed {
        body.push_str(",\"renewed\":true");
    }
    if !answer.gaps.is_empty() {
        let gaps = answer.gaps.iter();
        let gaps: Vec<String> =
            gaps.map(|gap| format!("{{\"from\":{},\"to\":{}}}", gap.start, gap.end - 1)).collect();
        let _ = write!(body, ",\"gaps\":[{}]", gaps.join(","));
    }
    body.push('}');
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Records as stored, with commas between them.
pub(super) fn join<'a>(to: &mut String, lines: impl Iterator<Item = &'a str>) -> u64 {
    let mut count = 0;
    for line in lines {
        if count > 0 {
            to.push(',');
        }
        to.push_str(line);
        count += 1;
    }
    count
}
