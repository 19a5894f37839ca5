//! One flow on its way: its commands one after the other, each timed and judged, its probes beside.

use std::rc::Rc;
use std::time::Duration;

use proofup_binding::TransportError;
use proofup_domain::command::Command;

use super::RunState;
use super::recorder::{EndedFlow, nanoseconds};
use crate::figures::{End, Example, REUSED_CODE, WRONG_CODE};
use crate::flow::{FlowName, MESSAGE, Script};
use crate::virtual_user::{FlowError, VirtualUser};

/// One flow on its way.
pub(crate) struct FlowRun {
    pub(crate) shared: Rc<RunState>,
    pub(crate) flow: FlowName,
    /// When it should have begun.
    pub(crate) intended: Duration,
    /// When it begins.
    pub(crate) begins: Duration,
    pub(crate) wrong_code: bool,
    pub(crate) reused_code: bool,
}

/// The step at which a flow ended before its time.
struct Broken {
    step: &'static str,
    error: FlowError,
}

/// Times the steps of a flow; what its probes take is not the flow's.
struct StepTimer<'a> {
    shared: &'a RunState,
    /// When the step at hand began.
    begun: Duration,
    /// What the probes took so far.
    beside: Duration,
}

impl StepTimer<'_> {
    /// Takes a step that is over, whatever came of it.
    fn done(
        &mut self,
        step: &'static str,
        outcome: Result<(), FlowError>,
        ended: &mut EndedFlow,
    ) -> Result<(), Broken> {
        let done = self.shared.now();
        ended.at = done.saturating_sub(self.beside);
        outcome.map_err(|error| Broken { step, error })?;
        let took = nanoseconds(done.saturating_sub(self.begun));
        ended.steps.push((step, took));
        self.begun = done;
        Ok(())
    }

    fn leave_out(&mut self, probe: Duration) {
        self.beside += probe;
        self.begun = self.shared.now();
    }
}

impl FlowRun {
    /// Goes through the flow; gives the user back, and whether they are as they were.
    pub(crate) async fn go(self, mut user: Box<VirtualUser>) -> (Box<VirtualUser>, bool) {
        let shared = Rc::clone(&self.shared);
        let script = shared.script(self.flow);
        let mut ended = EndedFlow {
            flow: self.flow,
            intended: self.intended,
            at: self.intended,
            end: End::Correct,
            steps: Vec::with_capacity(script.timed.len() + 2),
            wrong_code_refused: false,
            reused_code_refused: false,
            silent: false,
        };
        user.begin();
        let outcome = self.commands(&mut user, script, &mut ended).await;
        if let Err(broken) = &outcome {
            self.break_off(&user, broken, &mut ended);
        }
        shared.recorder.borrow_mut().ended(&ended);
        let whole = outcome.is_ok();
        let restored = whole && self.restore(&mut user, script, &ended).await;
        // A second step or a reset that broke off leaves the user as they were.
        (user, restored || (!whole && self.leaves_nothing(&ended)))
    }

    async fn commands(
        &self,
        user: &mut VirtualUser,
        script: &Script,
        ended: &mut EndedFlow,
    ) -> Result<(), Broken> {
        let mut timer = StepTimer {
            shared: &self.shared,
            begun: self.begins,
            beside: Duration::ZERO,
        };
        for (index, command) in script.timed.iter().enumerate() {
            if let Some(channel) = user.message_for(command) {
                let received = user.receive(channel).await;
                timer.done(MESSAGE, received, ended)?;
            }
            if self.wrong_code
                && let Some((at, probe)) = &script.wrong
                && *at == index
            {
                let took = self.probe(user, probe, WRONG_CODE, ended).await?;
                ended.wrong_code_refused = true;
                timer.leave_out(took);
            }
            let answer = user.command(command).await.and_then(|answer| {
                if answer.is_success() {
                    Ok(())
                } else {
                    Err(FlowError::Refused(answer.to_string()))
                }
            });
            timer.done(command.word(), answer, ended)?;
            if self.reused_code
                && let Some((at, probe)) = &script.reused
                && *at == index
            {
                let took = self.probe(user, probe, REUSED_CODE, ended).await?;
                ended.reused_code_refused = true;
                timer.leave_out(took);
            }
        }
        Ok(())
    }

