//! Makes commands, with what a person leaves unsaid left out.

use proofup_domain::command::{
    AddBy, AddressRef, AnswersRole, CallbackSecret, CodeRole, Command, GatewayBehaviour, Name,
    NameSpelling, NewPasswordRole, PasswordRole, PhoneRef, Which,
};
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::state::Channel;
use serde_json::{Map, Value};

/// Who acts, and with which session where not with the latest.
#[derive(Debug, Clone)]
pub(super) struct Actor {
    pub(super) user: Name,
    pub(super) session: Option<Name>,
}

impl Actor {
    pub(super) const fn new(user: Name) -> Self {
        Self {
            user,
            session: None,
        }
    }

    fn parts(&self) -> (Name, Option<Name>) {
        (self.user.clone(), self.session.clone())
    }

    pub(super) fn sign_in(&self, password: PasswordRole, bind: Option<Name>) -> Command {
        let user = self.user.clone();
        Command::SignIn {
            user,
            password,
            spelling: NameSpelling::AsGiven,
            bind,
        }
    }

    pub(super) fn sign_out(&self) -> Command {
        let (user, session) = self.parts();
        Command::SignOut { user, session }
    }

    pub(super) fn block(&self) -> Command {
        let user = self.user.clone();
        Command::BlockUser { user }
    }

    pub(super) fn unblock(&self) -> Command {
        let user = self.user.clone();
        Command::UnblockUser { user }
    }

    pub(super) fn read_session(&self) -> Command {
        let (user, session) = self.parts();
        Command::ReadSession { user, session }
    }

    pub(super) fn open_account(&self) -> Command {
        let (user, session) = self.parts();
        Command::OpenAccount { user, session }
    }

    pub(super) fn defer(&self) -> Command {
        let (user, session) = self.parts();
        Command::Defer { user, session }
    }

    pub(super) fn read_wizard(&self) -> Command {
        let (user, session) = self.parts();
        Command::ReadWizard { user, session }
    }

    pub(super) fn complete_wizard(&self) -> Command {
        let (user, session) = self.parts();
        Command::CompleteWizard { user, session }
    }

    pub(super) fn complete_review(&self) -> Command {
        let (user, session) = self.parts();
        Command::CompleteReview { user, session }
    }

    pub(super) fn list_methods(&self) -> Command {
        let (user, session) = self.parts();
        Command::ListMethods { user, session }
    }

    pub(super) fn list_available(&self) -> Command {
        let (user, session) = self.parts();
        Command::ListAvailable { user, session }
    }

    pub(super) fn read_audit_events(&self) -> Command {
        let (user, session) = self.parts();
        Command::ReadAuditEvents { user, session }
    }

    pub(super) fn begin(&self, setup: MethodSetup) -> Command {
        let (user, session) = self.parts();
        let MethodSetup {
            method,
            address,
            phone,
            kind,
            bind,
            change,
        } = setup;
        if change {
            return Command::ChangeMethod {
                user,
                session,
                method,
                of: None,
                address,
                phone,
                kind,
                bind,
            };
        }
        Command::BeginEnrollment {
            user,
            session,
            method,
            address,
            phone,
            kind,
            bind,
        }
    }

    pub(super) fn delete(&self, method: Method) -> Command {
        let (user, session) = self.parts();
        Command::DeleteMethod {
            user,
            session,
            method,
            of: None,
        }
    }

    pub(super) fn set_default(&self, method: Method, kind: ChallengeKind) -> Command {
        let (user, session) = self.parts();
        Command::SetDefault {
            user,
            session,
            method,
            kind,
            of: None,
        }
    }

    /// Does something to the user's latest setup, or to a bound one.
    pub(super) fn setup(&self, act: SetupAct, enrollment: Option<Name>) -> Command {
        let (user, session) = self.parts();
        match act {
            SetupAct::Read => Command::ReadEnrollment {
                user,
                session,
                enrollment,
            },
            SetupAct::Next => Command::NextPage {
                user,
                session,
                enrollment,
            },
            SetupAct::Send => Command::SendCode {
                user,
                session,
                enrollment,
            },
            SetupAct::Cancel => Command::CancelEnrollment {
                user,
                session,
                enrollment,
            },
            SetupAct::Code(code) => Command::SubmitCode {
                user,
                session,
                enrollment,
                code,
            },
            SetupAct::Answers(answers) => Command::SubmitAnswers {
                user,
                session,
                enrollment,
                answers,
            },
            SetupAct::AddAccount(by) => Command::AddAccount {
                user,
                enrollment,
                by,
            },
            SetupAct::Activate(by) => Command::ActivateDevice {
                user,
                enrollment,
                by,
            },
        }
    }

    pub(super) fn begin_second_step(
        &self,
        choice: Option<(Method, ChallengeKind)>,
        bind: Option<Name>,
    ) -> Command {
        let (user, session) = self.parts();
        Command::BeginSecondStep {
            user,
            session,
            method: choice.map(|(method, _)| method),
            kind: choice.map(|(_, kind)| kind),
            of: None,
            bind,
        }
    }

    pub(super) fn read_second_step(&self) -> Command {
        let (user, session) = self.parts();
        Command::ReadSecondStep {
            user,
            session,
            challenge: None,
        }
    }

