//! Which implementation is judged, and how its requests travel.

use std::path::Path;
use std::sync::Arc;

use clap::ValueEnum;
use proofup_binding::{
    ClockMode, ClockScope, CompiledTarget, Operation, Transport, TransportOptions,
    loopback_transport,
};
use proofup_domain::clock::Clock;
use proofup_domain::fault::FaultName;
use proofup_domain::secret::Secret;
use proofup_gateways::host::InProcessNetwork;
use proofup_runner::doctor::TargetText;
use proofup_runner::run::{RunError, TargetSession};
use proofup_world::surroundings::{Surroundings, SurroundingsError, needs_surroundings};
use url::Url;

use crate::embedded;
use crate::failure::{Failure, read_text};
use crate::shutdown::Signals;

/// The contract, as the reference speaks it.
const REFERENCE: &str = include_str!("../../../fixtures/targets/reference.toml");
const REFERENCE_PATH: &str = "fixtures/targets/reference.toml";

/// The built-in reference, where no socket is between it and the harness.
pub(crate) const CALLED_DIRECTLY: &str = "built-in reference, called directly";

/// The environment variable that holds the token of test control, here and in `proofup run`.
pub(crate) const TOKEN_VARIABLE: &str = "PROOFUP_TEST_CONTROL_TOKEN";

/// How requests reach the built-in reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TransportKind {
    Loopback,
    InProcess,
}

/// A target that requests can be sent to.
#[derive(Debug)]
pub(crate) struct ResolvedTarget {
    /// The target and what it is reached by; its surroundings are those that [`ResolvedTarget::surround`] has started.
    pub(crate) session: TargetSession,
    /// The text of the target file.
    pub(crate) text: TargetText,
    /// What reports call the transport.
    pub(crate) transport_name: &'static str,
    /// Where it is; nothing in process.
    pub(crate) base: Option<Url>,
}

/// The target that a command line names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TargetSpec<'a> {
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

impl TargetSpec<'_> {
    /// A failure because the target could not be asked, with what to do about it.
    ///
    /// The built-in reference can always be asked: where it cannot, that is a bug of ours.
    pub(crate) fn not_reached(&self, error: &RunError) -> Failure {
        let help = if self.target.is_some_and(|target| !is_reference(target)) {
            "start the server, or correct `base` of the target file or --url"
        } else if self.url.is_some() {
            "start the server, or correct --url; a server without a target file must implement the built-in contract"
        } else {
            return Failure::bug(error.to_string());
        };
        Failure::usage(error.to_string(), help)
    }
}

/// Returns whether a word of the command line means the built-in reference; a file of that name is written `./reference`.
pub(crate) fn is_reference(target: &Path) -> bool {
    target == Path::new(embedded::NAME)
}

/// Resolves the target that the command line names: a custom target, or the built-in reference.
///
/// The reference over loopback is started here, and lives as long as the runtime.
pub(crate) async fn resolve(spec: TargetSpec<'_>, clock: Clock) -> Result<ResolvedTarget, Failure> {
    let file = spec.target.filter(|target| !is_reference(target));
    if file.is_none() && spec.url.is_none() {
        return resolve_reference(spec, clock).await;
    }
    let (path, text) = match file {
        None => (REFERENCE_PATH.to_owned(), REFERENCE.to_owned()),
        Some(file) => {
            let path = file.display().to_string();
            let help = "name a file; `proofup init target` writes one to fill in";
            let text = read_text("the target file", file, help)?;
            (path, text)
        }
    };
    let mut target = CompiledTarget::compile(&path, &text).map_err(Failure::diagnostic)?;
    if let Some(url) = spec.url {
        // Whoever names an address has started what listens there.
        target = target.with_base(checked(url)?).without_process();
    }
    let base = target.base_url().cloned().ok_or_else(|| {
        Failure::usage(
            format!("`{path}` has no `base`"),
            "add `base = \"http://…\"` to it, or give --url",
        )
    })?;
    let transport = target.transport().map_err(|error| {
        let help = "correct `base`, `proxy` or `ca` in the target file";
        Failure::usage(error.to_string(), help)
    })?;
    let callback_base = base.as_str().trim_end_matches('/').to_owned();
    let control_token = token_from_environment();
    Ok(ResolvedTarget {
        session: TargetSession {
            // Others may use the same server: only a server that was started here is this process's own.
            instance: Some(embedded::instance()),
            ..session(
                target,
                transport,
                callback_base,
                control_token,
                clock,
                spec.seed,
            )
        },
        text: TargetText::new(path, text),
        transport_name: "http",
        base: Some(base),
    })
}

