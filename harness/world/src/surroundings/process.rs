//! The implementation's process: started by a shell, asked until it answers, ended with all that it started.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use proofup_binding::{CompiledTarget, ProcessPlan, Transport};
use proofup_domain::secret::{MASK, Secret};
use tokio::process::{Child, Command};
use tower::ServiceExt as _;

use super::{SurroundingsError, unwritable};

/// Where and with which environment commands of a target file run.
#[derive(Debug, Clone)]
pub(super) struct Shell {
    folder: PathBuf,
    env: BTreeMap<String, Secret>,
    secrets: Vec<Secret>,
}

impl Shell {
    /// Takes the folder of the target file; an empty one is where we are.
    pub(super) fn new(folder: &Path, env: BTreeMap<String, String>, secrets: Vec<Secret>) -> Self {
        let folder = if folder.as_os_str().is_empty() {
            PathBuf::from(".")
        } else {
            folder.to_owned()
        };
        let env = env
            .into_iter()
            .map(|(name, value)| (name, Secret::new(value)))
            .collect();
        Self {
            folder,
            env,
            secrets,
        }
    }

    fn command(&self, command: &str) -> Command {
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(command)
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        for (name, value) in &self.env {
            shell.env(name, value.expose());
        }
        // A group of its own: a Ctrl-C in the terminal reaches us, and we end it in order.
        #[cfg(unix)]
        shell.process_group(0);
        shell
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// How it failed, with the end of what it wrote.
    pub(super) async fn run(&self, command: &str, within: Duration) -> Result<(), String> {
        let spawned = self
            .command(command)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let child = spawned.map_err(|error| format!("could not run `{command}`: {error}"))?;
        match tokio::time::timeout(within, child.wait_with_output()).await {
            Err(_elapsed) => Err(format!(
                "`{command}` took longer than {} s",
                within.as_secs_f64()
            )),
            Ok(Err(error)) => Err(format!("`{command}` could not be waited for: {error}")),
            Ok(Ok(output)) if output.status.success() => Ok(()),
            Ok(Ok(output)) => {
                let told = String::from_utf8_lossy(&output.stderr);
                Err(format!(
                    "`{command}` ended with {}{}",
                    output.status,
                    self.told(&told)
                ))
            }
        }
    }

    /// Returns the end of what a command wrote, without secrets.
    fn told(&self, text: &str) -> String {
        let lines: Vec<&str> = text.lines().collect();
        let first = lines.len().saturating_sub(LOG_LINES);
        let mut end = lines[first..].join("\n");
        for secret in &self.secrets {
            if !secret.expose().is_empty() {
                end = end.replace(secret.expose(), MASK);
            }
        }
        if end.trim().is_empty() {
            "; it wrote nothing".to_owned()
        } else {
            format!("; its last output:\n{end}")
        }
    }
}

/// A process that was started; dropped, its whole group is killed.
#[derive(Debug)]
pub(super) struct Process {
    shell: Shell,
    plan: ProcessPlan,
    log: PathBuf,
    child: Child,
    /// The number of its group, which is that of the shell that was started.
    group: Option<u32>,
}

impl Process {
    /// Starts it; what it writes goes into the log.
    pub(super) fn start(
        shell: Shell,
        plan: ProcessPlan,
        log: PathBuf,
    ) -> Result<Self, SurroundingsError> {
        let output = File::create(&log).map_err(unwritable(log.clone()))?;
        let errors = output.try_clone().map_err(unwritable(log.clone()))?;
        let spawned = shell
            .command(&plan.start)
            .stdout(output)
            .stderr(errors)
            .spawn();
        let child = spawned.map_err(|why| SurroundingsError::NotStarted {
            command: plan.start.clone(),
            why,
        })?;
        Ok(Self {
            group: child.id(),
            shell,
            plan,
            log,
            child,
        })
    }

