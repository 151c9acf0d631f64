//! A disk in a mount namespace of its own, so that a full or broken one harms nobody else.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::Cmd;

/// Holds the namespace; dropping it takes the disk away.
pub(crate) struct Disk {
    holder: Child,
}

impl Disk {
    /// A disk in memory. None where we may not mount.
    pub(crate) fn new(at: &Path, mebibytes: u64) -> Option<Disk> {
        let at = at.display();
        Disk::mounted(&format!("mount -t tmpfs -o size={mebibytes}m,mode=700 tmpfs '{at}'"))
    }

    /// What these shell commands mount. None where they fail.
    pub(crate) fn mounted(commands: &str) -> Option<Disk> {
        let script = format!("set -e; {commands}; echo ready; exec sleep 100000");
        let mut holder = Command::new("unshare")
            .args(["-m", "sh", "-c", &script])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut ready = [0; 5];
        let mounted = holder.stdout.take()?.read_exact(&mut ready).is_ok();
        let disk = Disk { holder };
        mounted.then_some(disk)
    }

    /// A command that starts another one where the disk is seen.
    pub(crate) fn enter(&self) -> Cmd {
        Cmd::new(Path::new("nsenter"))
            .arg(format!("--mount=/proc/{}/ns/mnt", self.holder.id()))
            .arg("--wdns=/tmp")
    }

    pub(crate) fn enlarge(&self, at: &Path, mebibytes: u64) {
        let size = format!("remount,size={mebibytes}m");
        self.enter().args(&["mount", "-o", &size]).arg(at).runs();
    }

    /// The same path for those who do not see the disk.
    pub(crate) fn seen_from_outside(&self, path: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        root.join(path.strip_prefix("/").unwrap_or(path))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
