//! How a matrix is shown while it goes on: one line on a terminal, nothing elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal;

/// Shows how far a matrix is.
#[derive(Debug)]
pub(super) struct SweepProgress(ProgressBar);

impl SweepProgress {
    /// A line that is only drawn where a person watches.
    pub(super) fn new(combinations: usize) -> Self {
        let target = if terminal::is_watched() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let length = u64::try_from(combinations).unwrap_or(u64::MAX);
        let bar = ProgressBar::with_draw_target(Some(length), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} combinations  {eta}")
        {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Adds to the number of finished combinations.
    pub(super) fn add(&self, more: u64) {
        self.0.inc(more);
    }
}

impl Drop for SweepProgress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
