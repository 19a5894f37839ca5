//! Reading the audit trail (`domain.md` §12).

use proofup_domain::method::Role;

use super::session::Caller;
use crate::record::AuditRecord;
use crate::refused::Refused;
use crate::tenant::Turn;
use crate::wire::{AuditEvent, AuditEvents};

impl Turn<'_> {
    /// Reads a page of the trail as an administrator.
    pub(crate) fn audit_page(
        &self,
        caller: &Caller,
        top: usize,
        after: u64,
    ) -> Result<AuditEvents, Refused> {
        let role = self.user(&caller.user).role;
        if role != Role::Administrator && self.rules.audit_for_administrators_only {
            return Err(self.rules.audit_refusal.into());
        }
        let mut events = self.state.audit.after(after);
        let value: Vec<AuditEvent> = events.by_ref().take(top).map(event_view).collect();
        let last = value.last().filter(|_| events.next().is_some());
        let next_link = last.map(|last| format!("/v1/auditEvents?top={top}&after={}", last.id));
        Ok(AuditEvents { value, next_link })
    }

    /// Reads the whole trail by test control.
    pub(crate) fn audit_trail(&self) -> AuditEvents {
        AuditEvents {
            value: self.state.audit.after(0).map(event_view).collect(),
            next_link: None,
        }
    }
}

fn event_view(event: &AuditRecord) -> AuditEvent {
    AuditEvent {
        id: event.number.to_string(),
        time: event.time,
        user_principal_name: event.user.as_ref().to_owned(),
        activity: event.activity,
        result: "success",
        reason: event.reason,
        method: event.method,
    }
}
