//! Proves a log: every record there, in order; every byte of every stream once; every seal right.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};

use super::journal::Hashes;
use super::layout::PlanDir;
use super::lock::Lock;
use super::proof::Proof;
pub use super::proof::Report;
use super::segments::{self, Segment};

/// Reads the whole log of a plan and reports what is wrong with it. Of a log that is being written,
/// what is there now is proved.
pub fn verify(plan: &PlanDir) -> io::Result<Report> {
    let mut proof = Proof::new(plan.name().as_str());
    let listed = segments::list(&plan.log())?;
    for (at, segment) in listed.iter().enumerate() {
        let newest = at + 1 == listed.len();
        match File::open(&segment.path) {
            Ok(file) if segment.compressed => drop((file, proof.skip_compressed(segment.first))),
            Ok(file) => read_segment(&mut proof, segment, file, newest, plan)?,
            // Pruned while the log was being proved.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                proof.note(format!("segment {} was removed meanwhile", segment.first));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(proof.report())
}

fn read_segment(
    proof: &mut Proof,
    segment: &Segment,
    file: File,
    newest: bool,
    plan: &PlanDir,
) -> io::Result<()> {
    proof.open(segment.first);
    let mut file = BufReader::with_capacity(256 << 10, file);
    let mut hashes = Hashes::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        if file.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.last() != Some(&b'\n') {
            // A living recorder may be in the middle of it.
            let being_written = newest && Lock::holder(&plan.recorder_lock())?.is_some();
            if !being_written {
                proof.tail(&line, newest);
            }
            break;
        }
        proof.line(&line, &hashes);
        hashes.add(&line);
    }
    proof.close(newest);
    Ok(())
}
