//! planwatch runs Luigi plans, records every line they print exactly once, follows them live and
//! tells the truth about how they ended.
//!
//! The map, from the ground up:
//!
//! | room | holds |
//! | --- | --- |
//! | [`model`] | the nouns, pure |
//! | [`parse`] | bytes → nouns, pure |
//! | [`fold`] | a log → what is known of its plan, pure |
//! | [`render`] | nouns → text, pure |
//! | [`os`] | the system |
//! | [`store`] | the disk |
//! | [`wake`] | file notifications |
//! | [`control`] | requests to a supervisor |
//! | [`feed`] | live records of many plans |
//! | [`recorder`] | pipes → log |
//! | [`foreign`] | runs we did not start |
//! | [`supervisor`] | one plan's lifecycle |
//! | [`tui`] | the screen |
//! | `gateway` | HTTP, server-sent events, WebSocket and the page (feature `serve`) |
//! | `remote` | plans of another machine, over its gateway (feature `serve`) |
//! | [`cmd`] | the verbs |
//! | [`cli`] | the command line |
//! | [`exit`] | every exit code |

pub mod cli;
pub mod cmd;
pub mod control;
pub mod exit;
pub mod feed;
pub mod fold;
pub mod foreign;
#[cfg(feature = "serve")]
pub mod gateway;
pub mod model;
pub mod os;
pub mod parse;
pub mod plans;
pub mod recorder;
#[cfg(feature = "serve")]
pub mod remote;
pub mod render;
pub mod store;
pub mod supervisor;
pub mod tui;
pub mod wake;
