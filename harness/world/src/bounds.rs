//! What a target can be asked for at all: what its file binds and says, what it declares, and what the doctor found.
//!
//! A scenario tells beforehand what it needs ([`crate::needs`], [`crate::policy_fit`]). What is drawn by chance is drawn within
//! these bounds instead: people who can be had, the policy that holds, and commands that can be made and mean something here.
//!
//! **Invariant:** nothing of a target that makes tenants with any policy is out of bounds, but what it does not bind or declare.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proofup_binding::{CompiledTarget, Operation};
use proofup_domain::answer::Answer;
use proofup_domain::capabilities::{Capabilities, Facility, Feature};
use proofup_domain::command::{
    AddressRef, CodeRole, Command, GatewayBehaviour, NewPasswordRole, PhoneRef,
};
use proofup_domain::expect::Expectation;
use proofup_domain::method::{ChallengeKind, Method, Role};
use proofup_domain::policy::Policy;
use proofup_domain::refusal::Refusal;
use proofup_domain::requirement::Requirement;
use proofup_judge::outcome::Outcome;
use proofup_judge::report::words::why;
use proofup_oracle::machine::State;
use proofup_scenario::UserSpec;
use serde_json::Value as Json;

use crate::context::RunContext;
use crate::needs::{self, has_feature};
use crate::surroundings::runs;
use crate::tenant::tenant_under;
use crate::{References, Terms, UnprovenMapping, operation_of};

/// How far the time of a target whose clock runs may be off what is known of it.
const OFF: SignedDuration = SignedDuration::from_secs(2);

/// What a target can be asked for.
#[derive(Debug, Clone)]
pub struct TargetBounds {
    /// What it declares.
    pub capabilities: Capabilities,
    target: Arc<CompiledTarget>,
    unproven: UnprovenMapping,
    /// It makes tenants with any policy: whatever a case asks for is there.
    makes_tenants: bool,
}

impl TargetBounds {
    /// Works out the bounds of a target that declares these capabilities.
    #[must_use]
    pub fn new(context: &RunContext, capabilities: &Capabilities) -> Self {
        let target = Arc::clone(&context.session.target);
        Self {
            capabilities: capabilities.clone(),
            makes_tenants: target.has(Operation::CreateTenant)
                && target.standing_policy().is_none(),
            unproven: context.unproven.clone(),
            target,
        }
    }

    /// Returns whether it makes tenants with any policy, so that whatever a case asks for is there.
    #[must_use]
    pub const fn makes_tenants(&self) -> bool {
        self.makes_tenants
    }

    /// Returns the policy that holds where a case asks for this one: of a policy of the target's own only what can be set is
    /// as it asks.
    #[must_use]
    pub fn policy(&self, asked: Policy) -> Policy {
        match self.target.standing_policy() {
            Some(own) => own.under(&asked),
            None if self.capabilities.facilities.contains(&Facility::Policy) => asked,
            None => Policy {
                edition: asked.edition,
                ..Policy::default()
            },
        }
    }

    /// Returns the policies under which a case begins and runs.
    #[must_use]
    pub fn terms(&self, users: &[UserSpec], policy: &Policy) -> Terms {
        Terms::of(&self.target, users, policy)
    }

    /// Makes the oracle's tenant as a case finds it, before anybody has registered anything.
    #[must_use]
    pub fn tenant(&self, users: &[UserSpec], policy: &Policy) -> State {
        let terms = self.terms(users, policy);
        let tenant = tenant_under(users, &terms.first, &self.capabilities);
        if self.makes_tenants || self.capabilities.features.contains(&Feature::TwoStep) {
            tenant
        } else {
            tenant.without_second_steps()
        }
    }

    /// Lists the commands between the making of the people and the first step.
    #[must_use]
    pub fn preparation(&self, users: &[UserSpec], policy: &Policy) -> Vec<Command> {
        let terms = self.terms(users, policy);
        terms.preparation(users, &self.capabilities.limits)
    }

    /// Makes people such as can be had here, and leaves out those who cannot.
    #[must_use]
    pub fn people(&self, mut users: Vec<UserSpec>) -> Vec<UserSpec> {
        let target = &self.target;
        if target.has(Operation::CreateTenant) {
            return users;
        }
        let declared = self.capabilities.facilities.contains(&Facility::Users);
        let made = target.has(Operation::CreateUser);
        // What the request does not say is not done, whatever is declared.
        let says = |word: &str| declared && target.names(Operation::CreateUser, word);
        let mut left: Vec<Role> = target.users().iter().map(|user| user.role).collect();
        for user in &mut users {
            if user.role != Role::Member && !(made && says("role")) {
                user.role = Role::Member;
            }
            if !self.capabilities.facilities.contains(&Facility::Clock) {
                // The time between registering and the steps could not be skipped.
                user.methods.clear();
            }
        }
        users.retain(|user| {
            let has_place = made || !user.exists || {
                let place = left.iter().position(|role| *role == user.role);
                place.map(|place| left.swap_remove(place)).is_some()
            };
            has_place && (!user.blocked || made && says("blocked"))
        });
        users
    }

