//! A log → what is known of its plan: the state that `status.json` saves and `ps` shows.
//!
//! Pure: uses `model` and `parse`. What surprises: folding a log in two halves equals folding it
//! whole, so the saved fold can be deleted at any time.
