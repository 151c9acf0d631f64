//! The JSON Schema that ships with planwatch holds for real logs.

use crate::harness::{Home, Step};

/// Every record of the plan is what the schema says.
#[track_caller]
pub(crate) fn all_records_satisfy_it(home: &Home, plan: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/record.schema.json");
    let schema = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let records = home.records(plan);
    assert!(!records.0.is_empty());
    for record in &records.0 {
        if let Err(error) = schema.validate(record) {
            panic!("{error}\n{record}");
        }
    }
}

/// The value is what a published schema says.
#[track_caller]
pub(crate) fn satisfies(name: &str, value: &serde_json::Value) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema").join(name);
    let schema = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    if let Err(error) = jsonschema::validator_for(&schema).unwrap().validate(value) {
        panic!("{error}\n{value}");
    }
}

#[test]
fn records_of_every_kind_satisfy_the_schema() {
    let home = Home::new();
    let steps = [
        Step::MixedEnds(true),
        Step::Both(300),
        Step::Binary(2_000),
        Step::Letters(200_000),
        Step::Mark(home.file("up")),
        Step::Idle,
    ];
    home.run_oracle(&["-d", "-n", "plan", "--segment-size", "64KiB"], &steps)
        .prints("plan\n")
        .may_speak()
        .runs();
    home.until_file("up");
    let recorder = home.until("a recorder lives", || home.recorder("plan"));
    recorder.signal(rustix::process::Signal::KILL);
    let supervisor = home.until("a supervisor lives", || home.supervisor("plan"));
    home.until_record("plan", "it is replaced", |record| record["event"] == "recorder.restarted");
    supervisor.signal(rustix::process::Signal::KILL);
    home.until_record("plan", "it is replaced", |record| record["event"] == "supervisor.adopted");
    home.planwatch(["stop", "plan"]).prints_something().may_speak().runs();
    let report = home.audit("plan").holds();
    assert!(report.events.len() >= 10, "{:?}", report.events);
    all_records_satisfy_it(&home, "plan");
}
