//! Makes the tenant of a case and expands `[[users]] methods` into ordinary commands.
//!
//! While methods are registered a provisioning policy holds: everything may reset a password and nothing is a second
//! step, so nobody is interrupted, nobody owes a second step and no default is chosen on the way. Then the scenario's own
//! policy is set and the clock moved past the resend interval and the TOTP step, so that the steps start unburdened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use proofup_binding::{CompiledTarget, Operation, Value};
use proofup_domain::capabilities::Limits;
use proofup_domain::command::{Command, GatewayBehaviour, Name, NameSpelling, PasswordRole};
use proofup_domain::method::{Method, ResetMethod, Role};
use proofup_domain::policy::{AppPolicy, Policy, ResetPolicy, TwoStepPolicy};
use proofup_domain::secret::Secret;
use proofup_domain::state::{MailForm, PushForm, SmsForm, VoiceForm};
use proofup_scenario::{GatewayForms, Scenario, UserSpec};
use serde_json::{Map, Value as Json, json};

use super::{StepError, World};

/// Asks for at least this pause before the steps: one TOTP step.
const TOTP_STEP_SECONDS: u32 = 30;

impl World<'_> {
    /// Makes the tenant and registers what the file says its people have.
    pub async fn set_up(&mut self, scenario: &Scenario, policy: &Policy) -> Result<(), StepError> {
        let target = Arc::clone(&self.context.session.target);
        let terms = Terms::of(&target, &scenario.users, policy);
        let preparation = terms.preparation(&scenario.users, &self.limits);
        let first = &terms.first;
        if target.has(Operation::CreateTenant) {
            self.create_tenant(scenario, first).await?;
        } else {
            self.begin_time().await?;
            self.policy = policy_json(first);
            let patch = terms.to_set(&target);
            if !patch.is_empty() {
                self.demand(&Command::SetPolicy { policy: patch }).await?;
            }
        }
        if target.has(Operation::CreateUser) {
            self.create_users().await?;
        } else if !target.has(Operation::CreateTenant) {
            self.borrow_users(scenario)?;
        }
        for command in &preparation {
            self.demand(command).await?;
        }
        self.look_at_the_clock();
        self.zero = self.now;
        self.begun = self.gateways.inboxes().cursor();
        self.prepared = Some(self.history.len());
        Ok(())
    }

    /// Takes users that exist already for the people of the case, where none can be made.
    ///
    /// A case that changes its users uses them up, because every check needs a fresh user; cases that only look share.
    fn borrow_users(&mut self, scenario: &Scenario) -> Result<(), StepError> {
        let pool = self.context.session.target.users();
        let mut spent = self
            .context
            .spent_users
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut lent = BTreeSet::new();
        let people = self.people.values_mut().map(|person| &mut person.persona);
        for person in people.filter(|person| person.exists) {
            let fresh = pool
                .iter()
                .find(|user| {
                    user.role == person.role
                        && !spent.contains(&user.name)
                        && !lent.contains(&user.name)
                })
                .ok_or_else(|| {
                    StepError::Unready(format!(
                        "[[users]] of the target file has no unused {} for `{}`",
                        person.role, person.name
                    ))
                })?;
            lent.insert(fresh.name.clone());
            person
                .user_principal_name
                .clone_from(&fresh.user_principal_name);
            person.password = fresh.password.clone();
            self.secrets.insert(fresh.password.clone());
        }
        if scenario
            .steps
            .iter()
            .flat_map(|step| step.action.commands())
            .any(changes_its_user)
        {
            spent.append(&mut lent);
        }
        Ok(())
    }

    /// Makes the people of the case one by one, under addresses that no other case has.
    async fn create_users(&mut self) -> Result<(), StepError> {
        let people: Vec<Name> = self.people.keys().cloned().collect();
        for name in people {
            let person = &self.person(&name)?.persona;
            if !person.exists {
                continue;
            }
            let newcomer = Newcomer {
                user_principal_name: &person.user_principal_name,
                password: &person.password,
                role: person.role,
                blocked: person.blocked,
                own_address: &person.own,
                display_name: person.display_name(),
                organisation: &self.organisation.display_name,
            };
            let mut vars = self.control_variables();
            newcomer.offer(&mut vars.0);
            let (performed, _kept) = self.call(Operation::CreateUser, vars, None).await?;
            if !performed.is_success() {
                return Err(StepError::Unready(format!(
                    "{name} could not be made: {}; a user of an earlier run may have the same address, another --seed \
                     draws others",
                    proofup_scenario::transcript::answer(&performed)
                )));
            }
            self.made.push(name);
        }
        Ok(())
    }

    async fn create_tenant(
        &mut self,
        scenario: &Scenario,
        policy: &Policy,
    ) -> Result<(), StepError> {
        self.policy = policy_json(policy);
        let users: Vec<Json> = self
            .people
            .values()
            .map(|person| &person.persona)
            .filter(|person| person.exists)
            .map(|person| {
                json!({
                    "userPrincipalName": person.user_principal_name,
                    "password": person.password.expose(),
                    "role": person.role.as_str(),
                    "blocked": person.blocked,
                })
            })
            .collect();
        let mut vars = self.control_variables();
        vars.text("displayName", &self.organisation.display_name);
        vars.json("policy", self.policy.clone());
        vars.json("domains", json!([self.organisation.domain]));
        vars.json("users", Json::from(users));
        vars.json("gateways", self.gateway_addresses(&scenario.gateways));
        vars.json("gatewayTimeoutMs", Json::from(gateway_timeout_ms(scenario)));
        vars.text("callbackBase", &self.context.session.callback_base);
        vars.text("now", &scenario.start.to_string());
        vars.text(
            "seed",
            &format!("{}/{}", self.context.session.seed, self.organisation.tenant),
        );
        let (performed, _) = self.call(Operation::CreateTenant, vars, None).await?;
        if !performed.is_success() {
            return Err(StepError::Unready(format!(
                "the tenant could not be made: {}",
                proofup_scenario::transcript::answer(&performed)
            )));
        }
        Ok(())
    }

    fn gateway_addresses(&self, forms: &GatewayForms) -> Json {
        let gateways = &self.gateways;
        let email = match forms.email {
            MailForm::Smtp => json!({ "smtp": gateways.smtp_address() }),
            MailForm::MailSend => json!({ "url": gateways.mail_url(), "form": "mailSend" }),
        };
        let (sms, voice, push): (SmsForm, VoiceForm, PushForm) =
            (forms.sms, forms.voice, forms.push);
        json!({
            "sms": { "url": gateways.sms_url(), "form": sms.as_str() },
            "voice": { "url": gateways.voice_url(), "form": voice.as_str() },
            "email": email,
            "push": { "url": gateways.push_url(), "form": push.as_str() },
        })
    }

    /// Takes users and tenant down again; whether that works changes no judgement.
    pub async fn tear_down(&mut self) {
        if self.context.session.target.has(Operation::DeleteUser) {
            for name in std::mem::take(&mut self.made) {
                let mut vars = self.control_variables();
                // What the target told when the user was made is what it may know them by.
                self.person_variables(&name, &mut vars);
                let _ = self.call(Operation::DeleteUser, vars, None).await;
            }
        }
        if self.context.session.target.has(Operation::DeleteTenant) {
            let vars = self.control_variables();
            let _ = self.call(Operation::DeleteTenant, vars, None).await;
        }
    }

    /// Lets a command happen that has to succeed.
    async fn demand(&mut self, command: &Command) -> Result<(), StepError> {
        let performed = self.perform(command, None).await?;
        if !performed.is_success() {
            return Err(StepError::Unready(format!(
                "could not set the case up: `{}` was answered with {}",
                proofup_scenario::transcript::command(command),
                proofup_scenario::transcript::answer(&performed)
            )));
        }
        Ok(())
    }
}

