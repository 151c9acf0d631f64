//! The larger values of a plan: its restarts, when it has stalled, `foreach`.

use super::expand::Matrix;
use super::mistake::Mistake;
use super::value::{Desk, Value, in_order};
use crate::model::{Restart, RestartChoice, Stall, StallDeed, parse_duration};

/// Milliseconds of a span of time; 0 is none.
pub(super) fn millis(text: &str) -> Result<u64, String> {
    let span = parse_duration(text).map_err(|error| error.to_string())?;
    u64::try_from(span.as_millis()).map_err(|_| format!("'{text}' is too long"))
}

/// A span of time that is not nothing.
pub(super) fn some_millis(text: &str) -> Result<u64, String> {
    match millis(text)? {
        0 => Err("it must be longer than nothing".to_owned()),
        span => Ok(span),
    }
}

/// `"on-failure:3"`, or a table with `policy`, `max`, `backoff`, `longest`, `healthy`.
pub(super) fn restart(desk: &mut Desk<'_>, value: &Value<'_>) -> Option<RestartChoice> {
    const KEYS: [&str; 5] = ["policy", "max", "backoff", "longest", "healthy"];
    if !value.get_ref().is_table() {
        return desk.parsed("restart", value, str::parse);
    }
    let table = desk.table("restart", value)?;
    let entries = desk.entries("restart", table, &KEYS);
    let Some((_, policy)) = entries.iter().find(|(key, _)| key.it == "policy") else {
        desk.say(
            Mistake::new(value.span(), "restart lacks its policy")
                .hint(r#"restart = { policy = "on-failure", max = 3, backoff = "5s" }"#),
        );
        return None;
    };
    let choice: RestartChoice = desk.parsed("policy", policy, str::parse)?;
    let Some(mut restart) = choice.0 else { return Some(RestartChoice(None)) };
    for (key, value) in &entries {
        fill(desk, &mut restart, &key.it, value)?;
    }
    Some(RestartChoice(Some(restart)))
}

fn fill(desk: &mut Desk<'_>, restart: &mut Restart, key: &str, value: &Value<'_>) -> Option<()> {
    match key {
        "max" => {
            let max = desk.number("max", value, 0..=1_000_000)?;
            restart.max = u32::try_from(max).ok();
        }
        "backoff" => restart.backoff_ms = desk.measure("backoff", value, millis)?,
        "longest" => restart.longest_ms = desk.measure("longest", value, millis)?,
        "healthy" => restart.healthy_ms = desk.measure("healthy", value, some_millis)?,
        _ => {}
    }
    Some(())
}

/// `"10m"`, or a table with `after`, `then`, `in-task`.
pub(super) fn stall(desk: &mut Desk<'_>, value: &Value<'_>) -> Option<Stall> {
    const DEEDS: [(&str, StallDeed); 2] = [("warn", StallDeed::Warn), ("stop", StallDeed::Stop)];
    let mut stall = Stall { after_ms: 0, in_task: false, then: StallDeed::Warn };
    if !value.get_ref().is_table() {
        stall.after_ms = desk.measure("stall-timeout", value, some_millis)?;
        return Some(stall);
    }
    let table = desk.table("stall-timeout", value)?;
    for (key, value) in desk.entries("stall-timeout", table, &["after", "then", "in-task"]) {
        match &*key.it {
            "after" => stall.after_ms = desk.measure("after", value, some_millis)?,
            "then" => stall.then = desk.word("then", value, &DEEDS)?,
            _ => stall.in_task = desk.flag("in-task", value)?,
        }
    }
    if stall.after_ms == 0 {
        let example = r#"stall-timeout = { after = "15m", then = "stop", in-task = true }"#;
        desk.say(Mistake::new(value.span(), "stall-timeout lacks its after").hint(example));
        return None;
    }
    Some(stall)
}

/// `["a", "b"]`, or a table of such lists: every combination.
pub(super) fn foreach(desk: &mut Desk<'_>, value: &Value<'_>) -> Option<Matrix> {
    let mut lists = Vec::new();
    if value.get_ref().is_table() {
        let table = desk.table("foreach", value)?;
        for (key, list) in in_order(table) {
            let texts = desk.texts(&key.it, list)?;
            lists.push((key, texts, list.span()));
        }
    } else {
        let texts = desk.texts("foreach", value)?;
        let each = super::value::At::new("each".to_owned(), value.span());
        lists.push((each, texts, value.span()));
    }
    if let Some((_, _, span)) = lists.iter().find(|(_, texts, _)| texts.is_empty()) {
        desk.say(
            Mistake::new(span.clone(), "foreach has nothing to choose from")
                .hint(r#"foreach = ["a", "b"] makes two plans, and ${each} is their a or b"#),
        );
        return None;
    }
    Some(Matrix::new(lists.into_iter().map(|(key, texts, _)| (key, texts)).collect()))
}
