//! One flow on its way: its acts one after the other, each timed and judged, its probes beside.

use std::rc::Rc;
use std::time::Duration;

use proofup_domain::command::Command;

use super::Shared;
use super::recorder::{Ended, nanoseconds};
use crate::judge::matcher::is_no_success;
use crate::load::figures::{End, Example, REUSED_CODE, WRONG_CODE, step_name};
use crate::load::flow::{FlowName, Script};
use crate::load::player::{Performed, Player, Trouble};
use crate::target::TransportError;

/// Holds one flow on its way.
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

/// Says at which step a flow ended before its time.
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
        let restored = whole && self.restore(&mut player, script).await;
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
            if is_no_success(&answer) {
                return Err(broken(Trouble::Refused(told(&answer))));
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
        if !is_no_success(&answer) {
            return Err(broken(Trouble::Wrong {
                expected: "a refusal".to_owned(),
                got: told(&answer),
            }));
        }
        ended.steps.push((name, nanoseconds(took)));
        Ok(took)
    }

    /// Says how a flow that broke off ended, and keeps an example.
    fn break_off(&self, player: &Player, broken: &Broken, ended: &mut Ended) {
        let (end, expected, got, silent) = match &broken.trouble {
            Trouble::Transport(error @ TransportError::TimedOut(_)) => {
                (End::TimedOut, None, error.to_string(), false)
            }
            Trouble::Transport(error) => (End::Error, None, error.to_string(), true),
            Trouble::NoMessage(channel) => {
                let got = format!("no message by {channel} in time");
                (End::TimedOut, None, got, false)
            }
            Trouble::Unready(why) => (End::Error, None, why.clone(), false),
            Trouble::TurnedAway(status) => {
                let got = format!("{status}: it takes no more just now");
                (End::Error, None, got, false)
            }
            Trouble::Wrong { expected, got } => {
                (End::Wrong, Some(expected.clone()), got.clone(), false)
            }
            Trouble::Refused(got) => (End::Refused, None, got.clone(), false),
        };
        ended.end = end;
        ended.silent = silent;
        let mut recorder = self.shared.recorder.borrow_mut();
        if recorder.figures.has_example(self.flow, broken.step, end) {
            return;
        }
        recorder.show(Example {
            flow: self.flow,
            step: broken.step.to_owned(),
            end,
            expected,
            got,
            exchange: player.show_last(),
        });
    }

    /// Puts the user back as they were, outside the timed part.
    async fn restore(&self, player: &mut Player, script: &Script) -> bool {
        for command in &script.after {
            let word = command.word();
            let optional = matches!(command, Command::SignOut { .. });
            if optional && !self.shared.can_sign_out {
                continue;
            }
            match player.command(command).await {
                Ok(answer) if !is_no_success(&answer) => {}
                // A session that stays is no reason to do without the user.
                _ if optional => {}
                Ok(answer) => {
                    self.not_restored(player, word, told(&answer));
                    return false;
                }
                Err(trouble) => {
                    self.not_restored(player, word, format!("{trouble:?}"));
                    return false;
                }
            }
        }
        true
    }

    fn not_restored(&self, player: &Player, step: &str, got: String) {
        let mut recorder = self.shared.recorder.borrow_mut();
        if !recorder.figures.has_example(self.flow, step, End::Error) {
            recorder.show(Example {
                flow: self.flow,
                step: step.to_owned(),
                end: End::Error,
                expected: None,
                got,
                exchange: player.show_last(),
            });
        }
    }

    /// Tells whether a flow that broke off left its user as it found them.
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

/// Writes an answer.
fn told(answer: &Performed) -> String {
    serde_json::Value::Object(answer.clone()).to_string()
}
