//! The time left.

use super::*;

#[test]
fn the_time_left_is_told_from_earlier_runs_and_never_invented() {
    let earlier = |run: u64, took: Option<u64>, factor: f64| {
        let table = Build::new()
            .done("Purpose(dir=y)", &[], 0.0, 50.0)
            .done("Assumptions(dir=y)", &[0], 50.0, 180.0)
            .done("Level(n=1, dir=y)", &[1], 180.0, 180.0 + 300.0 * factor)
            .done("Level(n=2, dir=y)", &[1], 180.0, 180.0 + 200.0 * factor)
            .done("Budget(dir=y)", &[2, 3], 480.0, 540.0)
            .done("Risks(dir=y)", &[3], 400.0, 410.0)
            .done("Report(dir=y)", &[4, 5], 540.0, 600.0)
            .table();
        Earlier { table: TaskTable { run, ..table }, took: took.map(Duration::from_secs) }
    };
    let table = at_work();
    let names = Names::new(&table);
    let now = Stamp(300_000_000);
    let left = |earlier: &[Earlier]| time_left(&table, &names, earlier, now);
    // Level(n=1) has 300 s - 119 s to go, then Budget and Report a minute each.
    let told = left(&[earlier(2, Some(600), 1.0)]).unwrap();
    assert_eq!(told.about, Duration::from_secs(181 + 120));
    assert_eq!((told.runs, told.last), (1, Some((2, Duration::from_secs(600)))));
    // The newest run counts; one that was cut short says nothing about the whole.
    let told = left(&[earlier(2, None, 2.0), earlier(1, Some(600), 1.0)]).unwrap();
    assert_eq!(told.about, Duration::from_secs(481 + 120));
    assert_eq!((told.runs, told.last), (2, Some((1, Duration::from_secs(600)))));
    assert_eq!(left(&[]), None);
    let other = Build::new().done("Budget(dir=y)", &[], 0.0, 1.0).table();
    assert_eq!(left(&[Earlier { table: other, took: None }]), None, "most of it is new");
    let scene = Scene {
        plan: "cafe",
        run: &running(),
        table: &table,
        names: &names,
        left: Some(&told),
        now,
    };
    let mut to = Vec::new();
    head(&mut to, &scene, Look { width: None, colour: false });
    let text = String::from_utf8(to).unwrap();
    assert!(text.contains("about 10 min left (run 1 took 10m00s)"), "{text}");
}
