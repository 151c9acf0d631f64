//! Each view as it looks, at several widths, with friendly and hostile tasks.

use snapbox::{assert_data_eq, str};

use super::*;
use crate::fold::RunFold;
use crate::model::{Attempt, Verdict};

mod left;
mod limits;
mod page;

/// Tasks told in a few words.
pub(crate) struct Build {
    table: TaskTable,
}

impl Build {
    pub(crate) fn new() -> Build {
        Build { table: TaskTable { run: 3, ..TaskTable::default() } }
    }

    pub(crate) fn task(mut self, name: &str, state: TaskState, requires: &[u32]) -> Build {
        let family = name.split('(').next().unwrap_or(name).to_owned();
        let requires = requires.to_vec();
        let name = name.to_owned();
        self.table.tasks.push(Task { name, family, state, requires, ..Task::default() });
        self
    }

    /// An attempt of the last task: from second to second.
    pub(crate) fn ran(mut self, from: f64, to: Option<f64>, end: Option<AttemptEnd>) -> Build {
        let stamp = |seconds: f64| Stamp((seconds * 1e6) as i64);
        let task = self.table.tasks.last_mut().unwrap();
        task.attempts += 1;
        task.history.push(Attempt {
            pid: Some(4800 + i32::try_from(task.attempts).unwrap()),
            started_at: stamp(from),
            ended_at: to.map(stamp),
            end,
            first_seq: 1,
            last_seq: None,
        });
        self
    }

    pub(crate) fn done(self, name: &str, requires: &[u32], from: f64, to: f64) -> Build {
        self.task(name, TaskState::Done, requires).ran(from, Some(to), Some(AttemptEnd::Done))
    }

    pub(crate) fn error(mut self, text: &str) -> Build {
        self.table.tasks.last_mut().unwrap().error = Some(text.to_owned());
        self
    }

    pub(crate) fn table(self) -> TaskTable {
        self.table
    }
}

/// A plan at work: everything that can be seen of one.
fn at_work() -> TaskTable {
    Build::new()
        .task("StartTime(dir=x)", TaskState::Complete, &[])
        .done("Purpose(dir=x)", &[0], 1.0, 49.0)
        .done("Assumptions(dir=x)", &[1], 50.0, 180.0)
        .done("Locations(dir=x)", &[1], 50.0, 140.0)
        .task("Crew(dir=x)", TaskState::Done, &[3])
        .ran(141.0, Some(170.0), Some(AttemptEnd::Failed))
        .ran(200.0, Some(260.0), Some(AttemptEnd::Done))
        .error("ConnectionError: 429 Too Many Requests")
        .task("Level(n=1, dir=x)", TaskState::Running, &[2])
        .ran(181.0, None, None)
        .task("Level(n=2, dir=x)", TaskState::Running, &[2, 4])
        .ran(262.0, None, None)
        .task("Budget(dir=x)", TaskState::Pending, &[5, 6])
        .task("Risks(dir=x)", TaskState::Pending, &[6])
        .task("Report(dir=x)", TaskState::Pending, &[7, 8, 5, 0, 1])
        .table()
}

/// A plan that has failed.
fn failed() -> TaskTable {
    Build::new()
        .task("MuseumNight()", TaskState::Pending, &[1])
        .task("Programme()", TaskState::Pending, &[2, 3])
        .done("Visitors()", &[], 0.2, 2.7)
        .task("Swot()", TaskState::Failed, &[4])
        .ran(1.9, Some(3.9), Some(AttemptEnd::Failed))
        .error("KeyError: 'threats'")
        .done("Exhibits()", &[], 0.2, 1.8)
        .table()
}

fn running() -> RunFold {
    RunFold { run: 3, state: State::Running, ..RunFold::default() }
}

fn ended() -> RunFold {
    RunFold {
        run: 1,
        state: State::Ended,
        verdict: Verdict::Failed,
        ended_at: Some(Stamp(4_500_000)),
        wall_ms: Some(4_500),
        ..RunFold::default()
    }
}

