//! Prepares a run: gateways, tenants by test control, accounts, and what the accounts have registered.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use proofup_domain::capabilities::{Capabilities, Facility};
use proofup_domain::command::Command;
use proofup_domain::method::Method;
use proofup_domain::policy::Policy;
use proofup_domain::state::{Channel, MailForm, PushForm, SmsForm, VoiceForm};
use proofup_gateways::host::Handover;
use serde_json::{Value as Json, json};

use super::{LoadConfig, LoadError};
use crate::judge::matcher::is_no_success;
use crate::load::account::{ACCOUNTS_MAX, Account};
use crate::load::flow::{Family, FlowName, registration};
use crate::load::plan::REST_SECONDS;
use crate::load::player::{Player, oracle};
use crate::load::tenant::{Common, Tenant, manage_policy, second_step_policy};
use crate::target::{Answered, Operation, Transport, Value, Variables};

/// Holds everything that a run needs before its first arrival.
pub(super) struct Prepared {
    pub(super) pool: BTreeMap<FlowName, VecDeque<Box<Player>>>,
    pub(super) tenants: Vec<Rc<Tenant>>,
    pub(super) rest: SignedDuration,
}

/// How many users share a tenant: an implementation may bound a request, and one lock is not all there is.
const USERS_PER_TENANT: usize = 200;

/// How many users are prepared side by side.
const SIDE_BY_SIDE: usize = 32;

/// Says whether a target has what a plan needs.
pub(super) fn check(config: &LoadConfig, capabilities: &Capabilities) -> Result<(), LoadError> {
    for flow in config.plan.mix.keys() {
        let inbox = flow.channel().map(|channel| match channel {
            Channel::Sms => Facility::InboxSms,
            Channel::Voice => Facility::InboxVoice,
            Channel::Email => Facility::InboxEmail,
            Channel::Push => Facility::InboxPush,
        });
        let mut needed: Vec<Facility> = inbox.into_iter().collect();
        if matches!(flow, FlowName::EnrolApp | FlowName::SecondStepNotification) {
            needed.push(Facility::Device);
        }
        if let Some(lacks) = needed
            .into_iter()
            .find(|facility| !capabilities.facilities.contains(facility))
        {
            let lacks = lacks.to_string();
            return Err(LoadError::Lacks { flow: *flow, lacks });
        }
        let method = match flow {
            FlowName::EnrolEmail => Some(Method::Email),
            FlowName::EnrolText => Some(Method::MobilePhone),
            FlowName::EnrolCall => Some(Method::OfficePhone),
            FlowName::EnrolApp => Some(Method::MicrosoftAuthenticator),
            other => other.registered(),
        };
        if let Some(method) = method.filter(|method| !capabilities.methods.contains(method)) {
            let lacks = format!("method:{method}");
            return Err(LoadError::Lacks { flow: *flow, lacks });
        }
    }
    if config.plan.pace > 1 && !config.target.has(Operation::AdvanceClock) {
        return Err(LoadError::NoClock(config.plan.pace));
    }
    Ok(())
}

pub(super) async fn prepare(
    config: &LoadConfig,
    common: &Rc<Common>,
    gateways: &Handover,
) -> Result<Prepared, LoadError> {
    let transport = (config.connect)();
    let rest = REST_SECONDS.max(common.capabilities.limits.resend_seconds);
    let mut setup = Setup {
        config,
        common,
        gateways,
        transport,
        tenants: Vec::new(),
        next_account: config.shard.index,
        pool: BTreeMap::new(),
    };
    for flow in config.plan.mix.keys() {
        setup.users_of(*flow, rest).await?;
    }
    setup.turn_to_second_steps().await?;
    // What is known of a tenant's time may be one step of its clock old.
    let (_, step) = super::clock_step(config.plan.pace, false);
    let rest = SignedDuration::from_secs(i64::from(rest) + step);
    for tenant in &setup.tenants {
        advance(config, &setup.transport, tenant, rest.as_secs()).await;
    }
    Ok(Prepared {
        pool: setup.pool,
        tenants: setup.tenants,
        rest,
    })
}

struct Setup<'a> {
    config: &'a LoadConfig,
    common: &'a Rc<Common>,
    gateways: &'a Handover,
    transport: Transport,
    tenants: Vec<Rc<Tenant>>,
    /// The number of the next account; a shard takes every n-th.
    next_account: u32,
    pool: BTreeMap<FlowName, VecDeque<Box<Player>>>,
}

