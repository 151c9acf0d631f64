//! A log of another machine, read from any cursor.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::sync::Notify;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, sleep_until};

use super::client::{Client, Line};
use super::pause::Pause;
use super::trouble::Trouble;
use crate::feed::{Log, Source};
use crate::model::{Peek, PlanName};
use crate::store::reader::{Batch, Step};

/// How long the gateway waits for something to answer with.
const WAIT: Duration = Duration::from_secs(30);
/// Pieces that may wait to be taken: whoever does not read asks for no more.
const WAITING: usize = 2;
/// How often it is tried for one who reads what is there now.
const TRIES: u32 = 6;

/// Told when a connection is lost and when there is one again.
type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// A log of another machine, as far as it is wanted.
#[derive(Clone)]
pub struct Records {
    client: Client,
    plan: PlanName,
    /// What the gateway leaves out, as it stands in the query: each with its `&`.
    filter: String,
    tell: Tell,
}

/// What an answer says beside the records.
#[derive(Deserialize)]
struct Answer {
    after: u64,
    #[serde(default)]
    more: bool,
    #[serde(default)]
    renewed: bool,
    #[serde(default)]
    gaps: Vec<Gap>,
}

#[derive(Clone, Copy, Deserialize)]
struct Gap {
    from: u64,
    to: u64,
}

/// What has come.
#[derive(Debug)]
enum Piece {
    /// Lines, and the last seq that was looked at.
    Lines(Vec<u8>, u64),
    Gap(u64, u64),
    Renewed,
    /// Everything there was has come, up to this seq.
    End(u64),
    Failed(Trouble),
}

impl Records {
    /// The log of this plan. `filter` is what stands behind the `?`, each part with a `&` in front.
    pub fn new(client: &Client, plan: PlanName, filter: String, tell: Tell) -> Records {
        Records { client: client.clone(), plan, filter, tell }
    }

    /// The cursor before the first record that would come, with this asked beside the filter.
    pub fn place(&self, ask: &str) -> Result<u64, Trouble> {
        let path = format!("/api/plans/{}/records?limit=0{}{ask}", self.plan, self.filter);
        self.client.ask::<Answer>(path).map(|answer| answer.after)
    }

    /// What comes behind this seq, for one who waits for `bell` and does not stop at the end.
    pub fn follow(&self, after: u64, bell: Arc<Notify>) -> Box<dyn Source> {
        Box::new(self.fetch(after, Some(bell)))
    }

    fn fetch(&self, after: u64, bell: Option<Arc<Notify>>) -> Coming {
        let (tell, pieces) = channel(WAITING);
        let patient = bell.is_none();
        let fetcher = Fetcher {
            line: Line::new(&self.client.address),
            records: self.clone(),
            after,
            pause: Pause::default(),
            to: tell,
            bell,
        };
        self.client.spawn(fetcher.run());
        Coming { pieces, after, at_end: false, patient, _client: self.client.clone() }
    }
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.plan, self.client.address())
    }
}

impl Log for Records {
    fn read_after(&self, after: u64) -> io::Result<Box<dyn Source>> {
        Ok(Box::new(self.fetch(after, None)))
    }

    fn ends(&self) -> io::Result<Vec<u64>> {
        Ok(Vec::new())
    }
}

/// The records of an answer, as they are stored.
fn records_of(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    const BEGIN: &[u8] = b"\"records\":[";
    let begin = memchr::memmem::find(body, BEGIN).map_or(body.len(), |at| at + BEGIN.len());
    let mut rest = &body[begin..];
    std::iter::from_fn(move || {
        rest = rest.strip_prefix(b",").unwrap_or(rest);
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<IgnoredAny>();
        values.next()?.ok()?;
        let (record, behind) = rest.split_at(values.byte_offset());
        rest = behind;
        Some(record)
    })
}

/// Asks again and again, as long as somebody takes what comes.
struct Fetcher {
    line: Line,
    records: Records,
    after: u64,
    /// Counts tries in vain since the last answer.
    pause: Pause,
    to: Sender<Piece>,
    /// Rung when something has come; None: only what is there now is wanted.
    bell: Option<Arc<Notify>>,
}

impl Fetcher {
    async fn run(mut self) {
        loop {
            let going = match self.ask().await {
                Ok((answer, body)) => {
                    if self.pause.tries() > 1 {
                        (self.records.tell)(&format!("{}: connected again", self.address()));
                    }
                    self.pause = Pause::default();
                    self.give(answer, &body).await
                }
                Err(trouble) => self.take(trouble).await,
            };
            if going.is_none() {
                return;
            }
        }
    }

    fn address(&self) -> String {
        self.records.client.address().to_string()
    }

