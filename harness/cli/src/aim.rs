//! Which implementation is judged, and how its requests travel.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use clap::ValueEnum;
use proofup_domain::clock::Clock;
use proofup_domain::fault::FaultName;
use proofup_domain::secret::Secret;
use proofup_runner::doctor::TargetText;
use proofup_runner::run::{RunError, TargetSession};
use proofup_runner::surroundings::{Surroundings, SurroundingsError, needs_surroundings};
use proofup_runner::target::{
    ClockMode, ClockScope, CompiledTarget, Operation, Transport, TransportOptions,
    loopback_transport,
};
use url::Url;

use crate::embedded;
use crate::failure::Failure;
use crate::shutdown::Signals;

/// The contract, as the reference speaks it.
const REFERENCE: &str = include_str!("../../../fixtures/targets/reference.toml");
const REFERENCE_PATH: &str = "fixtures/targets/reference.toml";

/// The environment variable that holds the token of test control, here and in `proofup run`.
pub(crate) const TOKEN_VARIABLE: &str = "PROOFUP_TEST_CONTROL_TOKEN";

/// Names how requests reach the built-in reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TransportKind {
    Loopback,
    InProcess,
}

/// Holds an implementation that can be spoken to.
#[derive(Debug)]
pub(crate) struct Aim {
    /// The target and what it is reached by; its surroundings are those that [`Aim::surround`] has started.
    pub(crate) session: TargetSession,
    /// The text of the target file.
    pub(crate) text: TargetText,
    /// What reports call the transport.
    pub(crate) transport_name: &'static str,
    /// Where it is; nothing in process.
    pub(crate) base: Option<Url>,
}

/// Says what a command line names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goal<'a> {
    /// The target file.
    pub(crate) target: Option<&'a Path>,
    /// The address.
    pub(crate) url: Option<&'a Url>,
    /// How requests reach the built-in reference, which is meant where neither is named.
    pub(crate) transport: TransportKind,
    /// The seed of everything random in it.
    pub(crate) seed: u64,
    /// What is planted in it.
    pub(crate) fault: Option<FaultName>,
}

impl Goal<'_> {
    /// Tells why nothing could be asked of the target, and what to do about it.
    ///
    /// The built-in reference can always be asked: where it cannot, that is a bug of ours.
    pub(crate) fn not_reached(&self, error: &RunError) -> Failure {
        let help = if self.target.is_some_and(|target| !is_reference(target)) {
            "`proofup schema target` says what a target file holds"
        } else if self.url.is_some() {
            "without --target the server has to speak the contract; `proofup serve --test-control` is one that does"
        } else {
            return Failure::bug(error.to_string());
        };
        Failure::usage(error.to_string(), help)
    }
}

/// Says whether a word of the command line means the built-in reference; a file of that name is written `./reference`.
pub(crate) fn is_reference(target: &Path) -> bool {
    target == Path::new(embedded::NAME)
}

/// Aims at the target that the command line names: a stranger's, or the built-in reference.
///
/// The reference over loopback is started here, and lives as long as the runtime.
pub(crate) async fn aim(goal: Goal<'_>, clock: Clock) -> Result<Aim, Failure> {
    let file = goal.target.filter(|target| !is_reference(target));
    if file.is_none() && goal.url.is_none() {
        return at_the_reference(goal, clock).await;
    }
    let (path, text) = match file {
        None => (REFERENCE_PATH.to_owned(), REFERENCE.to_owned()),
        Some(file) => {
            let path = file.display().to_string();
            let text = fs::read_to_string(file).map_err(|error| {
                Failure::usage(
                    format!("could not read the target file `{path}`: {error}"),
                    "name a file; `proofup schema target` says what stands in it",
                )
            })?;
            (path, text)
        }
    };
    let mut target = CompiledTarget::compile(&path, &text).map_err(Failure::diagnostic)?;
    if let Some(url) = goal.url {
        // Whoever names an address has started what listens there.
        target = target.with_base(checked(url)?).without_process();
    }
    let base = target.base_url().cloned().ok_or_else(|| {
        Failure::usage(
            format!("`{path}` names no address"),
            "add `base = \"http://…\"` to it, or --url",
        )
    })?;
    let transport = target.transport().map_err(|error| {
        let help = "correct `base`, `proxy` or `ca` of the target file";
        Failure::usage(error.to_string(), help)
    })?;
    let callback_base = base.as_str().trim_end_matches('/').to_owned();
    let control_token = token_from_environment();
    Ok(Aim {
        session: session(
            target,
            transport,
            callback_base,
            control_token,
            clock,
            goal.seed,
        ),
        text: TargetText::new(path, text),
        transport_name: "http",
        base: Some(base),
    })
}

/// Reads the target file of the built-in reference.
pub(crate) fn reference() -> Result<CompiledTarget, Failure> {
    CompiledTarget::compile(REFERENCE_PATH, REFERENCE).map_err(Failure::diagnostic)
}

