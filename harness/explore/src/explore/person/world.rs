//! The world around: time, policy, providers, and looking at all of it.

use proofup_domain::command::GatewayBehaviour;
use proofup_domain::method::ResetMethod;
use proofup_domain::policy::Policy;
use serde_json::{Map, Value, json};

use super::{
    AddressRef, Channel, Command, Inbox, PasswordRole, Person, PhoneRef, SetupAct, acts,
    story_setup,
};

impl Person<'_> {
    /// Lets time pass: to a second near an instant at which something ends, or for some round time.
    pub(super) fn advance_time(&mut self) {
        let ahead: Vec<i64> = self
            .scene
            .deadlines
            .iter()
            .map(|deadline| deadline.as_second() - self.now.as_second())
            .filter(|left| *left > 1)
            .collect();
        let by = match self.dice.pick_some(&ahead) {
            Some(left) if self.dice.chance(75) => left + self.dice.between(-1, 1),
            _ => self.dice.pick(&[
                1, 29, 30, 31, 60, 120, 599, 600, 900, 1800, 3600, 86_400, 604_800, 1_209_600,
            ]),
        };
        self.act(acts::advance(by));
    }

    /// Waits for the end of what was sent or begun last, to the second.
    pub(super) fn outlast(&mut self) {
        let limits = &self.scene.capabilities.limits;
        let ends = [
            limits.code_seconds,
            limits.code_seconds,
            limits.notification_seconds,
            limits.call_seconds,
            limits.activation_seconds,
            limits.enrollment_seconds,
            limits.reset_seconds,
        ];
        let by = i64::from(self.dice.pick(&ends)) + self.dice.pick(&[-1, 0, 0, 1]);
        self.act(acts::advance(by));
    }

    /// Waits for the end of what proves by a kind, to the second.
    pub(super) fn outlast_proof(&mut self, kind: super::ChallengeKind) {
        use super::ChallengeKind as Kind;
        let limits = &self.scene.capabilities.limits;
        let end = match kind {
            Kind::AppNotification => limits.notification_seconds,
            Kind::VoiceCall => limits.call_seconds,
            Kind::AppCode | Kind::TextMessage | Kind::EmailCode | Kind::Answers => {
                limits.code_seconds
            }
        };
        let by = i64::from(end) + self.dice.pick(&[-1, 0, 0, 1]);
        self.act(acts::advance(by));
    }

    /// Has an administrator block this person in the middle of what they do, and mostly unblock them again.
    pub(super) fn block(&mut self) {
        self.arrive();
        self.act(self.me.block());
        let looks = [
            self.me.read_session(),
            self.me.sign_in(PasswordRole::Right, None),
            self.me.begin_reset(None),
        ];
        let command = self.dice.pick(&looks);
        self.act(command);
        if self.dice.chance(80) {
            self.act(self.me.unblock());
        }
        if self.dice.chance(50) {
            let command = self.me.read_session();
            self.act(command);
        }
    }

    /// Forbids a method for every purpose; now and then allows it again.
    pub(super) fn forbid(&mut self, method: super::Method) {
        let policy = self.state.policy();
        let Ok(before) = serde_json::to_value(policy) else {
            return;
        };
        let mut next = policy.clone();
        let kinds = method.kinds();
        next.two_step.kinds.retain(|kind| !kinds.contains(kind));
        next.reset
            .methods
            .retain(|allowed| !forbidden(method).contains(allowed));
        if next.two_step.kinds.is_empty() {
            next.two_step.registration_required = false;
            next.two_step.required_at_sign_in = false;
        }
        if !proofup_oracle::policy::defects(&next).is_empty() {
            next.reset.enabled = false;
        }
        let Ok(after) = serde_json::to_value(&next) else {
            return;
        };
        let patch = |whole: &Value| {
            let mut patch = Map::new();
            for key in ["twoStep", "reset"] {
                if before.get(key) != after.get(key) {
                    patch.insert(key.to_owned(), whole.get(key).cloned().unwrap_or_default());
                }
            }
            patch
        };
        self.act(acts::set_policy(patch(&after)));
        if self.dice.chance(30) {
            let looks = [self.me.list_methods(), self.me.read_session()];
            let command = self.dice.pick(&looks);
            self.act(command);
            self.act(acts::set_policy(patch(&before)));
        }
    }

    /// Changes the policy: one field or another, or all of it.
    pub(super) fn change_policy(&mut self) {
        let fresh = story_setup::policy(self.dice, self.scene.capabilities);
        let Ok(Value::Object(whole)) = serde_json::to_value(&fresh) else {
            return;
        };
        let patch = match self.dice.below(10) {
            0..=1 => whole,
            2..=4 => only(&whole, "twoStep"),
            5..=7 => only(&whole, "reset"),
            8 => Map::from_iter([(
                "deferralDays".to_owned(),
                self.dice
                    .pick(&[json!(0), json!(1), json!(3), json!(7), json!(14)]),
            )]),
            _ => self.odd_patch(&fresh),
        };
        self.act(acts::set_policy(patch));
        if self.dice.chance(40) {
            let looks = [
                self.me.read_session(),
                self.me.list_methods(),
                self.me.list_available(),
                self.me.sign_in(PasswordRole::Right, None),
            ];
            let command = self.dice.pick(&looks);
            self.act(command);
        }
    }

    /// Draws a patch that no tenant should take, or that is small.
    fn odd_patch(&mut self, fresh: &Policy) -> Map<String, Value> {
        let patches = [
            json!({ "deferralDays": 15 }),
            json!({ "reset": { "methodsRequired": 3 } }),
            json!({ "reset": { "enabled": true, "methods": [], "methodsRequired": 1 } }),
            json!({ "twoStep": { "kinds": [], "registrationRequired": true } }),
            json!({ "twoStep": { "kinds": ["emailCode"] } }),
            json!({ "reset": { "questions": ["Only one?"], "methods": ["securityQuestions", "email"], "enabled": true } }),
            json!({ "app": { "codeWithNotification": !fresh.app.code_with_notification } }),
            json!({ "choice": { "differentMethod": fresh.choice.different_method } }),
            json!({ "reset": { "questions": ["One?", "Two?", "Three?", "Four?", "Five?"] } }),
        ];
        match self.dice.pick(&patches) {
            Value::Object(patch) => patch,
            _ => Map::new(),
        }
    }

    /// Lets a provider fail in some way while something is sent, and work again.
    pub(super) fn break_gateway(&mut self) {
        let channel = self.dice.pick(Channel::ALL);
        let behaviour = self.dice.weighted(&[
            (GatewayBehaviour::Hold, 4),
            (GatewayBehaviour::Drop, 3),
            (GatewayBehaviour::Duplicate, 3),
            (GatewayBehaviour::Answer4xx, 3),
            (GatewayBehaviour::Answer5xx, 3),
            (GatewayBehaviour::Reset, 2),
            (GatewayBehaviour::Dead, 2),
            (GatewayBehaviour::Hang, 1),
        ]);
        self.act(acts::set_gateway(channel, behaviour));
        let standing = self.arrive();
        let method = match channel {
            Channel::Sms | Channel::Voice => super::Method::MobilePhone,
            Channel::Email => super::Method::Email,
            Channel::Push => super::Method::MicrosoftAuthenticator,
        };
        let mut setup = super::MethodSetup::of(method);
        if channel == Channel::Voice {
            setup.kind = Some(super::ChallengeKind::VoiceCall);
        }
        if standing.is_empty() {
            return;
        }
        self.set_up(setup);
        if behaviour == GatewayBehaviour::Hold {
            if self.dice.chance(50) {
                self.act(acts::advance(60));
                let command = self.me.setup(SetupAct::Send, None);
                self.act(command);
            }
            let reversed = self.dice.chance(50);
            self.act(acts::release(channel, reversed));
        }
        self.act(acts::set_gateway(channel, GatewayBehaviour::Deliver));
        if self.dice.chance(60) {
            let command = self.me.setup(SetupAct::Send, None);
            self.act(command);
            let kind = (channel == Channel::Voice).then_some(super::ChallengeKind::VoiceCall);
            self.finish(method, kind, None);
        }
    }

    pub(super) fn read(&mut self) {
        let looks: Vec<Command> = vec![
            self.me.read_session(),
            self.me.open_account(),
            self.me.list_methods(),
            self.me.list_available(),
            self.me.read_wizard(),
            self.me.read_second_step(),
            self.me.read_reset(None),
            self.me.read_reset_proof(),
            self.me.setup(SetupAct::Read, None),
            self.me.read_inbox(Inbox::Mail(AddressRef::Own)),
            self.me.read_inbox(Inbox::Sms(PhoneRef::Mobile)),
            self.me.read_inbox(Inbox::Voice(PhoneRef::Mobile)),
            self.me.read_inbox(Inbox::Push),
            Command::ReadAudit { user: None },
            Command::ReadCapabilities {},
            Command::FindLeaks {},
        ];
        let count = self.dice.between(1, 3);
        for _ in 0..count {
            let command = self.dice.pick(&looks);
            self.act(command);
        }
    }
}

fn only(whole: &Map<String, Value>, key: &str) -> Map<String, Value> {
    let kept = whole.iter().filter(|(name, _)| *name == key);
    kept.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Lists what of `reset.methods` stands for a method.
const fn forbidden(method: super::Method) -> &'static [ResetMethod] {
    match method {
        super::Method::MicrosoftAuthenticator => {
            &[ResetMethod::AppNotification, ResetMethod::AppCode]
        }
        super::Method::SoftwareOath => &[ResetMethod::AppCode],
        super::Method::MobilePhone => &[ResetMethod::MobilePhone],
        super::Method::OfficePhone => &[ResetMethod::OfficePhone],
        super::Method::Email => &[ResetMethod::Email],
        super::Method::SecurityQuestions => &[ResetMethod::SecurityQuestions],
    }
}
