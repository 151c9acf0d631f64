//! A source between its pipe and the log, byte by byte.

use super::super::capture::Identity;
use super::super::recover::recover;
use super::*;
use crate::model::{LogSpec, Stamp};
use crate::store::layout::Home;
use std::io::Write as _;

struct Rig {
    _home: tempfile::TempDir,
    cap: Capture,
    desk: Desk,
    source: Source,
    writer: Option<io::PipeWriter>,
}

impl Rig {
    fn new() -> Rig {
        let temp = tempfile::tempdir().unwrap();
        let plan = Home::open(temp.path()).unwrap().plan(&"p".parse().unwrap());
        plan.create().unwrap();
        let identity = Identity { host: "h".to_owned(), boot: "b".to_owned() };
        let found = recover(&plan, identity, LogSpec::default(), Stamp::now()).unwrap();
        let (mut cap, desk) = (found.cap, Desk::new().unwrap());
        let (reader, writer) = io::pipe().unwrap();
        let source = Source::open_input(&mut cap, &desk, 1, reader.into()).unwrap();
        Rig { _home: temp, cap, desk, source, writer: Some(writer) }
    }

    /// Each of these bytes comes on its own.
    fn trickle(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.writer.as_mut().unwrap().write_all(&[*byte]).unwrap();
            assert_eq!(self.source.take().unwrap(), 1);
            self.source.record(&mut self.cap, &mut self.desk, false).unwrap();
        }
    }
}

#[test]
fn a_stage_that_shows_only_its_front_hides_no_line() {
    let mut rig = Rig::new();
    rig.desk.peek.resize(4096);
    rig.trickle(b"ab\n");
    assert_eq!(rig.source.logged, 3);
    for byte in b"cd\n" {
        rig.writer.as_mut().unwrap().write_all(&[*byte]).unwrap();
        rig.source.take().unwrap();
    }
    let draft = rig.source.draft(&rig.cap, &mut rig.desk).unwrap().unwrap();
    assert!(draft.ends_with(b"\"off\":3,\"msg\":\"cd\"}\n"));
}

#[test]
fn a_stage_that_is_full_hides_no_end() {
    let mut rig = Rig::new();
    rig.trickle(&[b'.'; SMALL_PIPE / 4096]);
    assert!(rig.source.stage.is_full().unwrap());
    rig.writer = None;
    assert_eq!(rig.source.take().unwrap(), 0);
    assert!(rig.source.no_writer);
}
