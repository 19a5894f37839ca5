//! What is taken down from time to time: intervals, processor time, memory.

use std::time::Duration;

use super::{LoadConfig, LoadEvent, RunState};
use crate::process;

/// What the generator and the target had used at an instant.
#[derive(Clone, Copy)]
pub(super) struct Used {
    pub(super) generator: Option<Duration>,
    pub(super) target: Option<Duration>,
    pub(super) at: Duration,
}

/// Takes down intervals, and what was used when the warm-up was over.
pub(super) struct UsageMeter {
    watched: Option<u32>,
    warm_up: Duration,
    last: Duration,
    pub(super) measuring: Option<Used>,
}

impl UsageMeter {
    pub(super) fn new(config: &LoadConfig) -> Self {
        let mut meter = Self {
            watched: config.watched,
            warm_up: config.plan.warm_up,
            last: Duration::ZERO,
            measuring: None,
        };
        if meter.warm_up.is_zero() {
            meter.measuring = Some(meter.used(Duration::ZERO));
        }
        meter
    }

    pub(super) fn used(&self, at: Duration) -> Used {
        Used {
            generator: process::thread_time(),
            target: self.watched.and_then(process::process_time),
            at,
        }
    }

    pub(super) fn interval(&mut self, shared: &RunState, events: &mut dyn FnMut(LoadEvent<'_>)) {
        let now = shared.now();
        if self.measuring.is_none() && now >= self.warm_up {
            self.measuring = Some(self.used(now));
        }
        let length = now.saturating_sub(self.last);
        if length < Duration::from_millis(1) {
            return;
        }
        let memory = (
            process::resident(std::process::id()),
            self.watched.and_then(process::resident),
        );
        let mut recorder = shared.recorder.borrow_mut();
        let point = recorder.interval(self.last.as_secs_f64(), length.as_secs_f64(), memory);
        self.last = now;
        let counts = *recorder.all();
        events(LoadEvent::Interval {
            point: Box::new(point),
            counts: Box::new(counts),
            fresh: &recorder.fresh,
        });
        recorder.forget_fresh();
    }
}
