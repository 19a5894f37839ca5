//! The demo tenant: what there is to try where test control is off.
//!
//! Its users and passwords are public, so it must never hold anything of worth: the service serves loopback alone.

use std::collections::BTreeSet;

use proofup_domain::edition::Edition;
use proofup_domain::method::{ChallengeKind, ResetMethod, Role};
use proofup_domain::policy::{AppPolicy, ChoicePolicy, Policy, ResetPolicy, TwoStepPolicy};

use crate::record::{UserRecord, account_key};
use crate::service::App;
use crate::tenant::{TenantClock, TenantSetup};

/// The demo tenant's id.
pub const TENANT: &str = "demo";

/// The demo tenant's verified domain.
pub const DOMAIN: &str = "demo.example.com";

/// One user of the demo tenant.
#[derive(Debug, Clone, Copy)]
pub struct DemoUser {
    /// The sign-in address.
    pub principal_name: &'static str,
    /// The password; public.
    pub password: &'static str,
    /// The role.
    pub role: Role,
    /// Blocked by the administrator.
    pub blocked: bool,
}

/// The demo tenant's users: a pool of members to set up and throw away, an administrator, and one who is blocked.
pub const USERS: [DemoUser; 10] = [
    member("alice@demo.example.com", "demo-alice-1"),
    member("bob@demo.example.com", "demo-bob-1"),
    member("carol@demo.example.com", "demo-carol-1"),
    member("dave@demo.example.com", "demo-dave-1"),
    member("erin@demo.example.com", "demo-erin-1"),
    member("frank@demo.example.com", "demo-frank-1"),
    member("grace@demo.example.com", "demo-grace-1"),
    member("heidi@demo.example.com", "demo-heidi-1"),
    DemoUser {
        principal_name: "admin@demo.example.com",
        password: "demo-admin-1",
        role: Role::Administrator,
        blocked: false,
    },
    DemoUser {
        principal_name: "mallory@demo.example.com",
        password: "demo-mallory-1",
        role: Role::Member,
        blocked: true,
    },
];

const fn member(principal_name: &'static str, password: &'static str) -> DemoUser {
    DemoUser {
        principal_name,
        password,
        role: Role::Member,
        blocked: false,
    }
}

/// Returns the demo tenant's policy: everything is allowed, two-step verification and reset are to be registered, and waiting is
/// offered for fourteen days.
#[must_use]
pub fn policy() -> Policy {
    let questions = [
        "In what city did you meet your first spouse or partner?",
        "What was the name of your first pet?",
        "What was the first concert you went to?",
        "What is the street you grew up in?",
        "What was your first job?",
    ];
    Policy {
        two_step: TwoStepPolicy {
            kinds: BTreeSet::from([
                ChallengeKind::AppNotification,
                ChallengeKind::AppCode,
                ChallengeKind::TextMessage,
                ChallengeKind::VoiceCall,
            ]),
            registration_required: true,
            required_at_sign_in: false,
        },
        reset: ResetPolicy {
            enabled: true,
            methods: ResetMethod::ALL.iter().copied().collect::<BTreeSet<_>>(),
            methods_required: 2,
            registration_required: true,
            questions: questions.map(str::to_owned).to_vec(),
            ..ResetPolicy::default()
        },
        choice: ChoicePolicy {
            different_method: true,
        },
        app: AppPolicy {
            code_with_notification: true,
        },
        ..Policy::default()
    }
}

/// Creates the demo tenant on the machine's clock.
pub(crate) fn create(app: &App) {
    let rules = app.rules(Edition::default());
    let users = USERS.map(|user| {
        let password = app
            .keyed
            .digest("password", &rules.counting_part(user.password));
        let account = UserRecord::new(
            user.principal_name.to_owned(),
            user.role,
            user.blocked,
            password,
        );
        (account_key(user.principal_name).into(), account)
    });
    app.put_tenant(TenantSetup {
        id: TENANT.to_owned(),
        display_name: "Demo".to_owned(),
        policy: policy(),
        domains: vec![DOMAIN.to_owned()],
        users: users.into_iter().collect(),
        gateways: app.demo_gateways.clone(),
        clock: TenantClock::Real(app.clock.clone()),
        random: app.random_for(TENANT, None),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::check_policy;

    #[test]
    fn the_demo_policy_can_be_met() {
        assert_eq!(check_policy(&policy()), Vec::new());
    }
}
