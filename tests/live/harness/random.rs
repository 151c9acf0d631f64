//! Randomness that can be repeated.

use std::time::Duration;

use super::mix;

/// Random numbers; a failing test prints the seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// Another seed each time, printed so that a failure can be looked into: PLANWATCH_TEST_SEED
    /// gives it again.
    pub(crate) fn new() -> Random {
        let given = std::env::var("PLANWATCH_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let seed = given.unwrap_or_else(|| now.map_or(1, |since| since.as_nanos() as u64));
        println!("random seed {seed}");
        Random(seed)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = mix(self.0);
        self.0 % limit
    }

    /// Lets a random time of up to `limit` pass: for storms, whose blows shall fall anywhere.
    pub(crate) fn moment(&mut self, limit: Duration) {
        let micros = self.below(limit.as_micros() as u64 + 1);
        std::thread::sleep(Duration::from_micros(micros));
    }
}
