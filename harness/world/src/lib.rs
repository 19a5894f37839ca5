//! The world of one case: its people, its gateways, what was bound, and the steps as they happen.
//!
//! `persona` draws the people from the seed, `person` is what each of them knows and does, `handles` keeps what commands
//! began; a load run's virtual users have all three, too. `codes` reads codes from the inboxes, `variables` turns a command
//! into what a target file's templates want, `perform` lets a command happen, `setup` expands `[[users]] methods`, `case`
//! walks through a scenario, and `command_runner` is for those who have none.

pub mod context;
pub mod policy_fit;
pub mod session;
pub mod surroundings;
mod unproven;

mod allowance;
pub mod answer_rules;
pub mod bounds;
pub mod case;
mod codes;
pub mod command_runner;
mod devices;
mod explicit_reference;
pub mod handles;
mod inbox;
pub mod instance;
mod leaks;
pub mod needs;
mod operations;
mod perform;
pub mod person;
pub mod persona;
pub mod refused_steps;
mod request;
mod setup;
pub mod side_by_side;
mod tenant;
mod time;
pub mod together;
mod variables;
pub mod visit;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proofup_binding::{CallFailure, RawResponse, RecordedExchange, Reply, Value};
use proofup_domain::answer::Answer;
use proofup_domain::capabilities::Limits;
use proofup_domain::command::Name;
use proofup_domain::refusal::Refusal;
use proofup_domain::secret::Secret;
use proofup_domain::state::Channel;
use proofup_gateways::message::Cursor;
use proofup_oracle::auditor::HistoryEntry;
use proofup_scenario::transcript;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value as Json};

use crate::context::RunContext;
use crate::surroundings::Host;
use handles::Handles;
pub use needs::missing_facilities;
pub use operations::{References, operation_of};
pub use perform::merge;
use person::Participant;
use persona::Organisation;
pub use setup::{Newcomer, Terms, changes_its_user, first_policy, preparation, registrations};
pub use tenant::tenant;
use time::ClockReading;
pub use unproven::{MappingGap, UnprovenMapping};

/// Everything that exists while one case runs.
pub struct World<'a> {
    context: &'a RunContext,
    organisation: Organisation,
    people: BTreeMap<Name, Participant>,
    gateways: Host,
    handles: Handles,
    limits: Limits,
    /// The target's time, as it last told it.
    now: Timestamp,
    /// What is known of that time beside.
    clock_reading: ClockReading,
    /// The instant at which the steps begin.
    zero: Timestamp,
    rng: ChaCha8Rng,
    /// Every secret that this case made or met.
    secrets: BTreeSet<Secret>,
    /// What the target drew for this process alone, and what it is kept as.
    drawn_ids: BTreeMap<String, String>,
    /// Where a code was looked for in messages that hold fewer digits than any code has.
    short_codes: BTreeSet<Channel>,
    /// Codes in the order in which they were named: `code#1`, `code#2`, …
    codes: Vec<Secret>,
    /// The code that the step at hand typed, for the transcript.
    typed_code: Option<Secret>,
    /// The newest code that was read from a message.
    last_code: Option<Secret>,
    /// The last answer was assumed by the target file: no request was sent.
    assumed: bool,
    /// The tenant's policy, as it was set last.
    policy: Json,
    /// How far each inbox was looked into.
    looked: BTreeMap<(Channel, String), Cursor>,
    /// Since the last request a whole `settle` has been waited for.
    settled: bool,
    /// Nothing before this cursor is looked at: it came before the steps.
    begun: Cursor,
    /// Nothing before this cursor came to people of this case.
    opened: Cursor,
    /// Users that were made one by one.
    made: Vec<Name>,
    /// Every response so far, for the search for leaks.
    seen: Vec<Seen>,
    /// Every exchange so far.
    exchanges: Vec<RecordedExchange>,
    /// What was done and answered so far, each with the target's time before it.
    pub history: Vec<HistoryEntry>,
    /// How much of that came before the first step; none: the people are not yet made ready.
    prepared: Option<usize>,
}

/// The fewest characters of an id that no other case could have by chance.
const ID_LENGTH: usize = 8;

/// One response as it came, with the operation that caused it.
struct Seen {
    operation: String,
    response: RawResponse,
    refusal: Option<Refusal>,
    /// The place of the masked exchange among those of the case.
    exchange: usize,
}

