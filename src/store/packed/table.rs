//! Where each frame of a compressed file is, as Zstandard's seekable format tells it (version 0.1.0:
//! `contrib/seekable_format/zstd_seekable_compression_format.md` of the zstd project). The table is a
//! skippable frame at the end, which every decoder passes over; all numbers are little-endian.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// The magic number of the skippable frame that holds a seek table.
const SKIPPABLE: u32 = 0x184D_2A5E;
/// The last four bytes of a file that has a seek table.
const SEEKABLE: u32 = 0x8F92_EAB1;
/// Magic number and size of a skippable frame.
const HEAD: usize = 8;
/// Number of frames, descriptor, magic number.
const FOOT: usize = 9;
/// In the descriptor: each entry has a checksum of four more bytes.
const CHECKSUMS: u8 = 0x80;
/// In the descriptor: reserved, must be zero.
const RESERVED: u8 = 0x7C;

/// More is never in one frame: it would have to be held in memory.
const LARGEST: u64 = 256 << 20;

/// One frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Where it begins in the file.
    pub(super) at: u64,
    /// Its bytes in the file.
    pub(super) packed: u32,
    /// Where its content begins in the segment.
    pub(super) start: u64,
    /// Bytes of its content.
    pub(super) bytes: u32,
}

impl Frame {
    /// Where the content of the next one begins.
    pub(super) fn end(&self) -> u64 {
        self.start + u64::from(self.bytes)
    }
}

/// Appends the frame that follows those there are.
pub(super) fn push(frames: &mut Vec<Frame>, packed: u32, bytes: u32) {
    let (at, start) =
        frames.last().map_or((0, 0), |last| (last.at + u64::from(last.packed), last.end()));
    frames.push(Frame { at, packed, start, bytes });
}

/// The table as it stands at the end of a file.
pub(super) fn encode(frames: &[Frame]) -> Vec<u8> {
    let size = frames.len() * 8 + FOOT;
    let mut table = Vec::with_capacity(HEAD + size);
    table.extend(SKIPPABLE.to_le_bytes());
    table.extend(u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes());
    for frame in frames {
        table.extend(frame.packed.to_le_bytes());
        table.extend(frame.bytes.to_le_bytes());
    }
    table.extend(u32::try_from(frames.len()).unwrap_or(u32::MAX).to_le_bytes());
    table.push(0);
    table.extend(SEEKABLE.to_le_bytes());
    table
}

/// The frames of a file. Where its table is missing or cannot be true, they are looked for one by
/// one.
pub(super) fn read(file: &File) -> io::Result<Vec<Frame>> {
    let length = file.metadata()?.len();
    match listed(file, length)? {
        Some(frames) => Ok(frames),
        None => walk(file, length),
    }
}

/// None if there is no table that fits the file.
fn listed(file: &File, length: u64) -> io::Result<Option<Vec<Frame>>> {
    let Some(foot_at) = length.checked_sub(FOOT as u64) else { return Ok(None) };
    let mut foot = [0; FOOT];
    file.read_exact_at(&mut foot, foot_at)?;
    let (count, descriptor) = (number(&foot, 0), foot[4]);
    if number(&foot, 5) != SEEKABLE || descriptor & RESERVED != 0 {
        return Ok(None);
    }
    let entry = if descriptor & CHECKSUMS == 0 { 8 } else { 12 };
    let size = u64::from(count) * entry as u64 + (HEAD + FOOT) as u64;
    let Some(at) = length.checked_sub(size) else { return Ok(None) };
    let mut table = vec![0; usize::try_from(size).unwrap_or(usize::MAX) - FOOT];
    file.read_exact_at(&mut table, at)?;
    if number(&table, 0) != SKIPPABLE || u64::from(number(&table, 4)) + HEAD as u64 != size {
        return Ok(None);
    }
    let mut frames = Vec::with_capacity(count as usize);
    for entry in table[HEAD..].chunks_exact(entry) {
        push(&mut frames, number(entry, 0), number(entry, 4));
    }
    let end = frames.last().map_or(0, |last| last.at + u64::from(last.packed));
    let fits = end == at && frames.iter().all(|frame| u64::from(frame.bytes) <= LARGEST);
    Ok(fits.then_some(frames))
}

/// The frames up to the first that is none.
fn walk(file: &File, length: u64) -> io::Result<Vec<Frame>> {
    let mut packed = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut packed, 0)?;
    let mut frames = Vec::new();
    let mut rest = packed.as_slice();
    while let Ok(size) = zstd::zstd_safe::find_frame_compressed_size(rest) {
        let content = zstd::zstd_safe::get_frame_content_size(rest).ok().flatten().unwrap_or(0);
        if size == 0 || size > rest.len() || content > LARGEST {
            break;
        }
        let size32 = u32::try_from(size).unwrap_or(u32::MAX);
        push(&mut frames, size32, u32::try_from(content).unwrap_or(u32::MAX));
        rest = &rest[size..];
    }
    Ok(frames)
}

fn number(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_le_bytes)
}
