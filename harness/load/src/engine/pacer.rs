//! The pacer: a thread that says when each arrival is due, more exactly than a timer of the runtime does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use proofup_domain::clock::Clock;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::schedule::{Arrival, Schedule};

/// The thread; dropped, it ends.
#[derive(Debug)]
pub(super) struct Pacer {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// The longest wait at once, so that the thread ends soon when it is told to.
const LONGEST: Duration = Duration::from_millis(50);

/// Begins to call arrivals.
pub(super) fn pace(
    schedule: Schedule,
    begun: Timestamp,
    clock: Clock,
) -> std::io::Result<(Pacer, UnboundedReceiver<Arrival>)> {
    let (sender, receiver) = unbounded_channel();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let thread = std::thread::Builder::new()
        .name("pacer".to_owned())
        .spawn(move || {
            for arrival in schedule {
                loop {
                    if stopped.load(Ordering::Relaxed) {
                        return;
                    }
                    let passed = since(begun, &clock);
                    let Some(left) = arrival
                        .at
                        .checked_sub(passed)
                        .filter(|left| !left.is_zero())
                    else {
                        break;
                    };
                    std::thread::park_timeout(left.min(LONGEST));
                }
                if sender.send(arrival).is_err() {
                    return;
                }
            }
        })?;
    let pacer = Pacer {
        stop,
        thread: Some(thread),
    };
    Ok((pacer, receiver))
}

/// Returns the time since an instant.
pub(super) fn since(begun: Timestamp, clock: &Clock) -> Duration {
    Duration::try_from(clock.now().duration_since(begun)).unwrap_or_default()
}

impl Drop for Pacer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A thread that panicked has ended, too.
            let _ = thread.join();
        }
    }
}
