//! Bytes out of the middle of a compressed segment.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use zstd::bulk::Decompressor;
use zstd::stream::raw::{Decoder, InBuffer, Operation as _, OutBuffer};

use super::table::{self, Frame};

/// Of the beginning of a frame so much is unpacked alone, for who wants no more: a search looks at
/// many beginnings and reads on from one.
const GLIMPSE: usize = 32 << 10;
/// More than the first block of a frame, which holds 128 KiB (RFC 8878), ever takes.
const FIRST_BLOCK: usize = 160 << 10;

/// A compressed segment that is read as if it were plain.
pub(in super::super) struct Packed {
    file: File,
    frames: Vec<Frame>,
    desk: RefCell<Desk>,
}

/// The frame last unpacked: who reads on needs it again.
struct Desk {
    decoder: Decompressor<'static>,
    packed: Vec<u8>,
    text: Vec<u8>,
    frame: Option<usize>,
}

impl Packed {
    /// Reads the table of a compressed file.
    pub(in super::super) fn new(file: File) -> io::Result<Packed> {
        let frames = table::read(&file)?;
        let (packed, text) = (Vec::new(), Vec::new());
        let desk = Desk { decoder: Decompressor::new()?, packed, text, frame: None };
        Ok(Packed { file, frames, desk: RefCell::new(desk) })
    }

    /// Bytes of the segment.
    pub(in super::super) fn len(&self) -> u64 {
        self.frames.last().map_or(0, Frame::end)
    }

    /// Fills `buffer` from the segment's byte `at` on, as far as it goes.
    pub(in super::super) fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        let mut desk = self.desk.borrow_mut();
        let mut filled = 0;
        let mut index = self.frames.partition_point(|frame| frame.end() <= at);
        if let Some(frame) = self.frames.get(index).filter(|_| desk.frame != Some(index)) {
            let from = usize::try_from(at - frame.start).unwrap_or(usize::MAX);
            let upto = from.saturating_add(buffer.len());
            if upto <= GLIMPSE.min(frame.bytes as usize)
                && let Some(text) = desk.glimpse(&self.file, frame)?
                && let Some(wanted) = text.get(from..upto)
            {
                buffer.copy_from_slice(wanted);
                return Ok(buffer.len());
            }
        }
        while filled < buffer.len()
            && let Some(frame) = self.frames.get(index)
        {
            desk.unpack(&self.file, index, frame)?;
            let skip = usize::try_from(at + filled as u64 - frame.start).unwrap_or(usize::MAX);
            let rest = desk.text.get(skip..).unwrap_or_default();
            let take = rest.len().min(buffer.len() - filled);
            buffer[filled..filled + take].copy_from_slice(&rest[..take]);
            filled += take;
            index += 1;
        }
        Ok(filled)
    }

    /// Where the frame begins that holds this byte: there a look costs least.
    pub(in super::super) fn frame_of(&self, at: u64) -> u64 {
        let index = self.frames.partition_point(|frame| frame.end() <= at);
        self.frames.get(index).map_or(at, |frame| frame.start)
    }

    /// Where in the segment frames begin and end that are damaged. Reads the whole of it.
    pub(in super::super) fn damage(&self) -> io::Result<Vec<(u64, u64)>> {
        let mut desk = self.desk.borrow_mut();
        let mut damaged = Vec::new();
        for (index, frame) in self.frames.iter().enumerate() {
            if !desk.unpack(&self.file, index, frame)? {
                damaged.push((frame.start, frame.end()));
            }
        }
        Ok(damaged)
    }
}

impl Desk {
    /// The beginning of a frame. None if it cannot be unpacked; whether what follows is whole is not
    /// known then, which who reads on finds out.
    fn glimpse(&mut self, file: &File, frame: &Frame) -> io::Result<Option<Vec<u8>>> {
        self.packed.resize(FIRST_BLOCK.min(frame.packed as usize), 0);
        if file.read_exact_at(&mut self.packed, frame.at).is_err() {
            return Ok(None);
        }
        let mut text = vec![0; GLIMPSE.min(frame.bytes as usize)];
        let (mut from, mut to) = (InBuffer::around(&self.packed), OutBuffer::around(&mut text[..]));
        let mut decoder = Decoder::new()?;
        while to.pos() < to.capacity() && from.pos() < from.src.len() {
            if decoder.run(&mut from, &mut to).is_err() {
                return Ok(None);
            }
        }
        let whole = to.pos() == to.capacity();
        Ok(whole.then_some(text))
    }

    /// Puts the content of a frame on the desk; NULs, and false, if it is damaged.
    fn unpack(&mut self, file: &File, index: usize, frame: &Frame) -> io::Result<bool> {
        if self.frame == Some(index) {
            return Ok(true);
        }
        self.frame = None;
        let bytes = frame.bytes as usize;
        self.packed.resize(frame.packed as usize, 0);
        self.text.clear();
        self.text.reserve(bytes);
        let whole = match file.read_exact_at(&mut self.packed, frame.at) {
            Ok(()) => {
                let unpacked = self.decoder.decompress_to_buffer(&self.packed, &mut self.text);
                unpacked.is_ok_and(|unpacked| unpacked == bytes)
            }
            // Cut off after its table was read.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
            Err(error) => return Err(error),
        };
        if whole {
            self.frame = Some(index);
        } else {
            self.text.clear();
            self.text.resize(bytes, 0);
        }
        Ok(whole)
    }
}

impl std::fmt::Debug for Packed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packed")
            .field("file", &self.file)
            .field("frames", &self.frames.len())
            .finish()
    }
}