    /// Lists the methods that a code can be sent for, in the order of the vocabulary.
    #[must_use]
    pub fn methods_with_codes(&self) -> Vec<Method> {
        let sent = [
            (
                Method::Email,
                ChallengeKind::EmailCode,
                Facility::InboxEmail,
            ),
            (
                Method::MobilePhone,
                ChallengeKind::TextMessage,
                Facility::InboxSms,
            ),
        ];
        let had = sent.into_iter().filter(|(method, kind, inbox)| {
            self.capabilities.methods.contains(method)
                && self.capabilities.kinds.contains(kind)
                && self.capabilities.facilities.contains(inbox)
        });
        had.map(|(method, ..)| method).collect()
    }

    /// Returns why a command is not given, if it is not: it could not be made, or would not mean the same.
    #[must_use]
    pub fn forbids(&self, policy: &Policy, command: &Command) -> Option<String> {
        self.unbound(command)
            .or_else(|| self.undeclared(command))
            .or_else(|| self.unsettable(policy, command))
            .or_else(|| self.foreign(command))
            .or_else(|| self.unnameable(command))
            .or_else(|| {
                let gap = self.unproven.of_command(command)?;
                why(&Outcome::CouldNotRun(gap))
            })
    }

    /// Returns whether a command of this kind can be given at all.
    #[must_use]
    pub fn has_word(&self, word: &str) -> bool {
        if matches!(word, "approveNotification" | "denyNotification") {
            return self.target.has(Operation::ReplyToNotification)
                && self.has_all(&[Facility::Device, Facility::InboxPush]);
        }
        let bound = Operation::from_word(word).is_none_or(|one| self.target.has(one));
        match word {
            "advanceClock" => self.has_all(&[Facility::Clock]),
            "setPolicy" => bound && self.sets_policies(),
            "activateDevice" => bound && self.has_all(&[Facility::Device]),
            "pressKey" | "hangUp" | "letRing" => self.has_all(&[Facility::InboxVoice]),
            "addAccount" => {
                let mut methods = self.capabilities.methods.iter();
                methods.any(|method| {
                    let kinds = method.kinds();
                    kinds.contains(&ChallengeKind::AppCode)
                })
            }
            _ => bound,
        }
    }

    fn has_all(&self, facilities: &[Facility]) -> bool {
        let mut facilities = facilities.iter();
        facilities.all(|one| self.capabilities.facilities.contains(one))
    }

    fn sets_policies(&self) -> bool {
        match self.target.standing_policy() {
            Some(own) => own.is_settable() && self.target.has(Operation::SetPolicy),
            None => self.has_all(&[Facility::Policy]) && self.target.has(Operation::SetPolicy),
        }
    }

    /// Returns why the target file cannot make a command.
    fn unbound(&self, command: &Command) -> Option<String> {
        let moves_time = matches!(command, Command::AdvanceClock { .. });
        let operation = operation_of(command).filter(|_| !moves_time)?;
        (!self.target.has(operation)).then(|| format!("`{operation}` is not bound"))
    }

    /// Returns what a command needs that the target does not declare.
    fn undeclared(&self, command: &Command) -> Option<String> {
        let mut needed = BTreeSet::new();
        needs::of_command(command, &mut needed);
        needed.remove(&Facility::Policy);
        if let Some(missing) = needed.difference(&self.capabilities.facilities).next() {
            return Some(format!("`{missing}` is not declared"));
        }
        if self.makes_tenants {
            return None;
        }
        let method = command.method();
        if let Some(method) = method.filter(|one| !self.capabilities.methods.contains(one)) {
            return Some(format!("`{method}` is not declared"));
        }
        let kind = command.kind();
        let kind = kind.filter(|one| !self.capabilities.kinds.contains(one))?;
        Some(format!("`{kind}` is not declared"))
    }

    /// Returns why a policy cannot be set.
    fn unsettable(&self, now: &Policy, command: &Command) -> Option<String> {
        let Command::SetPolicy { policy } = command else {
            return None;
        };
        if !self.sets_policies() {
            return Some("policies cannot be set".to_owned());
        }
        let own = self.target.standing_policy()?;
        let mut wanted = serde_json::to_value(now).unwrap_or_default();
        crate::merge(&mut wanted, &Json::Object(policy.clone()));
        let wanted = serde_json::from_value::<Policy>(wanted).ok();
        let beyond = wanted.map(|wanted| own.beyond(now, &wanted));
        match beyond {
            Some(beyond) if beyond.is_empty() => None,
            Some(beyond) => Some(format!("{} cannot be set", beyond.join(", "))),
            None => Some("it is no policy".to_owned()),
        }
    }

