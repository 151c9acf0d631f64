//! `serve`: the gateway.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use super::World;
use super::out::Out;
use super::say::say;
use super::watch::errands;
use crate::exit::{Exit, Failure};
use crate::feed::library::Library;
pub use crate::gateway::Address;
use crate::gateway::{Access, Control, Deed, Listener, Settings, Token, serve};
use crate::model::PlanName;
use crate::os::host::{random_token, set_umask};
use crate::os::kernel::give_large_memory_back;
use crate::os::net::allow_open_files;
use crate::os::tool;
use crate::store::layout::Home;

/// What a user may mean by `serve`.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen.
    pub listen: Address,
    /// Where the token is kept; made if it is missing.
    pub token_file: Option<PathBuf>,
    /// Nobody is asked for a token.
    pub no_token: bool,
    /// Other pages that may use it.
    pub origins: Vec<String>,
    /// Other names it may be asked by.
    pub hosts: Vec<String>,
    /// Plans may be stopped and restarted.
    pub control: bool,
    /// It may listen beyond the loopback.
    pub remote: bool,
    /// It also speaks as PlanExe's front end expects.
    pub planexe: bool,
    /// Connections at the same time.
    pub max_clients: usize,
}

/// Threads that serve. Reading the disk has threads of its own.
const THREADS: usize = 2;

/// Descriptors beside those of connections.
const OTHER_FILES: u64 = 128;

/// Does it, until it is told to end.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    refuse_unsafe(&options)?;
    let home = world.open_home()?;
    let (token, shown) = token(&options)?;
    let files = allow_open_files();
    if let Some(files) = files.filter(|files| *files < options.max_clients as u64 + OTHER_FILES) {
        let most = files.saturating_sub(OTHER_FILES);
        return Err(Failure::new(Exit::Usage, format!("--max-clients {}", options.max_clients))
            .because(format!("this process may have {files} files open"))
            .hint(format!("at most {most} here; ulimit -Hn is the limit"))
            .into());
    }
    let settings = Settings {
        access: Access {
            token,
            origins: options.origins.clone(),
            hosts: options.hosts.clone(),
            remote: options.listen.is_remote(),
            local: matches!(options.listen, Address::Unix(_)),
        },
        control: options.control.then(|| control(&home)),
        errands: errands(&home, world, options.control),
        planexe: options.planexe,
        max_clients: options.max_clients,
    };
    // A socket that is a file is made for its owner alone.
    set_umask(0o077);
    // Whoever is behind in a compressed log holds some MiB of it for a moment.
    give_large_memory_back();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("serve")
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener =
            Listener::bind(&options.listen).map_err(|error| no_listener(&options, &error))?;
        let mut ends = [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];
        tell(listener.address(), shown.as_deref(), &options)?;
        let until = async {
            let [interrupt, terminate] = &mut ends;
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        };
        serve(listener, settings, Library::new(home), until).await?;
        anyhow::Ok(())
    })?;
    runtime.shutdown_background();
    Ok(Exit::Done.code())
}

/// What would let strangers in is said twice or not done.
fn refuse_unsafe(options: &Options) -> Result<(), Failure> {
    let Address::Tcp(address) = &options.listen else { return Ok(()) };
    if !options.listen.is_remote() {
        return Ok(());
    }
    if options.no_token {
        return Err(Failure::new(Exit::Usage, format!("--no-token on {address}"))
            .because("whoever reaches it could read every log")
            .hint("leave out --no-token, or listen on 127.0.0.1 and tunnel: ssh -L 7717:127.0.0.1:7717 HOST"));
    }
    if !options.remote {
        return Err(Failure::new(Exit::Usage, format!("will not listen on {address}"))
            .because("others than this machine could reach it, and what it sends is not encrypted")
            .hint("tunnel: ssh -L 7717:127.0.0.1:7717 HOST; or put a proxy with TLS before it\n--allow-remote listens there all the same"));
    }
    Ok(())
}

/// What lets in, and what is shown of it.
fn token(options: &Options) -> anyhow::Result<(Option<Token>, Option<String>)> {
    if options.no_token {
        return Ok((None, None));
    }
    let Some(path) = &options.token_file else {
        let token = random_token()?;
        return Ok((Some(Token::new(&token)), Some(token)));
    };
    let token = match kept(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path),
        kept => kept,
    };
    let failed = |why: String| {
        Failure::new(Exit::Refused, format!("cannot use the token in {}", path.display()))
            .because(why)
            .hint("a file with one line, readable by you alone (chmod 600); one is made where there is none")
    };
    let token = token.map_err(|error| failed(error.to_string()))?;
    let text = token.trim();
    if text.len() < 16 || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b)) {
        let why = "it is not 16 or more letters, digits or -_.~".to_owned();
        return Err(failed(why).into());
    }
    Ok((Some(Token::new(text)), None))
}

fn kept(path: &Path) -> io::Result<String> {
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        return Err(io::Error::other("others may read it"));
    }
    fs::read_to_string(path)
}

fn make(path: &Path) -> io::Result<String> {
    let token = random_token()?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{token}")?;
    Ok(token)
}

fn no_listener(options: &Options, error: &io::Error) -> Failure {
    let failure =
        Failure::new(Exit::Failed, format!("cannot listen on {}", options.listen)).because(error);
    match (error.kind(), &options.listen) {
        (io::ErrorKind::AddrInUse, Address::Tcp(_)) => {
            failure.hint("another port: --listen 127.0.0.1:0 takes a free one")
        }
        (io::ErrorKind::PermissionDenied, Address::Tcp(_)) => {
            failure.hint("ports below 1024 are the system's: take a higher one")
        }
        _ => failure
            .hint("planwatch serve --listen 127.0.0.1:7717, or unix:PATH in a folder of yours"),
    }
}

/// Says where it is, once. The address is data: a script reads it and goes there.
fn tell(address: &Address, token: Option<&str>, options: &Options) -> anyhow::Result<()> {
    let fragment = token.map(|token| format!("#token={token}")).unwrap_or_default();
    let mut out = Out::stdout();
    out.line(format!("{address}{fragment}"))?;
    out.finish()?;
    let who = match (options.no_token, &options.token_file) {
        (true, _) => "everybody on this machine may read it".to_owned(),
        (_, Some(path)) => format!("the token is in {}", path.display()),
        _ => "the address lets its bearer in".to_owned(),
    };
    let what = match options.control {
        true => "plans can be stopped and restarted through it",
        false => "it only shows",
    };
    say(format_args!("serving; {who}; {what}; ^C ends it, plans go on"));
    Ok(())
}

/// By this very program, as the user would type it.
fn control(home: &Home) -> Control {
    let home = home.path().to_owned();
    Arc::new(move |deed: Deed, plan: &PlanName| {
        let args = [OsStr::new(deed.name()), OsStr::new(plan.as_str())];
        let done = tool::itself(&args, &[("PLANWATCH_HOME", home.as_os_str())]);
        let (code, said) = done.map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&said);
        let said: Vec<&str> = said
            .lines()
            .map(|line| line.trim().trim_start_matches("planwatch: "))
            .filter(|line| !line.is_empty())
            .collect();
        let said = said.join("; ");
        if code == Some(0) { Ok(said) } else { Err(said) }
    })
}
