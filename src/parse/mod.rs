//! Bytes → nouns: cutting a stream into lines and recognising what a line says about itself.
//!
//! | file | answers |
//! | --- | --- |
//! | `lines` | where does a line end? |
//! | `veil` | which of its bytes may nobody see? |
//! | `level` | which level and logger does its prefix name? |
//! | `when` | when was it written? |
//! | `form` | which of a program's loggers wrote it? |
//! | `traceback` | and if it only continues another line? |
//! | `luigi` | which task does it speak of? |
//! | `summary` | what does Luigi say about the end of the run? |
//! | `bridge` | what does an event of the bridge tell of a task? |
//!
//! Pure: uses only `model`. What surprises: cutting says "incomplete" as a value; reading more is
//! somebody else's job. Nothing here allocates: it runs once for every line of every plan.

pub mod bridge;
pub mod form;
pub mod level;
pub mod lines;
pub mod luigi;
pub mod summary;
pub mod traceback;
pub mod veil;
pub mod when;

pub use form::Form;
pub use level::{Prefix, recognise};
pub use lines::{Line, Splitter};
pub use summary::{Ended, ended};
pub use traceback::{Recogniser, Seen};
pub use veil::Veil;
pub use when::written_at;
