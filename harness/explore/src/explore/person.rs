//! People of the explorer: they act on what the oracle says they see, so that what they do gets somewhere.
//!
//! A person plans some commands ahead against the oracle's preferred answers. What the target then answers may be
//! another allowed reading; the plan goes on all the same, and what makes no sense any more is refused or left out.

use jiff::Timestamp;
use proofup_domain::answer::Answer;
use proofup_domain::command::{
    AddBy, AddressRef, AnswersRole, CallbackSecret, CodeRole, CodeShape, Command, GivenAnswer,
    Name, NewPasswordRole, PasswordRole, PhoneRef, WellKnownCode, Which,
};
use proofup_domain::edition::Edition;
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::refusal::Refusal;
use proofup_domain::state::Channel;
use proofup_oracle::machine::State;
use proofup_world::bounds::TargetBounds;
use serde_json::Value;

use super::acts::{self, Actor, Inbox, MethodSetup, SetupAct};
use super::dice::Dice;
use super::intent::Intent;
use super::lead::lead;
use super::story_setup::{self, SwarmWeights};

mod misuse;
mod overrun;
mod prove;
mod world;

/// What a plan is made with.
pub(super) struct Person<'a> {
    pub(super) dice: &'a mut Dice,
    pub(super) weights: &'a SwarmWeights,
    pub(super) scene: &'a Scene<'a>,
    state: State,
    now: Timestamp,
    me: Actor,
    plan: Vec<Planned>,
}

/// What stands around a plan.
pub(super) struct Scene<'a> {
    /// Everybody in the story.
    pub(super) users: &'a [Name],
    /// What the target can be asked for.
    pub(super) bounds: &'a TargetBounds,
    /// What the target declares.
    pub(super) capabilities: &'a proofup_domain::capabilities::Capabilities,
    /// Instants at which something ends.
    pub(super) deadlines: &'a [Timestamp],
    /// Instants at which info is due for review.
    pub(super) due: &'a [Timestamp],
}

/// A command that is planned, and where it leads if nothing comes in between.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) command: Command,
    pub(super) state: State,
    pub(super) now: Timestamp,
}

/// Plans a way from a state on.
pub(super) fn plan(
    dice: &mut Dice,
    weights: &SwarmWeights,
    scene: &Scene<'_>,
    state: &State,
    now: Timestamp,
) -> Vec<Planned> {
    let user = if dice.chance(65) {
        scene.users[0].clone()
    } else {
        dice.pick(scene.users)
    };
    let mut person = Person {
        dice,
        weights,
        scene,
        state: state.clone(),
        now,
        me: Actor::new(user),
        plan: Vec::new(),
    };
    let intent = person.dice.weighted(&person.weights.intents);
    person.go(intent);
    person.plan
}

