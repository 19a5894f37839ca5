//! What a proof leads to: a method is registered or changed, a method goes.

use std::collections::BTreeSet;
use std::sync::Arc;

use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::state::Activity;

use super::StepContext;
use super::records::{AnswerText, MethodFacts, Phase, Ref};
use crate::user::{Registered, User};
use crate::{default, usable};

/// Chosen questions and what was answered.
pub(super) type QuestionAnswers = Arc<[(String, AnswerText)]>;

impl StepContext {
    /// Registers what a setup proved: by the kind that verified it, with the answers if it has any.
    pub(super) fn register(
        &mut self,
        at: Ref,
        verified_by: ChallengeKind,
        answers: QuestionAnswers,
    ) {
        self.enrollment_mut(at).phase = Phase::Verified;
        let made = match self.enrollment(at).changes {
            Some(id) => self.change_registered(at, id),
            None => self.add_registered(at, verified_by, answers),
        };
        let now = self.now;
        let setup = self.enrollment_mut(at);
        setup.made = Some(made);
        // A key pressed or an approval is told to the gateway or the device; the page learns of it when it looks.
        setup.told = !matches!(
            verified_by,
            ChallengeKind::AppNotification | ChallengeKind::VoiceCall
        );
        let person = self.person_mut(at.owner);
        person.last_change = Some(now);
        self.count_in_interrupt(at, made);
    }

    /// The new destination takes the place of the old one, in the list and as the default.
    fn change_registered(&mut self, at: Ref, id: u32) -> u32 {
        let setup = self.enrollment(at).clone();
        let person = self.person_mut(at.owner);
        if let Some(held) = person.user.registered.iter_mut().find(|held| held.id == id) {
            held.can_text = setup.can_text;
        }
        if let Some(facts) = person.methods.get_mut(&id) {
            facts.destination.clone_from(&setup.destination);
            facts.holder = setup.holder;
            facts.changes += 1;
        }
        self.record(at.owner, Activity::MethodChanged, Some(setup.method));
        id
    }

    /// A new method goes to the end of the list; one that was unusable gives way to it.
    fn add_registered(
        &mut self,
        at: Ref,
        verified_by: ChallengeKind,
        answers: QuestionAnswers,
    ) -> u32 {
        let setup = self.enrollment(at).clone();
        let app = matches!(
            setup.method,
            Method::MicrosoftAuthenticator | Method::SoftwareOath
        );
        let replaced = self.person(at.owner).user.registered.iter();
        let replaced = replaced
            .filter(|held| !app && held.method == setup.method)
            .map(|held| held.id);
        for id in replaced.collect::<Vec<_>>() {
            self.drop_method(at.owner, id);
        }
        let policy = Arc::clone(&self.state.policy);
        let person = self.person_mut(at.owner);
        person.methods_made += 1;
        let questions: BTreeSet<String> = answers
            .iter()
            .map(|(question, _)| question.clone())
            .collect();
        let new = Registered {
            can_text: setup.can_text,
            questions: (setup.method == Method::SecurityQuestions).then_some(questions),
            ..Registered::new(person.methods_made, setup.method)
        };
        let before: &User = &person.user;
        person.user.choice = default::after_registration(&policy, before, &new, verified_by);
        person.methods.insert(
            new.id,
            MethodFacts {
                destination: setup.destination,
                holder: setup.holder,
                origin: at,
                last_step: None,
                answers,
                changes: 0,
            },
        );
        let id = new.id;
        person.user.registered.push(new);
        self.record(at.owner, Activity::MethodRegistered, Some(setup.method));
        id
    }

    /// A method verified in an interrupt that began with no usable one counts as this session's second step.
    fn count_in_interrupt(&mut self, at: Ref, made: u32) {
        let session = Ref {
            index: self.enrollment(at).session,
            ..at
        };
        if !self.session(session).progress.interrupted {
            return;
        }
        let usable = self
            .person(at.owner)
            .user
            .find(made)
            .is_some_and(|held| !usable::two_step_kinds(&self.state.policy, held).is_empty());
        let session = self.session_mut(session);
        session.verified += 1;
        if session.began_bare && usable {
            session.progress.second_step_passed = true;
        }
    }

    /// Removes a method with everything that depended on it: the choice, challenges, a change that was begun.
    pub(super) fn drop_method(&mut self, person: usize, id: u32) {
        self.cancel_setups(person, |setup| setup.changes == Some(id));
        self.cancel_challenges(person, |challenge| challenge.method_id == id);
        let person = self.person_mut(person);
        person.user.registered.retain(|held| held.id != id);
        person.user.choice = default::after_deletion(person.user.choice, id);
        person.methods.remove(&id);
    }

    /// Cancels the open challenges of a person that a predicate picks.
    pub(super) fn cancel_challenges(
        &mut self,
        person: usize,
        pick: impl Fn(&super::records::Challenge) -> bool,
    ) {
        for index in 0..self.person(person).challenges.len() {
            let at = Ref {
                owner: person,
                index,
            };
            if pick(self.challenge(at)) && !self.challenge_life(at).is_final() {
                self.challenge_mut(at).phase = Phase::Cancelled;
            }
        }
    }
}