impl Setup<'_> {
    /// Makes the users of a flow, and registers what they need.
    async fn users_of(&mut self, flow: FlowName, rest: u32) -> Result<(), LoadError> {
        let plan = &self.config.plan;
        let whole = plan.accounts_for(flow, rest);
        if whole > ACCOUNTS_MAX / 16 {
            return Err(LoadError::TooManyAccounts {
                flow,
                needed: whole,
            });
        }
        // A shard has at least one user of each flow.
        let mine = self.config.shard.part_of(u64::from(whole)).max(1);
        let mut left = usize::try_from(mine).unwrap_or(usize::MAX);
        let mut players = VecDeque::new();
        while left > 0 {
            let count = left.min(USERS_PER_TENANT);
            let made = if self.config.target.has(Operation::CreateTenant) {
                self.tenant_with(flow, count).await?
            } else {
                self.borrowed(flow, count)?
            };
            players.extend(made);
            left -= count;
        }
        if let Some(method) = flow.registered() {
            players = register(players, method).await?;
        }
        let players = players.into_iter().map(Box::new).collect();
        self.pool.insert(flow, players);
        Ok(())
    }

    /// Makes a tenant with users of a flow.
    async fn tenant_with(
        &mut self,
        flow: FlowName,
        count: usize,
    ) -> Result<Vec<Player>, LoadError> {
        let (config, shard) = (self.config, self.config.shard);
        let id = format!(
            "load-{}-{}of{}-{}",
            config.plan.seed,
            shard.index + 1,
            shard.of,
            self.tenants.len() + 1
        );
        let tenant = Rc::new(Tenant::new(id.clone(), flow.family(), config.clock.clone()));
        let mut accounts = Vec::with_capacity(count);
        for _ in 0..count {
            accounts.push(Account::new(config.plan.seed, self.next_account, &id));
            self.next_account += shard.of.max(1);
        }
        let policy = manage_policy();
        let variables = self.tenant_variables(&id, &policy, &accounts);
        let asked = config
            .target
            .ask(&self.transport, Operation::CreateTenant, &variables)
            .await
            .map_err(|error| LoadError::Unreachable(error.to_string()))?;
        if !matches!(asked.answered, Answered::Success(_)) {
            return Err(LoadError::NotProvisioned(format!("{:?}", asked.answered)));
        }
        if let Some(now) = instant(asked.kept.get("tenantNow")) {
            tenant.set_now(now);
        }
        let state = oracle(self.common, policy);
        let players = accounts
            .into_iter()
            .map(|account| {
                Player::new(
                    self.common,
                    &tenant,
                    account,
                    &config.connect,
                    state.clone(),
                )
            })
            .collect();
        self.tenants.push(tenant);
        Ok(players)
    }

    fn tenant_variables(&self, id: &str, policy: &Policy, accounts: &[Account]) -> Variables {
        let gateways = self.gateways;
        let users: Vec<Json> = accounts
            .iter()
            .map(|account| {
                json!({
                    "userPrincipalName": account.user_principal_name,
                    "password": account.password.expose(),
                    "role": "member",
                    "blocked": false,
                })
            })
            .collect();
        let addresses = json!({
            "sms": { "url": gateways.sms_url(), "form": SmsForm::Json.as_str() },
            "voice": { "url": gateways.voice_url(), "form": VoiceForm::Json.as_str() },
            "email": { "url": gateways.mail_url(), "form": MailForm::MailSend.as_str() },
            "push": { "url": gateways.push_url(), "form": PushForm::Json.as_str() },
        });
        let timeout = self.config.plan.timeout.as_millis();
        let mut variables = Variables::default();
        variables.insert("tenantId", id);
        if let Some(token) = &self.config.control_token {
            variables.insert("controlToken", token.clone());
        }
        variables.insert("displayName", "The load run");
        variables.insert("policy", serde_json::to_value(policy).unwrap_or(Json::Null));
        variables.insert("domains", json!([format!("{id}.example.com")]));
        variables.insert("users", Json::from(users));
        variables.insert("gateways", addresses);
        variables.insert(
            "gatewayTimeoutMs",
            json!(u32::try_from(timeout).unwrap_or(10_000)),
        );
        variables.insert("callbackBase", &*self.config.callback_base);
        variables.insert("now", &*START.to_owned());
        variables.insert("seed", &*format!("{}/{id}", self.config.plan.seed));
        variables
    }

    /// Takes users that exist already, where none can be made.
    fn borrowed(&mut self, flow: FlowName, count: usize) -> Result<Vec<Player>, LoadError> {
        let config = self.config;
        let tenant = match self.tenants.first() {
            Some(tenant) => Rc::clone(tenant),
            None => {
                let tenant = Tenant::new(String::new(), flow.family(), config.clock.clone());
                self.tenants.push(Rc::new(tenant));
                Rc::clone(&self.tenants[0])
            }
        };
        let state = oracle(self.common, manage_policy());
        let mut players = Vec::with_capacity(count);
        for _ in 0..count {
            let number = usize::try_from(self.next_account).unwrap_or(usize::MAX);
            let Some(user) = config.target.users().get(number) else {
                // Some users are better than none; what they cannot carry is told as dropped arrivals.
                break;
            };
            let mut account = Account::new(config.plan.seed, self.next_account, "load");
            account
                .user_principal_name
                .clone_from(&user.user_principal_name);
            account.password = user.password.clone();
            self.next_account += config.shard.of.max(1);
            let connect = &config.connect;
            players.push(Player::new(
                self.common,
                &tenant,
                account,
                connect,
                state.clone(),
            ));
        }
        if players.is_empty() {
            return Err(LoadError::NoUsers(flow));
        }
        Ok(players)
    }

    /// Sets the policy of the tenants whose users have a second step to take.
    async fn turn_to_second_steps(&mut self) -> Result<(), LoadError> {
        let Ok(Json::Object(policy)) = serde_json::to_value(second_step_policy()) else {
            return Ok(());
        };
        let config = self.config;
        for tenant in &self.tenants {
            if tenant.family != Family::SecondStep || tenant.id.is_empty() {
                continue;
            }
            let mut variables = control_variables(config, tenant);
            variables.insert("policy", Json::Object(policy.clone()));
            let asked = config
                .target
                .ask(&self.transport, Operation::SetPolicy, &variables)
                .await
                .map_err(|error| LoadError::Unreachable(error.to_string()))?;
            if !matches!(asked.answered, Answered::Success(_)) {
                return Err(LoadError::NotProvisioned(format!("{:?}", asked.answered)));
            }
        }
        let command = Command::SetPolicy { policy };
        for player in self.pool.values_mut().flatten() {
            if player.tenant.family == Family::SecondStep {
                player.see(&command);
            }
            player.settle();
        }
        Ok(())
    }
}

