//! The world around: inboxes, gateways, the policy, the audit trail, what is declared.

use std::sync::Arc;

use proofup_domain::command::{AddressRef, GatewayBehaviour, Name, PhoneRef};
use proofup_domain::expect::{Expectation, FieldPatterns, Pattern};
use proofup_domain::method::Role;
use proofup_domain::refusal::Refusal;
use proofup_domain::state::{Activity, Channel, SessionState};
use serde_json::{Map, Value};

use super::expected::Told;
use super::gate::word;
use super::records::Destination;
use super::roles::By;
use super::{AuditEntry, Handled, StepContext};
use crate::patch;
use crate::policy::{self, Reason};

impl StepContext {
    /// Reads an inbox. The contents of the newest message are shown only if there is one.
    pub(super) fn read_inbox(
        &mut self,
        user: &Name,
        channel: Channel,
        address: Option<&AddressRef>,
        phone: Option<&PhoneRef>,
    ) -> Handled {
        let actor = self.actor(user)?;
        let line = match channel {
            Channel::Email => {
                self.address(actor, address.unwrap_or(&AddressRef::Own))
                    .destination
            }
            Channel::Sms | Channel::Voice => {
                self.phone(actor, phone.unwrap_or(&PhoneRef::Mobile))
                    .destination
            }
            Channel::Push => Destination::Line("push".into()),
        };
        let inbox = super::outbox::inbox(channel, actor, &line);
        let found = self.outbox_mut().look(channel, inbox);
        let mut answer = FieldPatterns::new().with("count", found.count);
        if found.count > 0 {
            match channel {
                Channel::Sms => {
                    answer.set("hasCode", true);
                    answer.set("e164", true);
                }
                Channel::Email => {
                    answer.set("hasCode", true);
                    answer.set("namesOrganisation", true);
                }
                Channel::Voice => {
                    answer.set("asksForPound", true);
                    answer.set("e164", true);
                }
                Channel::Push => {}
            }
            if let Some(role) = role(&line, &self.person(actor).name) {
                answer.set("to", role.to_owned());
            }
        }
        Ok(Told::success(answer))
    }

    pub(super) fn set_gateway(&mut self, channel: Channel, behaviour: GatewayBehaviour) -> Handled {
        self.outbox_mut().behave(channel, behaviour);
        Ok(Told::done())
    }

    pub(super) fn release_messages(&mut self, channel: Channel) -> Handled {
        self.outbox_mut().release(channel);
        Ok(Told::done())
    }

    /// Merges a patch into the policy (RFC 7396); what members could not meet is refused with its field.
    pub(super) fn set_policy(&mut self, changes: &Map<String, Value>) -> Handled {
        let invalid = [Refusal::InvalidPolicy, Refusal::InvalidInput];
        let Some(next) = patch::patched(&self.state.policy, changes) else {
            return Err(Told::any_of(&invalid));
        };
        let defects = policy::defects(&next);
        if defects.is_empty() {
            self.state.policy = Arc::new(next);
            return Ok(Told::done());
        }
        let mut fields: Vec<&'static str> = Vec::new();
        for defect in defects {
            fields.push(defect.field);
            fields.extend(beside(defect.reason));
        }
        Err(Told::refused_with(
            Refusal::InvalidPolicy,
            "field",
            Pattern::AnyOf(fields.into_iter().map(Pattern::from).collect()),
        ))
    }

    /// Answers with the audit trail, by test control.
    pub(super) fn read_audit(&mut self, user: Option<&Name>) -> Handled {
        let person = user.map(|user| self.actor(user)).transpose()?;
        Ok(Told::success(self.audit_answer(person)))
    }

    /// Answers a signed-in administrator with the audit trail.
    pub(super) fn read_audit_events(&mut self, by: By<'_>) -> Handled {
        let at = self.enter(by)?;
        let stand = self.standing(at);
        let administrator = self.person(at.owner).user.role == Role::Administrator;
        match word(&stand) {
            Some((SessionState::SignedIn, _)) if administrator => {
                Ok(Told::success(self.audit_answer(None)))
            }
            Some((SessionState::SignedIn, _)) => Err(Told::refused(Refusal::Forbidden)),
            Some((_, refusal)) => Err(Told::any_of(&[refusal, Refusal::Forbidden])),
            None => Err(Told::any_of(&[Refusal::Blocked, Refusal::Forbidden])),
        }
    }

    fn audit_answer(&self, person: Option<usize>) -> FieldPatterns {
        let events: Pattern = self
            .state
            .audit
            .iter()
            .filter(|event| person.is_none_or(|person| person == event.person))
            .map(|event| self.event(event))
            .collect();
        FieldPatterns::new().with("events", events)
    }

    /// Whether a cancelled wizard or a lockout is a success or a failure is not said.
    fn event(&self, event: &AuditEntry) -> FieldPatterns {
        let mut told = FieldPatterns::new()
            .with("user", self.person(event.person).name.to_string())
            .with("activity", event.activity.as_str());
        let said = !matches!(
            event.activity,
            Activity::WizardCancelled | Activity::AccountBlocked
        );
        if said {
            told.set("result", "success");
        }
        if let Some(method) = event.method {
            told.set("method", method.as_str());
        }
        told
    }

    pub(super) fn read_capabilities(&self) -> Told {
        let limits = serde_json::to_value(self.limits()).unwrap_or_default();
        let limits = Expectation::read(&limits);
        Told::Answers(vec![limits.unwrap_or(Expectation::success())].into())
    }

    /// No response and no event ever holds a code or a secret (CODE-7).
    #[expect(
        clippy::unused_self,
        reason = "a command is answered by the world, also when nothing in it matters"
    )]
    pub(super) fn find_leaks(&self) -> Told {
        let found = FieldPatterns::new().with("codesFound", 0);
        Told::success(found.with("inAudit", 0))
    }
}

/// Returns the role of a destination of this person.
fn role<'a>(line: &'a Destination, name: &str) -> Option<&'a str> {
    match line {
        Destination::Line(line) => line.strip_prefix(name)?.strip_prefix('/'),
        Destination::Device(_) => None,
    }
}

/// Lists the fields that are as much to blame as the one that the defect names.
const fn beside(reason: Reason) -> &'static [&'static str] {
    match reason {
        Reason::NoKindAllowed => &["twoStep.registrationRequired", "twoStep.requiredAtSignIn"],
        Reason::TooFewGates => &["reset.methodsRequired", "reset.enabled"],
        Reason::TooFewQuestions => &["reset.questionsToRegister", "reset.methods"],
        Reason::MoreThanRegistered => &["reset.questionsToRegister"],
        Reason::OutOfRange | Reason::NotForTwoStep | Reason::QuestionTooLong => &[],
    }
}
