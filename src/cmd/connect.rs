//! The gateway of another machine that a verb is to ask instead of looking around here.

use std::fs;
use std::path::PathBuf;

use super::World;
use crate::exit::{Exit, Failure};
pub use crate::remote::Address;
use crate::remote::{Client, Trouble};

/// What lets in where neither the address nor a file says it.
const TOKEN: &str = "PLANWATCH_TOKEN";

/// What a user may mean by `--connect`.
#[derive(Clone, Debug)]
pub struct Connect {
    /// The gateway.
    pub address: Address,
    /// Where what lets in is kept.
    pub token_file: Option<PathBuf>,
}

impl Connect {
    /// Who asks that gateway.
    pub fn client(&self, world: &World) -> anyhow::Result<Client> {
        let mut address = self.address.clone();
        if let Some(path) = &self.token_file {
            let token = fs::read_to_string(path).map_err(|error| {
                let what = format!("cannot read the token in {}", path.display());
                Failure::new(Exit::Refused, what)
                    .because(error)
                    .hint("the file that planwatch serve --token-file keeps there, copied here")
            })?;
            let token = token.trim().to_owned();
            address = address.or_token(|| Some(token));
        }
        address = address.or_token(|| world.var(TOKEN)?.to_str().map(str::to_owned));
        Ok(Client::new(address)?)
    }
}

/// Why the gateway could not be asked, for the user.
pub fn failure(client: &Client, trouble: Trouble) -> Failure {
    let exit = match trouble.code.as_str() {
        "no_such_plan" | "no_such_run" => Exit::NoSuchPlan,
        "unauthorized" | "host_not_allowed" | "control_not_allowed" => Exit::Refused,
        _ => Exit::Failed,
    };
    let at = client.address();
    let what = match trouble.code.is_empty() {
        true => format!("cannot ask {at}"),
        false => format!("{at} refuses"),
    };
    Failure::new(exit, what).because(trouble.what).hint(trouble.hint)
}