/// When the tenants begin.
const START: &str = "2026-01-15T09:00:00Z";

/// Registers a method for every user of a flow, several side by side.
async fn register(
    players: VecDeque<Player>,
    method: Method,
) -> Result<VecDeque<Player>, LoadError> {
    let acts = Arc::new(registration(method));
    let mut waiting = players.into_iter();
    let mut under_way = FuturesUnordered::new();
    let mut done = VecDeque::new();
    loop {
        while under_way.len() < SIDE_BY_SIDE
            && let Some(mut player) = waiting.next()
        {
            let acts = Arc::clone(&acts);
            under_way.push(async move {
                for act in acts.iter() {
                    let answer = player.act(act).await;
                    let failed = match answer {
                        Ok(answer) if !is_no_success(&answer) => continue,
                        Ok(answer) => Json::Object(answer).to_string(),
                        Err(trouble) => format!("{trouble:?}"),
                    };
                    let shown = player.show_last().map(Box::new);
                    return Err((format!("{act:?}: {failed}"), shown));
                }
                Ok(player)
            });
        }
        match under_way.next().await {
            None => return Ok(done),
            Some(Ok(player)) => done.push_back(player),
            Some(Err((why, exchange))) => {
                return Err(LoadError::NotRegistered {
                    method,
                    why,
                    exchange,
                });
            }
        }
    }
}

/// Offers what test control needs.
pub(super) fn control_variables(config: &LoadConfig, tenant: &Tenant) -> Variables {
    let mut variables = Variables::default();
    variables.insert("tenantId", &*tenant.id);
    if let Some(token) = &config.control_token {
        variables.insert("controlToken", token.clone());
    }
    variables
}

/// Moves a tenant's clock, and takes its time as it is told. A clock that cannot be moved stays.
pub(super) async fn advance(
    config: &LoadConfig,
    transport: &Transport,
    tenant: &Tenant,
    seconds: i64,
) {
    if tenant.id.is_empty() || seconds <= 0 || !config.target.has(Operation::AdvanceClock) {
        return;
    }
    let mut variables = control_variables(config, tenant);
    variables.insert("seconds", json!(seconds));
    let asked = config
        .target
        .ask(transport, Operation::AdvanceClock, &variables)
        .await;
    if let Ok(asked) = asked
        && let Some(now) = instant(asked.kept.get("tenantNow"))
    {
        tenant.set_now(now);
    }
}

fn instant(value: Option<&Value>) -> Option<Timestamp> {
    value?.reveal().as_str()?.parse().ok()
}
