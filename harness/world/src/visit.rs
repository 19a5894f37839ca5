//! A world that the doctor visits: command by command, each with the exchanges that it caused.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use proofup_binding::exchange::Exchange;
use proofup_domain::answer::Answer;
use proofup_domain::command::{Command, Name};
use proofup_domain::policy::Policy;
use proofup_domain::secret::Secret;
use proofup_domain::state::Channel;
use proofup_scenario::Scenario;

use super::case::{Case, make_world};
use super::handles::HandleKind;
use super::{StepError, World};
use crate::context::RunContext;

/// A world in which commands happen one after the other, and what came of each is told.
#[derive(Debug)]
pub struct Visit<'a> {
    world: World<'a>,
}

/// What came of a command.
#[derive(Debug, Clone)]
pub enum CommandResult {
    /// An answer: a success, a refusal, or one that no rule matches.
    Answer(Answer),
    /// The target did not answer.
    Nothing(String),
    /// The harness could not make the command.
    Unmade(String),
}

/// What came of a command, and the exchanges that it caused.
#[derive(Debug, Clone)]
pub struct Acted {
    /// What came.
    pub result: CommandResult,
    /// The requests and their answers; masked with what was known then.
    pub exchanges: Vec<Exchange>,
    /// The answer was assumed by the target file: nothing was asked, so nothing can be told.
    pub assumed: bool,
    /// What a gateway of ours refused of the server meanwhile: its line and why.
    pub rejected: Option<String>,
    /// The target's time before.
    pub before: Timestamp,
    /// The target's time after.
    pub after: Timestamp,
}

/// What reached a gateway.
#[derive(Debug, Clone)]
pub struct GatewayDelivery {
    /// How many letters and digits the code has that the pattern finds in the user's newest message.
    pub code_length: Option<usize>,
    /// How many places of the user's newest message the pattern matches; the first is taken for the code.
    pub matches: usize,
    /// The user's newest message shows digits in groups: `123-456`, `123 456`.
    pub grouped: bool,
    /// A message came, to whomever.
    pub sent: bool,
    /// A request came that the gateway could not read: its line and why.
    pub refused: Option<String>,
}

