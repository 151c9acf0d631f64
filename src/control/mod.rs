//! Requests to a supervisor, and finding out that they were carried out.
//!
//! Uses `model`, `store` and `os`. What surprises: the answer to a request is a record in the log.
