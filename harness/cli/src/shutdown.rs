//! The signals that ask a process to end.

use std::io;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// Listens for Ctrl-C, and for the signal that service managers send.
///
/// Listening begins when this is made, so make it before telling anybody that there is something to end.
#[derive(Debug)]
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    /// Begins to listen.
    #[cfg(unix)]
    pub(crate) fn listen() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let interrupt = signal(SignalKind::interrupt()).map_err(|error| deaf(&error))?;
        let terminate = signal(SignalKind::terminate()).map_err(|error| deaf(&error))?;
        Ok(Self {
            interrupt,
            terminate,
        })
    }

    /// Begins to listen.
    #[cfg(not(unix))]
    pub(crate) fn listen() -> Result<Self, Failure> {
        Ok(Self {})
    }

    /// Waits until the process is asked to end.
    #[cfg(unix)]
    pub(crate) async fn requested(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Waits until the process is asked to end.
    #[cfg(not(unix))]
    pub(crate) async fn requested(self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Returns what work comes to; a signal cancels `stop`, and the work then has [`GRACE`] to end.
    ///
    /// # Errors
    /// Where the work has not ended by then.
    pub(crate) async fn stopping<T>(
        self,
        stop: &CancellationToken,
        work: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        tokio::pin!(work);
        tokio::select! {
            done = &mut work => Ok(done),
            () = self.requested() => {
                stop.cancel();
                let ended = tokio::time::timeout(GRACE, work).await;
                ended.map_err(|_| Failure::interrupted())
            }
        }
    }
}

/// How long work may go on after a signal.
const GRACE: Duration = Duration::from_secs(5);

#[cfg_attr(
    not(unix),
    expect(dead_code, reason = "only Unix has signals to fail to listen for")
)]
fn deaf(error: &io::Error) -> Failure {
    Failure::usage(
        format!("could not listen for signals: {error}"),
        "check whether the machine has file handles left",
    )
}
