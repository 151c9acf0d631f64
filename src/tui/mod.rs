//! The screen: many plans, live.
//!
//! What happens comes in as a message, is taken in by `update`, and goes out as effects; `view`
//! draws what is known. Both are pure, so that a test is a list of messages and a picture. What
//! touches the world stands in two files: `screen` owns the terminal, `run` performs the effects.
//!
//! | file | holds |
//! | --- | --- |
//! | `app` | what is known, and what every message does to it |
//! | `msg` | the messages and the effects |
//! | `keys` | the one table of keys |
//! | `act` | what keys do |
//! | `deeds` | what is done to plans, and the question before it |
//! | `view` | everything drawn |
//! | `layout` | where everything stands |
//! | `list`, `facts` | the list of plans, and what is known of the selected one |
//! | `queued` | plans of it that wait for their turn |
//! | `shown` | which logs are on the screen |
//! | `pane` | a log |
//! | `tasks` | the tasks of a run |
//! | `page`, `help` | pages of text |
//! | `prompt`, `palette`, `confirm` | what is typed and asked |
//! | `call` | the bell and the window's title |
//! | `look`, `frame`, `painted` | colours, frames, text that `render` has painted |
//! | `kept` | what is kept from one use to the next |
//! | `screen`, `run` | the terminal, and the loop |
//!
//! Uses `model`, `parse`, `render`, `fold`, `feed` and `control`, and in those two files `os`. What
//! surprises: the screen never waits for the disk, a search or the terminal itself; whatever may
//! take long happens beside it and comes back as a message.

mod act;
pub mod app;
mod call;
mod confirm;
mod deeds;
mod facts;
mod frame;
mod help;
pub mod kept;
mod keys;
mod layout;
mod list;
pub mod look;
pub mod msg;
mod page;
mod painted;
mod palette;
pub mod pane;
mod prompt;
mod queued;
pub mod run;
pub mod screen;
mod shown;
mod tasks;
mod view;

#[cfg(test)]
mod tests;