    /// Tries a code that the oracle says must be refused; gives how long it took.
    async fn probe(
        &self,
        user: &mut VirtualUser,
        probe: &Command,
        name: &'static str,
        ended: &mut EndedFlow,
    ) -> Result<Duration, Broken> {
        let begun = self.shared.now();
        let answer = user.command(probe).await;
        let took = self.shared.now().saturating_sub(begun);
        let broken = |error| Broken { step: name, error };
        let answer = answer.map_err(broken)?;
        if answer.is_success() {
            return Err(broken(FlowError::Wrong {
                expected: "a refusal".to_owned(),
                got: answer.to_string(),
            }));
        }
        ended.steps.push((name, nanoseconds(took)));
        Ok(took)
    }

    /// Returns how a flow that broke off ended, and keeps an example.
    fn break_off(&self, user: &VirtualUser, broken: &Broken, ended: &mut EndedFlow) {
        let (end, expected, got, silent) = match &broken.error {
            FlowError::Transport(error @ TransportError::TimedOut(_)) => {
                (End::TimedOut, None, error.to_string(), false)
            }
            FlowError::Transport(error) => (End::Error, None, error.to_string(), true),
            FlowError::NoMessage(channel) => {
                let got = format!("no message came by {channel} in time");
                (End::TimedOut, None, got, false)
            }
            FlowError::Unready(why) => (End::Error, None, why.clone(), false),
            FlowError::TurnedAway(status) => {
                let got = format!("status {status}: the target takes no more requests now");
                (End::Error, None, got, false)
            }
            FlowError::Wrong { expected, got } => {
                (End::Wrong, Some(expected.clone()), got.clone(), false)
            }
            FlowError::Refused(got) => (End::Refused, None, got.clone(), false),
        };
        ended.end = end;
        ended.silent = silent;
        self.keep_example(user, broken.step, end, expected, got);
    }

    /// Puts the user back as they were, outside the timed part.
    ///
    /// An answer that is wrong there makes the flow wrong, though its time counts: what was timed went well.
    async fn restore(&self, user: &mut VirtualUser, script: &Script, ended: &EndedFlow) -> bool {
        let mut wrong = false;
        for command in &script.after {
            let word = command.word();
            let optional = matches!(command, Command::SignOut { .. });
            if optional && !self.shared.can_sign_out {
                continue;
            }
            match user.command(command).await {
                Ok(answer) if answer.is_success() => {}
                Err(FlowError::Wrong { expected, got }) => {
                    if !std::mem::replace(&mut wrong, true) {
                        self.shared.recorder.borrow_mut().spoilt(ended);
                    }
                    self.keep_example(user, word, End::Wrong, Some(expected), got);
                    if !optional {
                        return false;
                    }
                }
                // A session that stays is no reason to do without the user.
                _ if optional => {}
                Ok(answer) => {
                    self.keep_example(user, word, End::Error, None, answer.to_string());
                    return false;
                }
                Err(error) => {
                    self.keep_example(user, word, End::Error, None, why(&error));
                    return false;
                }
            }
        }
        true
    }

    fn keep_example(
        &self,
        user: &VirtualUser,
        step: &str,
        end: End,
        expected: Option<String>,
        got: String,
    ) {
        let mut recorder = self.shared.recorder.borrow_mut();
        if !recorder.figures.has_example(self.flow, step, end) {
            recorder.show(Example {
                flow: self.flow,
                step: step.to_owned(),
                end,
                expected,
                got,
                exchange: user.show_last(),
            });
        }
    }

    /// Returns whether a flow that broke off left its user as it found them.
    fn leaves_nothing(&self, ended: &EndedFlow) -> bool {
        ended.end != End::Wrong
            && matches!(
                self.flow,
                FlowName::SecondStepText
                    | FlowName::SecondStepAppCode
                    | FlowName::SecondStepNotification
                    | FlowName::ResetPassword
                    | FlowName::SignIn
            )
    }
}

/// Returns in a line why a command led to nothing.
pub(super) fn why(error: &FlowError) -> String {
    match error {
        FlowError::Transport(error) => error.to_string(),
        FlowError::NoMessage(channel) => format!("no message came by {channel} in time"),
        FlowError::Unready(why) => why.clone(),
        FlowError::Wrong { expected, got } => format!("expected {expected}, got {got}"),
        FlowError::TurnedAway(status) => {
            format!("status {status}: the target takes no more requests now")
        }
        FlowError::Refused(got) => format!("it was refused with {got}"),
    }
}