fn drawn(
    run: &RunFold,
    table: &TaskTable,
    width: impl Into<Option<usize>>,
    colour: bool,
    view: impl Fn(&mut Vec<u8>, &Scene<'_>, Look),
) -> String {
    let names = Names::new(table);
    let now = Stamp(300_000_000);
    let scene = Scene { plan: "cafe", run, table, names: &names, left: None, now };
    let mut to = Vec::new();
    view(&mut to, &scene, Look { width: width.into(), colour });
    String::from_utf8(to).unwrap()
}

fn whole_table(to: &mut Vec<u8>, scene: &Scene<'_>, look: Look) {
    head(to, scene, look);
    task_table(to, scene, &order(scene), look);
}

#[test]
fn the_table_at_three_widths() {
    assert_data_eq!(
        drawn(&running(), &at_work(), 40, false, whole_table),
        str![[r#"
cafe run 3 · running 5m00s · 4 done
1 complete before · 2 running
3 waiting
longest running: Level(n=1) 1m59s

TASK         STATE     NOTE
Level(n=1)   running
Level(n=2)   running
Budget       pending   waits for Level(…
Risks        pending   waits for Level(…
Report       pending   waits for Level(…
Purpose      done
Assumptions  done
Locations    done
Crew         done      2 attempts: Conn…
StartTime    complete

"#]]
    );
    assert_data_eq!(
        drawn(&running(), &at_work(), 80, false, whole_table),
        str![[r#"
cafe run 3 · running 5m00s · 4 done · 1 complete before · 2 running · 3 waiting
longest running: Level(n=1) 1m59s

TASK         STATE      TOOK  ATTEMPTS   PID  NOTE
Level(n=1)   running   1m59s         1  4801
Level(n=2)   running     38s         1  4801
Budget       pending                          waits for Level(n=1) and Level(n=…
Risks        pending                          waits for Level(n=2)
Report       pending                          waits for Level(n=1), Budget and …
Purpose      done        48s         1  4801
Assumptions  done      2m10s         1  4801
Locations    done      1m30s         1  4801
Crew         done      1m29s         2  4802  2 attempts: ConnectionError: 429 …
StartTime    complete

"#]]
    );
    assert_data_eq!(
        drawn(&running(), &at_work(), 200, false, whole_table),
        str![[r#"
cafe run 3 · running 5m00s · 4 done · 1 complete before · 2 running · 3 waiting · longest running: Level(n=1) 1m59s

TASK         STATE      TOOK  ATTEMPTS   PID  NOTE
Level(n=1)   running   1m59s         1  4801
Level(n=2)   running     38s         1  4801
Budget       pending                          waits for Level(n=1) and Level(n=2)
Risks        pending                          waits for Level(n=2)
Report       pending                          waits for Level(n=1), Budget and 1 more
Purpose      done        48s         1  4801
Assumptions  done      2m10s         1  4801
Locations    done      1m30s         1  4801
Crew         done      1m29s         2  4802  2 attempts: ConnectionError: 429 Too Many Requests
StartTime    complete

"#]]
    );
    assert_data_eq!(
        drawn(&ended(), &failed(), 80, false, whole_table),
        str![[r#"
cafe run 1 · failed 4.5s · 2 done · 1 failed · 2 not run
longest: Visitors 2.5s

TASK         STATE    TOOK  ATTEMPTS   PID  NOTE
Swot         failed   2.0s         1  4801  KeyError: 'threats'
MuseumNight  not run                        needs Programme
Programme    not run                        needs Swot, which failed
Visitors     done     2.5s         1  4801
Exhibits     done     1.6s         1  4801

"#]]
    );
}

#[test]
fn the_tree_at_three_widths() {
    assert_data_eq!(
        drawn(&running(), &at_work(), 40, false, tree),
        str![[r#"
· Report  pending
├─ ▶ Level(n=1)  running  1m59s
│  └─ ✓ Assumptions  2m10s
│     └─ ✓ Purpose  48s
│        └─ ✓ StartTime
├─ · Budget  pending
│  ├─ ▶ Level(n=2)  running  38s
│  │  ├─ ↻ Crew  1m29s  2 attempts: Con…
│  │  │  └─ ✓ Locations  1m30s
│  │  │     └─ ↑ Purpose
│  │  └─ ↑ Assumptions
│  └─ ↑ Level(n=1)
├─ · Risks  pending
│  └─ ↑ Level(n=2)
├─ ↑ Purpose
└─ ↑ StartTime

"#]]
    );
    assert_data_eq!(
        drawn(&running(), &at_work(), 80, false, tree),
        str![[r#"
· Report  pending
├─ ▶ Level(n=1)  running  1m59s
│  └─ ✓ Assumptions  2m10s
│     └─ ✓ Purpose  48s
│        └─ ✓ StartTime
├─ · Budget  pending
│  ├─ ▶ Level(n=2)  running  38s
│  │  ├─ ↻ Crew  1m29s  2 attempts: ConnectionError: 429 Too Many Requests
│  │  │  └─ ✓ Locations  1m30s
│  │  │     └─ ↑ Purpose
│  │  └─ ↑ Assumptions
│  └─ ↑ Level(n=1)
├─ · Risks  pending
│  └─ ↑ Level(n=2)
├─ ↑ Purpose
└─ ↑ StartTime

"#]]
    );
    assert_data_eq!(
        drawn(&ended(), &failed(), 200, false, tree),
        str![[r#"
· MuseumNight  not run
└─ · Programme  not run
   ├─ ✗ Swot  failed  2.0s  KeyError: 'threats'
   │  └─ ✓ Exhibits  1.6s
   └─ ✓ Visitors  2.5s

"#]]
    );
}

#[test]
fn the_timeline_at_three_widths() {
    assert_data_eq!(
        drawn(&running(), &at_work(), 40, false, timeline),
        str![[r#"
✓ 1 complete before: StartTime
              0         2m        4m
✓ Purpose     ┣━━━┫
✓ Assumptio…      ┣━━━━━━━━━━┫
✓ Locations       ├───────┤
↻ Crew         2 attempts ├─✗  ├────┤
▶ Level(n=1)                 ┣━━━━━━━━━▶
▶ Level(n=2)                        ├──▶
· Budget      waits for Level(n=1) and …
· Risks       waits for Level(n=2)
· Report      waits for Level(n=1), Bud…

━ critical path (4m59s): Purpose →
  Assumptions → Level(n=1)

"#]]
    );
    assert_data_eq!(
        drawn(&running(), &at_work(), 80, false, timeline),
        str![[r#"
✓ 1 complete before: StartTime
                      0          1m          2m         3m          4m
✓ Purpose        48s  ┣━━━━━━━━┫
✓ Assumptions  2m10s           ┣━━━━━━━━━━━━━━━━━━━━━━━━┫
✓ Locations    1m30s           ├─────────────────┤
↻ Crew         1m29s                  2 attempts ├────✗     ├───────────┤
▶ Level(n=1)   1m59s                                    ┣━━━━━━━━━━━━━━━━━━━━━━▶
▶ Level(n=2)     38s                                                    ├──────▶
· Budget              waits for Level(n=1) and Level(n=2)
· Risks               waits for Level(n=2)
· Report              waits for Level(n=1), Budget and 1 more

━ critical path (4m59s): Purpose → Assumptions → Level(n=1)

"#]]
    );
    assert_data_eq!(
        drawn(&running(), &at_work(), 120, false, timeline),
        str![[r#"
✓ 1 complete before: StartTime
                      0        30s       1m        1m30s     2m        2m30s    3m        3m30s     4m        4m30s
✓ Purpose        48s  ┣━━━━━━━━━━━━━━━┫
✓ Assumptions  2m10s                  ┣━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┫
✓ Locations    1m30s                  ├────────────────────────────┤
↻ Crew         1m29s                                                ├────────✗         ├──────────────────┤ 2 attempts
▶ Level(n=1)   1m59s                                                             ┣━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━▶
▶ Level(n=2)     38s                                                                                       ├───────────▶
· Budget              waits for Level(n=1) and Level(n=2)
· Risks               waits for Level(n=2)
· Report              waits for Level(n=1), Budget and 1 more

━ critical path (4m59s): Purpose → Assumptions → Level(n=1)

"#]]
    );
    assert_data_eq!(
        drawn(&ended(), &failed(), 80, false, timeline),
        str![[r#"
                      0           1s           2s           3s           4s
✓ Visitors      2.5s    ├───────────────────────────────┤
✓ Exhibits      1.6s    ┣━━━━━━━━━━━━━━━━━━━━┫
✗ Swot          2.0s      KeyError: 'threats' ┣━━━━━━━━━━━━━━━━━━━━━━━━━✗
· MuseumNight         needs Programme
· Programme           needs Swot, which failed

━ critical path (3.7s): Exhibits → Swot

"#]]
    );
}

#[test]
fn a_row_has_every_key_that_scripts_were_promised() {
    let table = at_work();
    let names = Names::new(&table);
    let now = Stamp(300_000_000);
    let scene =
        Scene { plan: "cafe", run: &running(), table: &table, names: &names, left: None, now };
    let row = |at| serde_json::to_string(&TaskRow::of(&scene, at)).unwrap();
    assert_data_eq!(
        row(4),
        str![[
            r#"{"task":"Crew(dir=x)","id":null,"family":"Crew","state":"done","attempts":2,"pid":4802,"started_at":"1970-01-01T00:02:21.000000Z","ended_at":"1970-01-01T00:04:20.000000Z","duration_ms":89000,"error":"ConnectionError: 429 Too Many Requests","requires":["Locations(dir=x)"],"waits_for":[]}"#
        ]]
    );
    assert_data_eq!(
        row(7),
        str![[
            r#"{"task":"Budget(dir=x)","id":null,"family":"Budget","state":"pending","attempts":0,"pid":null,"started_at":null,"ended_at":null,"duration_ms":null,"error":null,"requires":["Level(n=1, dir=x)","Level(n=2, dir=x)"],"waits_for":["Level(n=1, dir=x)","Level(n=2, dir=x)"]}"#
        ]]
    );
}
