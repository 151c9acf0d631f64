//! Why something did not work, and whether it may later.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

/// Something that did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What went wrong, and why.
    pub what: String,
    /// What to do next.
    pub hint: String,
    /// Stable, for programs; empty where no gateway has answered.
    pub code: String,
    /// Whether the same may succeed later.
    pub temporary: bool,
    /// When to try again, if the gateway said.
    pub after: Option<Duration>,
}

/// The error of a gateway, as far as it matters here.
#[derive(Deserialize)]
struct Said {
    code: String,
    message: String,
    #[serde(default)]
    hint: String,
    #[serde(default)]
    temporary: bool,
    retry_after: Option<u64>,
}

impl Trouble {
    /// Nobody answers, or no longer.
    pub(super) fn gone(why: impl fmt::Display) -> Trouble {
        Trouble {
            what: why.to_string(),
            hint: "is planwatch serve running there, and is the tunnel up?".to_owned(),
            code: String::new(),
            temporary: true,
            after: None,
        }
    }

    /// Somebody answers who is no gateway.
    pub(super) fn strange(why: impl fmt::Display) -> Trouble {
        let hint = "give --connect the address that planwatch serve printed".to_owned();
        let what = format!("what answers there is no gateway of planwatch: {why}");
        Trouble { hint, temporary: false, ..Trouble::gone(what) }
    }

    /// What a gateway answered instead of what it was asked for.
    pub(super) fn said(status: u16, body: &[u8]) -> Trouble {
        let Ok(said) = serde_json::from_slice::<Said>(body) else {
            return Trouble::strange(format_args!("it says {status}"));
        };
        let hint = match said.code.as_str() {
            // Its own hint is for those who use a browser.
            "unauthorized" => {
                "give --connect the whole address that planwatch serve printed, with #token=…, or \
                 the token's file with --token-file"
                    .to_owned()
            }
            _ => said.hint,
        };
        Trouble {
            what: said.message,
            hint,
            temporary: said.temporary,
            after: said.retry_after.map(Duration::from_secs),
            code: said.code,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Trouble {}
