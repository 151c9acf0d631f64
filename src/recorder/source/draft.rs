//! What a source would record next: by that a torn record is known to be its own.

use std::io;

use super::{Desk, Source};
use crate::model::Stream;
use crate::recorder::capture::Capture;

impl Source {
    /// The first record that [`Source::record`] would make now, without making it.
    pub(in crate::recorder) fn draft(
        &mut self,
        cap: &Capture,
        desk: &mut Desk,
    ) -> io::Result<Option<Vec<u8>>> {
        let Desk { room, peek } = desk;
        let mut filled = 0;
        while filled < room.len() && self.logged + (filled as u64) < self.stage.end() {
            let bytes = self.read(self.logged + filled as u64, &mut room[filled..], peek)?;
            filled += bytes;
            if bytes == 0 && self.stage.held() == 0 {
                break;
            }
            if bytes == 0 {
                self.stage.spill(&mut self.spool)?;
            }
        }
        let at_end = self.ended && self.logged + filled as u64 == self.stage.end();
        let mut line = self.splitter.next(&room[..filled], at_end);
        self.splitter.restart();
        if let Some(secrets) = &mut self.secrets {
            line = line.and_then(|line| secrets.veil.cover(&room[..filled], line, at_end));
        }
        Ok(line.map(|line| match self.stream {
            Stream::Planwatch => cap.draft_said(self.logged, &line),
            _ => cap.draft_text(self.slot, &self.head, self.logged, &line),
        }))
    }
}
