//! Sealed segments in less room: zstd in frames that can be read alone, and a table of them.
//!
//! | file | holds |
//! | --- | --- |
//! | `table` | where each frame is: Zstandard's seekable format |
//! | `file` | bytes out of the middle of a compressed segment |
//! | `pack` | a compressed segment in the place of a plain one |
//!
//! The log's other readers never ask which of the two a segment is: see `segment`. What surprises: a
//! damaged frame reads as NULs, as a stretch that a power cut has emptied does, so that its records
//! are missed, named and passed over like any others.

mod file;
pub mod pack;
mod table;

pub(super) use file::Packed;

/// Bytes of a segment in one frame, up to a line end: what is unpacked to read on from any of them,
/// a few milliseconds. A quarter of it is packed a sixth worse, for runs of a plan repeat each other
/// at such distances.
#[cfg(not(test))]
const FRAME: usize = 4 << 20;
/// A log of several frames is made, packed and read many times over.
#[cfg(test)]
const FRAME: usize = 1 << 20;

#[cfg(test)]
mod tests;
