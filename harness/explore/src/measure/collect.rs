//! Collects codes and tokens, through the same world and target file as scenarios do.

use std::collections::BTreeSet;
use std::sync::Arc;

use proofup_binding::Operation;
use proofup_domain::capabilities::{Capabilities, Facility, Feature};
use proofup_domain::command::Name;
use proofup_domain::method::{ChallengeKind, Method, ResetMethod, Role};
use proofup_domain::policy::{Policy, ResetPolicy, TwoStepPolicy};
use proofup_domain::secret::Secret;
use proofup_domain::state::Channel;
use proofup_scenario::{GatewayForms, Scenario, UserSpec};
use proofup_world::bounds::TargetBounds;
use proofup_world::command_runner::CommandRunner;
use proofup_world::context::RunContext;
use serde_json::{Value as Json, json};

use super::report::Measured;
use super::{Measure, codes, tokens};

/// People who take turns, where the target makes as many as are asked for.
const PEOPLE: usize = 5;

/// Whom everything is measured of.
pub(super) struct Stand<'a> {
    pub(super) context: &'a RunContext,
    pub(super) capabilities: &'a Capabilities,
    pub(super) bounds: &'a TargetBounds,
}

/// Returns the name of a person by number.
pub(super) fn person(number: usize) -> String {
    format!("person{number}")
}

impl<'a> Stand<'a> {
    /// Measures codes over every channel that the target has.
    pub(super) async fn codes(&self, samples: usize) -> Measured {
        let mut measured = Measured::new(Measure::Codes.requirement());
        let mut lacking = Vec::new();
        for channel in [Channel::Email, Channel::Sms] {
            match self.sends(channel) {
                Sends::Yes => {}
                Sends::NotDeclared => {
                    lacking.push(channel.as_str());
                    continue;
                }
                Sends::Unseen => {
                    let why =
                        format!("codes by {channel}: the facility `inbox:{channel}` is missing");
                    measured.unable.push(why);
                    continue;
                }
            }
            let length = usize::try_from(self.context.limits.code_length).unwrap_or_default();
            match self.collect_codes(channel, samples).await {
                Ok((codes, people)) => {
                    let rows = codes::judge(channel.as_str(), &codes, length, people);
                    measured.rows.extend(rows);
                }
                Err(why) => measured.unable.push(format!("codes by {channel}: {why}")),
            }
        }
        if measured.rows.is_empty() && !lacking.is_empty() {
            measured.not_applicable = Some(format!("codes by {}", lacking.join(" and ")));
        }
        measured
    }

    /// Measures session tokens.
    pub(super) async fn tokens(&self, samples: usize) -> Measured {
        let mut measured = Measured::new(Measure::Tokens.requirement());
        match self.collect_tokens(samples).await {
            Ok(tokens) => measured.rows = tokens::judge(&tokens),
            Err(why) => measured.unable.push(format!("session tokens: {why}")),
        }
        measured
    }

    /// Returns why a command is not given, if it is not: the target file does not carry it.
    fn unproven(&self, command: &Json) -> Option<String> {
        let mut command = command.clone();
        // Which address it is for makes no difference here: nobody else is sent these codes.
        command.as_object_mut()?.remove("address");
        let command = serde_json::from_value(command).ok()?;
        self.bounds.forbids(&self.policy(), &command)
    }

    async fn collect_tokens(&self, samples: usize) -> Result<Vec<Secret>, String> {
        let sign_in = json!({ "do": "signIn", "user": person(0) });
        if let Some(why) = self.unproven(&sign_in) {
            return Err(why);
        }
        let people = self.people(PEOPLE);
        let mut runner = self.runner("measure-tokens", people, &[]).await?;
        let mut tokens = Vec::with_capacity(samples);
        let mut trouble = None;
        for at in 0..samples {
            let user = person(at % people);
            let signed_in = runner.demand(json!({ "do": "signIn", "user": user })).await;
            match signed_in.map(|_| runner.token(&user)) {
                Ok(Some(token)) => tokens.push(token),
                Ok(None) => {
                    trouble = Some("the target file keeps no `session` of signIn".to_owned())
                }
                Err(why) => trouble = Some(why),
            }
            if trouble.is_some() {
                break;
            }
        }
        runner.tear_down().await;
        trouble.map_or(Ok(tokens), Err)
    }

