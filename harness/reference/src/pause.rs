//! The other half of the clock seam: how time is let pass before an answer that a rule makes late.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Lets time pass; a test passes one that moves its clock and returns at once.
#[derive(Clone)]
pub struct Pause(Arc<dyn Fn(Duration) -> Passing + Send + Sync>);

/// Time that passes.
pub type Passing = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Pause {
    /// Wraps a way to let time pass.
    pub fn new(pass: impl Fn(Duration) -> Passing + Send + Sync + 'static) -> Self {
        Self(Arc::new(pass))
    }

    /// Makes the pause of an ordinary process: by a timer of its runtime.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "that an answer takes its time is what a pause is for"
    )]
    pub fn by_timer() -> Self {
        Self::new(|time| Box::pin(tokio::time::sleep(time)))
    }

    /// Lets the time pass; nothing is asked of anybody for none.
    pub(crate) async fn take(&self, time: Duration) {
        if !time.is_zero() {
            (self.0)(time).await;
        }
    }
}

impl std::fmt::Debug for Pause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pause")
    }
}
