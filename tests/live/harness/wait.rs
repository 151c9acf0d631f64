//! Conditions, waited for with a limit. Tests sleep only here, and in storms.

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up: far longer than it ever should.
pub(crate) const LIMIT: Duration = Duration::from_secs(90);

/// Waits until `condition` gives something, for as long as `limit`.
pub(crate) fn within<T>(limit: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    let mut pause = Duration::from_micros(200);
    loop {
        if let Some(found) = condition() {
            return Some(found);
        }
        if began.elapsed() > limit {
            return None;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}