    /// Collects codes, and tells how many people took turns.
    async fn collect_codes(
        &self,
        channel: Channel,
        samples: usize,
    ) -> Result<(Vec<Secret>, usize), String> {
        let has_clock = self.capabilities.facilities.contains(&Facility::Clock);
        let waits = channel == Channel::Sms;
        let is_held_up = waits && !has_clock && self.context.limits.resend_seconds > 0;
        // Where no time can be skipped, everybody asks once.
        let people = self.people(if is_held_up { samples } else { PEOPLE });
        if let Some(why) = self.unproven(&begin(channel, &person(0), 0)) {
            return Err(why);
        }
        if is_held_up && people < samples {
            return Err(
                "the facility `clock` is missing, and sending again to one number takes time"
                    .to_owned(),
            );
        }
        let stem = format!("measure-codes-{channel}");
        let mut runner = self.runner(&stem, people, &[]).await?;
        let mut asking = Asking {
            runner: &mut runner,
            channel,
            people,
            session_seconds: self.context.limits.session_seconds,
            resend_seconds: if waits && !is_held_up {
                self.context.limits.resend_seconds
            } else {
                0
            },
            passed: None,
        };
        let mut codes = Vec::with_capacity(samples);
        let mut trouble = None;
        for at in 0..samples {
            match asking.code(at).await {
                Ok(code) => codes.push(code),
                Err(why) => {
                    trouble = Some(format!("after {at} codes: {why}"));
                    break;
                }
            }
        }
        runner.tear_down().await;
        trouble.map_or(Ok((codes, people)), Err)
    }

    /// Makes a world with so many people who have registered the same methods.
    pub(super) async fn runner(
        &self,
        stem: &str,
        people: usize,
        methods: &[Method],
    ) -> Result<CommandRunner<'a>, String> {
        let users = (0..people).map(|number| UserSpec {
            name: Name(person(number)),
            role: Role::Member,
            blocked: false,
            exists: true,
            region: None,
            methods: methods.to_vec(),
        });
        self.runner_of(stem, users.collect()).await
    }

    /// Makes a world with these people.
    pub(super) async fn runner_of(
        &self,
        stem: &str,
        users: Vec<UserSpec>,
    ) -> Result<CommandRunner<'a>, String> {
        let start = "2026-01-15T09:00:00Z".parse();
        let scenario = Scenario {
            title: stem.to_owned(),
            stem: stem.to_owned(),
            row: None,
            area: "measure".to_owned(),
            path: format!("measure/{stem}"),
            source: Arc::from(""),
            editions: vec![self.edition()],
            start: start.map_err(|error| format!("the start is not an instant: {error}"))?,
            gateways: GatewayForms::default(),
            policy: self.policy(),
            users,
            found: None,
            steps: Vec::new(),
        };
        CommandRunner::start(self.context, scenario, &self.policy()).await
    }

    /// Returns how many people there can be.
    pub(super) fn people(&self, wanted: usize) -> usize {
        let target = &self.context.session.target;
        if target.has(Operation::CreateTenant) || target.has(Operation::CreateUser) {
            return wanted;
        }
        let pool = target.users().iter();
        pool.filter(|user| user.role == Role::Member)
            .count()
            .clamp(1, wanted.max(1))
    }

    /// Returns whether codes can be had over a channel.
    pub(super) fn sends(&self, channel: Channel) -> Sends {
        let (method, kind, facility) = match channel {
            Channel::Email => (
                Method::Email,
                ChallengeKind::EmailCode,
                Facility::InboxEmail,
            ),
            Channel::Sms | Channel::Voice | Channel::Push => (
                Method::MobilePhone,
                ChallengeKind::TextMessage,
                Facility::InboxSms,
            ),
        };
        let declared = self.capabilities;
        if !declared.methods.contains(&method) || !declared.kinds.contains(&kind) {
            Sends::NotDeclared
        } else if !declared.facilities.contains(&facility) {
            Sends::Unseen
        } else {
            Sends::Yes
        }
    }

    fn edition(&self) -> proofup_domain::edition::Edition {
        let declared = &self.capabilities.editions;
        declared.last().copied().unwrap_or_default()
    }

    /// Allows what the target has and requires nothing, so that nobody is interrupted.
    fn policy(&self) -> Policy {
        let has = |feature| self.capabilities.features.contains(&feature);
        let texts = self
            .capabilities
            .kinds
            .contains(&ChallengeKind::TextMessage);
        let kinds: BTreeSet<ChallengeKind> = (has(Feature::TwoStep) && texts)
            .then_some(ChallengeKind::TextMessage)
            .into_iter()
            .collect();
        let methods: BTreeSet<ResetMethod> = [
            (Method::Email, ResetMethod::Email),
            (Method::MobilePhone, ResetMethod::MobilePhone),
        ]
        .into_iter()
        .filter(|(method, _)| self.capabilities.methods.contains(method))
        .map(|(_, method)| method)
        .collect();
        self.bounds.policy(Policy {
            edition: self.edition(),
            two_step: TwoStepPolicy {
                kinds,
                ..TwoStepPolicy::default()
            },
            reset: ResetPolicy {
                enabled: has(Feature::Reset) && !methods.is_empty(),
                methods,
                ..ResetPolicy::default()
            },
            ..Policy::default()
        })
    }
}

