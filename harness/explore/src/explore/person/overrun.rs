//! Going on with what should be over, and watching what nothing should move.

use proofup_domain::command::NewPasswordRole;

use super::prove::Use;
use super::{
    AddBy, CallbackSecret, ChallengeKind, CodeRole, Method, MethodSetup, Name, PasswordRole,
    Person, SetupAct, Which, acts, methods, text,
};

impl Person<'_> {
    /// Opens the window for waiting, does something that must not move it, and looks again.
    pub(super) fn watch_window(&mut self) {
        let command = self.me.sign_in(PasswordRole::Right, None);
        self.act(command);
        if self.dice.chance(60) {
            let command = self.me.defer();
            self.act(command);
        }
        let days = self.dice.between(1, 13);
        let by = days * 86_400 + self.dice.between(0, 3600);
        self.act(acts::advance(by));
        match self.dice.below(5) {
            0 => self.reset_password(),
            1 => {
                if self.arrive() == "interrupted" {
                    let command = self.me.defer();
                    self.act(command);
                }
                let held = methods(&self.peek(&self.me.list_methods()), "methods");
                if let Some(method) = self.dice.pick_some(&held) {
                    let command = self.me.delete(method);
                    self.act(command);
                }
            }
            2 => {
                let command = self.me.defer();
                self.act(command);
            }
            3 => {
                let command = self.me.sign_out();
                self.act(command);
            }
            _ => self.set_up_something(),
        }
        let command = self.me.sign_in(PasswordRole::Right, None);
        self.act(command);
        if self.dice.chance(60) {
            let by = (14 - days) * 86_400 + self.dice.between(-3600, 1);
            self.act(acts::advance(by));
            let command = self.me.sign_in(PasswordRole::Right, None);
            self.act(command);
            let command = self.me.defer();
            self.act(command);
        }
    }

    /// Lets something be over in one way or another, and goes on with it all the same.
    pub(super) fn overrun(&mut self) {
        match self.dice.below(7) {
            0 => self.setup_left_behind(),
            1 => self.method_deleted_meanwhile(),
            2 => self.older_reset(),
            3 => self.default_taken_away(),
            4 => self.too_late(),
            5 => self.older_code(),
            _ => self.one_more_app(),
        }
    }

    /// Begins a setup, leaves, comes back and goes on with it.
    fn setup_left_behind(&mut self) {
        let standing = self.arrive();
        let Some(method) = self.choose_method(&standing) else {
            return;
        };
        let mut setup = MethodSetup::of(method);
        setup.bind = Some(Name("e1".to_owned()));
        let command = self.me.begin(setup);
        self.act(command);
        let leave = [self.me.sign_out(), self.me.defer()];
        let command = self.dice.pick(&leave);
        self.act(command);
        let command = self.me.sign_in(PasswordRole::Right, None);
        self.act(command);
        let go_on = [
            SetupAct::Code(CodeRole::LastSent),
            SetupAct::Read,
            SetupAct::Send,
        ];
        let act = self.dice.pick(&go_on);
        let command = self.me.setup(act, Some(Name("e1".to_owned())));
        self.act(command);
        let command = self.me.list_methods();
        self.act(command);
    }

    /// Begins to prove by a method, deletes it in another session, and proves.
    fn method_deleted_meanwhile(&mut self) {
        if self.arrive() != "signedIn" {
            return;
        }
        let held = methods(&self.peek(&self.me.list_methods()), "methods");
        let Some(method) = self.dice.pick_some(&held) else {
            return;
        };
        let manager = Name("s1".to_owned());
        let command = self.me.sign_in(PasswordRole::Right, Some(manager.clone()));
        self.act(command);
        if self.standing() == "secondStepRequired" {
            self.prove_second_step();
        }
        let kind = self.dice.pick(method.kinds());
        let of = if self.dice.chance(50) {
            let command = self.me.sign_in(PasswordRole::Right, None);
            self.act(command);
            let command = self.me.begin_second_step(Some((method, kind)), None);
            self.act(command);
            Use::SecondStep
        } else {
            let command = self.me.begin_reset(None);
            self.act(command);
            let command = self.me.begin_reset_proof(None, method, Some(kind), None);
            self.act(command);
            Use::Reset
        };
        let mut other = self.me.clone();
        other.session = Some(manager);
        self.act(other.delete(method));
        self.show(kind, &of);
        if matches!(of, Use::SecondStep) {
            let command = self.me.read_session();
            self.act(command);
        }
    }

    /// Begins a reset, begins another, and goes on with the first.
    fn older_reset(&mut self) {
        let (first, second) = (Name("r1".to_owned()), Name("r2".to_owned()));
        let command = self.me.begin_reset(Some(first.clone()));
        let begun = self.act(command);
        let command = self.me.begin_reset(Some(second));
        self.act(command);
        let method = begun
            .field("methods")
            .and_then(|list| list.get(0))
            .and_then(|first| Method::from_word(first.get("method")?.as_str()?));
        match (method, self.dice.below(3)) {
            (Some(method), 0) => {
                let command = self.me.begin_reset_proof(Some(first), method, None, None);
                self.act(command);
            }
            (_, 1) => {
                let command = self
                    .me
                    .set_new_password(Some(first), NewPasswordRole::Fresh);
                self.act(command);
            }
            _ => {
                let command = self.me.read_reset(Some(first));
                self.act(command);
            }
        }
    }

    /// Chooses a default and takes it away: by deleting it, or by policy, perhaps only for a while.
    fn default_taken_away(&mut self) {
        if self.arrive() != "signedIn" {
            self.set_up_something();
        }
        let held = methods(&self.peek(&self.me.list_methods()), "methods");
        let Some(method) = self.dice.pick_some(&held) else {
            return;
        };
        let kind = self.dice.pick(method.kinds());
        let command = self.me.set_default(method, kind);
        self.act(command);
        if self.dice.chance(50) {
            self.forbid(method);
        } else {
            let command = self.me.delete(method);
            self.act(command);
            if self.dice.chance(60) {
                self.set_up(MethodSetup::of(method));
            }
        }
        let command = self.me.list_methods();
        self.act(command);
    }

    /// Begins something, waits for its end to the second, and proves.
    fn too_late(&mut self) {
        match self.dice.below(3) {
            0 => {
                let standing = self.arrive();
                let Some(method) = self.choose_method(&standing) else {
                    return;
                };
                let command = self.me.begin(MethodSetup::of(method));
                self.act(command);
                if method == Method::MicrosoftAuthenticator {
                    self.app_too_late();
                    return;
                }
                match method {
                    Method::MobilePhone | Method::Email => {
                        self.outlast_proof(ChallengeKind::TextMessage);
                    }
                    Method::OfficePhone => self.outlast_proof(ChallengeKind::VoiceCall),
                    _ => self.outlast(),
                }
                self.finish(method, None, None);
            }
            1 => {
                let command = self.me.sign_in(PasswordRole::Right, None);
                self.act(command);
                let command = self.me.begin_second_step(None, None);
                let begun = self.act(command);
                let kind = ChallengeKind::from_word(&text(&begun, "kind"));
                if let Some(kind) = kind {
                    self.outlast_proof(kind);
                    self.show(kind, &Use::SecondStep);
                }
            }
            _ => {
                let command = self.me.begin_reset(None);
                let begun = self.act(command);
                let method = begun
                    .field("methods")
                    .and_then(|list| list.get(0))
                    .and_then(|first| Method::from_word(first.get("method")?.as_str()?));
                let Some(method) = method else { return };
                let command = self.me.begin_reset_proof(None, method, None, None);
                let begun = self.act(command);
                let kind = ChallengeKind::from_word(&text(&begun, "kind"));
                if let Some(kind) = kind {
                    self.outlast_proof(kind);
                    self.show(kind, &Use::Reset);
                }
            }
        }
    }

    /// Waits between the pages of the app's setup.
    fn app_too_late(&mut self) {
        let late = self.dice.below(2);
        for act in [SetupAct::Next, SetupAct::Next] {
            let command = self.me.setup(act, None);
            self.act(command);
        }
        if late == 0 {
            let limits = &self.scene.capabilities.limits;
            let by = i64::from(limits.activation_seconds) + self.dice.pick(&[-1, 0, 1]);
            self.act(acts::advance(by));
        }
        let by = self.dice.pick(&[AddBy::QrPayload, AddBy::Manual]);
        for act in [SetupAct::Activate(by), SetupAct::Next] {
            let command = self.me.setup(act, None);
            self.act(command);
        }
        if late == 1 {
            let limits = &self.scene.capabilities.limits;
            let by = i64::from(limits.notification_seconds) + self.dice.pick(&[-1, 0, 1]);
            self.act(acts::advance(by));
        }
        let command = self.me.reply(true, Which::LastSent, CallbackSecret::Right);
        self.act(command);
        let command = self.me.setup(SetupAct::Read, None);
        self.act(command);
    }

    /// Has a code sent twice, and types the first.
    fn older_code(&mut self) {
        let standing = self.arrive();
        let Some(method) = self.choose_method(&standing) else {
            return;
        };
        let resend = i64::from(self.scene.capabilities.limits.resend_seconds);
        let command = self.me.begin(MethodSetup::of(method));
        self.act(command);
        self.act(acts::advance(resend));
        let again = if self.dice.chance(60) {
            self.me.setup(SetupAct::Send, None)
        } else {
            self.me.begin(MethodSetup::of(method))
        };
        self.act(again);
        for code in [CodeRole::Previous, CodeRole::LastSent] {
            let command = self.me.setup(SetupAct::Code(code), None);
            self.act(command);
        }
    }

    /// Sets one more authenticator app up, as many as there may be or not.
    fn one_more_app(&mut self) {
        let _ = self.arrive();
        let command = self.me.list_available();
        self.act(command);
        let apps = [Method::SoftwareOath, Method::MicrosoftAuthenticator];
        let method = self.dice.pick(&apps);
        self.set_up(MethodSetup::of(method));
        let command = self.me.list_methods();
        self.act(command);
    }
}
