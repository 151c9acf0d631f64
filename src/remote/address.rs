//! Where a gateway is, and what lets in: the very address that `planwatch serve` prints.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The port that a gateway listens on where nothing else is said.
const PORT: &str = "7717";

/// A gateway.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// Where it listens.
    pub(super) place: Place,
    /// What lets in, if the address said so.
    pub(super) token: Option<String>,
}

/// Where something listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `HOST:PORT`
    Tcp(String),
    /// A file.
    Unix(PathBuf),
}

impl Address {
    /// The same, with what lets in where the address did not say.
    pub fn or_token(mut self, token: impl FnOnce() -> Option<String>) -> Address {
        self.token = self.token.or_else(token);
        self
    }

    /// Whether it says what lets in.
    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// What the gateway is called in a request's `Host`.
    pub(super) fn host(&self) -> &str {
        match &self.place {
            Place::Tcp(host) => host,
            Place::Unix(_) => "localhost",
        }
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Address, String> {
        let (place, fragment) = text.split_once('#').unwrap_or((text, ""));
        let token = match fragment {
            "" => None,
            fragment => match fragment.strip_prefix("token=").filter(|token| is_token(token)) {
                Some(token) => Some(token.to_owned()),
                None => return Err("what follows the # is not token=…".to_owned()),
            },
        };
        if let Some(path) = place.strip_prefix("unix:") {
            return match path {
                "" => Err("name a file behind unix:".to_owned()),
                path => Ok(Address { place: Place::Unix(path.into()), token }),
            };
        }
        if place.starts_with("https:") {
            let hint = "no TLS is spoken here; tunnel: ssh -L 7717:127.0.0.1:7717 HOST";
            return Err(format!("{hint}, then --connect http://127.0.0.1:7717"));
        }
        let host = place.strip_prefix("http://").unwrap_or(place);
        let host = host.strip_suffix('/').unwrap_or(host);
        let is_host = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
        if host.is_empty() || !host.chars().all(is_host) {
            return Err("write http://HOST:PORT or unix:PATH, as planwatch serve prints it".into());
        }
        let has_port = host.rsplit_once(':').is_some_and(|(name, port)| {
            port.parse::<u16>().is_ok() && (!name.contains(':') || name.ends_with(']'))
        });
        let host = if has_port { host.to_owned() } else { format!("{host}:{PORT}") };
        Ok(Address { place: Place::Tcp(host), token })
    }
}

/// What a token may consist of, so that it can stand in a header as it is.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Without the token: for eyes and logs.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Tcp(host) => write!(f, "http://{host}"),
            Place::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_serve_prints_is_understood_and_its_token_is_never_shown() {
        let parse = |text: &str| text.parse::<Address>().map(|at| (at.to_string(), at.token));
        let secret = Some("abc".to_owned());
        for (text, shown, token) in [
            ("http://127.0.0.1:7717/#token=abc", "http://127.0.0.1:7717", secret.clone()),
            ("http://night.example:80/", "http://night.example:80", None),
            ("night", "http://night:7717", None),
            ("[::1]", "http://[::1]:7717", None),
            ("[::1]:9", "http://[::1]:9", None),
            ("unix:/run/gate.sock#token=abc", "unix:/run/gate.sock", secret.clone()),
        ] {
            assert_eq!(parse(text), Ok((shown.to_owned(), token)), "{text}");
        }
        for bad in ["", "http://", "https://x", "unix:", "http://x/#abc", "http://x/y", "x#token="]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
