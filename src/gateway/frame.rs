//! The messages of a WebSocket, both ways.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::records::join;
use super::refusal::Refusal;
use crate::feed::tails::{Block, Kind};
use crate::model::PlanName;

/// The form of a block that is shared here.
const FORM: usize = 0;

/// What a client may say.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Ask {
    /// Follow plans, each from its cursor.
    Subscribe {
        #[serde(flatten)]
        plans: Plans,
        after: Option<After>,
        /// Begin so many records before the last, if that is later.
        last: Option<u64>,
    },
    /// Follow them no longer.
    Unsubscribe {
        #[serde(flatten)]
        plans: Plans,
    },
    /// Stop a plan.
    Stop { plan: String },
    /// Stop it if it runs, and start it again.
    Restart { plan: String },
    /// Tell which plans there are, and whenever one changes.
    Watch,
    /// Answer: for clients that cannot send the protocol's own ping.
    Ping,
}

/// One plan or several.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Plans {
    plan: Option<String>,
    plans: Option<Vec<String>>,
}

impl Plans {
    pub(super) fn names(self) -> Result<Vec<String>, Refusal> {
        let names: Vec<String> =
            self.plan.into_iter().chain(self.plans.into_iter().flatten()).collect();
        match names.is_empty() {
            true => Err(Refusal::bad_message(
                "the message names no plan",
                r#"{"type":"subscribe","plan":"a","after":0}"#,
            )),
            false => Ok(names),
        }
    }
}

/// Cursors: one for all plans, or one each.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum After {
    All(u64),
    Each(BTreeMap<String, u64>),
}

impl After {
    pub(super) fn of(&self, plan: &str) -> u64 {
        match self {
            After::All(seq) => *seq,
            After::Each(each) => each.get(plan).copied().unwrap_or(0),
        }
    }
}

/// Reads what a client said.
pub(super) fn parse(text: &str) -> Result<Ask, Refusal> {
    serde_json::from_str(text).map_err(|error| {
        let hint = "type is one of subscribe, unsubscribe, stop, restart, watch, ping";
        Refusal::bad_message(format!("the message makes no sense: {error}"), hint)
    })
}

/// A block behind `after`, as one message; made once for all who get it whole. And how many records
/// it has.
pub(super) fn records(plan: &PlanName, block: &Block, after: u64) -> (Bytes, u64) {
    if !matches!(block.kind, Kind::Lines(_)) {
        return (gap(plan, block, after).into(), 0);
    }
    let make = |after| {
        let mut text = format!("{{\"type\":\"records\",\"plan\":\"{plan}\",\"records\":[");
        join(&mut text, block.lines_after(after));
        text.push_str("]}");
        Bytes::from(text)
    };
    let from = after.max(block.first - 1);
    let whole = from < block.first;
    (if whole { block.form(FORM, || make(0)) } else { make(after) }, block.last - from)
}

/// Says that records are missing.
pub(super) fn gap(plan: &PlanName, block: &Block, after: u64) -> String {
    let (from, to) = (block.first.max(after + 1), block.last);
    let (reason, message) = match block.kind {
        Kind::Damaged => ("damaged", "this record cannot be read any more"),
        _ => ("missing", "these records were pruned or lost"),
    };
    let mut text = String::new();
    let _ = write!(
        text,
        "{{\"type\":\"gap\",\"plan\":\"{plan}\",\"from\":{from},\"to\":{to},\"after\":{to},\
         \"reason\":\"{reason}\",\"message\":\"{message}\"}}"
    );
    text
}

/// Says that the log is another now.
pub(super) fn renewed(plan: &PlanName) -> String {
    json!({
        "type": "gap", "plan": plan, "reason": "renewed", "after": 0,
        "message": "the log was removed and begun anew: what follows starts at its first record",
    })
    .to_string()
}

/// Says that everything up to this seq was sent.
pub(super) fn caught_up(plan: &PlanName, after: u64) -> String {
    format!("{{\"type\":\"caught_up\",\"plan\":\"{plan}\",\"after\":{after}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_understood_or_refused() {
        let ask = |text: &str| parse(text).map_err(|refusal| refusal.code);
        let Ok(Ask::Subscribe { plans, after, last }) =
            ask(r#"{"type":"subscribe","plan":"a","after":17}"#)
        else {
            panic!("not a subscription")
        };
        assert_eq!((plans.names().unwrap(), last), (vec!["a".to_owned()], None));
        assert_eq!(after.unwrap().of("a"), 17);
        let many = r#"{"type":"subscribe","plans":["a","b"],"after":{"a":1}}"#;
        let Ok(Ask::Subscribe { plans, after: Some(after), .. }) = ask(many) else {
            panic!("not a subscription")
        };
        assert_eq!(plans.names().unwrap(), ["a", "b"]);
        assert_eq!((after.of("a"), after.of("b")), (1, 0));
        assert_eq!(ask(r#"{"type":"watch"}"#), Ok(Ask::Watch));
        for bad in ["", "{", "[]", r#"{"type":"dance"}"#, r#"{"type":"stop"}"#, "\"subscribe\""] {
            assert_eq!(ask(bad), Err("bad_message"), "{bad}");
        }
    }
}
