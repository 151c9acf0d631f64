//! The thread that reads logs for windows.

use std::io;
use std::thread;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Answer, Cut, Item, Request, Slice, Told, Want};
use crate::model::Record;
use crate::store::backward::Backward;
use crate::store::layout::Home;

/// Reads logs for windows, on a thread of its own, as long as it is held.
#[derive(Debug)]
pub struct Worker {
    requests: UnboundedSender<Request>,
}

impl Worker {
    /// Starts it. Every answer is told on its thread: hand it on and return.
    pub fn start(home: Home, tell: impl FnMut(Answer) + Send + 'static) -> io::Result<Worker> {
        let (requests, asked) = unbounded_channel();
        thread::Builder::new()
            .name("windows".to_owned())
            .spawn(move || work(&home, asked, tell))?;
        Ok(Worker { requests })
    }

    /// Asks for something. Never waits.
    pub fn ask(&self, request: Request) {
        // The thread is gone only if it could not start: nothing is to be told then.
        let _ = self.requests.send(request);
    }
}

fn work(home: &Home, mut asked: UnboundedReceiver<Request>, mut tell: impl FnMut(Answer)) {
    while let Some(request) = asked.blocking_recv() {
        let told = match &request.want {
            Want::Open { before, .. } => match last(home, &request, *before) {
                Ok(slice) => Told::Opened(slice, None),
                Err(error) => Told::Failed(error.to_string()),
            },
            _ => continue,
        };
        tell(Answer { window: request.window, ticket: request.ticket, told });
    }
}

fn last(home: &Home, request: &Request, count: usize) -> io::Result<Slice> {
    let Some(name) = request.view.plans.first() else { return Ok(Slice::default()) };
    let mut lines = Backward::new(&home.plan(name).log())?;
    let mut items = Vec::new();
    while items.len() < count
        && let Some(line) = lines.line()?
    {
        if let Ok(record) = Record::parse(line)
            && request.view.filter.wants(&record)
        {
            items.push(Item::new(0, record));
        }
    }
    items.reverse();
    let low = items.first().map_or(0, |item| item.place.seq - 1);
    let high = items.last().map_or(0, |item| item.place.seq);
    let (low, high) = (Cut(vec![low]), Cut(vec![high]));
    Ok(Slice { items, low, high, begin: false, end: true, done: true })
}
