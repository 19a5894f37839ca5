//! A world without a scenario file: what measuring lets happen, command by command.

use std::sync::Arc;

use proofup_binding::exchange::Exchange;
use proofup_binding::{CallFailure, Operation, Value, Variables};
use proofup_domain::answer::Answer;
use proofup_domain::command::{Command, Name};
use proofup_domain::policy::Policy;
use proofup_domain::secret::Secret;
use proofup_scenario::Scenario;
use serde_json::Value as Json;

use super::World;
use super::case::{Case, make_world};
use super::handles::HandleKind;
use super::person::apps::secret_of;
use crate::context::RunContext;

/// A world in which commands happen one after the other.
///
/// Exchanges and responses are forgotten after each command: thousands of them are made.
#[derive(Debug)]
pub struct CommandRunner<'a> {
    world: World<'a>,
}

/// What a code in a given shape was answered with.
#[derive(Debug)]
pub struct Submitted {
    /// What it means; nothing where no answer came.
    pub answered: Option<Answer>,
    /// The request and its answer; masked with everything that the world knows.
    pub exchange: Exchange,
}

impl<'a> CommandRunner<'a> {
    /// Makes the tenant and the people.
    pub async fn start(
        context: &'a RunContext,
        scenario: Scenario,
        policy: &Policy,
    ) -> Result<CommandRunner<'a>, String> {
        let case = Case {
            edition: policy.edition,
            scenario: Arc::new(scenario),
        };
        let world = make_world(context, &case).await?;
        let mut runner = CommandRunner { world };
        if let Err(trouble) = runner.world.set_up(&case.scenario, policy).await {
            let why = trouble.to_string();
            runner.tear_down().await;
            return Err(why);
        }
        Ok(runner)
    }

    /// Takes everything down again.
    pub async fn tear_down(mut self) {
        self.world.tear_down().await;
        self.world.gateways.stop().await;
    }

    /// Lets a command happen that has to succeed.
    pub async fn demand(&mut self, command: Json) -> Result<Answer, String> {
        let command = read(command)?;
        let performed = self.let_happen(&command).await?;
        if !performed.is_success() {
            return Err(format!(
                "`{}` was answered with {}",
                proofup_scenario::transcript::command(&command),
                proofup_scenario::transcript::answer(&performed)
            ));
        }
        Ok(performed)
    }

    /// Lets a command happen that may be refused.
    pub async fn attempt(&mut self, command: Json) -> Result<Answer, String> {
        self.let_happen(&read(command)?).await
    }

    async fn let_happen(&mut self, command: &Command) -> Result<Answer, String> {
        let performed = self.world.perform(command, None).await;
        self.forget();
        performed.map_err(|trouble| trouble.to_string())
    }

    /// Returns the token of a user's latest session.
    pub fn token(&self, user: &str) -> Option<Secret> {
        let name = Name(user.to_owned());
        let session = self.world.handles.find(HandleKind::Session, &name, None)?;
        secret_of(&self.world.handles.get(session).kept, "session")
    }

    /// Reads the code that was sent for a user's latest setup.
    pub async fn code(&mut self, user: &str) -> Result<Secret, String> {
        let name = Name(user.to_owned());
        let setup = self.setup(&name)?;
        let role = proofup_domain::command::CodeRole::LastSent;
        let code = self.world.code(&name, setup, &role).await;
        code.map_err(|trouble| trouble.to_string())?
            .ok_or_else(|| "no code came".to_owned())
    }

    /// Lists what a user has: what was kept of the latest thing of each sort, and what the person knows.
    pub fn belongings(&self, user: &str) -> Variables {
        let name = Name(user.to_owned());
        let mut belongings = self.world.control_variables().into_variables();
        for sort in [
            HandleKind::Session,
            HandleKind::Challenge,
            HandleKind::Reset,
            HandleKind::Proof,
            HandleKind::Enrollment,
        ] {
            if let Some(index) = self.world.handles.find(sort, &name, None) {
                for (key, value) in &self.world.handles.get(index).kept {
                    if key != "challenge" || sort == HandleKind::Challenge {
                        belongings.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        if let Some(person) = self.world.people.get(&name).map(|person| &person.persona) {
            belongings.insert("userPrincipalName", person.user_principal_name.as_str());
            belongings.insert("password", person.password.clone());
            belongings.insert("address", person.own.as_str());
        }
        belongings
    }

    /// Submits a code in any shape, to a user's latest setup.
    pub async fn submit(&mut self, user: &str, code: Value) -> Result<Submitted, String> {
        let variables = self.submission(user, code)?;
        let context = self.world.context;
        let operation = Operation::SubmitCode;
        let called = context
            .session
            .target
            .call(&context.session.transport, operation, &variables, None)
            .await;
        let (answered, mut exchange) = match called {
            Ok(reply) => (Some(reply.answered), reply.exchange.into_shown()),
            Err(CallFailure { exchange, .. }) => (None, *exchange),
        };
        exchange.mask(&self.world.secrets);
        for ending in context
            .session
            .instance()
            .iter()
            .flat_map(|one| one.endings())
        {
            exchange.show_instead(ending, "");
        }
        Ok(Submitted { answered, exchange })
    }

    /// Returns whether a code in another shape makes the very request that the code itself makes.
    pub fn makes_no_difference(&self, user: &str, code: &Secret, shaped: Value) -> bool {
        let body = |code: Value| {
            let variables = self.submission(user, code).ok()?;
            let target = &self.world.context.session.target;
            target.bodies(Operation::SubmitCode, &variables)
        };
        body(Value::Secret(code.clone())) == body(shaped)
    }

    fn submission(&self, user: &str, code: Value) -> Result<Variables, String> {
        let name = Name(user.to_owned());
        let setup = self.setup(&name)?;
        let mut variables = self.world.control_variables().into_variables();
        for (key, value) in &self.world.handles.get(setup).kept {
            variables.insert(key.clone(), value.clone());
        }
        if let Some(token) = self.token(user) {
            variables.insert("session", token);
        }
        variables.insert("code", code);
        Ok(variables)
    }

    /// Lists every secret that the world has met.
    pub fn secrets(&self) -> Vec<Secret> {
        self.world.secrets.iter().cloned().collect()
    }

    /// Remembers a secret that was made of another.
    pub fn learn(&mut self, secret: Secret) {
        self.world.secrets.insert(secret);
    }

    fn setup(&self, user: &Name) -> Result<usize, String> {
        let setup = self.world.handles.find(HandleKind::Enrollment, user, None);
        setup.ok_or_else(|| format!("{user} has begun no setup"))
    }

    fn forget(&mut self) {
        self.world.seen.clear();
        self.world.exchanges.clear();
    }
}

fn read(command: Json) -> Result<Command, String> {
    serde_json::from_value(command)
        .map_err(|error| format!("this is not a command ({error}); please report it"))
}

impl Submitted {
    /// Returns the answer as a transcript writes it.
    pub fn told(&self) -> String {
        self.answered.clone().map_or_else(
            || "no answer".to_owned(),
            |answered| proofup_scenario::transcript::answer(&answered),
        )
    }
}
