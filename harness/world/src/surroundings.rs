//! What surrounds an implementation for a whole run: gateways of ours on fixed addresses, its process, the file of its clock.
//!
//! An implementation that makes no tenants is told once, when it starts, where our gateways are; so one host of them lives
//! as long as the run, and cases keep out of each other's way by their addresses and by the moment at which they begin.
//!
//! **Invariant:** whatever was started is ended: by [`Surroundings::stop`], and where that is never reached, when the value
//! is dropped.

mod clock_file;
mod folder;
mod host;
mod process;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proofup_binding::{ClockMode, ClockMove, CompiledTarget, GatewayPlan, Transport, Variables};
use proofup_domain::capabilities::{Capabilities, Facility};
use proofup_domain::clock::Clock;
use proofup_gateways::host::{InProcessNetwork, Standalone, StandaloneOptions, StartError};
use tokio::net::TcpStream;

pub use clock_file::FaketimeFile;
use folder::Folder;
pub(crate) use host::Host;
use process::{Process, Shell};

/// Returns where the gateways of a target file listen, to whoever starts them.
#[must_use]
pub fn gateway_options(plan: &GatewayPlan) -> StandaloneOptions {
    StandaloneOptions {
        http: plan.http,
        smtp: plan.smtp,
        advertised: plan.advertised.clone(),
        ..StandaloneOptions::default()
    }
}

/// What surrounds an implementation; the default is nothing, for one that each case tells all it needs.
#[derive(Debug, Default)]
pub struct Surroundings {
    gateways: Mutex<Option<Arc<Standalone>>>,
    network: Option<InProcessNetwork>,
    process: tokio::sync::Mutex<Option<Process>>,
    clock_file: Option<FaketimeFile>,
    shell: Option<Shell>,
    /// Dropped last: what was started may write into it until it ends.
    folder: Mutex<Option<Folder>>,
}

/// Why an implementation could not be surrounded or started: exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum SurroundingsError {
    /// A gateway could not listen.
    #[error("{0}: {why}", why = .0.source)]
    Gateways(#[from] StartError),
    /// The folder of the run, or a file in it, could not be written.
    #[error("could not write `{path}`: {why}")]
    Folder {
        /// What was to be written.
        path: String,
        /// Why not.
        why: io::Error,
    },
    /// Something is there already.
    #[error(
        "another program listens on {address}, and would be tested in place of what [process] starts"
    )]
    Occupied {
        /// Where.
        address: String,
    },
    /// The command could not be run at all.
    #[error("could not run `{command}` of [process]: {why}")]
    NotStarted {
        /// The command.
        command: String,
        /// Why not.
        why: io::Error,
    },
    /// It ended before it answered.
    #[error("`{command}` of [process] ended with {status} before the target answered{log}")]
    Ended {
        /// The command.
        command: String,
        /// How it ended.
        status: String,
        /// The end of what it wrote.
        log: String,
    },
    /// It did not answer in time.
    #[error(
        "`{command}` of [process] was started, but {path} gave no answer below 500 within {} s: {last}{log}",
        .within.as_secs_f64()
    )]
    NotReady {
        /// The command.
        command: String,
        /// What was asked for.
        path: String,
        /// How long.
        within: Duration,
        /// What came last.
        last: String,
        /// The end of what it wrote.
        log: String,
    },
    /// A variable of the environment cannot be filled in.
    #[error("`{{{0}}}` in [process] env has no value in this run")]
    Unbound(String),
}

impl SurroundingsError {
    /// Returns what to do about it.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Gateways(_) => {
                "check whether another run is active; [gateways] of the target file names the ports"
            }
            Self::Folder { .. } => "check the free space, or name another folder with TMPDIR",
            Self::Occupied { .. } => {
                "stop that program, or name it with --url: then nothing is started"
            }
            Self::NotStarted { .. } => {
                "check that `start` of [process] runs with `sh -c` in the folder of the target file"
            }
            Self::Ended { .. } => "run the command by hand, with the variables of [process] env",
            Self::NotReady { .. } => {
                "check whether `base` and `ready` of [process] are right, and whether `within` is long enough"
            }
            Self::Unbound(_) => "remove it, or add what sets it: [gateways] or `clock.move`",
        }
    }
}

