//! Prepares a run: tenants by test control, accounts, and what the accounts have registered.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use jiff::SignedDuration;
use proofup_binding::{Operation, Transport, Variables};
use proofup_domain::answer::Answer;
use proofup_domain::command::Command;
use proofup_domain::method::Method;
use proofup_domain::policy::Policy;
use proofup_domain::state::{MailForm, PushForm, SmsForm, VoiceForm};
use proofup_world::Terms;
use serde_json::{Map, Value as Json, json};

use super::clocks::{self, control_variables, instant};
use super::flow_run::why;
use super::people::Making;
use super::{LoadConfig, LoadError, fitness, people};
use crate::account::{ACCOUNTS_MAX, DrawnUser};
use crate::flow::{FlowName, registration};
use crate::plan::REST_SECONDS;
use crate::tenant::{LoadTenant, UserContext};
use crate::virtual_user::{VirtualUser, oracle};

/// Everything that a run needs before its first arrival.
pub(super) struct Prepared {
    pub(super) pool: BTreeMap<FlowName, VecDeque<Box<VirtualUser>>>,
    pub(super) tenants: Vec<Rc<LoadTenant>>,
    pub(super) rest: SignedDuration,
}

/// What there is in the target because of this run, whether the preparation came to its end or not.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) tenants: RefCell<Vec<Rc<LoadTenant>>>,
    /// What deleting each user is offered.
    pub(super) users: RefCell<Vec<Variables>>,
}

/// How many users share a tenant: an implementation may bound a request, and one lock is not all there is.
const USERS_PER_TENANT: usize = 200;

/// Makes tenants and users, registers what they need, and lets them rest.
///
/// # Errors
/// Where any of that fails; `made` holds what is to be taken down again.
pub(super) async fn prepare(
    config: &LoadConfig,
    context: &Rc<UserContext>,
    made: &Made,
) -> Result<Prepared, LoadError> {
    let transport = (config.connect)();
    let rest = REST_SECONDS.max(context.capabilities.limits.resend_seconds);
    let mut setup = Preparation {
        config,
        context,
        made,
        transport,
        shared: None,
        next_account: config.shard.index,
        pool: BTreeMap::new(),
    };
    for flow in config.plan.mix.keys() {
        setup.users_of(*flow, rest).await?;
    }
    setup.turn_to_second_steps().await?;
    let (pool, transport) = (setup.pool, setup.transport);
    let tenants = made.tenants.borrow().clone();
    // What is known of a tenant's time may be one step of its clock old.
    let (_, step) = clocks::step(config.plan.pace, false);
    let rest = SignedDuration::from_secs(i64::from(rest) + step);
    let moved = clocks::advance(config, context, &transport, &tenants, rest.as_secs()).await;
    let has_registered = |flow: &FlowName| flow.registered().is_some();
    if !moved && config.plan.mix.keys().any(has_registered) {
        // Nothing but waiting lets them rest.
        let rest = Duration::from_secs(rest.unsigned_abs().as_secs());
        let _ = tokio::time::timeout(rest, std::future::pending::<()>()).await;
    }
    Ok(Prepared {
        pool,
        tenants,
        rest,
    })
}

struct Preparation<'a> {
    config: &'a LoadConfig,
    context: &'a Rc<UserContext>,
    made: &'a Made,
    transport: Transport,
    /// The one place where everybody is, where the target makes no tenants.
    shared: Option<Rc<LoadTenant>>,
    /// The number of the next account; a shard takes every n-th.
    next_account: u32,
    pool: BTreeMap<FlowName, VecDeque<Box<VirtualUser>>>,
}

