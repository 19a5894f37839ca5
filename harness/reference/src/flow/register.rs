//! What a verified setup does: the method, the default, the session, the trail (`domain.md` §7, §8, §9).

use proofup_domain::method::{ChallengeKind, Method, Purpose};
use proofup_domain::state::Activity;

use crate::decide::UserUnderPolicy;
use crate::record::{
    AnsweredQuestion, Closed, EnrollmentRecord, EnrollmentSubject, Means, MethodRecord,
};
use crate::tenant::Turn;

impl Turn<'_> {
    /// Registers what an enrollment set up, or changes what it was to change.
    pub(crate) fn register(
        &mut self,
        enrollment: &str,
        verified_by: ChallengeKind,
        answered: Vec<AnsweredQuestion>,
    ) {
        let Some(record) = self.state.enrollments.get(enrollment) else {
            return;
        };
        let Some(means) = means_of(record, answered) else {
            return;
        };
        if self.rules.never_registered == Some(verified_by) {
            if let Some(record) = self.state.enrollments.get_mut(enrollment) {
                record.close(Closed::Verified);
            }
            return;
        }
        let (user, session) = (record.user.clone(), record.session.clone());
        let (method, changes) = (record.method, record.changes.clone());
        let id = match changes {
            Some(id) => {
                self.change(&user, &id, means);
                self.record(&user, Activity::MethodChanged, Some(method), None);
                id
            }
            None => {
                let id = self.add(&user, method, means, verified_by);
                self.record(&user, Activity::MethodRegistered, Some(method), None);
                id
            }
        };
        let now = self.now;
        self.user_mut(&user).confirmed_at = Some(now);
        self.count_in_interrupt(&session, &user, &id);
        if let Some(record) = self.state.enrollments.get_mut(enrollment) {
            record.close(Closed::Verified);
            record.method_id = Some(id);
        }
    }

    fn add(
        &mut self,
        user: &str,
        method: Method,
        means: Means,
        verified_by: ChallengeKind,
    ) -> String {
        let id = self.state.random.id();
        let account = self.user(user);
        let standing = UserUnderPolicy::new(self.rules, &self.state.policy, account);
        let had_default = standing.default_shown().is_some();
        let is_app = matches!(means, Means::MicrosoftApp { .. } | Means::SoftwareOath(_));
        if self.rules.one_of_each_method && !is_app {
            // Only a useless one can still be here: the limit was checked.
            let replaced = account.methods.iter().filter(|one| one.method == method);
            let replaced: Vec<String> = replaced.map(|one| one.id.clone()).collect();
            for old in replaced {
                self.remove_method(user, &old);
            }
        }
        let registered = MethodRecord {
            id: id.clone(),
            method,
            means,
            registered_at: self.now,
        };
        let rules = self.rules;
        let (policy, account) = self.policy_and_user_mut(user);
        // Most users have one or two, which need not be room for four.
        account.methods.reserve_exact(1);
        account.methods.push(registered);
        let standing = UserUnderPolicy::new(rules, policy, account);
        let choice = standing.choice_made_by(&id, verified_by, had_default);
        if choice.is_some() {
            account.choice = choice;
        }
        id
    }

    /// Puts a new value in the place of the old; what was sent to the old one is dead.
    fn change(&mut self, user: &str, id: &str, means: Means) {
        let methods = &mut self.user_mut(user).methods;
        if let Some(method) = methods.iter_mut().find(|one| one.id == id) {
            method.means = means;
        }
        self.kill_challenges_of(user, id);
    }

    /// Takes a method away, with its device, its open challenges, and the choice if it was the chosen one.
    pub(crate) fn remove_method(&mut self, user: &str, id: &str) {
        let clears_choice = self.rules.deletion_clears_choice;
        let account = self.user_mut(user);
        let Some(place) = account.methods.iter().position(|one| one.id == id) else {
            return;
        };
        let removed = account.methods.remove(place);
        if account
            .choice
            .as_ref()
            .is_some_and(|choice| choice.method_id == id)
            && clears_choice
        {
            account.choice = None;
        }
        if let Means::MicrosoftApp { device } = removed.means {
            self.forget_device(&device);
        }
        if self.rules.deletion_kills_challenges {
            self.kill_challenges_of(user, id);
        }
        self.each_enrollment(user, |one| {
            if one.changes.as_deref() == Some(id) {
                one.cancel();
            }
        });
    }

    fn kill_challenges_of(&mut self, user: &str, method_id: &str) {
        self.each_challenge(user, |one| {
            if one.method_id == method_id {
                one.attempt.cancel();
            }
        });
    }

    /// Counts a verified method in the session's interrupt; the first usable one counts as its second step.
    fn count_in_interrupt(&mut self, session: &str, user: &str, method_id: &str) {
        let sessions = &self.state.sessions;
        if sessions
            .get(session)
            .is_none_or(|one| one.interrupt.is_none())
        {
            return;
        }
        let standing = self.standing(user);
        let usable = standing.methods.iter().any(|one| {
            let traits = standing.traits(one);
            one.id == method_id && standing.is_usable(traits, Purpose::TwoStepVerification)
        });
        let counts = usable && self.rules.first_method_counts_as_second_step;
        let Some(session) = self.state.sessions.get_mut(session) else {
            return;
        };
        if let Some(interrupt) = &mut session.interrupt {
            interrupt.verified += 1;
            session.second_step |= counts && interrupt.began_with_none;
        }
    }
}

/// Returns the method that a setup registers, or none if the setup is not complete.
fn means_of(enrollment: &EnrollmentRecord, answered: Vec<AnsweredQuestion>) -> Option<Means> {
    match &enrollment.subject {
        EnrollmentSubject::MicrosoftApp { device, .. } => {
            let device = device.clone()?;
            Some(Means::MicrosoftApp { device })
        }
        EnrollmentSubject::SoftwareOath(key) => Some(Means::SoftwareOath(key.clone())),
        EnrollmentSubject::Phone { number, .. } => Some(Means::Phone(number.clone())),
        EnrollmentSubject::Email(address) => Some(Means::Email(address.clone())),
        EnrollmentSubject::Questions => Some(Means::Questions(answered)),
    }
}
