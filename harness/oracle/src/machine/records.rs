//! What the machine remembers of a person: sessions, setups, challenges, resets and what is known about each method.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use proofup_domain::command::NewPasswordRole;
use proofup_domain::method::{ChallengeKind, Gate, Method};

use crate::sign_in::SignInProgress;
use crate::user::User;

/// One record of one person: who it belongs to, and its place among that person's records of the sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ref {
    pub(crate) owner: usize,
    pub(crate) index: usize,
}

/// What a code, a call or a notification proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ProofSubject {
    Enrollment(Ref),
    Challenge(Ref),
}

/// A sort of thing that `as` can bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RefKind {
    Session,
    Enrollment,
    Challenge,
    Reset,
    Proof,
}

/// Where a message goes, normalised: two spellings of one number are one destination.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Destination {
    /// An address or a number, by `person/role` or by its text.
    Line(Arc<str>),
    /// The device that was activated by this setup.
    Device(Ref),
}

/// What a code is for (`domain.md` §11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CodeUse {
    Setup,
    SecondStep,
    Reset,
}

/// A person.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PersonState {
    pub(crate) name: Arc<str>,
    /// False: never provisioned, the unknown user.
    pub(crate) exists: bool,
    /// Role, methods and choice; `blocked` is what the administrator set.
    pub(crate) user: User,
    pub(crate) office_takes_texts: bool,
    /// What the decisions do not look at, by the id of the method.
    pub(crate) methods: BTreeMap<u32, MethodFacts>,
    pub(crate) methods_made: u32,
    /// The roles of the passwords that were set, newest last; the first one was provisioned.
    pub(crate) passwords: Vec<NewPasswordRole>,
    pub(crate) sessions: Vec<Session>,
    pub(crate) enrollments: Vec<Enrollment>,
    /// Second steps and proofs of resets.
    pub(crate) challenges: Vec<Challenge>,
    pub(crate) resets: Vec<Reset>,
    /// When something was last sent to a destination for this person.
    pub(crate) sent: Vec<(Destination, Timestamp)>,
    /// When something was last sent to one of several destinations, for each of them: no answer told which.
    pub(crate) perhaps_sent: Vec<(Destination, Timestamp)>,
    pub(crate) failures: u32,
    pub(crate) blocked_until: Option<Timestamp>,
    pub(crate) window_opened: Option<Timestamp>,
    pub(crate) last_change: Option<Timestamp>,
    /// What this person began last, also with somebody else's session.
    pub(crate) latest: Latest,
    /// The setups whose accounts stand in this person's authenticators, oldest first.
    pub(crate) accounts: Vec<Ref>,
    /// The code that was accepted last.
    pub(crate) used: Option<Code>,
}

/// Remembers the latest of each sort, for commands that name none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Latest {
    pub(crate) session: Option<Ref>,
    pub(crate) enrollment: Option<Ref>,
    pub(crate) challenge: Option<Ref>,
    pub(crate) reset: Option<Ref>,
    pub(crate) proof: Option<Ref>,
}

/// What is known of a registered method beyond what decisions need.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MethodFacts {
    pub(crate) destination: Option<Destination>,
    /// Who reads what goes there.
    pub(crate) holder: usize,
    /// The setup that made it: whose device, whose shared secret.
    pub(crate) origin: Ref,
    /// The last TOTP step that was accepted, in 30 s since the epoch.
    pub(crate) last_step: Option<i64>,
    pub(crate) answers: Arc<[(String, AnswerText)]>,
    /// Counts the changes, so that a challenge knows that its destination is not the one of now.
    pub(crate) changes: u32,
}

/// An answer: what a person would say, or what a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AnswerText {
    /// The person's own, whatever it is.
    Own,
    /// Exactly this.
    Given(String),
}

