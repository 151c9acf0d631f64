//! Who may ask: decided from the head of a request alone.
//!
//! Three questions, each against an attack of its own. *Host*: a page on the internet whose name is
//! made to point here (DNS rebinding) still names itself. *Origin*: a browser says whose page asks,
//! and pages of others may not, whatever they know. *Token*: everybody else.

use std::net::IpAddr;

use axum::http::{HeaderMap, Method, Uri, header};
use sha2::{Digest as _, Sha256};

use super::refusal::Refusal;

/// The subprotocol by which a browser's WebSocket, which can send no headers, brings its token.
pub(super) const PROTOCOL: &str = "planwatch.token.";

/// Answered to anybody: they tell nothing about any plan.
const OPEN: [&str; 4] = ["/", "/healthz", "/favicon.ico", "/api/openapi.json"];

/// A secret that lets its bearer in. Kept as its hash, so that comparing takes as long whatever is
/// compared.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    /// Of this text.
    pub fn new(text: &str) -> Token {
        Token(Sha256::digest(text.as_bytes()).into())
    }

    fn is(&self, text: &str) -> bool {
        let other: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        self.0.iter().zip(other).fold(0, |differs, (one, other)| differs | (one ^ other)) == 0
    }
}

/// What is asked of whoever asks.
#[derive(Clone, Default)]
pub struct Access {
    /// The secret; None: no secret.
    pub token: Option<Token>,
    /// Origins of other pages that are trusted, such as `http://localhost:3000`.
    pub origins: Vec<String>,
    /// Names by which the gateway may be asked, beside those of the loopback.
    pub hosts: Vec<String>,
    /// It may be asked by any address in numbers: it listens beyond the loopback.
    pub remote: bool,
    /// It listens on a file: nobody can be made to come here by a name.
    pub local: bool,
}

/// How far a request got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Admitted {
    /// The trusted page of another origin that asks, if one does.
    pub(super) origin: Option<String>,
}

impl Access {
    /// Whether a request may be answered. `front` says that its path is one of those where a
    /// token is also taken from the query and from a cookie.
    pub(super) fn admit(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        front: bool,
    ) -> Result<Admitted, Refusal> {
        let host = host(uri, headers);
        if !self.knows(host_name(&host)) {
            return Err(Refusal::host(&host));
        }
        let origin = self.origin(uri, headers, &host)?;
        let open = OPEN.contains(&uri.path()) || *method == Method::OPTIONS;
        if let Some(token) = self.token.as_ref().filter(|_| !open) {
            let given = given(uri, headers, front);
            if !given.iter().any(|given| token.is(given)) {
                return Err(Refusal::token(!given.is_empty()));
            }
        }
        Ok(Admitted { origin })
    }

    fn knows(&self, name: &str) -> bool {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let address: Option<IpAddr> = name.parse().ok();
        self.local
            || name == "localhost"
            || address.is_some_and(|address| self.remote || address.is_loopback())
            || self.hosts.iter().any(|known| known.eq_ignore_ascii_case(&name))
    }

    /// The foreign page that asks, if it may.
    fn origin(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        host: &str,
    ) -> Result<Option<String>, Refusal> {
        let Some(origin) = text(headers, header::ORIGIN.as_str()) else {
            // Some requests that a page makes carry no origin; browsers say at least this.
            let site = text(headers, "sec-fetch-site").unwrap_or("none");
            return match site {
                "cross-site" | "same-site" if uri.path() != "/" => {
                    Err(Refusal::origin("another site"))
                }
                _ => Ok(None),
            };
        };
        let own = origin.split_once("://").is_some_and(|(scheme, rest)| {
            matches!(scheme, "http" | "https") && rest.eq_ignore_ascii_case(host)
        });
        if own {
            return Ok(None);
        }
        match self.origins.iter().any(|known| known.eq_ignore_ascii_case(origin)) {
            true => Ok(Some(origin.to_owned())),
            false => Err(Refusal::origin(origin)),
        }
    }
}

/// The host that was asked for, with its port.
fn host(uri: &Uri, headers: &HeaderMap) -> String {
    let mut named = headers.get_all(header::HOST).iter();
    let host = named.next().and_then(|host| host.to_str().ok()).unwrap_or_default();
    // Two of them, or one that differs from the request line, is somebody's trick.
    let differs = uri.authority().is_some_and(|authority| authority.as_str() != host);
    if named.next().is_some() || differs { String::new() } else { host.to_owned() }
}

fn host_name(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        let (name, port) = rest.split_once(']').unwrap_or_default();
        return if port.is_empty() || port.starts_with(':') { name } else { "" };
    }
    host.split(':').next().unwrap_or_default()
}