/// What `createUser` is offered of a person, whoever needs one.
#[derive(Debug)]
pub struct Newcomer<'a> {
    /// The name to sign in with.
    pub user_principal_name: &'a str,
    /// The password.
    pub password: &'a Secret,
    /// Member or administrator.
    pub role: Role,
    /// Signs in nowhere.
    pub blocked: bool,
    /// An address outside the organisation.
    pub own_address: &'a str,
    /// The name that others see.
    pub display_name: &'a str,
    /// The name of the organisation.
    pub organisation: &'a str,
}

impl Newcomer<'_> {
    /// Offers it to the templates of the operation.
    pub fn offer(&self, variables: &mut BTreeMap<String, Value>) {
        let texts = [
            ("userPrincipalName", self.user_principal_name),
            ("role", self.role.as_str()),
            ("ownAddress", self.own_address),
            ("displayName", self.display_name),
            ("organisation", self.organisation),
        ];
        for (name, text) in texts {
            variables.insert(name.to_owned(), Value::Plain(Json::from(text)));
        }
        let blocked = Value::Plain(Json::from(self.blocked));
        variables.insert("blocked".to_owned(), blocked);
        let password = Value::Secret(self.password.clone());
        variables.insert("password".to_owned(), password);
    }
}

/// The policies under which a case begins and runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// The policy at the beginning.
    pub first: Policy,
    /// The policy of the steps.
    pub held: Policy,
    /// The second is set once everybody has registered what they have.
    changes: bool,
}

