//! The closed loop: users who begin one flow after the other.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use super::flow_run::FlowRun;
use super::{FlowGuard, LoadConfig, RunState};
use crate::flow::FlowName;
use crate::plan::{Connections, Stop};
use crate::schedule::Draws;
use crate::virtual_user::VirtualUser;

/// Plays one user of a closed loop.
pub(super) struct ClosedUser {
    pub(super) shared: Rc<RunState>,
    pub(super) config: LoadConfig,
    pub(super) draws: Draws,
    pub(super) next: Rc<Cell<u64>>,
}

impl ClosedUser {
    pub(super) async fn go(self) {
        let shard = self.config.shard;
        loop {
            let mine = self.next.get();
            let number = mine * u64::from(shard.of.max(1)) + u64::from(shard.index);
            let mut now = self.shared.now();
            let over = match self.config.plan.stop {
                Stop::After(after) => now >= after,
                Stop::Flows(flows) => number >= flows,
            };
            if over {
                return;
            }
            self.next.set(mine + 1);
            let flow = self.draws.flow(number);
            let mut user = match self.shared.take(flow) {
                Some(user) => user,
                None => {
                    let Some(user) = self.rested(flow).await else {
                        return;
                    };
                    now = self.shared.now();
                    user
                }
            };
            let intended = now;
            {
                let mut recorder = self.shared.recorder.borrow_mut();
                recorder.planned(flow, intended);
                recorder.started(flow, intended, intended);
            }
            if self.config.plan.connections == Connections::New {
                user.reconnect(&self.config.connect);
            }
            let run = FlowRun {
                shared: Rc::clone(&self.shared),
                flow,
                intended,
                begins: intended,
                wrong_code: self.draws.tries_wrong_code(number),
                reused_code: self.draws.tries_code_again(number),
            };
            let guard = FlowGuard::new(&self.shared, flow, intended);
            let (user, usable) = run.go(user).await;
            guard.done();
            self.shared.give_back(flow, user, usable);
            if self.shared.recorder.borrow().silence.is_some() {
                // Nobody answers: do not spin.
                tokio::time::timeout(PAUSE, std::future::pending::<()>())
                    .await
                    .ok();
            }
        }
    }

    /// Waits for an account that has rested; none: the run is over first.
    async fn rested(&self, flow: FlowName) -> Option<Box<VirtualUser>> {
        let mut waited = false;
        loop {
            if let Some(user) = self.shared.take(flow) {
                return Some(user);
            }
            let over =
                matches!(self.config.plan.stop, Stop::After(after) if self.shared.now() >= after);
            if over || self.shared.is_without_users(flow) {
                return None;
            }
            if !waited {
                waited = true;
                self.shared.starved.set(self.shared.starved.get() + 1);
            }
            tokio::time::timeout(MOMENT, std::future::pending::<()>())
                .await
                .ok();
        }
    }
}

/// How long a user of a closed loop pauses where nobody answers, and between two looks for a rested account.
const PAUSE: Duration = Duration::from_millis(100);
const MOMENT: Duration = Duration::from_millis(2);
