//! The gateway: the same logs for those who are not at this terminal, over HTTP.
//!
//! A connection is a cursor. Whoever asks says behind which seq to go on, and that is all the server
//! remembers of anybody: a client that goes away and comes back with its last seq has lost nothing,
//! and one that does not read costs its cursor and what the kernel holds for it.
//!
//! | file | holds |
//! | --- | --- |
//! | `gate` | what every request may need |
//! | `guard` | who may ask: Host, Origin, token. Pure |
//! | `refusal` | every error a client can get |
//! | `listen` | the socket that is listened on, and connections |
//! | `server` | the loop that accepts, its limits, and the end |
//! | `routes` | which path is answered where |
//! | `query` | what stands behind the `?` |
//! | `plans`, `records` | REST |
//! | `stream` | many cursors as one stream, for the next three |
//! | `events` | server-sent events |
//! | `socket`, `frame` | WebSocket: the session, and its messages |
//! | `screen` | `watch --connect`: a screen on another machine |
//! | `planexe` | the paths that PlanExe's own front end speaks |
//! | `roster` | all plans, as they change |
//! | `metrics`, `openapi`, `page` | what their names say |
//!
//! Uses `model`, `render`, `fold`, `feed` and `os`. It reads, and never touches a plan: what may be
//! done to plans comes in as a function from the verb, and only where the user allowed it.
//!
//! What surprises: nothing here polls. Logs are watched once for all clients (`feed::tails`), and
//! the timers there are belong to heartbeats. A client that has read nothing for an hour is not
//! sent away as long as its kernel answers; a host that is gone is noticed by TCP (`listen`).

mod events;
mod frame;
mod gate;
mod guard;
mod listen;
mod metrics;
mod openapi;
mod page;
mod planexe;
mod plans;
mod query;
mod records;
mod refusal;
mod roster;
mod routes;
mod screen;
mod server;
mod socket;
mod stream;

pub use gate::{Control, Deed, Errands, Settings};
pub use guard::{Access, Token};
pub use listen::{Address, Listener};
pub use server::serve;
