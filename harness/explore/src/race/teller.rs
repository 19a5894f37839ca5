//! What tells the stories that races are made of: a name, a requirement, and alice's commands before, at once and afterwards.

use proofup_domain::capabilities::Limits;
use proofup_domain::command::Command;
use proofup_domain::method::Method;
use proofup_domain::requirement::NeededFeature;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value as Json, json};

/// A story, and what draws its variations.
#[derive(Debug)]
pub(crate) struct HistoryTemplate {
    /// The name in the report.
    pub(crate) name: &'static str,
    /// What it shows, if all goes well.
    pub(crate) title: &'static str,
    /// The requirement that a violation breaks.
    pub(crate) requirement: &'static str,
    /// Declared absent: not applicable.
    pub(crate) needs: &'static [NeededFeature],
    /// What else a tenant is made with so that the story can happen: declared absent where tenants are made, not applicable.
    pub(crate) vehicles: &'static [NeededFeature],
    /// What tells a variation.
    pub(crate) tell: fn(&mut Teller<'_>),
}

/// One story: everybody in it is alice.
#[derive(Debug)]
pub(crate) struct Teller<'a> {
    pub(crate) rng: &'a mut ChaCha8Rng,
    pub(crate) limits: &'a Limits,
    /// The methods that a code can be sent for.
    pub(crate) sends: &'a [Method],
    pub(crate) policy: Json,
    pub(crate) methods: &'static [Method],
    pub(crate) before: Vec<Command>,
    pub(crate) together: Vec<Command>,
    pub(crate) after: Vec<Command>,
}

impl Teller<'_> {
    pub(crate) fn first(&mut self, commands: &[Json]) {
        self.before.extend(commands.iter().map(command));
    }

    pub(crate) fn at_once(&mut self, times: u32, value: &Json) {
        let command = command(value);
        self.together.extend((0..times).map(|_| command.clone()));
    }

    pub(crate) fn afterwards(&mut self, commands: &[Json]) {
        self.after.extend(commands.iter().map(command));
    }

    /// Draws a number, both ends included.
    pub(crate) fn between(&mut self, least: u32, most: u32) -> u32 {
        self.rng.random_range(least..=most.max(least))
    }

    pub(crate) fn chance(&mut self) -> bool {
        self.rng.random_range(0..2u8) == 0
    }

    /// Brings what is sent at once into an order of its own, so that the first is not always the same.
    pub(crate) fn shuffle(&mut self) {
        for at in (1..self.together.len()).rev() {
            let other = self.rng.random_range(0..=at);
            self.together.swap(at, other);
        }
    }

    /// Writes guesses at the edge of the limit: some before, the rest at once, right ones among them.
    pub(crate) fn guesses(&mut self, does: &Json) {
        let tries = self.limits.code_tries.clamp(1, 10);
        let with = |code: &str| {
            let mut command = does.clone();
            command["code"] = json!(code);
            command
        };
        let before = self.between(0, tries - 1);
        for _ in 0..before {
            self.first(&[with("wrong")]);
        }
        let left = tries - before;
        let wrong = self.between(left, left + 2).min(7);
        let right = self.between(0, 2);
        self.at_once(wrong, &with("wrong"));
        self.at_once(right.min(8 - wrong), &with("lastSent"));
        if self.together.len() < 2 {
            self.at_once(1, &with("wrong"));
        }
        self.shuffle();
    }
}

fn command(value: &Json) -> Command {
    let mut value = value.clone();
    if value["do"] != "advanceClock" {
        value["user"] = json!("alice");
    }
    serde_json::from_value(value).expect("these are spelt as the vocabulary spells them")
}