/// Everything in a request that may be a token.
fn given(uri: &Uri, headers: &HeaderMap, front: bool) -> Vec<String> {
    let mut given = Vec::new();
    if let Some(bearer) = text(headers, header::AUTHORIZATION.as_str())
        && let Some((scheme, token)) = bearer.split_once(' ')
        && scheme.eq_ignore_ascii_case("bearer")
    {
        given.push(token.trim().to_owned());
    }
    given.extend(
        protocols(headers).filter_map(|name| Some(name.strip_prefix(PROTOCOL)?.to_owned())),
    );
    if front {
        let cookies = text(headers, header::COOKIE.as_str()).unwrap_or_default();
        let cookies = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
        let query = uri.query().unwrap_or_default();
        let query = query.split('&').filter_map(|pair| pair.split_once('='));
        given.extend(
            cookies
                .map(|(name, value)| (name == "planwatch_token", value))
                .chain(query.map(|(name, value)| (name == "token", value)))
                .filter(|(is, _)| *is)
                .map(|(_, value)| value.to_owned()),
        );
    }
    given
}

/// The subprotocols that a WebSocket client offers.
pub(super) fn protocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(
        access: &Access,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Admitted, &'static str> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: axum::http::HeaderName = name.parse().unwrap();
            map.append(name, value.parse().unwrap());
        }
        let front = path.contains("/stream");
        let uri: Uri = path.parse().unwrap();
        access.admit(&Method::GET, &uri, &map, front).map_err(|refusal| refusal.code)
    }

    fn guarded() -> Access {
        Access { token: Some(Token::new("s3cret")), ..Access::default() }
    }

    const HOST: (&str, &str) = ("host", "127.0.0.1:7717");
    const BEARER: (&str, &str) = ("authorization", "Bearer s3cret");
    const NOBODY: Result<Admitted, &str> = Ok(Admitted { origin: None });

    #[test]
    fn a_name_that_is_made_to_point_here_does_not_get_in() {
        let access = Access { hosts: vec!["plans.example".into()], ..guarded() };
        for host in ["localhost", "localhost:7717", "[::1]:7717", "127.0.0.1", "Plans.Example:80"] {
            assert_eq!(ask(&access, "/api/plans", &[("host", host), BEARER]), NOBODY, "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example", "", "10.0.0.1", "[::1].evil"] {
            let refused = ask(&access, "/healthz", &[("host", host), BEARER]);
            assert_eq!(refused, Err("host_not_allowed"), "{host}");
        }
        let two = [("host", "localhost"), ("host", "evil.example"), BEARER];
        assert_eq!(ask(&access, "/api/plans", &two), Err("host_not_allowed"));
        let remote = Access { remote: true, ..access };
        assert_eq!(ask(&remote, "/api/plans", &[("host", "10.0.0.1:1"), BEARER]), NOBODY);
        let evil = [("host", "evil.example"), BEARER];
        assert_eq!(ask(&remote, "/api/plans", &evil), Err("host_not_allowed"));
    }

    #[test]
    fn pages_of_others_do_not_get_in_whatever_they_know() {
        let access = Access { origins: vec!["http://localhost:3000".into()], ..guarded() };
        let from = |origin| ask(&access, "/api/ws", &[HOST, BEARER, ("origin", origin)]);
        assert_eq!(from("http://127.0.0.1:7717"), NOBODY);
        let trusted = Admitted { origin: Some("http://localhost:3000".into()) };
        assert_eq!(from("http://localhost:3000"), Ok(trusted));
        for origin in ["http://evil.example", "null", "http://127.0.0.1:7718", "http://localhost"] {
            assert_eq!(from(origin), Err("origin_not_allowed"), "{origin}");
        }
        let open = Access { token: None, ..access };
        for site in ["cross-site", "same-site"] {
            let asked = ask(&open, "/api/plans", &[HOST, ("sec-fetch-site", site)]);
            assert_eq!(asked, Err("origin_not_allowed"));
        }
        assert_eq!(ask(&open, "/", &[HOST, ("sec-fetch-site", "cross-site")]), NOBODY);
    }

    #[test]
    fn without_the_token_only_what_tells_nothing_is_answered() {
        let access = guarded();
        for path in OPEN {
            assert_eq!(ask(&access, path, &[HOST]), NOBODY, "{path}");
        }
        let path = "/api/plans/a/stream?token=s3cret";
        for headers in [
            vec![],
            vec![("authorization", "Bearer ")],
            vec![("authorization", "Bearer s3cre")],
            vec![("authorization", "Basic s3cret")],
            vec![("cookie", "planwatch_token=s3cret")],
            vec![("sec-websocket-protocol", "planwatch.token.s3cret2")],
        ] {
            let headers = [vec![HOST], headers].concat();
            assert_eq!(ask(&access, "/api/plans?token=s3cret", &headers), Err("unauthorized"));
        }
        assert_eq!(ask(&access, path, &[HOST]), NOBODY);
        let cookie = [HOST, ("cookie", "a=b; planwatch_token=s3cret")];
        assert_eq!(ask(&access, "/api/plans/a/stream", &cookie), NOBODY);
        let protocol = [HOST, ("sec-websocket-protocol", "x, planwatch.token.s3cret")];
        assert_eq!(ask(&access, "/api/ws", &protocol), NOBODY);
    }
}
