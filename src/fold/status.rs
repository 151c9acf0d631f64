//! The content of `status.json`: a saved fold, and how far into which segment it reaches.

use serde::{Deserialize, Serialize};

use super::Fold;

/// A saved fold. Only a cache: with it, state is known without reading the segment again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The fold.
    pub fold: Fold,
    /// Seq of the first record of the segment it reaches into.
    pub segment: u64,
    /// Bytes of that segment that are folded.
    pub bytes: u64,
    /// Whether everything folded was safe on disk when this was saved.
    #[serde(default)]
    pub clean: bool,
}

/// The same, of a fold that goes on.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Saving<'f> {
    /// The fold.
    pub fold: &'f Fold,
    /// Seq of the first record of the segment it reaches into.
    pub segment: u64,
    /// Bytes of that segment that are folded.
    pub bytes: u64,
    /// Whether everything folded is safe on disk.
    pub clean: bool,
}