    async fn ask(&mut self) -> Result<(Answer, Bytes), Trouble> {
        let Records { plan, filter, .. } = &self.records;
        let after = self.after;
        let mut path = format!("/api/plans/{plan}/records?after={after}&limit=10000{filter}");
        let wait = if self.bell.is_some() { WAIT } else { Duration::ZERO };
        if !wait.is_zero() {
            path.push_str(&format!("&wait={}s", wait.as_secs()));
        }
        let body = tokio::select! {
            body = self.line.get(&path, wait) => body?,
            () = self.to.closed() => return Err(Trouble::gone("nobody wants to know")),
        };
        let answer = serde_json::from_slice(&body).map_err(Trouble::strange)?;
        Ok((answer, body))
    }

    /// Hands on what has come, gaps in their places. None if nobody wants it.
    async fn give(&mut self, answer: Answer, body: &[u8]) -> Option<()> {
        if answer.renewed {
            self.put(Piece::Renewed).await?;
        }
        let mut gaps = answer.gaps.into_iter().peekable();
        let (mut lines, mut last) = (Vec::new(), 0);
        for line in records_of(body) {
            let seq = Peek::seq(line).unwrap_or(last + 1);
            while let Some(gap) = gaps.next_if(|gap| gap.from < seq) {
                if !lines.is_empty() {
                    self.put(Piece::Lines(std::mem::take(&mut lines), last)).await?;
                }
                self.put(Piece::Gap(gap.from, gap.to)).await?;
            }
            lines.extend_from_slice(line);
            lines.push(b'\n');
            last = seq;
        }
        if !lines.is_empty() {
            self.put(Piece::Lines(lines, last)).await?;
        }
        for gap in gaps {
            self.put(Piece::Gap(gap.from, gap.to)).await?;
        }
        self.after = answer.after;
        if !answer.more {
            self.put(Piece::End(answer.after)).await?;
        }
        // What is there now has come.
        (answer.more || self.bell.is_some()).then_some(())
    }

    async fn put(&mut self, piece: Piece) -> Option<()> {
        self.to.send(piece).await.ok()?;
        if let Some(bell) = &self.bell {
            bell.notify_one();
        }
        Some(())
    }

    /// Waits for better times, or gives up where there are none to be hoped for.
    async fn take(&mut self, trouble: Trouble) -> Option<()> {
        if self.to.is_closed() {
            return None;
        }
        let follows = self.bell.is_some();
        if follows && trouble.code == "no_such_plan" {
            // It was waited for, and will be again.
            self.pause = Pause::default();
            return Some(());
        }
        if !trouble.temporary || !follows && self.pause.tries() >= TRIES {
            self.put(Piece::Failed(trouble)).await?;
            return None;
        }
        if self.pause.tries() == 1 {
            // The first try may fail because the connection had been closed for want of use.
            let at = self.address();
            (self.records.tell)(&format!("{at}: {trouble}; trying again until it answers"));
        }
        let pause = self.pause.next_after(trouble.after);
        tokio::select! {
            () = sleep_until(Instant::now() + pause) => Some(()),
            () = self.to.closed() => None,
        }
    }
}

/// A log on its way here.
struct Coming {
    pieces: Receiver<Piece>,
    after: u64,
    at_end: bool,
    /// Waits for what comes next instead of saying that there is nothing yet.
    patient: bool,
    /// The connections live as long as somebody holds it.
    _client: Client,
}

impl std::fmt::Debug for Coming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "behind {}", self.after)
    }
}

impl Source for Coming {
    fn cursor(&self) -> u64 {
        self.after
    }

    fn skipped(&self) -> u64 {
        0
    }

    fn read(&mut self, batch: &mut Batch) -> io::Result<Step> {
        let piece = match self.patient {
            true => self.pieces.blocking_recv(),
            false => self.pieces.try_recv().ok(),
        };
        batch.take(b"");
        Ok(match piece {
            None => Step::End,
            Some(Piece::Lines(lines, last)) => {
                batch.take(&lines);
                self.after = last;
                Step::Lines
            }
            Some(Piece::Gap(from, to)) => {
                self.after = to;
                Step::Gap { from, to }
            }
            Some(Piece::Renewed) => {
                self.after = 0;
                Step::Renewed
            }
            Some(Piece::End(after)) => {
                (self.after, self.at_end) = (after, true);
                Step::End
            }
            Some(Piece::Failed(trouble)) => return Err(io::Error::other(trouble)),
        })
    }

    fn is_at_end(&self) -> bool {
        self.at_end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_an_answer_are_given_byte_for_byte() {
        let body =
            br#"{"plan":"a","records":[{"seq":1,"msg":"\"],[{"},{"seq":2,  "n":[1]}],"after":2}"#;
        let records: Vec<&[u8]> = records_of(body).collect();
        assert_eq!(records, [&br#"{"seq":1,"msg":"\"],[{"}"#[..], br#"{"seq":2,  "n":[1]}"#]);
        assert_eq!(records_of(br#"{"plan":"a","records":[],"after":2}"#).count(), 0);
        let answer: Answer = serde_json::from_slice(body).unwrap();
        assert_eq!((answer.after, answer.more), (2, false));
    }
}
