//! Records in forms that other collectors of logs read.

use serde_json::{Value, json};

use crate::model::{Level, Record};

/// Appends the record as an entry of systemd's journal export format (systemd.io,
/// "Journal Export Formats"): what `systemd-journal-remote` reads.
pub fn journal(to: &mut Vec<u8>, record: &Record<'_>) {
    let mut number = itoa::Buffer::new();
    field(to, "__REALTIME_TIMESTAMP", number.format(record.ts.0).as_bytes());
    field(to, "PRIORITY", priority(record.level).as_bytes());
    field(to, "SYSLOG_IDENTIFIER", record.plan.as_bytes());
    field(to, "PLANWATCH_PLAN", record.plan.as_bytes());
    field(to, "PLANWATCH_RUN", number.format(record.run).as_bytes());
    field(to, "PLANWATCH_SEQ", number.format(record.seq).as_bytes());
    field(to, "PLANWATCH_STREAM", record.stream.name().as_bytes());
    let task_ts = record.task_ts.map(|ts| ts.to_string().into());
    let optional = [
        ("PLANWATCH_EVENT", &record.event),
        ("PLANWATCH_LOGGER", &record.logger),
        ("PLANWATCH_TASK", &record.task),
        ("PLANWATCH_TASK_EVENT", &record.task_event),
        ("PLANWATCH_TASK_TS", &task_ts),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            field(to, name, value.as_bytes());
        }
    }
    field(to, "MESSAGE", &record.bytes());
    to.push(b'\n');
}

/// `NAME=value`, or, where the value holds what is no text, its length in front of it.
fn field(to: &mut Vec<u8>, name: &str, value: &[u8]) {
    to.extend_from_slice(name.as_bytes());
    let is_text = std::str::from_utf8(value).is_ok()
        && !value.iter().any(|&byte| byte < b' ' && byte != b'\t');
    if is_text {
        to.push(b'=');
    } else {
        to.push(b'\n');
        to.extend_from_slice(&(value.len() as u64).to_le_bytes());
    }
    to.extend_from_slice(value);
    to.push(b'\n');
}

/// Severity as syslog(3) numbers it.
const fn priority(level: Option<Level>) -> &'static str {
    match level {
        Some(Level::Critical) => "2",
        Some(Level::Error) => "3",
        Some(Level::Warning) => "4",
        Some(Level::Info) | None => "6",
        Some(Level::Debug | Level::Trace) => "7",
    }
}

/// Appends the record as one line of OTLP/JSON (OpenTelemetry protocol, `LogsData`): what the
/// collector's `otlpjsonfile` receiver reads.
pub fn otlp(to: &mut Vec<u8>, record: &Record<'_>) {
    let text = |value: &str| json!({ "stringValue": value });
    // 64-bit integers are strings in protobuf's JSON.
    let whole = |value: u64| json!({ "intValue": value.to_string() });
    let mut attributes = vec![
        attribute("planwatch.seq", whole(record.seq)),
        attribute("log.iostream", text(&record.stream.name())),
    ];
    let task_ts = record.task_ts.map(|ts| ts.to_string().into());
    let optional = [
        ("event.name", &record.event),
        ("planwatch.task", &record.task),
        ("planwatch.task_event", &record.task_event),
        ("planwatch.task_ts", &task_ts),
    ];
    for (key, value) in optional {
        attributes.extend(value.as_deref().map(|value| attribute(key, text(value))));
    }
    let time = record.ts.0.saturating_mul(1000).to_string();
    let mut entry = json!({
        "timeUnixNano": time,
        "observedTimeUnixNano": time,
        "body": text(&record.msg),
        "attributes": attributes,
    });
    if let (Some(level), Some(entry)) = (record.level, entry.as_object_mut()) {
        entry.insert("severityNumber".to_owned(), severity(level).into());
        entry.insert("severityText".to_owned(), level.name().to_uppercase().into());
    }
    let scope = record.logger.as_deref().unwrap_or("planwatch");
    let line = json!({ "resourceLogs": [{
        "resource": { "attributes": [
            attribute("service.name", text(&record.plan)),
            attribute("planwatch.run", whole(record.run)),
        ]},
        "scopeLogs": [{ "scope": { "name": scope }, "logRecords": [entry] }],
    }]});
    to.extend_from_slice(line.to_string().as_bytes());
    to.push(b'\n');
}

fn attribute(key: &str, value: Value) -> Value {
    json!({ "key": key, "value": value })
}

/// `SeverityNumber` of OpenTelemetry's log data model.
const fn severity(level: Level) -> u8 {
    match level {
        Level::Trace => 1,
        Level::Debug => 5,
        Level::Info => 9,
        Level::Warning => 13,
        Level::Error => 17,
        Level::Critical => 21,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"ts":"2026-11-23T17:31:02.123456Z","seq":7,"plan":"cafe","run":3,"stream":"stderr","off":0,"level":"error","logger":"luigi","msg":"ERROR: é\u001b[0m","task":"T()"}"#;

    #[test]
    fn a_value_that_is_no_text_is_told_with_its_length() {
        let mut to = Vec::new();
        journal(&mut to, &Record::parse(LINE.as_bytes()).unwrap());
        let front = b"__REALTIME_TIMESTAMP=1795455062123456\nPRIORITY=3\nSYSLOG_IDENTIFIER=cafe\n";
        assert!(to.starts_with(front), "{}", String::from_utf8_lossy(&to));
        assert!(to.ends_with("MESSAGE\n\u{d}\0\0\0\0\0\0\0ERROR: é\u{1b}[0m\n\n".as_bytes()));
    }

    #[test]
    fn a_record_of_open_telemetry_tells_numbers_as_strings() {
        let mut to = Vec::new();
        otlp(&mut to, &Record::parse(LINE.as_bytes()).unwrap());
        let line: Value = serde_json::from_slice(&to).unwrap();
        let scope = &line["resourceLogs"][0]["scopeLogs"][0];
        let entry = &scope["logRecords"][0];
        assert_eq!(entry["timeUnixNano"], "1795455062123456000");
        assert_eq!(entry["severityNumber"], 17);
        assert_eq!(scope["scope"]["name"], "luigi");
        assert_eq!(entry["attributes"][0]["value"]["intValue"], "7");
    }
}
