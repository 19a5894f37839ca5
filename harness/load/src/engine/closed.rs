//! The closed loop: users who begin one flow after the other.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use super::flight::Flight;
use super::{Landing, LoadConfig, Shared};
use crate::flow::FlowName;
use crate::plan::{Connections, Stop};
use crate::player::Player;
use crate::schedule::Draws;

/// Plays one user of a closed loop.
pub(super) struct ClosedUser {
    pub(super) shared: Rc<Shared>,
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
            let mut player = match self.shared.take(flow) {
                Some(player) => player,
                None => {
                    let Some(player) = self.rested(flow).await else {
                        return;
                    };
                    now = self.shared.now();
                    player
                }
            };
            let intended = now;
            {
                let mut recorder = self.shared.recorder.borrow_mut();
                recorder.planned(flow, intended);
                recorder.started(flow, intended, intended);
            }
            if self.config.plan.connections == Connections::New {
                player.reconnect(&self.config.connect);
            }
            let flight = Flight {
                shared: Rc::clone(&self.shared),
                flow,
                intended,
                begins: intended,
                wrong_code: self.draws.tries_wrong_code(number),
                reused_code: self.draws.tries_code_again(number),
            };
            let landing = Landing::new(&self.shared, flow, intended);
            let (player, usable) = flight.go(player).await;
            landing.landed();
            self.shared.give_back(flow, player, usable);
            if self.shared.recorder.borrow().silence.is_some() {
                // Nobody answers: do not spin.
                tokio::time::timeout(PAUSE, std::future::pending::<()>())
                    .await
                    .ok();
            }
        }
    }

    /// Waits for an account that has rested; none: the run is over first.
    async fn rested(&self, flow: FlowName) -> Option<Box<Player>> {
        let mut waited = false;
        loop {
            if let Some(player) = self.shared.take(flow) {
                return Some(player);
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