/// A session.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Session {
    pub(crate) begun: Timestamp,
    /// The requirement that ended it before its time; none: nothing did.
    pub(crate) ended: Option<&'static str>,
    /// It was signed in once: from then on policy does not touch it.
    pub(crate) finished: bool,
    pub(crate) progress: SignInProgress,
    /// The interrupt began without a method usable as a second step.
    pub(crate) began_bare: bool,
    /// Methods that were verified in this interrupt.
    pub(crate) verified: u32,
}

/// Where something to prove stands, apart from time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Started,
    Activated,
    Sent,
    Verified,
    Denied,
    Exhausted,
    Cancelled,
}

/// One act of proof.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Attempt {
    pub(crate) kind: ChallengeKind,
    /// When it was sent or, where nothing is sent, begun.
    pub(crate) since: Timestamp,
    /// The code that is right, where one was sent.
    pub(crate) code: Option<u32>,
    pub(crate) tries_left: u32,
}

/// A page of the Microsoft app's setup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AppPage {
    GetTheApp,
    SetUpAccount,
    ScanQrCode,
    TestNotification,
}

/// A setup, or a change of a method.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Enrollment {
    pub(crate) session: usize,
    pub(crate) method: Method,
    pub(crate) begun: Timestamp,
    pub(crate) phase: Phase,
    pub(crate) page: AppPage,
    /// When the activation was shown.
    pub(crate) shown: Option<Timestamp>,
    pub(crate) attempt: Attempt,
    pub(crate) destination: Option<Destination>,
    /// Who gave the destination, and so reads what goes there.
    pub(crate) holder: usize,
    pub(crate) can_text: bool,
    /// The address stands in a verified domain.
    pub(crate) work_address: bool,
    /// The method that is changed, or none if a new one is set up.
    pub(crate) changes: Option<u32>,
    /// The method that it made or changed.
    pub(crate) made: Option<u32>,
    /// An answer has told which method that is.
    pub(crate) told: bool,
    /// The questions that were offered at the beginning.
    pub(crate) questions: Arc<[String]>,
    /// Who holds the activated device.
    pub(crate) device_of: Option<usize>,
}

/// What a challenge is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChallengeTarget {
    Session(usize),
    Reset(usize),
}

/// A second step or a proof of a reset.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Challenge {
    pub(crate) target: ChallengeTarget,
    pub(crate) method: Method,
    pub(crate) method_id: u32,
    /// The changes that the method had seen when this was begun.
    pub(crate) changes: u32,
    pub(crate) phase: Phase,
    pub(crate) attempt: Attempt,
    /// It was refused once because policy disallowed its method: whether it came to life again is not said.
    pub(crate) doubtful: bool,
}

/// A password reset.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reset {
    pub(crate) begun: Timestamp,
    /// The gates passed, each with the methods that passed it.
    pub(crate) passed: BTreeSet<(Gate, u32)>,
    pub(crate) completed: bool,
    pub(crate) cancelled: bool,
}

/// A code without its digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// A code that was sent, by its number.
    Sent(u32),
    /// What an authenticator shows for the account of a setup at a 30 s step.
    Totp(Ref, i64),
    /// A code that is nobody's.
    Wrong,
    /// None at all, or a shape that is not quite a code.
    Misshapen,
}

impl PersonState {
    pub(crate) fn new(name: &str, user: User) -> Self {
        Self {
            name: name.into(),
            exists: true,
            user,
            office_takes_texts: false,
            methods: BTreeMap::new(),
            methods_made: 0,
            passwords: vec![NewPasswordRole::Fresh],
            sessions: Vec::new(),
            enrollments: Vec::new(),
            challenges: Vec::new(),
            resets: Vec::new(),
            sent: Vec::new(),
            perhaps_sent: Vec::new(),
            failures: 0,
            blocked_until: None,
            window_opened: None,
            last_change: None,
            latest: Latest::default(),
            accounts: Vec::new(),
            used: None,
        }
    }

    /// Returns whether the account is blocked, by the administrator or for a while.
    pub(crate) fn blocked(&self, now: Timestamp) -> bool {
        self.user.blocked || self.blocked_until.is_some_and(|until| now < until)
    }
}