impl Preparation<'_> {
    /// What making users one by one takes.
    const fn making(&self) -> Making<'_> {
        Making {
            config: self.config,
            transport: &self.transport,
            users: &self.made.users,
        }
    }

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
        let terms = fitness::terms(self.config, self.context, flow);
        let mut users = VecDeque::new();
        while left > 0 {
            if !self.config.session.target.has(Operation::CreateTenant) {
                users.extend(self.users_there(flow, &terms, left).await?);
                break;
            }
            let count = left.min(USERS_PER_TENANT);
            users.extend(self.tenant_with(&terms, count).await?);
            left -= count;
        }
        if let Some(method) = flow.registered() {
            let signs_out = self.config.session.target.has(Operation::SignOut);
            users = register(users, method, signs_out).await?;
        }
        let users = users.into_iter().map(Box::new).collect();
        self.pool.insert(flow, users);
        Ok(())
    }

    /// Makes a tenant with users.
    async fn tenant_with(
        &mut self,
        terms: &Terms,
        count: usize,
    ) -> Result<Vec<VirtualUser>, LoadError> {
        let (config, shard) = (self.config, self.config.shard);
        let name = format!(
            "load-{}-{}of{}-{}",
            config.plan.seed,
            shard.index + 1,
            shard.of,
            self.made.tenants.borrow().len() + 1
        );
        // What the target draws for two tenants, their tokens above all, has to differ as their ids do.
        let id = config.session.tenant_id(&name);
        let tenant = LoadTenant::new(
            id.clone(),
            terms.turn().cloned(),
            &config.session.target,
            config.session.clock.clone(),
        );
        let tenant = Rc::new(tenant);
        let accounts = self.accounts(count, &id);
        let variables = self.tenant_variables(&id, &terms.first, &accounts);
        let asked = config
            .session
            .target
            .ask(&self.transport, Operation::CreateTenant, &variables)
            .await
            .map_err(|error| LoadError::Unreachable(error.to_string()))?;
        if !matches!(asked.answered, Answer::Success(_)) {
            return Err(LoadError::NotProvisioned(answer_told(&asked.answered)));
        }
        if let Some(now) = instant(asked.kept("tenantNow")) {
            tenant.set_now(now);
        }
        self.made.tenants.borrow_mut().push(Rc::clone(&tenant));
        let people = if config.session.target.has(Operation::CreateUser) {
            people::make(self.making(), &tenant, accounts).await?
        } else {
            people::told_nothing(accounts)
        };
        Ok(self.users(&tenant, terms, people))
    }

    /// Makes users one by one, or takes some that are there already, where no tenants are made.
    async fn users_there(
        &mut self,
        flow: FlowName,
        terms: &Terms,
        count: usize,
    ) -> Result<Vec<VirtualUser>, LoadError> {
        let config = self.config;
        let tenant = self.shared(terms).await?;
        if !config.session.target.has(Operation::CreateUser) {
            let accounts = people::borrow(self.config, &mut self.next_account, flow, count)?;
            return Ok(self.users(&tenant, terms, people::told_nothing(accounts)));
        }
        let accounts = self.accounts(count, &format!("load-{}", config.plan.seed));
        let people = people::make(self.making(), &tenant, accounts).await?;
        Ok(self.users(&tenant, terms, people))
    }

    /// Returns the place where everybody is; the first time its clock is read and what can be set of its policy is set.
    async fn shared(&mut self, terms: &Terms) -> Result<Rc<LoadTenant>, LoadError> {
        if let Some(tenant) = &self.shared {
            return Ok(Rc::clone(tenant));
        }
        let config = self.config;
        let turn = terms.turn().cloned();
        let tenant = LoadTenant::new(
            String::new(),
            turn,
            &config.session.target,
            config.session.clock.clone(),
        );
        let tenant = Rc::new(tenant);
        clocks::read(config, self.context, &self.transport, &tenant).await;
        let patch = terms.to_set(&config.session.target);
        if !patch.is_empty() {
            self.set_policy(&tenant, patch).await?;
        }
        self.made.tenants.borrow_mut().push(Rc::clone(&tenant));
        self.shared = Some(Rc::clone(&tenant));
        Ok(tenant)
    }

    fn accounts(&mut self, count: usize, domain: &str) -> Vec<DrawnUser> {
        let step = self.config.shard.of.max(1);
        let numbers = std::iter::repeat_with(|| {
            let number = self.next_account;
            self.next_account += step;
            number
        });
        let seed = self.config.plan.seed;
        numbers
            .take(count)
            .map(|number| DrawnUser::new(seed, number, domain))
            .collect()
    }

    fn users(
        &self,
        tenant: &Rc<LoadTenant>,
        terms: &Terms,
        people: Vec<people::CreatedUser>,
    ) -> Vec<VirtualUser> {
        let state = oracle(self.context, terms.first.clone());
        people
            .into_iter()
            .map(|(account, own)| {
                VirtualUser::new(self.context, tenant, account, state.clone(), own)
            })
            .collect()
    }

    /// Returns where the tenant's messages go.
    fn addresses(&self) -> Json {
        let urls = match (
            &self.context.in_process,
            self.context.session.surroundings.gateways(),
        ) {
            (Some(gateways), _) => [
                gateways.sms_url(),
                gateways.voice_url(),
                gateways.mail_url(),
                gateways.push_url(),
            ],
            (None, Some(gateways)) => [
                gateways.sms_url(),
                gateways.voice_url(),
                gateways.mail_url(),
                gateways.push_url(),
            ],
            (None, None) => return Json::Null,
        };
        let [sms, voice, email, push] = urls;
        json!({
            "sms": { "url": sms, "form": SmsForm::Json.as_str() },
            "voice": { "url": voice, "form": VoiceForm::Json.as_str() },
            "email": { "url": email, "form": MailForm::MailSend.as_str() },
            "push": { "url": push, "form": PushForm::Json.as_str() },
        })
    }

    fn tenant_variables(&self, id: &str, policy: &Policy, accounts: &[DrawnUser]) -> Variables {
        let users: Vec<Json> = accounts
            .iter()
            .map(|account| {
                json!({
                    "userPrincipalName": account.persona.user_principal_name,
                    "password": account.persona.password.expose(),
                    "role": "member",
                    "blocked": false,
                })
            })
            .collect();
        let addresses = self.addresses();
        let timeout = self.config.plan.timeout.as_millis();
        let mut variables = Variables::default();
        variables.insert("tenantId", id);
        if let Some(token) = &self.config.session.control_token {
            variables.insert("controlToken", token.clone());
        }
        variables.insert("displayName", people::ORGANISATION);
        variables.insert("policy", serde_json::to_value(policy).unwrap_or(Json::Null));
        variables.insert("domains", json!([format!("{id}.example.com")]));
        variables.insert("users", Json::from(users));
        variables.insert("gateways", addresses);
        variables.insert(
            "gatewayTimeoutMs",
            json!(u32::try_from(timeout).unwrap_or(10_000)),
        );
        variables.insert("callbackBase", &*self.config.session.callback_base);
        variables.insert("now", &*START.to_owned());
        variables.insert("seed", &*format!("{}/{id}", self.config.plan.seed));
        variables
    }

    /// Sets the policy of the tenants whose users have a second step to take.
    async fn turn_to_second_steps(&mut self) -> Result<(), LoadError> {
        let tenants = self.made.tenants.borrow().clone();
        for tenant in tenants {
            if let Some(policy) = patch(tenant.turn.as_ref()) {
                self.set_policy(&tenant, policy).await?;
            }
        }
        for user in self.pool.values_mut().flatten() {
            if let Some(policy) = patch(user.tenant.turn.as_ref()) {
                user.see(&Command::SetPolicy { policy });
            }
            user.settle();
        }
        Ok(())
    }

    async fn set_policy(
        &self,
        tenant: &LoadTenant,
        patch: Map<String, Json>,
    ) -> Result<(), LoadError> {
        let config = self.config;
        let mut variables = control_variables(config, tenant);
        variables.insert("policy", Json::Object(patch));
        let asked = config
            .session
            .target
            .ask(&self.transport, Operation::SetPolicy, &variables)
            .await
            .map_err(|error| LoadError::Unreachable(error.to_string()))?;
        match asked.answered {
            Answer::Success(_) => Ok(()),
            other => Err(LoadError::NotProvisioned(answer_told(&other))),
        }
    }
}