/// Why a command led to nothing.
#[derive(Debug)]
pub enum StepError {
    /// The target did not answer.
    Transport(Box<CallFailure>),
    /// The harness could not make the command: no code came, nothing was bound.
    Unready(String),
}

impl StepError {
    fn unready(why: impl Into<String>) -> Self {
        Self::Unready(why.into())
    }
}

impl std::fmt::Display for StepError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Transport(failure) => write!(f, "no answer: {}", failure.error),
            Self::Unready(why) => f.write_str(why),
        }
    }
}

impl std::fmt::Debug for World<'_> {
    /// Shows who and when; what a case holds besides is long, and told by its transcript.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("people", &self.people.keys())
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

impl World<'_> {
    /// Returns the target's time, as it last told it.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns whether the last answer was assumed by the target file: nothing was asked.
    pub const fn assumed(&self) -> bool {
        self.assumed
    }

    /// Returns every secret that this case made or met.
    pub const fn secrets(&self) -> &BTreeSet<Secret> {
        &self.secrets
    }

    /// Stops the gateways.
    pub async fn stop(self) {
        self.gateways.stop().await;
    }

    /// Returns the person of a name; the loader has checked that there is one.
    fn person(&self, name: &Name) -> Result<&Participant, StepError> {
        self.people
            .get(name)
            .ok_or_else(|| StepError::Unready(format!("there is no user `{name}`")))
    }

    /// Keeps what a reply tells and turns it into an abstract answer.
    fn take(&mut self, operation: &str, reply: Reply) -> Answer {
        for (name, value) in &reply.kept {
            self.learn(value);
            self.learn_id(name, value);
        }
        for exchange in reply.earlier {
            self.record(exchange);
        }
        if reply.assumed {
            return reply.answered;
        }
        self.seen.push(Seen {
            operation: operation.to_owned(),
            response: reply.raw,
            refusal: reply.answered.refusal(),
            exchange: self.exchanges.len(),
        });
        self.record(reply.exchange);
        let mut answer = reply.answered;
        if let Some(fields) = answer.fields_mut() {
            self.alias(fields);
        }
        answer
    }

    /// Keeps an exchange as every process with the seed would have had it.
    fn record(&mut self, mut exchange: RecordedExchange) {
        if let Some(instance) = self.context.session.instance() {
            for ending in instance.endings() {
                exchange.show_instead(ending, "");
            }
            for (id, name) in &self.drawn_ids {
                exchange.show_instead(id, &format!("{{{name}}}"));
            }
        }
        self.exchanges.push(exchange);
    }

    /// Remembers what a target that processes share drew for this one alone: ids, which every process would see others of.
    fn learn_id(&mut self, name: &str, value: &Value) {
        let shared = self.context.session.instance().is_some();
        if let (true, Value::Plain(Json::String(id))) = (shared, value)
            && id.parse::<Timestamp>().is_err()
            && id.len() >= ID_LENGTH
            && *id != self.organisation.tenant
        {
            self.drawn_ids.insert(id.clone(), name.to_owned());
        }
    }

    /// Remembers a secret.
    fn learn(&mut self, value: &Value) {
        if let Value::Secret(secret) = value {
            self.secrets.insert(secret.clone());
        }
    }

    /// Replaces instants by the time since the case's start and users by their names, so that answers are equal between runs.
    fn alias(&self, answer: &mut Map<String, Json>) {
        for (key, value) in answer.iter_mut() {
            match value {
                Json::String(text) if key == "expiresAt" || key == "at" => {
                    if let Ok(instant) = text.parse::<Timestamp>() {
                        *text = transcript::instant(self.zero, instant);
                    }
                }
                Json::String(text) if key == "user" => {
                    let name = self.people.iter().find(|(_, person)| {
                        let own = &person.persona.user_principal_name;
                        own.eq_ignore_ascii_case(text)
                    });
                    *text =
                        name.map_or_else(|| "somebodyElse".to_owned(), |(name, _)| name.0.clone());
                }
                Json::Object(table) => self.alias(table),
                Json::Array(list) => {
                    for element in list {
                        if let Json::Object(table) = element {
                            self.alias(table);
                        }
                    }
                }
                Json::String(text) => {
                    if let Some(instance) = self.context.session.instance() {
                        *text = instance.left_out(text);
                    }
                }
                Json::Null | Json::Bool(_) | Json::Number(_) => {}
            }
        }
    }
}