async fn at_the_reference(goal: Goal<'_>, clock: Clock) -> Result<Aim, Failure> {
    let target = reference()?;
    let token = embedded::control_token();
    let router = embedded::planted(clock.clone(), token.clone(), goal.seed, goal.fault);
    let control_token = Some(token);
    if goal.transport == TransportKind::InProcess {
        let (transport, callback_base) = (
            embedded::in_process(router),
            embedded::IN_PROCESS.to_owned(),
        );
        return Ok(Aim {
            session: session(
                target,
                transport,
                callback_base,
                control_token,
                clock,
                goal.seed,
            ),
            text: TargetText::new(REFERENCE_PATH, REFERENCE),
            transport_name: "inProcess",
            base: None,
        });
    }
    let address = embedded::on_loopback(router).await.map_err(|error| {
        Failure::usage(
            format!("could not start the reference on loopback: {error}"),
            "see whether this machine lets programs listen on 127.0.0.1, or add --transport in-process",
        )
    })?;
    let callback_base = format!("http://{address}");
    let base = Url::parse(&callback_base)
        .map_err(|error| Failure::bug(format!("{callback_base} is no URL: {error}")))?;
    let transport = loopback_transport(&base, TransportOptions::default());
    let target = target.with_base(base.clone());
    Ok(Aim {
        session: session(
            target,
            transport,
            callback_base,
            control_token,
            clock,
            goal.seed,
        ),
        text: TargetText::new(REFERENCE_PATH, REFERENCE),
        transport_name: "loopback",
        base: Some(base),
    })
}

/// A session that nothing surrounds yet.
fn session(
    target: CompiledTarget,
    transport: Transport,
    callback_base: String,
    control_token: Option<Secret>,
    clock: Clock,
    seed: u64,
) -> TargetSession {
    TargetSession {
        target: Arc::new(target),
        transport,
        callback_base,
        control_token,
        surroundings: Arc::default(),
        clock,
        seed,
    }
}

fn checked(url: &Url) -> Result<Url, Failure> {
    let speaks = url.scheme() == "http" || (cfg!(feature = "tls") && url.scheme() == "https");
    if speaks && url.host().is_some() {
        return Ok(url.clone());
    }
    Err(Failure::usage(
        format!("`{url}` cannot be spoken to by this build"),
        "name an address such as http://127.0.0.1:8080; https takes a build with the feature `tls`",
    ))
}

impl Aim {
    /// Gives what the doctor looks at before a run: nothing where the mapping is the reference's own (decision 8).
    pub(crate) fn probed(&self) -> Option<Arc<TargetText>> {
        (self.text.text != REFERENCE).then(|| Arc::new(self.text.clone()))
    }

    /// Starts what surrounds the target: gateways for the whole run, its process. Whoever calls this stops it again,
    /// whatever came of the run.
    pub(crate) async fn surround(&mut self) -> Result<(), Failure> {
        if !needs_surroundings(&self.session.target) {
            return Ok(());
        }
        let usage = |error: &SurroundingsError| Failure::usage(error.to_string(), error.help());
        let signals = Signals::listen()?;
        let begun = Surroundings::begin(&self.session.target, &self.session.clock).await;
        let surroundings = begun.map_err(|error| usage(&error))?;
        let ready = tokio::select! {
            ready = surroundings.ready(&self.session.target, &self.session.transport) => {
                ready.map_err(|error| usage(&error))
            }
            () = signals.requested() => Err(Failure::interrupted()),
        };
        if let Err(failure) = ready {
            surroundings.stop().await;
            return Err(failure);
        }
        self.session.surroundings = Arc::new(surroundings);
        Ok(())
    }

    /// Refuses a target that has no tenant, gateways and policy for each story that nobody wrote down.
    pub(crate) fn demand_tenants(&self, command: &str) -> Result<(), Failure> {
        let target = &self.session.target;
        let stranger = needs_surroundings(target)
            || target.standing_policy().is_some()
            || target.has(Operation::CreateUser);
        if !stranger {
            return Ok(());
        }
        Err(Failure::usage(
            format!(
                "`{command}` needs a target that makes a tenant with gateways and policy for each of its stories, and \
                 `{}` is started, or has users and a policy, of its own",
                target.name()
            ),
            "judge it by `proofup run`; a target that makes tenants and has a [process] can be started by hand and named \
             with --url",
        ))
    }

    /// Says how the target's time moves.
    pub(crate) fn clock_mode(&self) -> String {
        let clock = self.session.target.clock();
        let mode = match clock.mode {
            ClockMode::Frozen => "frozen",
            ClockMode::Running => "running",
        };
        let scope = match clock.scope {
            ClockScope::Tenant => "tenant",
            ClockScope::Process => "process",
        };
        format!("{mode} per {scope}")
    }

    /// Says where the target is.
    pub(crate) fn place(&self) -> String {
        self.base.as_ref().map_or_else(
            || "no address: it is in this process".to_owned(),
            ToString::to_string,
        )
    }
}

/// Reads the token of test control; empty counts as none.
pub(crate) fn token_from_environment() -> Option<Secret> {
    std::env::var(TOKEN_VARIABLE)
        .ok()
        .filter(|token| !token.is_empty())
        .map(Secret::new)
}
