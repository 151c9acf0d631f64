//! What a screen on another machine asks for, and what it is told.
//!
//! It is what a screen asks of its own machine, put into words that can travel. Neither side waits
//! for the other: what is asked has a ticket or a name, and the answer comes when it comes.

use serde::{Deserialize, Serialize};

use super::roster::Told;
use super::window::{Answer, Request};
use crate::model::PlanName;

/// What a screen asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// Something of logs.
    Ask(Box<Request>),
    /// Something that takes a while.
    Errand(Errand),
}

/// Something that takes a while, of which the gateway knows no more than how to have it done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// The tasks of a plan's last run.
    Tasks(PlanName),
    /// Why its last run ended as it did, at this width.
    Why(PlanName, u16),
    /// How many processes go on though its run has ended.
    Left(PlanName),
    /// A deed, by its verb, and the plans it is to be done to.
    Act(String, Vec<PlanName>),
}

/// What a screen is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Something of logs.
    Answer(Box<Answer>),
    /// Something of the plans. All of them first, and then `Listed`.
    Told(Box<Told>),
    /// What came of an errand, in the words of who asked and who did it.
    Done(serde_json::Value),
}
