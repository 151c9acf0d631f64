//! `__queue`: takes one turn of the queue in the background.

use super::World;
use super::queue::take_turn;

/// Does it.
pub fn run(world: &World) -> anyhow::Result<i32> {
    crate::os::host::own_session();
    take_turn(&world.open_home()?, world)?;
    Ok(0)
}
