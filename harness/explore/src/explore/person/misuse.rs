//! What nobody should do: guessing, hurrying, and using what is not one's own.

use super::prove::Use;
use super::{
    Actor, CallbackSecret, ChallengeKind, CodeRole, Command, Method, MethodSetup, Name,
    PasswordRole, Person, SetupAct, Which, acts, text,
};

impl Person<'_> {
    /// Guesses until nothing more is to be guessed, and then knows the right code.
    pub(super) fn guess(&mut self) {
        let tries = self.scene.capabilities.limits.code_tries;
        if self.dice.chance(25) {
            let failures = self.scene.capabilities.limits.account_failures.min(30);
            let more = self.dice.between(-1, 1);
            for _ in 0..i64::from(failures) + more {
                let command = self.me.sign_in(PasswordRole::Wrong, None);
                self.act(command);
            }
            let command = self.me.sign_in(PasswordRole::Right, None);
            self.act(command);
            return;
        }
        let Some((kind, of)) = self.something_to_guess() else {
            return;
        };
        let more = self.dice.between(-1, 1);
        for _ in 0..i64::from(tries) + more {
            match (kind, &of) {
                (ChallengeKind::Answers, Use::Reset) => {
                    let command = self
                        .me
                        .submit_reset_answers(proofup_domain::command::AnswersRole::Wrong);
                    self.act(command);
                }
                (_, Use::Setup(named)) => {
                    let command = self
                        .me
                        .setup(SetupAct::Code(CodeRole::Wrong), named.clone());
                    self.act(command);
                }
                (_, Use::SecondStep) => {
                    let command = self.me.submit_second_step_code(None, CodeRole::Wrong);
                    self.act(command);
                }
                (_, Use::Reset) => {
                    let command = self.me.submit_reset_code(None, CodeRole::Wrong);
                    self.act(command);
                }
            }
        }
        self.show(kind, &of);
    }

    /// Begins something that a code proves.
    fn something_to_guess(&mut self) -> Option<(ChallengeKind, Use)> {
        match self.dice.below(3) {
            0 => {
                let standing = self.arrive();
                let method = self.choose_method(&standing)?;
                let command = self.me.begin(MethodSetup::of(method));
                self.act(command);
                if method == Method::SoftwareOath {
                    let by = proofup_domain::command::AddBy::QrPayload;
                    let command = self.me.setup(SetupAct::AddAccount(by), None);
                    self.act(command);
                    return Some((ChallengeKind::AppCode, Use::Setup(None)));
                }
                Some((ChallengeKind::TextMessage, Use::Setup(None)))
            }
            1 => {
                let command = self.me.sign_in(PasswordRole::Right, None);
                self.act(command);
                let command = self.me.begin_second_step(None, None);
                let begun = self.act(command);
                let kind = ChallengeKind::from_word(&text(&begun, "kind"))?;
                Some((kind, Use::SecondStep))
            }
            _ => {
                let command = self.me.begin_reset(None);
                let begun = self.act(command);
                let first = begun.field("methods")?.as_array()?.first()?;
                let method = Method::from_word(first.get("method")?.as_str()?)?;
                let command = self.me.begin_reset_proof(None, method, None, None);
                let begun = self.act(command);
                let kind = ChallengeKind::from_word(&text(&begun, "kind"))?;
                Some((kind, Use::Reset))
            }
        }
    }

    /// Asks for another message at once, and again when that is allowed.
    pub(super) fn send_again(&mut self) {
        let standing = self.arrive();
        let Some(method) = self.choose_method(&standing) else {
            return;
        };
        let setup = self.details(method);
        let kind = setup.kind;
        let command = self.me.begin(setup);
        self.act(command);
        let resend = i64::from(self.scene.capabilities.limits.resend_seconds);
        if self.dice.chance(60) {
            let command = self.me.setup(SetupAct::Send, None);
            self.act(command);
        }
        let by = resend + self.dice.pick(&[-1, 0, 0, 1, 30]);
        self.act(acts::advance(by));
        let command = self.me.setup(SetupAct::Send, None);
        self.act(command);
        if self.dice.chance(60) {
            let code = self.dice.pick(&[
                CodeRole::Previous,
                CodeRole::Previous,
                CodeRole::LastSent,
                CodeRole::Wrong,
            ]);
            let command = self.me.setup(SetupAct::Code(code), None);
            self.act(command);
        }
        if self.dice.chance(60) {
            self.finish(method, kind, None);
        }
    }

    /// Begins a setup, and lets somebody else prove it: where a product has little else, this is what there is to try.
    fn anothers_setup(&mut self) {
        let mut others = self
            .scene
            .users
            .iter()
            .filter(|name| **name != self.me.user);
        let Some(other) = others.next().cloned().map(Actor::new) else {
            return;
        };
        let standing = self.arrive();
        let Some(method) = self.choose_method(&standing) else {
            return;
        };
        let mut setup = MethodSetup::of(method);
        setup.bind = Some(Name("e1".to_owned()));
        let command = self.me.begin(setup);
        self.act(command);
        self.act(other.sign_in(PasswordRole::Right, None));
        let enrollment = Some(Name("e1".to_owned()));
        self.act(other.setup(SetupAct::Code(CodeRole::LastSent), enrollment));
        self.act(other.list_methods());
        let command = self.me.list_methods();
        self.act(command);
    }

    /// Uses a session, a setup or a code that is somebody else's, over, or nobody's.
    pub(super) fn trespass(&mut self) {
        if !self.scene.bounds.makes_tenants() && self.dice.chance(50) {
            return self.anothers_setup();
        }
        let others: Vec<Name> = self.scene.users.to_vec();
        let somebody = self.dice.pick(&others);
        let named = |names: &[&str], dice: &mut super::Dice| Name(dice.pick(names).to_owned());
        let session = named(&["none", "s1", "s2"], self.dice);
        let thing = named(&["e1", "e2", "c1", "c2", "p1", "r1"], self.dice);
        let me = self.me.clone();
        let stranger = Actor {
            user: somebody,
            session: Some(session),
        };
        if self.dice.chance(50) {
            let bind = Some(named(&["s1", "s2"], self.dice));
            let command = me.sign_in(PasswordRole::Right, bind);
            self.act(command);
        }
        let acts: Vec<Command> = vec![
            stranger.read_session(),
            stranger.list_methods(),
            stranger.list_available(),
            stranger.open_account(),
            stranger.defer(),
            stranger.delete(Method::MobilePhone),
            stranger.begin(MethodSetup::of(Method::Email)),
            stranger.complete_wizard(),
            stranger.read_wizard(),
            me.setup(SetupAct::Read, Some(thing.clone())),
            me.setup(SetupAct::Code(CodeRole::LastSent), Some(thing.clone())),
            me.setup(SetupAct::Cancel, Some(thing.clone())),
            me.setup(SetupAct::Send, Some(thing.clone())),
            me.setup(SetupAct::Next, Some(thing.clone())),
            me.submit_second_step_code(Some(thing.clone()), CodeRole::LastSent),
            me.submit_reset_code(Some(thing.clone()), CodeRole::LastSent),
            me.set_new_password(Some(thing), proofup_domain::command::NewPasswordRole::Fresh),
            me.reply(true, Which::Previous, CallbackSecret::Right),
            me.reply(true, Which::LastSent, CallbackSecret::SessionToken),
            me.press("#", Which::Previous, CallbackSecret::Right),
            me.read_audit_events(),
        ];
        let count = self.dice.between(1, 3);
        for _ in 0..count {
            let command = self.dice.pick(&acts);
            self.act(command);
        }
    }
}