impl Person<'_> {
    fn go(&mut self, intent: Intent) {
        match intent {
            Intent::SignInAndOut => self.sign_in_and_out(),
            Intent::Defer => self.defer(),
            Intent::SetUp => self.set_up_something(),
            Intent::Prove => self.sign_in_and_prove(),
            Intent::Reset => self.reset_password(),
            Intent::Manage => self.manage(),
            Intent::Guess => self.guess(),
            Intent::SendAgain => self.send_again(),
            Intent::Review => self.review(),
            Intent::Trespass => self.trespass(),
            Intent::ChangePolicy => self.change_policy(),
            Intent::AdvanceTime => self.advance_time(),
            Intent::BreakGateway => self.break_gateway(),
            Intent::Block => self.block(),
            Intent::WatchWindow => self.watch_window(),
            Intent::Overrun => self.overrun(),
            Intent::Read => self.read(),
        }
    }

    /// Does something, if it can be done, and tells what the oracle says to it.
    fn act(&mut self, command: Command) -> Answer {
        let policy = self.state.policy();
        if self.scene.bounds.forbids(policy, &command).is_some() {
            return Answer::done();
        }
        match lead(&self.state, &command, self.now) {
            Some((state, answer, now)) => {
                self.plan.push(Planned {
                    command,
                    state: state.clone(),
                    now,
                });
                self.state = state;
                self.now = now;
                answer
            }
            None => Answer::done(),
        }
    }

    /// Asks the oracle what would be answered, without doing it.
    fn peek(&self, command: &Command) -> Answer {
        lead(&self.state, command, self.now).map_or_else(Answer::done, |(_, answer, _)| answer)
    }

    /// Returns whether something is done wrongly here.
    fn errs(&mut self) -> bool {
        self.dice.chance(self.weights.spoil)
    }

    /// Returns where the session stands; empty: there is none, or it is over.
    fn standing(&self) -> String {
        text(&self.peek(&self.me.read_session()), "state")
    }

    /// Signs in if nobody is, and sometimes anyway; passes what has to be passed first.
    fn arrive(&mut self) -> String {
        if self.standing().is_empty() || self.dice.chance(15) {
            let bind = self.name(&["s1", "s2"], 20);
            let command = self.me.sign_in(PasswordRole::Right, bind);
            self.act(command);
        }
        if self.standing() == "secondStepRequired" && self.dice.chance(85) {
            self.prove_second_step();
        }
        if self.standing() == "reviewDue" && self.dice.chance(70) {
            let command = self.me.complete_review();
            self.act(command);
        }
        self.standing()
    }

    /// Draws a name to bind something by, in this many of a hundred cases.
    fn name(&mut self, names: &[&str], percent: u32) -> Option<Name> {
        self.dice
            .chance(percent)
            .then(|| Name(self.dice.pick(names).to_owned()))
    }

    fn sign_in_and_out(&mut self) {
        let password = self.dice.weighted(&[(0, 70), (1, 20), (2, 10)]);
        let password = [
            PasswordRole::Right,
            PasswordRole::Wrong,
            PasswordRole::Previous,
        ][password]
            .clone();
        let bind = self.name(&["s1", "s2"], 30);
        let command = self.me.sign_in(password, bind);
        self.act(command);
        if self.dice.chance(50) {
            let command = self.me.open_account();
            self.act(command);
        }
        if self.dice.chance(40) {
            let command = self.me.sign_out();
            self.act(command);
            let looks = [
                self.me.read_session(),
                self.me.list_methods(),
                self.me.open_account(),
            ];
            let command = self.dice.pick(&looks);
            self.act(command);
        }
    }

    /// Signs in and asks to wait, offered or not.
    fn defer(&mut self) {
        let command = self.me.sign_in(PasswordRole::Right, None);
        self.act(command);
        let command = self.me.defer();
        self.act(command);
        let after = [
            self.me.open_account(),
            self.me.read_session(),
            self.me.list_methods(),
            self.me.sign_out(),
        ];
        let command = self.dice.pick(&after);
        self.act(command);
        if self.dice.chance(50) {
            self.advance_time();
            let command = self.me.sign_in(PasswordRole::Right, None);
            self.act(command);
            let command = self.me.defer();
            self.act(command);
        }
    }

    fn set_up_something(&mut self) {
        let standing = self.arrive();
        if standing == "signedIn" && self.dice.chance(30) {
            let command = self.me.list_available();
            self.act(command);
        }
        if standing == "interrupted" && self.dice.chance(40) {
            let command = self.me.read_wizard();
            self.act(command);
        }
        if self.errs() && standing == "interrupted" {
            let early = [self.me.complete_wizard(), self.me.open_account()];
            let command = self.dice.pick(&early);
            self.act(command);
        }
        let Some(method) = self.choose_method(&standing) else {
            return;
        };
        let setup = self.details(method);
        self.set_up(setup);
        if self.standing() == "interrupted" {
            if self.dice.chance(40) {
                let command = self.me.read_wizard();
                self.act(command);
            }
            if self.dice.chance(70) {
                let command = self.me.complete_wizard();
                self.act(command);
            }
        }
        if self.dice.chance(50) {
            let command = self.me.list_methods();
            self.act(command);
        }
    }

    /// Chooses mostly from what is offered, sometimes not.
    fn choose_method(&mut self, standing: &str) -> Option<Method> {
        let known: Vec<Method> = self.scene.capabilities.methods.iter().copied().collect();
        if self.errs() || self.dice.chance(8) {
            return self.dice.pick_some(&known);
        }
        let offered = if standing == "interrupted" {
            let page = self.peek(&self.me.read_wizard());
            let mut offered = methods(&page, "alternatives");
            offered.extend(Method::from_word(&text(&page, "proposed")));
            offered
        } else {
            methods(&self.peek(&self.me.list_available()), "methods")
        };
        if offered.contains(&Method::SecurityQuestions) && self.dice.chance(15) {
            return Some(Method::SecurityQuestions);
        }
        self.dice
            .pick_some(&offered)
            .or_else(|| self.dice.pick_some(&known))
    }

    /// Draws which address or number, and how it is proved.
    fn details(&mut self, method: Method) -> MethodSetup {
        let mut setup = MethodSetup::of(method);
        setup.bind = self.name(&["e1", "e2"], 25);
        // Whether a work address may be registered is what the editions part on.
        let oldest = self.state.policy().edition == Edition::E20180725;
        let odd = self.dice.chance(if oldest && method == Method::Email {
            60
        } else {
            30
        });
        match method {
            Method::Email if odd => {
                setup.address = Some(self.dice.pick(&[
                    AddressRef::Second,
                    AddressRef::Mistyped,
                    AddressRef::Work,
                    AddressRef::Work,
                    AddressRef::WorkInCapitals,
                    AddressRef::Text("person+tag@example.net".to_owned()),
                    AddressRef::Text("nobody".to_owned()),
                    AddressRef::Text("a@b@example.net".to_owned()),
                    AddressRef::Text("person+tag@example.net".to_owned()),
                ]));
            }
            Method::MobilePhone => {
                if odd {
                    setup.phone = Some(self.dice.pick(&[
                        PhoneRef::SecondMobile,
                        PhoneRef::MobileRespelt,
                        PhoneRef::Office,
                    ]));
                }
                let kinds = [
                    None,
                    Some(ChallengeKind::TextMessage),
                    Some(ChallengeKind::VoiceCall),
                ];
                setup.kind = self.dice.pick(&kinds);
            }
            Method::OfficePhone => {
                if odd {
                    setup.phone = Some(self.dice.pick(&[
                        PhoneRef::SecondOffice,
                        PhoneRef::OfficeWithExtension,
                        PhoneRef::Mobile,
                    ]));
                }
                if self.dice.chance(10) {
                    setup.kind = Some(ChallengeKind::TextMessage);
                }
            }
            _ => {}
        }
        setup
    }

    /// Begins a setup and goes through with it.
    fn set_up(&mut self, setup: MethodSetup) {
        let (method, kind) = (setup.method, setup.kind);
        let bind = setup.bind.clone();
        let inbox = inbox_of(&setup);
        let begin = self.me.begin(setup);
        let answer = self.act(begin.clone());
        if answer.refusal() == Some(Refusal::SecondStepRequired) && self.dice.chance(80) {
            self.prove_second_step();
            if self.act(begin).refusal().is_some() {
                return;
            }
        } else if answer.refusal().is_some() {
            return;
        }
        if self.dice.chance(20)
            && let Some(inbox) = inbox
        {
            let command = self.me.read_inbox(inbox);
            self.act(command);
        }
        if self.dice.chance(12) {
            let what = self
                .dice
                .pick(&[SetupAct::Read, SetupAct::Cancel, SetupAct::Send]);
            let command = self.me.setup(what, None);
            self.act(command);
        }
        if self.dice.chance(12) {
            self.outlast();
        }
        if self.dice.chance(6) {
            self.change_policy();
        }
        if self.dice.chance(5) {
            self.forbid(method);
            if self.dice.chance(50) {
                let command = self.me.setup(SetupAct::Send, None);
                self.act(command);
            }
        }
        self.finish(method, kind, bind);
    }

    fn manage(&mut self) {
        let _ = self.arrive();
        let listed = self.peek(&self.me.list_methods());
        let held = methods(&listed, "methods");
        let known: Vec<Method> = self.scene.capabilities.methods.iter().copied().collect();
        let method = if self.errs() || held.is_empty() {
            self.dice.pick(&known)
        } else {
            self.dice.pick(&held)
        };
        match self.dice.weighted(&[(0, 3), (1, 3), (2, 6), (3, 1)]) {
            0 => {
                let command = self.me.delete(method);
                self.act(command);
            }
            1 => {
                let kinds: Vec<_> = self.scene.capabilities.kinds.iter().copied().collect();
                let mine = method.kinds();
                let kind = if self.errs() {
                    self.dice.pick(&kinds)
                } else {
                    self.dice.pick(mine)
                };
                let command = self.me.set_default(method, kind);
                self.act(command);
            }
            2 => {
                let changeable = [Method::MobilePhone, Method::OfficePhone, Method::Email];
                let mut setup = self.details(self.dice_of(&held, &changeable, method));
                setup.change = true;
                self.set_up(setup);
            }
            _ => {
                let command = self.me.read_audit_events();
                self.act(command);
            }
        }
        let command = self.me.list_methods();
        self.act(command);
    }

    /// Finds something held that can be changed; else what was meant.
    fn dice_of(&self, held: &[Method], changeable: &[Method], meant: Method) -> Method {
        let mut fitting = held.iter().filter(|method| changeable.contains(method));
        fitting.next().copied().unwrap_or(meant)
    }

    fn review(&mut self) {
        let days = i64::from(self.state.policy().reset.reconfirm_after_days.max(1));
        let due = self
            .scene
            .due
            .iter()
            .map(|due| due.as_second() - self.now.as_second());
        let due: Vec<i64> = due.filter(|left| *left > 1).collect();
        let left = self.dice.pick_some(&due).unwrap_or(days * 86_400);
        let by = left + self.dice.pick(&[-1, 0, 0, 1]);
        self.act(acts::advance(by));
        let command = self.me.sign_in(PasswordRole::Right, None);
        self.act(command);
        if self.standing() == "secondStepRequired" {
            self.prove_second_step();
        }
        let command = self.me.complete_review();
        self.act(command);
        let command = self.me.open_account();
        self.act(command);
        if self.dice.chance(40) {
            self.act(acts::advance(by));
            let command = self.me.sign_in(PasswordRole::Right, None);
            self.act(command);
        }
    }
}

/// Returns where the code or call of a setup goes.
fn inbox_of(setup: &MethodSetup) -> Option<Inbox> {
    let phone = |default| setup.phone.clone().unwrap_or(default);
    let texts = setup.kind != Some(ChallengeKind::VoiceCall);
    match setup.method {
        Method::Email => {
            let default = if setup.change {
                AddressRef::Second
            } else {
                AddressRef::Own
            };
            Some(Inbox::Mail(setup.address.clone().unwrap_or(default)))
        }
        Method::MobilePhone if texts => Some(Inbox::Sms(phone(PhoneRef::Mobile))),
        Method::MobilePhone => Some(Inbox::Voice(phone(PhoneRef::Mobile))),
        Method::OfficePhone => Some(Inbox::Voice(phone(PhoneRef::Office))),
        _ => None,
    }
}

fn text(answer: &Answer, key: &str) -> String {
    answer.text(key).unwrap_or_default().to_owned()
}

fn methods(answer: &Answer, key: &str) -> Vec<Method> {
    let list = answer.field(key).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|word| Method::from_word(word.as_str()?))
        .collect()
}
