//! One flow on its way: its acts one after the other, each timed and judged, its probes beside.

use std::rc::Rc;
use std::time::Duration;

use proofup_binding::TransportError;
use proofup_domain::command::Command;

use super::Shared;
use super::recorder::{Ended, nanoseconds};
use crate::figures::{End, Example, REUSED_CODE, WRONG_CODE, step_name};
use crate::flow::{FlowName, Script};
use crate::player::{Player, Trouble};

/// One flow on its way.
pub(crate) struct Flight {
    pub(crate) shared: Rc<Shared>,
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
    trouble: Trouble,
}

impl Flight {
    /// Goes through the flow; gives the user back, and whether they are as they were.
    pub(crate) async fn go(self, mut player: Box<Player>) -> (Box<Player>, bool) {
        let shared = Rc::clone(&self.shared);
        let script = shared.script(self.flow);
        let mut ended = Ended {
            flow: self.flow,
            intended: self.intended,
            at: self.intended,
            end: End::Correct,
            steps: Vec::with_capacity(script.timed.len() + 2),
            wrong_code_refused: false,
            reused_code_refused: false,
            silent: false,
        };
        player.begin();
        let outcome = self.acts(&mut player, script, &mut ended).await;
        if let Err(broken) = &outcome {
            self.break_off(&player, broken, &mut ended);
        }
        shared.recorder.borrow_mut().ended(&ended);
        let whole = outcome.is_ok();
        let restored = whole && self.restore(&mut player, script, &ended).await;
        // A second step or a reset that broke off leaves the user as they were.
        (player, restored || (!whole && self.leaves_nothing(&ended)))
    }

    async fn acts(
        &self,
        player: &mut Player,
        script: &Script,
        ended: &mut Ended,
    ) -> Result<(), Broken> {
        // What the probes take is not the flow's.
        let mut beside = Duration::ZERO;
        let mut begun = self.begins;
        for (index, act) in script.timed.iter().enumerate() {
            if self.wrong_code
                && let Some((at, probe)) = &script.wrong
                && *at == index
            {
                beside += self.probe(player, probe, WRONG_CODE, ended).await?;
                ended.wrong_code_refused = true;
                begun = self.shared.now();
            }
            let name = step_name(act);
            let answer = player.act(act).await;
            let done = self.shared.now();
            ended.at = done.saturating_sub(beside);
            let took = nanoseconds(done.saturating_sub(begun));
            let broken = |trouble| Broken {
                step: name,
                trouble,
            };
            let answer = answer.map_err(broken)?;
            if !answer.is_success() {
                return Err(broken(Trouble::Refused(answer.to_string())));
            }
            ended.steps.push((name, took));
            begun = done;
            if self.reused_code
                && let Some((at, probe)) = &script.reused
                && *at == index
            {
                beside += self.probe(player, probe, REUSED_CODE, ended).await?;
                ended.reused_code_refused = true;
                begun = self.shared.now();
            }
        }
        Ok(())
    }

    /// Tries a code that the oracle says must be refused; gives how long it took.
    async fn probe(
        &self,
        player: &mut Player,
        probe: &Command,
        name: &'static str,
        ended: &mut Ended,
    ) -> Result<Duration, Broken> {
        let begun = self.shared.now();
        let answer = player.command(probe).await;
        let took = self.shared.now().saturating_sub(begun);
        let broken = |trouble| Broken {
            step: name,
            trouble,
        };
        let answer = answer.map_err(broken)?;
        if answer.is_success() {
            return Err(broken(Trouble::Wrong {
                expected: "a refusal".to_owned(),
                got: answer.to_string(),
            }));
        }
        ended.steps.push((name, nanoseconds(took)));
        Ok(took)
    }

    /// Returns how a flow that broke off ended, and keeps an example.
    fn break_off(&self, player: &Player, broken: &Broken, ended: &mut Ended) {
        let (end, expected, got, silent) = match &broken.trouble {
            Trouble::Transport(error @ TransportError::TimedOut(_)) => {
                (End::TimedOut, None, error.to_string(), false)
            }
            Trouble::Transport(error) => (End::Error, None, error.to_string(), true),
            Trouble::NoMessage(channel) => {
                let got = format!("no message came by {channel} in time");
                (End::TimedOut, None, got, false)
            }
            Trouble::Unready(why) => (End::Error, None, why.clone(), false),
            Trouble::TurnedAway(status) => {
                let got = format!("status {status}: the target takes no more requests now");
                (End::Error, None, got, false)
            }
            Trouble::Wrong { expected, got } => {
                (End::Wrong, Some(expected.clone()), got.clone(), false)
            }
            Trouble::Refused(got) => (End::Refused, None, got.clone(), false),
        };
        ended.end = end;
        ended.silent = silent;
        self.keep_example(player, broken.step, end, expected, got);
    }

    /// Puts the user back as they were, outside the timed part.
    ///
    /// An answer that is wrong there makes the flow wrong, though its time counts: what was timed went well.
    async fn restore(&self, player: &mut Player, script: &Script, ended: &Ended) -> bool {
        let mut wrong = false;
        for command in &script.after {
            let word = command.word();
            let optional = matches!(command, Command::SignOut { .. });
            if optional && !self.shared.can_sign_out {
                continue;
            }
            match player.command(command).await {
                Ok(answer) if answer.is_success() => {}
                Err(Trouble::Wrong { expected, got }) => {
                    if !std::mem::replace(&mut wrong, true) {
                        self.shared.recorder.borrow_mut().spoilt(ended);
                    }
                    self.keep_example(player, word, End::Wrong, Some(expected), got);
                    if !optional {
                        return false;
                    }
                }
                // A session that stays is no reason to do without the user.
                _ if optional => {}
                Ok(answer) => {
                    self.keep_example(player, word, End::Error, None, answer.to_string());
                    return false;
                }
                Err(trouble) => {
                    self.keep_example(player, word, End::Error, None, why(&trouble));
                    return false;
                }
            }
        }
        true
    }

    fn keep_example(
        &self,
        player: &Player,
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
                exchange: player.show_last(),
            });
        }
    }

    /// Returns whether a flow that broke off left its user as it found them.
    fn leaves_nothing(&self, ended: &Ended) -> bool {
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

/// Returns in a line why an act led to nothing.
pub(super) fn why(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Transport(error) => error.to_string(),
        Trouble::NoMessage(channel) => format!("no message came by {channel} in time"),
        Trouble::Unready(why) => why.clone(),
        Trouble::Wrong { expected, got } => format!("expected {expected}, got {got}"),
        Trouble::TurnedAway(status) => {
            format!("status {status}: the target takes no more requests now")
        }
        Trouble::Refused(got) => format!("it was refused with {got}"),
    }
}
