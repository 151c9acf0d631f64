//! The thread that reads logs for windows.

use std::io;
use std::thread;
use std::time::Instant;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::desk::Desk;
use super::{Answer, Request};
use crate::feed::follow::{Changes, listen};
use crate::store::layout::Home;
use crate::wake::Watcher;

/// Reads logs for windows, on a thread of its own, as long as it is held.
#[derive(Debug)]
pub struct Worker {
    requests: UnboundedSender<Request>,
}

impl Worker {
    /// Starts it. Every answer is told on its thread: hand it on and return.
    pub fn start(home: Home, tell: impl FnMut(Answer) + Send + 'static) -> io::Result<Worker> {
        let (requests, asked) = unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let watcher = Watcher::new()?;
        thread::Builder::new().name("windows".to_owned()).spawn(move || {
            // Ends when the watcher cannot be listened to: then nothing can be followed.
            let _ = runtime.block_on(serve(home, watcher, asked, tell));
        })?;
        Ok(Worker { requests })
    }

    /// Asks for something. Never waits.
    pub fn ask(&self, request: Request) {
        // Fails only when the thread has ended, and then nobody can be told.
        let _ = self.requests.send(request);
    }
}

async fn serve(
    home: Home,
    watcher: Watcher,
    mut asked: UnboundedReceiver<Request>,
    mut tell: impl FnMut(Answer),
) -> io::Result<()> {
    let changes = listen(Changes(watcher))?;
    let mut desk = Desk::new(home);
    loop {
        let due = desk.due();
        let wait = async {
            match due {
                // Others must be heard between two slices, the kernel's notices among them.
                Some(due) if due <= Instant::now() => tokio::task::yield_now().await,
                Some(due) => {
                    let _ = tokio::time::timeout_at(due.into(), std::future::pending::<()>()).await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            request = asked.recv() => match request {
                Some(request) => desk.take(request, &changes.get_ref().0, &mut tell),
                None => return Ok(()),
            },
            ready = changes.readable() => {
                // In this order: a change after this line makes it ready again.
                ready?.clear_ready();
                desk.wake(&changes.get_ref().0.clear());
            }
            () = wait => desk.work(&changes.get_ref().0, &mut tell),
        }
    }
}