    /// Returns what of a command means something only where the harness has told the target of it: domains, a clock that
    /// stands, how long a provider may take.
    fn foreign(&self, command: &Command) -> Option<String> {
        if self.makes_tenants {
            return None;
        }
        let drifts = |code: &CodeRole| matches!(code, CodeRole::Drift(_)) && !self.is_exact();
        let is_foreign = match command {
            Command::BeginEnrollment { address, phone, .. }
            | Command::ChangeMethod { address, phone, .. } => {
                let respelt = matches!(
                    phone,
                    Some(PhoneRef::OfficeWithExtension | PhoneRef::MobileRespelt)
                );
                let of_many = |text: &String| text.matches('@').count() == 1;
                match address {
                    Some(AddressRef::Work | AddressRef::WorkInCapitals) => {
                        !self.target.has(Operation::CreateTenant)
                    }
                    // Everybody who types an address types the same.
                    Some(AddressRef::Text(text)) => of_many(text),
                    _ => respelt && !self.target.mentions("number"),
                }
            }
            Command::SubmitCode { code, .. }
            | Command::SubmitSecondStepCode { code, .. }
            | Command::SubmitResetCode { code, .. } => drifts(code),
            Command::SetNewPassword { password, .. } => {
                // How short a password may be is not declared.
                *password == NewPasswordRole::Shortest
            }
            Command::SetGateway { behaviour, .. } => match behaviour {
                GatewayBehaviour::Hang => true,
                GatewayBehaviour::Answer4xx
                | GatewayBehaviour::Answer5xx
                | GatewayBehaviour::Reset
                | GatewayBehaviour::Dead => !self
                    .target
                    .can_refuse(Operation::BeginEnrollment, Refusal::GatewayFailed),
                _ => false,
            },
            _ => false,
        };
        is_foreign.then(|| "it is about what nobody has told the target".to_owned())
    }

    /// Returns which thing a command refers to that no request of its operation names.
    fn unnameable(&self, command: &Command) -> Option<String> {
        if self.makes_tenants {
            return None;
        }
        let operation = operation_of(command)?;
        let references = References::of(command);
        let mut things = ["enrollment", "challenge", "reset", "proof"].into_iter();
        things
            .find(|thing| references.name(thing).is_some() && !self.target.names(operation, thing))
            .map(|thing| format!("no request of `{operation}` names the {thing}"))
    }

    /// Returns whether the target's time is known to the second.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.makes_tenants || !runs(self.target.clock().mode)
    }

    /// Lists the instants at which a request may have reached the target, the likeliest first.
    #[must_use]
    pub fn instants(&self, now: Timestamp) -> Vec<Timestamp> {
        if self.is_exact() {
            return vec![now];
        }
        let about = [
            Some(now),
            now.checked_sub(OFF).ok(),
            now.checked_add(OFF).ok(),
        ];
        about.into_iter().flatten().collect()
    }

    /// Returns whether an answer meets an expectation as far as the target file says what it tells.
    ///
    /// What no mapping carries is neither there nor missing, and a refusal that the file has no word for is as good as any
    /// that it has.
    #[must_use]
    pub fn meets(&self, command: &Command, pattern: &Expectation, answer: &Answer) -> bool {
        if pattern.admits(answer) {
            return true;
        }
        if self.makes_tenants || answer.is_unrecognised() {
            return false;
        }
        let refused = matches!(pattern, Expectation::Refused(_));
        let untold = |field: &str| is_untold(&self.target, command, field, refused);
        let mut told = answer.clone();
        if untold("namesOrganisation")
            && let Some(fields) = told.fields_mut()
        {
            fields.remove("namesOrganisation");
        }
        told.complete(pattern.example(), untold);
        pattern.admits(&told) || self.is_another_word(command, pattern, answer)
    }

    /// Returns whether an answer refuses what the expectation refuses, in a product whose file has no word for the reason.
    fn is_another_word(&self, command: &Command, pattern: &Expectation, answer: &Answer) -> bool {
        let (Expectation::Refused(wanted), Some(_)) = (pattern, answer.refusal()) else {
            return false;
        };
        let operation = operation_of(command);
        operation.is_some_and(|operation| {
            let mut reasons = wanted.reasons.as_slice().iter();
            !reasons.any(|reason| self.target.can_refuse(operation, *reason))
        })
    }

    /// Returns what the target declares that it does not have of what a requirement needs.
    #[must_use]
    pub fn lacks(&self, requirement: &Requirement) -> Option<String> {
        let mut features = requirement.needs.features.iter();
        let missing = features.find(|feature| !has_feature(&self.capabilities, **feature))?;
        Some(missing.to_string())
    }

    /// Returns what the doctor found of an operation's answers that would make what differs the mapping's.
    #[must_use]
    pub fn unproven(&self, command: &Command, expected: &Expectation) -> Option<String> {
        let named = expected.named();
        let operations: Vec<Operation> = operation_of(command).into_iter().collect();
        let gap = self.unproven.of_answer(&named, &operations)?;
        why(&Outcome::CouldNotRun(gap))
    }
}

/// Returns whether a target file leaves out where the answer to a command tells a field: where it succeeds, or where it is
/// refused.
pub(crate) fn is_untold(
    target: &CompiledTarget,
    command: &Command,
    field: &str,
    refused: bool,
) -> bool {
    if let Command::ReadInbox { .. } = command {
        let told = ["displayName", "organisation"];
        return field == "namesOrganisation" && !told.iter().any(|name| target.mentions(name));
    }
    operation_of(command).is_some_and(|operation| {
        !field.is_empty() && !target.tells_where(operation, field, refused)
    })
}
