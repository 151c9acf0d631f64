//! Live records of many plans: reads to the end, sleeps until something changes, reads on.
//!
//! Uses `model`, `store`, `wake`, `os` and `fold`. What surprises: when everybody who could write a
//! log is dead and its run has not ended, the follower starts an adopter.