    pub(super) fn submit_second_step_code(
        &self,
        challenge: Option<Name>,
        code: CodeRole,
    ) -> Command {
        let (user, session) = self.parts();
        Command::SubmitSecondStepCode {
            user,
            session,
            challenge,
            code,
        }
    }

    pub(super) fn begin_reset(&self, bind: Option<Name>) -> Command {
        let user = self.user.clone();
        Command::BeginReset {
            user,
            spelling: NameSpelling::AsGiven,
            bind,
        }
    }

    pub(super) fn read_reset(&self, reset: Option<Name>) -> Command {
        let user = self.user.clone();
        Command::ReadReset { user, reset }
    }

    pub(super) fn begin_reset_proof(
        &self,
        reset: Option<Name>,
        method: Method,
        kind: Option<ChallengeKind>,
        bind: Option<Name>,
    ) -> Command {
        Command::BeginResetProof {
            user: self.user.clone(),
            reset,
            method,
            kind,
            of: None,
            bind,
        }
    }

    pub(super) fn read_reset_proof(&self) -> Command {
        Command::ReadResetProof {
            user: self.user.clone(),
            reset: None,
            proof: None,
        }
    }

    pub(super) fn submit_reset_code(&self, proof: Option<Name>, code: CodeRole) -> Command {
        Command::SubmitResetCode {
            user: self.user.clone(),
            reset: None,
            proof,
            code,
        }
    }

    pub(super) fn submit_reset_answers(&self, answers: AnswersRole) -> Command {
        Command::SubmitResetAnswers {
            user: self.user.clone(),
            reset: None,
            proof: None,
            answers,
        }
    }

    pub(super) fn set_new_password(
        &self,
        reset: Option<Name>,
        password: NewPasswordRole,
    ) -> Command {
        Command::SetNewPassword {
            user: self.user.clone(),
            reset,
            password,
        }
    }

    pub(super) fn reply(
        &self,
        approve: bool,
        notification: Which,
        secret: CallbackSecret,
    ) -> Command {
        let user = self.user.clone();
        if approve {
            Command::ApproveNotification {
                user,
                notification,
                secret,
            }
        } else {
            Command::DenyNotification {
                user,
                notification,
                secret,
            }
        }
    }

    pub(super) fn press(&self, key: &str, call: Which, secret: CallbackSecret) -> Command {
        Command::PressKey {
            user: self.user.clone(),
            key: key.to_owned(),
            call,
            secret,
        }
    }

    /// Hangs up, or lets the phone ring.
    pub(super) fn end_call(&self, hang_up: bool) -> Command {
        let (user, call) = (self.user.clone(), Which::LastSent);
        if hang_up {
            Command::HangUp { user, call }
        } else {
            Command::LetRing { user, call }
        }
    }

    pub(super) fn read_inbox(&self, inbox: Inbox) -> Command {
        let user = self.user.clone();
        let (channel, address, phone) = match inbox {
            Inbox::Mail(address) => (Channel::Email, Some(address), None),
            Inbox::Sms(phone) => (Channel::Sms, None, Some(phone)),
            Inbox::Voice(phone) => (Channel::Voice, None, Some(phone)),
            Inbox::Push => (Channel::Push, None, None),
        };
        Command::ReadInbox {
            user,
            channel,
            address,
            phone,
        }
    }
}

/// What is set up, or changed.
#[derive(Debug, Clone)]
pub(super) struct MethodSetup {
    pub(super) method: Method,
    pub(super) address: Option<AddressRef>,
    pub(super) phone: Option<PhoneRef>,
    pub(super) kind: Option<ChallengeKind>,
    pub(super) bind: Option<Name>,
    pub(super) change: bool,
}

impl MethodSetup {
    /// Sets a method up in the way that goes without saying.
    pub(super) const fn of(method: Method) -> Self {
        Self {
            method,
            address: None,
            phone: None,
            kind: None,
            bind: None,
            change: false,
        }
    }
}

/// What is done to a setup.
#[derive(Debug, Clone)]
pub(super) enum SetupAct {
    Read,
    Next,
    Send,
    Cancel,
    Code(CodeRole),
    Answers(AnswersRole),
    AddAccount(AddBy),
    Activate(AddBy),
}

/// An inbox of a person.
#[derive(Debug, Clone)]
pub(super) enum Inbox {
    Mail(AddressRef),
    Sms(PhoneRef),
    Voice(PhoneRef),
    Push,
}

pub(super) fn advance(seconds: i64) -> Command {
    Command::AdvanceClock {
        by: written(seconds),
    }
}

pub(super) const fn set_policy(policy: Map<String, Value>) -> Command {
    Command::SetPolicy { policy }
}

pub(super) const fn set_gateway(channel: Channel, behaviour: GatewayBehaviour) -> Command {
    Command::SetGateway { channel, behaviour }
}

pub(super) const fn release(channel: Channel, reversed: bool) -> Command {
    Command::ReleaseMessages { channel, reversed }
}

/// Writes a duration as files do: `13d 23h 59m 59s`.
fn written(seconds: i64) -> String {
    let units = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];
    let mut rest = seconds.max(0);
    let mut terms = Vec::new();
    for (unit, length) in units {
        if rest >= length {
            terms.push(format!("{}{unit}", rest / length));
            rest %= length;
        }
    }
    if terms.is_empty() {
        "0s".to_owned()
    } else {
        terms.join(" ")
    }
}