impl Surroundings {
    /// Surrounds a target in this process with a network on which it reaches the gateways of each case without a socket.
    #[must_use]
    pub fn in_process(network: InProcessNetwork) -> Self {
        Self {
            network: Some(network),
            ..Self::default()
        }
    }

    /// Starts the gateways, writes the clock file and starts the process, in the folder of the target file. [`Self::ready`]
    /// then waits for it.
    ///
    /// # Errors
    /// If any of them could not be started; nothing is left behind.
    pub async fn begin(target: &CompiledTarget, clock: &Clock) -> Result<Self, SurroundingsError> {
        let gateways = match &target.surroundings_plan().gateways {
            Some(plan) => Some(Standalone::start(&gateway_options(plan), clock.clone()).await?),
            None => None,
        };
        Self::around(target, gateways, clock).await
    }

    /// Does as [`Self::begin`] with gateways that are listening already, and sees to their end from now on.
    ///
    /// # Errors
    /// If the rest could not be started; nothing is left behind.
    pub async fn around(
        target: &CompiledTarget,
        gateways: Option<Standalone>,
        clock: &Clock,
    ) -> Result<Self, SurroundingsError> {
        let folder = target.folder();
        let mut made = Self::default();
        let mut variables = Variables::default();
        if let Some(host) = gateways {
            tell_gateways(&host, &mut variables);
            made.gateways = Mutex::new(Some(Arc::new(host)));
        }
        let Some(process) = &target.surroundings_plan().process else {
            made.shell = Some(Shell::new(folder, BTreeMap::new(), Vec::new()));
            return Ok(made);
        };
        let own = Folder::make()?;
        variables.insert("folder", path_text(own.path()).as_str());
        if target.clock().moved == Some(ClockMove::Libfaketime) {
            let file = FaketimeFile::make(own.path(), target.clock().mode, clock)?;
            variables.insert("clockFile", path_text(file.path()).as_str());
            made.clock_file = Some(file);
        } else {
            variables.insert("clockFile", "");
        }
        tell_base(target, &mut variables);
        let mut env = process
            .environment(&variables)
            .map_err(SurroundingsError::Unbound)?;
        if let Some(file) = &made.clock_file {
            for (name, value) in file.environment() {
                env.entry(name).or_insert(value);
            }
        }
        let secrets = process.secrets().cloned().collect();
        let shell = Shell::new(folder, env, secrets);
        keep_off(target).await?;
        let log = own.path().join("process.log");
        let started = Process::start(shell.clone(), process.clone(), log)?;
        made.folder = Mutex::new(Some(own));
        made.process = tokio::sync::Mutex::new(Some(started));
        made.shell = Some(shell);
        Ok(made)
    }

    /// Waits until the implementation answers, if its process was started here.
    ///
    /// # Errors
    /// If it ended before, or did not answer in time; it is still to be stopped.
    pub async fn ready(
        &self,
        target: &CompiledTarget,
        transport: &Transport,
    ) -> Result<(), SurroundingsError> {
        match self.process.lock().await.as_mut() {
            Some(process) => process.ready(target, transport).await,
            None => Ok(()),
        }
    }

    /// Ends the process and the gateways, and removes what was written; a second time does nothing.
    pub async fn stop(&self) {
        if let Some(mut process) = self.process.lock().await.take() {
            process.end().await;
        }
        let gateways = locked(&self.gateways).take();
        if let Some(gateways) = gateways.and_then(Arc::into_inner) {
            gateways.stop().await;
        }
        drop(locked(&self.folder).take());
    }

    /// Returns the gateways of the whole run; none: each case has its own.
    #[must_use]
    pub fn gateways(&self) -> Option<Arc<Standalone>> {
        locked(&self.gateways).clone()
    }

    /// Returns the network on which a case opens gateways of its own; none: it opens them on loopback.
    #[must_use]
    pub const fn network(&self) -> Option<&InProcessNetwork> {
        self.network.as_ref()
    }

    /// Returns the file by which the implementation's time is moved.
    pub const fn clock_file(&self) -> Option<&FaketimeFile> {
        self.clock_file.as_ref()
    }

    /// Moves the implementation's time where its clock file or a command of its target file does that; none: an operation
    /// does, or nothing.
    ///
    /// # Errors
    /// Why the time was not moved.
    pub async fn move_clock(
        &self,
        target: &CompiledTarget,
        seconds: i64,
    ) -> Option<Result<(), String>> {
        match target.clock().moved? {
            ClockMove::Libfaketime => Some(self.move_by_file(seconds)),
            ClockMove::Command => Some(self.move_by_command(target, seconds).await),
            ClockMove::Operation => None,
        }
    }

