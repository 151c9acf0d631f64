//! A compressed segment in the place of a plain one.
//!
//! Whatever interrupts it, the log is whole: the twin appears complete and on the disk, is read back
//! and found equal, and only then the plain one goes. Where both exist the plain one counts.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use zstd::bulk::Compressor;
use zstd::zstd_safe::{CParameter, Strategy};

use super::super::layout::PlanDir;
use super::super::lock::{Holder, Lock};
use super::super::segments::{self, Segment};
use super::table;
use super::{FRAME, Packed};

/// Bytes of the longest line that a frame waits for.
const LONGEST: u64 = 1 << 20;
/// While so much waits that a flood may be faster, less is tried, before retention takes away what
/// would have had room.
const BACKLOG: u64 = 256 << 20;
const LARGE_BACKLOG: u64 = 1 << 30;

/// What was compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// Segments.
    pub segments: u64,
    /// Bytes they need no longer.
    pub bytes: u64,
}

/// Compresses every sealed segment of a log but the newest; `me` is written into the lock that keeps
/// a second one from doing the same. Ends early, and is to be called again later, if there is one.
/// `look` is told before each step and may end it with an error, as a kill would.
pub fn compress(
    plan: &PlanDir,
    me: &Holder,
    look: &mut dyn FnMut(&'static str) -> io::Result<()>,
) -> io::Result<Saved> {
    let mut saved = Saved::default();
    let Ok(_lock) = Lock::take(&plan.compress_lock(), me)? else { return Ok(saved) };
    remove_unfinished(&plan.log())?;
    // Again and again, for the log goes on meanwhile.
    while let Some((segment, bytes)) = compress_round(plan, look)? {
        saved.segments += segment;
        saved.bytes += bytes;
    }
    Ok(saved)
}

/// What [`compress`] would work on if the `without` oldest segments were not there.
pub fn compressible(plan: &PlanDir, without: u64) -> io::Result<Saved> {
    let listed = segments::list(&plan.log())?;
    let mut found = Saved::default();
    let without = usize::try_from(without).unwrap_or(usize::MAX);
    for pair in listed.windows(2).skip(without) {
        if is_ready(&pair[0], &pair[1])? {
            found.segments += 1;
            found.bytes += pair[0].bytes;
        }
    }
    Ok(found)
}

/// How hard it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effort {
    /// A fifth fewer bytes than the next, in ten times its time: nobody waits for it.
    Patient,
    /// What the patient would never come to the end of.
    Hurried,
    /// A quarter more bytes than hurried, in a fifth of its time.
    Hasty,
}

impl Effort {
    /// What is right while so many bytes wait.
    fn at(backlog: u64) -> Effort {
        match backlog {
            ..=BACKLOG => Effort::Patient,
            backlog if backlog <= LARGE_BACKLOG => Effort::Hurried,
            _ => Effort::Hasty,
        }
    }

    fn compressor(self) -> io::Result<Compressor<'static>> {
        let mut compressor = Compressor::new(match self {
            Effort::Patient => 17,
            Effort::Hurried => 9,
            Effort::Hasty => 3,
        })?;
        compressor.set_parameter(CParameter::ChecksumFlag(true))?;
        compressor.set_parameter(CParameter::ContentSizeFlag(true))?;
        if self == Effort::Patient {
            // Records are one long match after the other, with a few digits between them: matches
            // are taken whole up to 256 bytes, and there are many to choose from without a deep
            // search. Level 19 needs twice the time for a hundredth less.
            compressor.set_parameter(CParameter::Strategy(Strategy::ZSTD_btopt))?;
            compressor.set_parameter(CParameter::WindowLog(FRAME.ilog2() + 1))?;
            compressor.set_parameter(CParameter::ChainLog(FRAME.ilog2()))?;
            compressor.set_parameter(CParameter::HashLog(FRAME.ilog2() - 2))?;
            compressor.set_parameter(CParameter::SearchLog(4))?;
            compressor.set_parameter(CParameter::MinMatch(3))?;
            compressor.set_parameter(CParameter::TargetLength(256))?;
        }
        Ok(compressor)
    }
}

