//! Where the records of a log come from: the disk, or the gateway of another machine.

use std::fmt::Debug;
use std::io;

use crate::store::layout::PlanDir;
use crate::store::reader::{Batch, Reader, Step};
use crate::store::segments;

/// A plan's log, wherever it is.
pub trait Log: Debug + Send + Sync {
    /// What comes behind this seq.
    fn read_after(&self, after: u64) -> io::Result<Box<dyn Source>>;

    /// Last seqs of parts that can be read side by side; none where there is nothing to gain.
    fn ends(&self) -> io::Result<Vec<u64>>;
}

/// A place in a log.
pub trait Source: Debug + Send {
    /// The seq of the last record that was given or passed over.
    fn cursor(&self) -> u64;

    /// Lines that were no records, so far.
    fn skipped(&self) -> u64;

    /// Gives the next lines, or says why there are none.
    fn read(&mut self, batch: &mut Batch) -> io::Result<Step>;

    /// Whether [`Step::End`] is the end of what there is. If not, more is on its way already.
    fn is_at_end(&self) -> bool {
        true
    }
}

impl Log for PlanDir {
    fn read_after(&self, after: u64) -> io::Result<Box<dyn Source>> {
        let mut reader = Reader::open(self)?;
        reader.seek_after(after);
        Ok(Box::new(reader))
    }

    fn ends(&self) -> io::Result<Vec<u64>> {
        Ok(segments::list(&self.log())?.into_iter().map(|segment| segment.first - 1).collect())
    }
}

impl Source for Reader {
    fn cursor(&self) -> u64 {
        Reader::cursor(self)
    }

    fn skipped(&self) -> u64 {
        Reader::skipped(self)
    }

    fn read(&mut self, batch: &mut Batch) -> io::Result<Step> {
        Reader::read(self, batch)
    }
}