impl Terms {
    /// Lets people register what they have under a policy that lets them, and sets the policy of the steps afterwards.
    pub(crate) fn provisioned(users: &[UserSpec], held: &Policy) -> Self {
        Self::changing(&first_policy(users, held), held)
    }

    /// Lets people register under one policy, and sets another afterwards.
    pub fn changing(first: &Policy, held: &Policy) -> Self {
        Self {
            first: first.clone(),
            held: held.clone(),
            changes: true,
        }
    }

    /// Lets one policy hold from the beginning.
    pub fn unchanging(held: Policy) -> Self {
        Self {
            first: held.clone(),
            held,
            changes: false,
        }
    }

    /// Works out what holds where a case asks for a policy: what it asks for, registering under another where that is
    /// needed; or, where the target tells its own, that one with what can be set of the case's, from the beginning.
    pub(crate) fn of(target: &CompiledTarget, users: &[UserSpec], asked: &Policy) -> Self {
        match target.standing_policy() {
            None => Self::provisioned(users, asked),
            Some(own) => Self::unchanging(own.under(asked)),
        }
    }

    /// Returns the policy that is to be set once everybody has registered; none: the first one stays.
    pub fn turn(&self) -> Option<&Policy> {
        (self.changes && self.held != self.first).then_some(&self.held)
    }

    /// Lists the commands between the making of the people and the first step.
    pub fn preparation(&self, users: &[UserSpec], limits: &Limits) -> Vec<Command> {
        let mut commands = registrations(users);
        if let (false, Json::Object(patch)) = (commands.is_empty(), policy_json(&self.held)) {
            if self.changes {
                commands.push(Command::SetPolicy { policy: patch });
            }
            let pause = limits.resend_seconds.max(TOTP_STEP_SECONDS);
            commands.push(Command::AdvanceClock {
                by: format!("{pause}s"),
            });
        }
        commands
    }

    /// Returns what of the first policy has to be set where no tenant is made with it.
    pub fn to_set(&self, target: &CompiledTarget) -> Map<String, Json> {
        if !target.has(Operation::SetPolicy) {
            return Map::new();
        }
        match (target.standing_policy(), policy_json(&self.first)) {
            (Some(own), _) => own.settable_part(&self.first),
            (None, Json::Object(patch)) => patch,
            (None, _) => Map::new(),
        }
    }
}

/// Returns the policy under which a tenant is made: where methods are registered first, not under the scenario's own.
pub fn first_policy(users: &[UserSpec], policy: &Policy) -> Policy {
    if registrars(users).next().is_some() {
        provisioning_policy(policy)
    } else {
        policy.clone()
    }
}

/// Lists the commands between the making of a tenant and the first step: what `[[users]] methods` means.
pub fn preparation(users: &[UserSpec], policy: &Policy, limits: &Limits) -> Vec<Command> {
    Terms::provisioned(users, policy).preparation(users, limits)
}

