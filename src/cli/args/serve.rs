//! `serve`.

use std::path::PathBuf;

use clap::Args;

use crate::cmd::serve::Address;

/// Serve plans and their logs over HTTP: a page, WebSocket, server-sent events, REST
///
/// Prints the address to open, with the token that lets in. It only shows, unless told otherwise,
/// and plans do not notice when it ends. GET /api/openapi.json tells what it answers.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  planwatch serve                                open what it prints in a browser
  planwatch serve --listen unix:$XDG_RUNTIME_DIR/planwatch.sock
  planwatch serve --token-file ~/.config/planwatch.token --allow-control
  planwatch serve --planexe --no-token --allow-origin http://localhost:3000

From another machine: ssh -L 7717:127.0.0.1:7717 HOST, then open the address here.")]
pub(crate) struct ServeArgs {
    /// Where to listen: ADDRESS:PORT, port 0 for a free one, or unix:PATH
    #[arg(long, value_name = "WHERE", default_value = "127.0.0.1:7717")]
    pub(crate) listen: Address,
    /// Keep the token in this file instead of making one at each start
    #[arg(long, value_name = "FILE", help_heading = "Who may ask", conflicts_with = "no_token")]
    pub(crate) token_file: Option<PathBuf>,
    /// Ask nobody for a token; on this machine only
    #[arg(long, help_heading = "Who may ask")]
    pub(crate) no_token: bool,
    /// Also let pages of this origin ask, such as http://localhost:3000; may be repeated
    #[arg(long, value_name = "ORIGIN", value_parser = origin, help_heading = "Who may ask")]
    pub(crate) allow_origin: Vec<String>,
    /// Also answer to this name; may be repeated
    #[arg(long, value_name = "NAME", help_heading = "Who may ask")]
    pub(crate) allow_host: Vec<String>,
    /// Listen beyond this machine, where nothing is encrypted
    #[arg(long, help_heading = "Who may ask")]
    pub(crate) allow_remote: bool,
    /// Let plans be stopped and restarted
    #[arg(long)]
    pub(crate) allow_control: bool,
    /// Also speak as PlanExe's front end expects it; there the token may stand in ?token= or in the
    /// cookie planwatch_token
    #[arg(long)]
    pub(crate) planexe: bool,
    /// Connections at the same time; further ones are told to come back
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clients)]
    pub(crate) max_clients: usize,
}

fn origin(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    match rest {
        Some(host) if !host.is_empty() && !host.contains('/') => Ok(text.to_owned()),
        _ => Err("write http://HOST:PORT, without a path".to_owned()),
    }
}

fn clients(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if (1..=1_000_000).contains(&count) => Ok(count),
        _ => Err("write a number from 1 to 1000000".to_owned()),
    }
}
