//! How a run is shown while it goes on: one line on a terminal, nothing elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use proofup_judge::outcome::Outcome;
use proofup_runner::run::RunEvent;

use crate::terminal;

/// Shows how far a run is.
#[derive(Debug, Clone)]
pub(crate) struct RunProgress(ProgressBar);

impl RunProgress {
    /// A line that is only drawn where a person watches.
    pub(crate) fn new() -> Self {
        let target = if terminal::is_watched() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} cases  {msg}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Updates the line by an event.
    pub(crate) fn on(&self, event: &RunEvent) {
        match event {
            RunEvent::RunStarted { cases, .. } => {
                self.0.set_length(u64::try_from(*cases).unwrap_or(u64::MAX))
            }
            RunEvent::CaseStarted { id } => self.0.set_message(id.clone()),
            RunEvent::CaseFinished(case) => {
                for check in &case.checks {
                    if matches!(check.outcome, Outcome::Failed(_)) {
                        self.0
                            .println(format!("failed {} in {}", check.slug, case.id));
                    }
                }
                self.0.inc(1);
            }
            RunEvent::RunFinished => self.0.finish_and_clear(),
        }
    }
}
