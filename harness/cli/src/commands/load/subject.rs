//! The target of a load run: a custom target, or the built-in reference in its own process.
//!
//! The reference is a child, so that its processor time and its memory can be told from the generator's (`decisions.md` 29).

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use proofup_binding::{CompiledTarget, Direct, TransportOptions, loopback_transport};
use proofup_domain::clock::Clock;
use proofup_domain::fault::FaultName;
use proofup_domain::secret::Secret;
use proofup_gateways::host::InProcessNetwork;
use proofup_load::Connect;
use proofup_load::report::{IN_PROCESS, TargetTold};
use proofup_runner::run::TargetSession;
use url::Url;

use crate::embedded;
use crate::failure::Failure;
use crate::resolve::{self, TOKEN_VARIABLE, TargetSpec};

/// The target of a load run.
#[derive(Clone)]
pub(crate) struct LoadTarget {
    pub(crate) session: TargetSession,
    pub(crate) connect: Connect,
    pub(crate) direct: Option<Direct>,
    /// Where it brings its messages in this process.
    pub(crate) network: Option<InProcessNetwork>,
    pub(crate) told: TargetTold,
    /// The process, where it is ours.
    pub(crate) process: Option<u32>,
    /// Ends it when the last clone is dropped.
    _child: Option<Arc<Reaped>>,
}

/// Ends a child process when it is dropped.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl LoadTarget {
    /// The target that a command line names, which is not the built-in reference.
    pub(crate) async fn named(
        spec: TargetSpec<'_>,
        options: TransportOptions,
        clock: Clock,
    ) -> Result<Self, Failure> {
        let resolved = resolve::resolve(spec, clock).await?;
        let base = resolved.base.clone().ok_or_else(|| {
            Failure::bug("a named target has an address, which is checked before")
        })?;
        let session = resolved.session;
        let target = &session.target;
        let connected = connect(target, options)?;
        Ok(Self {
            told: TargetTold {
                name: target.name().to_owned(),
                url: Some(base.to_string()),
                transport: "http".to_owned(),
            },
            direct: target.direct(options),
            network: None,
            connect: connected,
            session,
            process: None,
            _child: None,
        })
    }

    /// The built-in reference without a socket.
    pub(crate) fn in_process(
        seed: u64,
        fault: Option<FaultName>,
        clock: Clock,
        network: Option<InProcessNetwork>,
    ) -> Result<Self, Failure> {
        let token = embedded::control_token();
        let router = embedded::planted(clock.clone(), token.clone(), seed, fault, network.clone());
        let transport = embedded::in_process(router);
        Ok(Self {
            session: TargetSession {
                target: Arc::new(resolve::reference()?),
                transport: transport.clone(),
                callback_base: embedded::IN_PROCESS.to_owned(),
                control_token: Some(token),
                surroundings: Arc::default(),
                clock,
                seed,
                instance: None,
            },
            connect: Arc::new(move || transport.clone()),
            direct: None,
            network,
            told: TargetTold {
                name: embedded::NAME.to_owned(),
                url: None,
                transport: IN_PROCESS.to_owned(),
            },
            process: None,
            _child: None,
        })
    }

    /// The built-in reference as a process of its own, which is started here.
    pub(crate) fn child(
        seed: u64,
        clock: Clock,
        options: TransportOptions,
        fault: Option<FaultName>,
        burden: Option<Duration>,
    ) -> Result<Self, Failure> {
        let token = embedded::control_token();
        let mut words = vec!["--test-control".to_owned()];
        if let Some(fault) = fault {
            words.extend(["--fault".to_owned(), fault.to_string()]);
        }
        if let Some(burden) = burden {
            words.extend([
                "--burden".to_owned(),
                format!("{:.3}us", burden.as_secs_f64() * 1e6),
            ]);
        }
        let (child, base) = spawned(&token, &words)?;
        let target = resolve::reference()?.with_base(base.clone());
        Ok(Self {
            told: TargetTold {
                name: embedded::NAME.to_owned(),
                url: Some(base.to_string()),
                transport: "child".to_owned(),
            },
            session: TargetSession {
                target: Arc::new(target),
                transport: loopback_transport(&base, options),
                callback_base: base.as_str().trim_end_matches('/').to_owned(),
                control_token: Some(token),
                surroundings: Arc::default(),
                clock,
                seed,
                instance: None,
            },
            direct: Direct::of(&base, options),
            network: None,
            connect: Arc::new(move || loopback_transport(&base, options)),
            process: Some(child.0.id()),
            _child: Some(Arc::new(child)),
        })
    }
}

/// Makes what makes connections to a target as its file says: by TLS or through a proxy, where that is so.
fn connect(target: &Arc<CompiledTarget>, options: TransportOptions) -> Result<Connect, Failure> {
    let first = target.transport_with(options).map_err(|error| {
        let help = "correct `base`, `proxy` or `ca` in the target file";
        Failure::usage(error.to_string(), help)
    })?;
    let target = Arc::clone(target);
    // What could be made once can be made again.
    Ok(Arc::new(move || {
        target
            .transport_with(options)
            .unwrap_or_else(|_| first.clone())
    }))
}

/// Starts `proofup serve` and waits until it says where it is.
fn spawned(token: &Secret, words: &[String]) -> Result<(Reaped, Url), Failure> {
    let not_started = |error: &dyn std::fmt::Display| {
        Failure::usage(
            format!("could not start the reference in its own process: {error}"),
            "check whether programs may start others and listen on 127.0.0.1, or add --transport in-process",
        )
    };
    let program = std::env::current_exe().map_err(|error| not_started(&error))?;
    let mut command = Command::new(program);
    command
        .args(["serve", "--listen", "127.0.0.1:0"])
        .args(words)
        .env(TOKEN_VARIABLE, token.expose())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = Reaped(command.spawn().map_err(|error| not_started(&error))?);
    let mut line = String::new();
    let output = child.0.stdout.take();
    let read = output.map(|output| BufReader::new(output).read_line(&mut line));
    if let Some(Err(error)) = read {
        return Err(not_started(&error));
    }
    let base = line
        .split_whitespace()
        .find_map(|word| Url::parse(word).ok().filter(|url| url.scheme() == "http"));
    base.map(|base| (child, base))
        .ok_or_else(|| not_started(&"it did not report its address"))
}

/// Starts the hello floor as a process of its own, for the yardstick.
pub(super) fn hello() -> Result<(impl Sized, Url), Failure> {
    spawned(&embedded::control_token(), &["--hello".to_owned()])
}