/// Returns in a few words what an answer means.
fn answer_told(answer: &Answer) -> String {
    match answer {
        Answer::Success(_) => "it succeeded".to_owned(),
        Answer::Refused { reason, .. } => reason.as_str().to_owned(),
        Answer::Unrecognised { status, code } => match code {
            Some(code) => format!("status {status}, code `{code}`"),
            None => format!("status {status}"),
        },
        other => other.to_string(),
    }
}

/// When the tenants begin.
const START: &str = "2026-01-15T09:00:00Z";

fn patch(policy: Option<&Policy>) -> Option<Map<String, Json>> {
    match serde_json::to_value(policy?) {
        Ok(Json::Object(patch)) => Some(patch),
        _ => None,
    }
}

/// Registers a method for every user of a flow, several side by side.
async fn register(
    users: VecDeque<VirtualUser>,
    method: Method,
    signs_out: bool,
) -> Result<VecDeque<VirtualUser>, LoadError> {
    let mut commands = registration(method);
    commands.retain(|command| signs_out || !matches!(command, Command::SignOut { .. }));
    let commands = Arc::new(commands);
    let mut waiting = users.into_iter();
    let mut under_way = FuturesUnordered::new();
    let mut done = VecDeque::new();
    loop {
        while under_way.len() < people::SIDE_BY_SIDE
            && let Some(mut user) = waiting.next()
        {
            let commands = Arc::clone(&commands);
            under_way.push(async move {
                for command in commands.iter() {
                    let answer = user.command(command).await;
                    let failed = match answer {
                        Ok(answer) if answer.is_success() => continue,
                        Ok(answer) => answer_told(&answer),
                        Err(error) => why(&error),
                    };
                    let shown = user.show_last().map(Box::new);
                    return Err((format!("{}: {failed}", command.word()), shown));
                }
                Ok(user)
            });
        }
        match under_way.next().await {
            None => return Ok(done),
            Some(Ok(user)) => done.push_back(user),
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
