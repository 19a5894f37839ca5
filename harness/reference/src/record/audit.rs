//! The audit trail: a bounded ring of events without secrets.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use proofup_domain::method::Method;
use proofup_domain::state::Activity;

/// One event (`domain.md` §12).
#[derive(Debug, Clone)]
pub(crate) struct AuditRecord {
    /// Counts from 1, in order.
    pub(crate) number: u64,
    pub(crate) time: Timestamp,
    pub(crate) user: Arc<str>,
    pub(crate) activity: Activity,
    /// Why, where the activity alone does not say it.
    pub(crate) reason: Option<&'static str>,
    pub(crate) method: Option<Method>,
}

/// The newest events of a tenant, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    events: VecDeque<AuditRecord>,
    recorded: u64,
}

/// Events that a tenant keeps; older ones are dropped.
const CAPACITY: usize = 1000;

impl Audit {
    /// Records an event; the trail numbers it.
    pub(crate) fn record(&mut self, mut event: AuditRecord) {
        self.recorded += 1;
        event.number = self.recorded;
        if self.events.len() == CAPACITY {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Lists the events after a number, oldest first.
    pub(crate) fn after(&self, number: u64) -> impl Iterator<Item = &AuditRecord> {
        let from = self.events.partition_point(|event| event.number <= number);
        self.events.range(from..)
    }
}