/// Lists the commands by which people register what they have before the first step.
pub fn registrations(users: &[UserSpec]) -> Vec<Command> {
    let mut commands = Vec::new();
    for user in registrars(users) {
        commands.push(Command::SignIn {
            user: user.name.clone(),
            password: PasswordRole::Right,
            spelling: NameSpelling::AsGiven,
            bind: None,
        });
        for method in &user.methods {
            commands.extend(registration(&user.name, *method));
        }
        commands.push(Command::SignOut {
            user: user.name.clone(),
            session: None,
        });
    }
    commands
}

/// Lists the people who have something registered before the first step.
fn registrars(users: &[UserSpec]) -> impl Iterator<Item = &UserSpec> {
    users
        .iter()
        .filter(|user| user.exists && !user.methods.is_empty())
}

/// Lists the commands that register a method, the way a person would.
fn registration(user: &Name, method: Method) -> Vec<Command> {
    let begin = json!({ "do": "beginEnrollment", "method": method });
    let next = json!({ "do": "nextPage" });
    let read = json!({ "do": "readEnrollment" });
    let commands = match method {
        Method::Email | Method::MobilePhone => {
            vec![begin, json!({ "do": "submitCode", "code": "lastSent" })]
        }
        Method::OfficePhone => vec![begin, json!({ "do": "pressKey" }), read],
        Method::SoftwareOath => vec![
            begin,
            json!({ "do": "addAccount" }),
            json!({ "do": "submitCode", "code": "current" }),
        ],
        Method::SecurityQuestions => vec![begin, json!({ "do": "submitAnswers" })],
        Method::MicrosoftAuthenticator => vec![
            begin,
            next.clone(),
            next.clone(),
            json!({ "do": "activateDevice" }),
            next,
            json!({ "do": "approveNotification" }),
            read,
        ],
    };
    commands
        .into_iter()
        .map(|mut command| {
            command["user"] = json!(user);
            serde_json::from_value(command).expect("these are spelt as the vocabulary spells them")
        })
        .collect()
}

/// Returns how long a gateway may take, in milliseconds of wall time.
///
/// Only where a gateway hangs is the whole of it waited for, so only there is it short; but there, too, a mail must get
/// through a machine that is busy with many cases and unoptimised code (250 ms were too short for that).
fn gateway_timeout_ms(scenario: &Scenario) -> u32 {
    let mut commands = scenario
        .steps
        .iter()
        .flat_map(|step| step.action.commands());
    let hangs = commands.any(|command| {
        matches!(
            command,
            Command::SetGateway {
                behaviour: GatewayBehaviour::Hang,
                ..
            }
        )
    });
    if hangs { 1000 } else { 10_000 }
}

/// Returns whether a command may leave its user other than it found them.
pub const fn changes_its_user(command: &Command) -> bool {
    !matches!(
        command,
        Command::SignIn { .. }
            | Command::SignOut { .. }
            | Command::ReadSession { .. }
            | Command::OpenAccount { .. }
            | Command::ReadWizard { .. }
            | Command::ListMethods { .. }
            | Command::ListAvailable { .. }
            | Command::ReadCapabilities {}
            | Command::FindLeaks {}
    )
}

/// Allows everything for a reset and nothing as a second step.
fn provisioning_policy(policy: &Policy) -> Policy {
    let asked = &policy.reset;
    let own = !asked.questions.is_empty();
    let questions = if own {
        asked.questions.clone()
    } else {
        (1..=5)
            .map(|number| format!("What is the answer to provisioning question {number}?"))
            .collect()
    };
    Policy {
        two_step: TwoStepPolicy::default(),
        reset: ResetPolicy {
            enabled: true,
            methods: ResetMethod::ALL.iter().copied().collect(),
            methods_required: 2,
            registration_required: false,
            reconfirm_after_days: 0,
            questions_to_register: if own { asked.questions_to_register } else { 3 },
            questions_to_reset: if own { asked.questions_to_reset } else { 3 },
            questions,
        },
        app: AppPolicy {
            code_with_notification: true,
        },
        ..policy.clone()
    }
}

fn policy_json(policy: &Policy) -> Json {
    serde_json::to_value(policy).unwrap_or(Json::Null)
}
