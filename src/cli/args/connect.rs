//! `--connect`: for verbs that can ask the gateway of another machine.

use std::path::PathBuf;

use clap::Args;

use crate::cmd::connect::{Address, Connect};

#[derive(Debug, Args)]
pub(crate) struct ConnectArgs {
    /// Of another machine: the address that planwatch serve prints there, http://HOST:PORT/#token=…
    /// or unix:PATH. Tunnel: ssh -L 7717:127.0.0.1:7717 HOST
    #[arg(long, value_name = "URL", help_heading = "Of another machine")]
    connect: Option<Address>,
    /// The gateway's token, where the address does not tell it [default: $PLANWATCH_TOKEN]
    #[arg(long, value_name = "FILE", requires = "connect", help_heading = "Of another machine")]
    token_file: Option<PathBuf>,
}

impl ConnectArgs {
    pub(crate) fn meant(self) -> Option<Connect> {
        let token_file = self.token_file;
        self.connect.map(|address| Connect { address, token_file })
    }
}
