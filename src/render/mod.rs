//! Nouns → text for people and scripts. Nothing reaches a terminal but through `sanitize`.
//!
//! | file | gives |
//! | --- | --- |
//! | `sanitize` | harmless text of any text |
//! | `json` | values as JSON that a terminal may show
//! | `theme` | colours by meaning |
//! | `line` | a record as a line: `short` and `logfmt` |
//! | `export` | a record for other collectors: systemd's journal, OpenTelemetry |
//! | `table` | aligned columns |
//! | `ps` | the list of plans |
//! | `tasks` | the tasks of a run: table, tree, timeline, page |
//! | `why` | why a run ended as it did, on one screen |
//!
//! Pure: uses `model`, `parse` and `fold`. What surprises: colour is decided by the caller; the
//! time zone comes from there too.

pub mod export;
pub mod json;
pub mod line;
pub mod ps;
pub mod sanitize;
mod sgr;
pub mod table;
pub mod tasks;
pub mod theme;
pub mod why;