    /// Waits until it answers. That the command ends well does not matter: it may have started something behind it.
    pub(super) async fn ready(
        &mut self,
        target: &CompiledTarget,
        transport: &Transport,
    ) -> Result<(), SurroundingsError> {
        let mut last = "nothing came".to_owned();
        let within = self.plan.ready_within;
        let answered = async {
            loop {
                let left = self.child.try_wait();
                if let Ok(Some(status)) = left
                    && !status.success()
                {
                    return Some(status.to_string());
                }
                match probe(target, transport, &self.plan.ready_path).await {
                    Ok(()) => return None,
                    Err(why) => last = why,
                }
                pause(BETWEEN_PROBES).await;
            }
        };
        match tokio::time::timeout(within, answered).await {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(SurroundingsError::Ended {
                command: self.plan.start.clone(),
                status,
                log: self.log_end(),
            }),
            Err(_elapsed) => Err(SurroundingsError::NotReady {
                command: self.plan.start.clone(),
                path: self.plan.ready_path.clone(),
                within,
                last,
                log: self.log_end(),
            }),
        }
    }

    /// Ends it: by its own command if it has one, then by signals to whatever is left of its group.
    pub(super) async fn end(&mut self) {
        if let Some(stop) = self.plan.stop.clone() {
            // Whether it worked shows in what is left.
            let _ = self.shell.run(&stop, STOP_WITHIN).await;
        }
        if self.signal(Signal::Terminate) {
            let gone = async {
                while self.is_there() {
                    pause(BETWEEN_LOOKS).await;
                }
            };
            let _ = tokio::time::timeout(TERMINATE_WITHIN, gone).await;
            self.signal(Signal::Kill);
        }
        let _ = tokio::time::timeout(TERMINATE_WITHIN, self.child.wait()).await;
        self.group = None;
    }

    /// Returns whether anything of the group is left; the shell itself is reaped by looking.
    fn is_there(&mut self) -> bool {
        let _ = self.child.try_wait();
        self.signal(Signal::None)
    }

    /// Sends a signal to the whole group; false: nobody is there any more.
    fn signal(&self, signal: Signal) -> bool {
        let Some(group) = self.group else {
            return false;
        };
        send(group, signal)
    }

    fn log_end(&self) -> String {
        let text = end_of(&self.log).unwrap_or_default();
        self.shell.told(&text)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::Kill);
    }
}

/// A signal that is sent to a group.
#[derive(Debug, Clone, Copy)]
enum Signal {
    /// None: to see whether anybody is there.
    None,
    /// Asks it to end.
    Terminate,
    /// Ends it.
    Kill,
}

#[cfg(unix)]
fn send(group: u32, signal: Signal) -> bool {
    use rustix::process::{Pid, Signal as System, kill_process_group, test_kill_process_group};
    let Some(group) = i32::try_from(group).ok().and_then(Pid::from_raw) else {
        return false;
    };
    match signal {
        Signal::None => test_kill_process_group(group),
        Signal::Terminate => kill_process_group(group, System::TERM),
        Signal::Kill => kill_process_group(group, System::KILL),
    }
    .is_ok()
}

#[cfg(not(unix))]
fn send(_group: u32, _signal: Signal) -> bool {
    false
}

/// Asks once whether the implementation answers.
async fn probe(target: &CompiledTarget, transport: &Transport, path: &str) -> Result<(), String> {
    let base = target.base_url().map_or("", url::Url::as_str);
    let url = format!("{}{path}", base.trim_end_matches('/'));
    let request = http::Request::get(url)
        .body(Bytes::new())
        .map_err(|error| error.to_string())?;
    let asked = transport.clone().oneshot(request);
    match tokio::time::timeout(PROBE_WITHIN, asked).await {
        Err(_elapsed) => Err(format!(
            "no answer came within {} s",
            PROBE_WITHIN.as_secs_f64()
        )),
        Ok(Err(error)) => Err(error.to_string()),
        Ok(Ok(response)) if response.status().as_u16() < 500 => Ok(()),
        Ok(Ok(response)) => Err(format!("the last answer was {}", response.status())),
    }
}

/// Lets a moment pass between two looks at something that tells nobody when it is ready.
async fn pause(moment: Duration) {
    let _ = tokio::time::timeout(moment, std::future::pending::<()>()).await;
}

/// Reads the end of a file, as text.
fn end_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(LOG_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// How much of a log is told.
const LOG_LINES: usize = 20;
const LOG_BYTES: u64 = 8 * 1024;

/// How long one probe may take.
const PROBE_WITHIN: Duration = Duration::from_secs(2);

/// What passes between two probes.
const BETWEEN_PROBES: Duration = Duration::from_millis(100);

/// What passes between two looks at a group that is ending.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// How long a command that ends the process may take.
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// How long the group may take to end before it is killed.
const TERMINATE_WITHIN: Duration = Duration::from_secs(5);