impl<'a> Visit<'a> {
    /// Makes the people and registers what they are said to have.
    ///
    /// # Errors
    /// What came of the command that had to succeed on the way.
    pub async fn begin(
        context: &'a RunContext,
        scenario: Scenario,
        policy: &Policy,
    ) -> Result<Visit<'a>, Box<Acted>> {
        let case = Case {
            edition: policy.edition,
            scenario: Arc::new(scenario),
        };
        let world = match make_world(context, &case).await {
            Ok(world) => world,
            Err(why) => {
                return Err(Box::new(Acted {
                    result: CommandResult::Unmade(why),
                    exchanges: Vec::new(),
                    assumed: false,
                    rejected: None,
                    before: case.scenario.start,
                    after: case.scenario.start,
                }));
            }
        };
        let mut visit = Visit { world };
        let before = visit.world.now;
        let seen = visit.rejections();
        if let Err(trouble) = visit.world.set_up(&case.scenario, policy).await {
            let acted = visit.acted(Err(trouble), 0, before, seen);
            visit.end().await;
            return Err(Box::new(acted));
        }
        Ok(visit)
    }

    /// Lets a command happen.
    pub async fn act(&mut self, command: &Command) -> Acted {
        let first = self.world.exchanges.len();
        let before = self.world.now;
        let seen = self.rejections();
        let performed = self.world.perform(command, None).await;
        self.acted(performed, first, before, seen)
    }

    /// Returns the number of the newest request that a gateway refused.
    fn rejections(&self) -> u64 {
        let rejected = self.world.gateways.inboxes().rejected();
        rejected.last().map_or(0, |newest| newest.seq)
    }

    /// Lists what was sent and what came so far, masked with what is known by now.
    pub fn exchanges(&self) -> Vec<Exchange> {
        let recorded = self.world.exchanges.iter();
        let mut shown: Vec<Exchange> = recorded.map(|one| one.clone().into_shown()).collect();
        for exchange in &mut shown {
            exchange.mask(&self.world.secrets);
        }
        shown
    }

    fn acted(
        &self,
        performed: Result<Answer, StepError>,
        first: usize,
        before: Timestamp,
        seen: u64,
    ) -> Acted {
        let rejected = self.world.gateways.inboxes().rejected();
        let rejected = rejected.into_iter().find(|one| one.seq > seen);
        let mut exchanges: Vec<Exchange> = self
            .world
            .exchanges
            .get(first..)
            .unwrap_or_default()
            .iter()
            .map(|exchange| exchange.clone().into_shown())
            .collect();
        for exchange in &mut exchanges {
            exchange.mask(&self.world.secrets);
        }
        let result = match performed {
            Ok(answer) => CommandResult::Answer(answer),
            Err(StepError::Transport(failure)) => CommandResult::Nothing(failure.error.to_string()),
            Err(StepError::Unready(why)) => CommandResult::Unmade(why),
        };
        Acted {
            result,
            exchanges,
            assumed: self.world.assumed,
            rejected: rejected.map(|one| format!("{}: {}", one.request, one.reason)),
            before,
            after: self.world.now,
        }
    }

    /// Returns whether the latest thing of a sort that a user began kept a value under a name.
    pub fn keeps(&self, sort: &str, user: &str, name: &str) -> bool {
        let sort = [
            HandleKind::Session,
            HandleKind::Enrollment,
            HandleKind::Challenge,
            HandleKind::Reset,
            HandleKind::Proof,
        ]
        .into_iter()
        .find(|one| one.as_str() == sort);
        let handles = &self.world.handles;
        sort.and_then(|sort| handles.find(sort, &Name(user.to_owned()), None))
            .is_some_and(|thing| handles.get(thing).kept.contains_key(name))
    }

    /// Returns the declared length of a code.
    pub fn declared_code_length(&self) -> usize {
        usize::try_from(self.world.limits.code_length).unwrap_or(usize::MAX)
    }

    /// Returns what reached the gateway of a channel, without any value of it.
    pub fn delivery(&self, channel: Channel, user: &str) -> GatewayDelivery {
        let world = &self.world;
        let pattern = world.context.session.target.code_pattern(channel);
        let inboxes = world.gateways.inboxes();
        let setup = world.handles.latest_with_codes(&Name(user.to_owned()));
        let newest = setup.and_then(|thing| world.messages_of(thing).pop());
        let code = newest.as_ref().and_then(|message| message.code(pattern));
        let text = newest.as_ref().map_or("", |message| message.text.as_str());
        let all = inboxes.all();
        let refused = inboxes
            .rejected()
            .into_iter()
            .rev()
            .find(|one| one.channel.is_none_or(|of| of == channel));
        GatewayDelivery {
            code_length: code.map(|code| {
                code.expose()
                    .chars()
                    .filter(|c| c.is_alphanumeric())
                    .count()
            }),
            matches: pattern.find_iter(text).count(),
            grouped: shows_groups(text),
            sent: all.iter().any(|one| one.message.channel == channel),
            refused: refused.map(|one| format!("{}: {}", one.request, one.reason)),
        }
    }

    /// Returns whether a device of the user was given what it needs to reply.
    pub fn device_keeps(&self, user: &str, name: &str) -> bool {
        let person = self.world.people.get(&Name(user.to_owned()));
        let device = person.and_then(|person| person.devices.last());
        device.is_some_and(|device| match name {
            "deviceId" => device.id.is_some(),
            "deviceSecret" => device.secret.is_some(),
            _ => false,
        })
    }

    /// Takes everything down again, and gives every secret that was met: what was shown before they were known is masked
    /// with them once more.
    pub async fn end(mut self) -> BTreeSet<Secret> {
        self.world.tear_down().await;
        let secrets = std::mem::take(&mut self.world.secrets);
        self.world.gateways.stop().await;
        secrets
    }
}

/// Returns whether a text shows digits in two groups of three or four, as people read codes aloud.
fn shows_groups(text: &str) -> bool {
    let words = text.split(|c: char| !c.is_ascii_digit() && !matches!(c, '-' | ' '));
    let is_group = |part: &str| (3..=4).contains(&part.len());
    words.into_iter().any(|word| {
        let mut parts = word.trim().split(['-', ' ']);
        let two = parts.by_ref().take(2).filter(|part| is_group(part)).count();
        two == 2 && parts.next().is_none()
    })
}
