//! What the system allows this user and this process.

use std::io;
use std::path::Path;

use rustix::process::{Resource, getrlimit};

/// Descriptors that a process may have open; None for no limit.
pub fn open_files() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// A number below `/proc/sys`, such as `fs/pipe-user-pages-soft`; None where there is none.
pub fn setting(name: &str) -> Option<u64> {
    std::fs::read_to_string(Path::new("/proc/sys").join(name)).ok()?.trim().parse().ok()
}

/// Bytes and files that this user may still put on the file system of `path`.
pub fn free(path: &Path) -> io::Result<(u64, u64)> {
    let stat = rustix::fs::statvfs(path)?;
    Ok((stat.f_bavail * stat.f_frsize, stat.f_favail))
}

/// The kernel's release, such as `6.18.2`.
pub fn kernel() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}

/// The kernel's version as two numbers, to be compared.
pub fn kernel_version() -> (u32, u32) {
    let release = kernel();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().ok());
    let mut next = || numbers.next().flatten().unwrap_or(0);
    (next(), next())
}

/// Bytes that a file may have at most; None for no limit.
pub fn file_size() -> Option<u64> {
    getrlimit(Resource::Fsize).current
}

/// Processes that this user may have at once; None for no limit.
pub fn processes() -> Option<u64> {
    getrlimit(Resource::Nproc).current
}

/// What a folder lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileSystem {
    /// A disk of this machine, or a layer above one.
    Local(&'static str),
    /// Memory.
    Memory(&'static str),
    /// Somebody else's, as far as this kernel can tell.
    Remote(&'static str),
    /// Its number (statfs(2)).
    Unknown(u64),
}

/// The kind of file system of a folder that is there.
pub fn file_system(path: &Path) -> Option<FileSystem> {
    let kind = rustix::fs::statfs(path).ok()?.f_type;
    #[allow(clippy::unnecessary_cast, reason = "the field's type differs between targets")]
    let magic = kind as u64 & 0xffff_ffff;
    Some(match magic {
        0xef53 => FileSystem::Local("ext4"),
        0x5846_5342 => FileSystem::Local("xfs"),
        0x9123_683e => FileSystem::Local("btrfs"),
        0xf2f5_2010 => FileSystem::Local("f2fs"),
        0x2fc1_2fc1 => FileSystem::Local("zfs"),
        0xca45_1a4e => FileSystem::Local("bcachefs"),
        0x794c_7630 => FileSystem::Local("overlayfs"),
        0x0102_1994 => FileSystem::Memory("tmpfs"),
        0x8584_58f6 => FileSystem::Memory("ramfs"),
        0x6969 => FileSystem::Remote("NFS"),
        0x6573_5546 => FileSystem::Remote("FUSE"),
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => FileSystem::Remote("SMB"),
        0x0102_1997 => FileSystem::Remote("9p"),
        0x00c3_6400 => FileSystem::Remote("Ceph"),
        other => FileSystem::Unknown(other),
    })
}
