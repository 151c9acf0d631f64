//! `__queue`: takes one turn of the queue in the background, as soon as nobody holds it back.

use std::io::Read as _;
use std::time::Duration;

use super::queue::take_turn;
use super::say::say;
use super::{World, now};
use crate::os::poll;

/// Pauses before a turn that could not do all it was to do is taken again: a full disk, too many
/// processes or a file that is being saved may be over by then, and nobody else may come by.
const PAUSES: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(25)];

/// Does it. Who started it for later holds the other end of its standard input.
pub fn run(world: &World) -> anyhow::Result<i32> {
    crate::os::host::own_session();
    let home = world.open_home()?;
    std::io::stdin().lock().read_to_end(&mut Vec::new())?;
    let turn = || take_turn(&home, &World { now: now(), ..world.clone() });
    for pause in PAUSES {
        match turn() {
            Ok(done) if !done.failed => return Ok(0),
            Ok(_) => {}
            Err(error) => say(format_args!("{error:#}")),
        }
        poll::wait(&mut [], Some(pause))?;
    }
    turn()?;
    Ok(0)
}