/// Reads the target file of the built-in reference.
pub(crate) fn reference() -> Result<CompiledTarget, Failure> {
    CompiledTarget::compile(REFERENCE_PATH, REFERENCE).map_err(Failure::diagnostic)
}

async fn resolve_reference(spec: TargetSpec<'_>, clock: Clock) -> Result<ResolvedTarget, Failure> {
    let target = reference()?;
    let token = embedded::control_token();
    let planted =
        |network| embedded::planted(clock.clone(), token.clone(), spec.seed, spec.fault, network);
    let control_token = Some(token.clone());
    if spec.transport == TransportKind::InProcess {
        let network = InProcessNetwork::default();
        let router = planted(Some(network.clone()));
        let (transport, callback_base) = (
            embedded::in_process(router),
            embedded::IN_PROCESS.to_owned(),
        );
        let session = session(
            target,
            transport,
            callback_base,
            control_token,
            clock.clone(),
            spec.seed,
        );
        return Ok(ResolvedTarget {
            session: TargetSession {
                surroundings: Arc::new(Surroundings::in_process(network)),
                ..session
            },
            text: TargetText::new(REFERENCE_PATH, REFERENCE),
            transport_name: "in-process",
            base: None,
        });
    }
    let address = embedded::on_loopback(planted(None))
        .await
        .map_err(|error| {
            Failure::usage(
                format!("could not start the reference on loopback: {error}"),
                "check whether programs may listen on 127.0.0.1, or add --transport in-process",
            )
        })?;
    let callback_base = format!("http://{address}");
    let base = Url::parse(&callback_base)
        .map_err(|error| Failure::bug(format!("{callback_base} is not a URL: {error}")))?;
    let transport = loopback_transport(&base, TransportOptions::default());
    let target = target.with_base(base.clone());
    Ok(ResolvedTarget {
        session: session(
            target,
            transport,
            callback_base,
            control_token,
            clock,
            spec.seed,
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
        instance: None,
    }
}

/// Returns an address that requests can be sent to.
fn checked(url: &Url) -> Result<Url, Failure> {
    let https = url.scheme() == "https";
    let usable = url.scheme() == "http" || (cfg!(feature = "tls") && https);
    if usable && url.host().is_some() {
        return Ok(url.clone());
    }
    if https {
        return Err(Failure::usage(
            format!("this build of proofup cannot use https: `{url}`"),
            "build it with `--features tls`, or name an http address",
        ));
    }
    // `localhost:8080` is read as a URL of the scheme `localhost`.
    let bare = url.host().is_none() && url.path().parse::<u16>().is_ok();
    Err(if bare {
        Failure::usage(
            format!("`{url}` has no scheme"),
            format!("did you mean http://{url}? (https needs a build with `--features tls`)"),
        )
    } else {
        Failure::usage(
            format!("`{url}` is not an http address"),
            "name an address such as http://127.0.0.1:8080",
        )
    })
}

impl ResolvedTarget {
    /// Returns the target file that the doctor probes before a run; none where it is the reference's own (decision 8).
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

    /// Refuses a target that cannot create a tenant with gateways and a policy for each generated story.
    pub(crate) fn demand_tenants(&self, command: &str) -> Result<(), Failure> {
        let target = &self.session.target;
        let custom = needs_surroundings(target)
            || target.standing_policy().is_some()
            || target.has(Operation::CreateUser);
        if !custom {
            return Ok(());
        }
        Err(Failure::usage(
            format!(
                "`{command}` needs a target that can create a tenant with gateways and a policy for each case; the file of \
                 `{}` declares gateways, a process, users or a policy for the whole run",
                target.name()
            ),
            "test it with `proofup run`; if it can create tenants and only [process] is in the way, start it yourself and name \
             it with --url",
        ))
    }

    /// Returns how the target's time moves: `frozen per tenant`.
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

    /// Returns the target as the first lines of a result name it: with its address, or as called directly.
    pub(crate) fn described(&self) -> String {
        match &self.base {
            Some(base) => format!("{} at {base}", self.session.target.name()),
            None => CALLED_DIRECTLY.to_owned(),
        }
    }
}

/// Returns the token of test control; an empty one counts as none.
pub(crate) fn token_from_environment() -> Option<Secret> {
    std::env::var(TOKEN_VARIABLE)
        .ok()
        .filter(|token| !token.is_empty())
        .map(Secret::new)
}