/// One look at the log; None if there was nothing to do.
fn compress_round(
    plan: &PlanDir,
    look: &mut dyn FnMut(&'static str) -> io::Result<()>,
) -> io::Result<Option<(u64, u64)>> {
    let listed = segments::list(&plan.log())?;
    let mut done = None;
    let plain = listed.iter().filter(|segment| !segment.compressed);
    let mut backlog = plain.map(|segment| segment.bytes).sum::<u64>();
    for pair in listed.windows(2) {
        let (segment, next) = (&pair[0], &pair[1]);
        let result = match is_ready(segment, next) {
            Ok(true) => replace(segment, Effort::at(backlog), look),
            other => other.map(|_| 0),
        };
        backlog = backlog.saturating_sub(if segment.compressed { 0 } else { segment.bytes });
        match result {
            Ok(0) => {}
            Ok(bytes) => {
                let (segments, sum) = done.unwrap_or((0, 0));
                done = Some((segments + 1, sum + segment.bytes.saturating_sub(bytes)));
            }
            // Pruned meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Whether nobody writes to this segment ever again: it is sealed, and the one behind it has begun.
fn is_ready(segment: &Segment, next: &Segment) -> io::Result<bool> {
    if segment.compressed || segment.bytes == 0 {
        return Ok(false);
    }
    // A recorder that finds nothing in the newest goes on with the one before.
    let begun = next.compressed || has_line(&next.path)?;
    Ok(begun && is_sealed(segment)?)
}

fn has_line(path: &Path) -> io::Result<bool> {
    let mut lines = BufReader::with_capacity(64 << 10, File::open(path)?);
    loop {
        let bytes = lines.fill_buf()?;
        if bytes.is_empty() {
            return Ok(false);
        }
        if memchr::memchr(b'\n', bytes).is_some() {
            return Ok(true);
        }
        let read = bytes.len();
        lines.consume(read);
    }
}

/// Whether the last record says that it is the last.
fn is_sealed(segment: &Segment) -> io::Result<bool> {
    // With 64 checksums it is less than a KiB; a segment of 1 GiB has a thousand of them.
    let mut tail = vec![0; 32 << 10];
    let from = segment.bytes.saturating_sub(tail.len() as u64);
    let read = File::open(&segment.path)?.read_at(&mut tail, from)?;
    let Some(text) = tail[..read].strip_suffix(b"\n") else { return Ok(false) };
    let last = memchr::memrchr(b'\n', text).map_or(text, |before| &text[before + 1..]);
    Ok(memchr::memmem::find(last, br#","event":"segment.sealed","#).is_some())
}

/// Puts the compressed twin in the segment's place. How large that is; 0 if it was not worth it.
fn replace(
    segment: &Segment,
    effort: Effort,
    look: &mut dyn FnMut(&'static str) -> io::Result<()>,
) -> io::Result<u64> {
    let log = segment.path.parent().unwrap_or(Path::new("."));
    let twin = log.join(format!("{:018}.jsonl.zst", segment.first));
    let new = unfinished(log, segment.first);
    look("begin")?;
    let plain = File::open(&segment.path)?;
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)?;
    let sum = write(&plain, &mut file, effort, look)?;
    file.sync_all()?;
    look("synced")?;
    let bytes = file.metadata()?.len();
    if sum != checksum(&Packed::new(File::open(&new)?)?)? {
        fs::remove_file(&new)?;
        let what = format!("{} could not be read back as it was", new.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    look("proved")?;
    fs::rename(&new, &twin)?;
    // At once, before the folder is brought to the disk: a twin must not bring back what is pruned.
    if !segment.path.exists() {
        fs::remove_file(&twin)?;
        return Ok(0);
    }
    look("renamed")?;
    File::open(log)?.sync_all()?;
    look("safe")?;
    match fs::remove_file(&segment.path) {
        // Pruned meanwhile: its twin must not bring it back.
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::remove_file(&twin)?,
        removed => removed?,
    }
    look("removed")?;
    Ok(bytes)
}

/// Compresses one file into another; gives length and checksum of what was read.
fn write(
    plain: &File,
    file: &mut File,
    effort: Effort,
    look: &mut dyn FnMut(&'static str) -> io::Result<()>,
) -> io::Result<(u64, u32)> {
    let mut encoder = effort.compressor()?;
    let (mut frames, mut crc, mut length) = (Vec::new(), crc32fast::Hasher::new(), 0);
    let mut plain = BufReader::new(plain);
    let mut text = Vec::with_capacity(FRAME + (FRAME >> 2));
    loop {
        text.clear();
        plain.by_ref().take(FRAME as u64).read_to_end(&mut text)?;
        if text.is_empty() {
            break;
        }
        // A frame begins with a line, for whoever looks only at its beginning. Where no line ends,
        // it begins anywhere.
        plain.by_ref().take(LONGEST).read_until(b'\n', &mut text)?;
        crc.update(&text);
        length += text.len() as u64;
        let packed = encoder.compress(&text)?;
        file.write_all(&packed)?;
        let size = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        table::push(&mut frames, size(&packed), size(&text));
        look("frame")?;
    }
    file.write_all(&table::encode(&frames))?;
    Ok((length, crc.finalize()))
}

/// The same of what a compressed segment gives.
fn checksum(packed: &Packed) -> io::Result<(u64, u32)> {
    let (mut crc, mut at) = (crc32fast::Hasher::new(), 0);
    let mut text = vec![0; FRAME];
    loop {
        match packed.read_at(&mut text, at)? {
            0 => return Ok((at, crc.finalize())),
            read => {
                crc.update(&text[..read]);
                at += read as u64;
            }
        }
    }
}

/// The name under which a twin is made: no segment's.
fn unfinished(log: &Path, first: u64) -> PathBuf {
    log.join(format!(".{first:018}.jsonl.zst.new"))
}

/// Removes what an interrupted one has left: with the lock held nobody else makes such files.
fn remove_unfinished(log: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(log) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') && name.ends_with(".jsonl.zst.new") {
            fs::remove_file(entry.path())?;
        } else if let Some(plain) = name.strip_suffix(".zst")
            && segments::parse_name(&name).is_some()
            && entry.path().with_file_name(plain).exists()
        {
            // Both are there: whether the twin was found equal is not known any more.
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