/// Whether codes can be had over a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sends {
    /// They can.
    Yes,
    /// The target declares no such method.
    NotDeclared,
    /// They are sent where nobody sees them.
    Unseen,
}

/// Returns the command that asks for a code: of mail for another address each time.
fn begin(channel: Channel, user: &str, at: usize) -> Json {
    match channel {
        Channel::Email => json!({ "do": "beginEnrollment", "user": user, "method": "email",
            "address": { "text": format!("{user}.{at}@codes.example.org") } }),
        Channel::Sms | Channel::Voice | Channel::Push => {
            json!({ "do": "beginEnrollment", "user": user, "method": "mobilePhone", "kind": "textMessage" })
        }
    }
}

/// Lets people ask for one code after the other, none so soon after another that it would be throttled.
struct Asking<'s, 'a> {
    runner: &'s mut CommandRunner<'a>,
    channel: Channel,
    people: usize,
    session_seconds: u32,
    resend_seconds: u32,
    /// Seconds since everybody signed in; nothing: nobody has.
    passed: Option<u32>,
}

impl Asking<'_, '_> {
    /// Asks for the next code, in turns: to another address each time, or to the same number after a while.
    async fn code(&mut self, at: usize) -> Result<Secret, String> {
        let user = person(at % self.people);
        if at.is_multiple_of(self.people) {
            self.next_round(at > 0).await?;
        }
        let begin = begin(self.channel, &user, at);
        self.runner.demand(begin).await?;
        self.runner.code(&user).await
    }

    async fn next_round(&mut self, pause: bool) -> Result<(), String> {
        if pause && self.resend_seconds > 0 {
            let by = format!("{}s", self.resend_seconds);
            let advance = json!({ "do": "advanceClock", "by": by });
            self.runner.demand(advance).await?;
            self.passed = self
                .passed
                .map(|passed| passed.saturating_add(self.resend_seconds));
        }
        let margin = self.resend_seconds.saturating_add(1);
        let is_over = |passed: u32| passed.saturating_add(margin) >= self.session_seconds;
        if self.passed.is_none_or(is_over) {
            for number in 0..self.people {
                let sign_in = json!({ "do": "signIn", "user": person(number) });
                self.runner.demand(sign_in).await?;
            }
            self.passed = Some(0);
        }
        Ok(())
    }
}
