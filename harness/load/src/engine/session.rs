//! A target made ready: gateways, its process, tenants and accounts; and taken down again, whatever came of it.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};
use proofup_binding::{DiscoverError, Operation};
use proofup_gateways::host::{InProcessGateways, Standalone};
use proofup_world::session::TargetSession;
use proofup_world::surroundings::Surroundings;
use tokio_util::sync::CancellationToken;

use super::preparation::{self, Made, Prepared};
use super::{LoadConfig, LoadError, LoadEvent, LoadOutput, LoadRun, clocks, fitness, people};
use crate::messages::MessageRouter;
use crate::tenant::UserContext;
use crate::wire::Lanes;

/// A target made ready. It can be played on more than once.
pub(super) struct LoadSession {
    context: Rc<UserContext>,
    made: Made,
    prepared: Prepared,
}

impl LoadSession {
    /// Makes a target ready for a plan.
    ///
    /// # Errors
    /// Where that fails, or somebody asks to stop meanwhile; what was made until then is taken down again.
    pub(super) async fn start(
        config: &LoadConfig,
        stop: &CancellationToken,
    ) -> Result<Self, LoadError> {
        let router = MessageRouter::default();
        let in_process = in_process(config, &router)?;
        let gateways = match in_process {
            Some(_) => None,
            None => Some(gateways(config, &router).await?),
        };
        let begun =
            Surroundings::around(&config.session.target, gateways, &config.session.clock).await;
        let surroundings = Arc::new(begun.map_err(LoadError::Surroundings)?);
        let made = Made::default();
        let set = tokio::select! {
            set = within(config, (router, in_process), &surroundings, &made) => set,
            () = stop.cancelled() => Err(LoadError::Interrupted),
        };
        match set {
            Ok((context, prepared)) => Ok(Self {
                context,
                made,
                prepared,
            }),
            Err(error) => {
                end(config, &made, &surroundings).await;
                Err(error)
            }
        }
    }

    /// Lets a plan happen, with the accounts that there are.
    pub(super) async fn run(
        &mut self,
        config: &LoadConfig,
        events: &mut dyn FnMut(LoadEvent<'_>),
        stop: &CancellationToken,
    ) -> Result<LoadOutput, LoadError> {
        let strays = self.context.router.strays();
        let output = LoadRun::new(config, &self.context, &mut self.prepared)
            .go(&mut self.prepared, events, stop)
            .await?;
        Ok(LoadOutput {
            strays: self.context.router.strays() - strays,
            ..output
        })
    }

    /// Takes everything down again.
    pub(super) async fn tear_down(self, config: &LoadConfig) {
        end(config, &self.made, &self.context.session.surroundings).await;
    }
}

/// Takes down what was made, and ends what it was made with.
async fn end(config: &LoadConfig, made: &Made, surroundings: &Surroundings) {
    tear_down(config, made).await;
    surroundings.stop().await;
}

/// Opens gateways without a socket that hand every message to whoever waits for it, for a target in this process.
fn in_process(
    config: &LoadConfig,
    router: &MessageRouter,
) -> Result<Option<InProcessGateways>, LoadError> {
    let Some(network) = &config.network else {
        return Ok(None);
    };
    let taker = router.clone();
    let opened = network.open_with_sink(config.session.clock.clone(), move |message| {
        taker.deliver(message);
    });
    let full = || LoadError::NotStarted("the network in this process has no free port".to_owned());
    opened.map(Some).ok_or_else(full)
}

/// Starts gateways that hand every message to whoever waits for it.
async fn gateways(config: &LoadConfig, router: &MessageRouter) -> Result<Standalone, LoadError> {
    let (taker, clock) = (router.clone(), config.session.clock.clone());
    let taker = move |message| taker.deliver(message);
    Standalone::start_with_sink(&config.gateways, clock, taker)
        .await
        .map_err(|error| LoadError::NotStarted(error.to_string()))
}

/// Makes ready what is surrounded already.
async fn within(
    config: &LoadConfig,
    (router, in_process): (MessageRouter, Option<InProcessGateways>),
    surroundings: &Arc<Surroundings>,
    made: &Made,
) -> Result<(Rc<UserContext>, Prepared), LoadError> {
    let target = &config.session.target;
    let transport = (config.connect)();
    let ready = surroundings.ready(target, &transport).await;
    ready.map_err(LoadError::Surroundings)?;
    let capabilities = target.discover(&transport).await;
    let mut capabilities = capabilities.map_err(|error| match error {
        DiscoverError::Transport { error, .. } => LoadError::Unreachable(error.to_string()),
        other => LoadError::NotTheContract(other.to_string()),
    })?;
    surroundings.correct(target, &mut capabilities);
    let silent: BTreeSet<Operation> = Operation::ALL
        .iter()
        .copied()
        .filter(|operation| target.has(*operation) && target.is_silent_about(*operation))
        .collect();
    let context = Rc::new(UserContext {
        session: TargetSession {
            transport,
            surroundings: Arc::clone(surroundings),
            ..config.session.clone()
        },
        capabilities,
        router,
        in_process,
        lanes: config.direct.clone().map(Lanes::new),
        timeout: config.plan.timeout,
        is_custom: target.keeps_more()
            || (!target.is_simple()
                && (!target.has(Operation::CreateTenant) || target.has(Operation::CreateUser))),
        silent,
    });
    fitness::check(config, &context)?;
    let prepared = preparation::prepare(config, &context, made).await?;
    Ok((context, prepared))
}

/// Takes users and tenants down again; whether that works changes nothing.
async fn tear_down(config: &LoadConfig, made: &Made) {
    let transport = (config.connect)();
    let transport = &transport;
    if config.session.target.has(Operation::DeleteUser) {
        let users = made.users.take();
        let deletions = users.into_iter().map(|variables| async move {
            let operation = Operation::DeleteUser;
            let asked = config.session.target.ask(transport, operation, &variables);
            asked.await.is_err_and(|error| !error.is_of_the_file())
        });
        let mut deletions = stream::iter(deletions).buffer_unordered(people::SIDE_BY_SIDE);
        while let Some(gone) = deletions.next().await {
            if gone {
                // Nobody is there any more.
                return;
            }
        }
    }
    for tenant in made.tenants.take() {
        if tenant.id.is_empty() || !config.session.target.has(Operation::DeleteTenant) {
            continue;
        }
        let variables = clocks::control_variables(config, &tenant);
        let asked = config
            .session
            .target
            .ask(transport, Operation::DeleteTenant, &variables);
        if asked.await.is_err() {
            return;
        }
    }
}