    fn move_by_file(&self, seconds: i64) -> Result<(), String> {
        let file = self.clock_file().ok_or_else(|| {
            "the target was started elsewhere, so its clock is not ours".to_owned()
        })?;
        file.advance(seconds)
            .map_err(|error| format!("the clock file could not be written: {error}"))
    }

    async fn move_by_command(&self, target: &CompiledTarget, seconds: i64) -> Result<(), String> {
        let command = target.surroundings_plan().clock_command.as_deref();
        let (Some(command), Some(shell)) = (command, &self.shell) else {
            return Err("the target file names no command that moves the clock".to_owned());
        };
        let command = command.replace("{seconds}", &seconds.to_string());
        shell.run(&command, COMMAND_WITHIN).await
    }

    /// Corrects what a target declares by what this run can do: a clock that a file or a command moves can be moved, and a
    /// file that nobody reads moves nothing.
    pub fn correct(&self, target: &CompiledTarget, capabilities: &mut Capabilities) {
        let clock = Facility::Clock;
        match target.clock().moved {
            Some(ClockMove::Libfaketime) if self.clock_file.is_none() => {
                capabilities.facilities.remove(&clock);
            }
            Some(ClockMove::Libfaketime | ClockMove::Command) => {
                capabilities.facilities.insert(clock);
            }
            Some(ClockMove::Operation) | None => {}
        }
    }
}

/// Returns whether a target needs more than requests: gateways for the run, a process, a clock of the machine's.
#[must_use]
pub fn needs_surroundings(target: &CompiledTarget) -> bool {
    let plan = target.surroundings_plan();
    plan.gateways.is_some() || plan.process.is_some() || plan.clock_command.is_some()
}

/// Makes sure that what will answer is what is about to be started.
async fn keep_off(target: &CompiledTarget) -> Result<(), SurroundingsError> {
    let Some((host, port)) = address(target) else {
        return Ok(());
    };
    let host = host.trim_matches(['[', ']']);
    let connecting = TcpStream::connect((host, port));
    match tokio::time::timeout(CONNECT_WITHIN, connecting).await {
        Ok(Ok(_)) => Err(SurroundingsError::Occupied {
            address: format!("{host}:{port}"),
        }),
        Ok(Err(_)) | Err(_) => Ok(()),
    }
}

fn address(target: &CompiledTarget) -> Option<(&str, u16)> {
    let base = target.base_url()?;
    Some((base.host_str()?, base.port_or_known_default()?))
}

fn tell_base(target: &CompiledTarget, variables: &mut Variables) {
    let port = address(target).map_or(0, |(_, port)| port);
    variables.insert("port", port.to_string().as_str());
    let base = target.base_url().map_or("", url::Url::as_str);
    variables.insert("base", base.trim_end_matches('/'));
}

fn tell_gateways(host: &Standalone, variables: &mut Variables) {
    let smtp = host.smtp_address();
    let (smtp_host, smtp_port) = smtp.rsplit_once(':').unwrap_or((smtp.as_str(), ""));
    for (name, value) in [
        ("gateway.sms", host.sms_url()),
        ("gateway.voice", host.voice_url()),
        ("gateway.mail", host.mail_url()),
        ("gateway.push", host.push_url()),
        ("gateway.smtpHost", smtp_host.to_owned()),
        ("gateway.smtpPort", smtp_port.to_owned()),
        ("gateway.smtp", smtp.clone()),
    ] {
        variables.insert(name, value.as_str());
    }
}

fn path_text(path: &Path) -> String {
    path.display().to_string()
}

fn unwritable(path: PathBuf) -> impl FnOnce(io::Error) -> SurroundingsError {
    move |why| SurroundingsError::Folder {
        path: path.display().to_string(),
        why,
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is kept here is taken or cloned whole: no panic can leave half of it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns whether time passes by itself.
pub(crate) const fn runs(mode: ClockMode) -> bool {
    matches!(mode, ClockMode::Running)
}

/// How long a command that moves the clock may take.
const COMMAND_WITHIN: Duration = Duration::from_secs(30);

/// How long to look whether somebody listens already.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);
