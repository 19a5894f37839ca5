//! The engine: one loop on one thread, which begins flows, plays the gateways and takes everything down.
//!
//! Gateways, people and flows share the thread, so a message wakes the flow that waits for it without leaving it; more
//! processors are used by more shards. The target is elsewhere.

mod clocks;
mod closed;
mod fitness;
mod flow_run;
mod meter;
mod pacer;
pub mod paired;
mod people;
mod preparation;
pub(crate) mod recorder;
mod session;
mod terms;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proofup_binding::Operation;
use proofup_domain::clock::Clock;
use tokio::task::{JoinSet, LocalSet};
use tokio_util::sync::CancellationToken;

use super::flow::{FlowName, Script};
use super::plan::{Arrivals, Connections, Stop};
use super::schedule::{Arrival, Draws, Schedule};
use super::tenant::{LoadTenant, UserContext};
use super::virtual_user::VirtualUser;
use closed::ClosedUser;
use flow_run::FlowRun;
use meter::{UsageMeter, Used};
use recorder::Recorder;
use session::LoadSession;
pub use terms::{LoadConfig, LoadError, LoadEvent, LoadOutput, NotUnderPolicy, PolicyField};

/// What flows share while the run goes on.
#[derive(Debug)]
pub(crate) struct RunState {
    pub(crate) recorder: RefCell<Recorder>,
    scripts: BTreeMap<FlowName, Script>,
    clock: Clock,
    begun: Cell<Timestamp>,
    can_sign_out: bool,
    pool: RefCell<BTreeMap<FlowName, VecDeque<Box<VirtualUser>>>>,
    /// How many users of each flow are under way.
    out: RefCell<BTreeMap<FlowName, usize>>,
    rest: Cell<SignedDuration>,
    retired: Cell<u64>,
    starved: Cell<u64>,
}

impl RunState {
    /// Returns the time since the run began.
    pub(crate) fn now(&self) -> Duration {
        pacer::since(self.begun.get(), &self.clock)
    }

    fn script(&self, flow: FlowName) -> &Script {
        // Only flows of the mix are drawn, and each has its script.
        &self.scripts[&flow]
    }

    /// Takes a user who has rested.
    fn take(&self, flow: FlowName) -> Option<Box<VirtualUser>> {
        let mut pool = self.pool.borrow_mut();
        let users = pool.get_mut(&flow)?;
        let ready = users.front().is_some_and(|user| {
            user.ready_at == Timestamp::MIN || user.ready_at <= user.tenant.now()
        });
        if !ready {
            return None;
        }
        *self.out.borrow_mut().entry(flow).or_default() += 1;
        users.pop_front()
    }

    /// Returns whether nobody is left who could ever begin a flow again.
    fn is_without_users(&self, flow: FlowName) -> bool {
        let resting = self.pool.borrow().get(&flow).map_or(0, VecDeque::len);
        let out = self.out.borrow().get(&flow).copied().unwrap_or_default();
        resting + out == 0
    }

    /// Puts a user back to rest.
    fn give_back(&self, flow: FlowName, mut user: Box<VirtualUser>, usable: bool) {
        if let Some(out) = self.out.borrow_mut().get_mut(&flow) {
            *out = out.saturating_sub(1);
        }
        user.rest();
        if !usable {
            self.retired.set(self.retired.get() + 1);
            return;
        }
        if flow.rests() {
            let until = user.tenant.now().checked_add(self.rest.get());
            user.ready_at = until.unwrap_or(Timestamp::MAX);
        }
        if let Some(users) = self.pool.borrow_mut().get_mut(&flow) {
            users.push_back(user);
        }
    }
}

/// Runs a plan; `events` is told what happens, and `stop` ends it early.
///
/// Blocks the calling thread, which is the generator: it must not be one of a runtime.
///
/// # Errors
/// Where the run could not begin. What goes wrong later is part of the output.
pub fn run(
    config: &LoadConfig,
    events: &mut dyn FnMut(LoadEvent<'_>),
    stop: &CancellationToken,
) -> Result<LoadOutput, LoadError> {
    on_a_thread_of_its_own(whole(config, events, stop))
}

/// Does work on this thread alone, as its own small runtime.
fn on_a_thread_of_its_own<T>(
    work: impl Future<Output = Result<T, LoadError>>,
) -> Result<T, LoadError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| LoadError::NotStarted(error.to_string()))?;
    let local = LocalSet::new();
    let output = local.block_on(&runtime, work);
    drop(local);
    runtime.shutdown_timeout(Duration::from_millis(100));
    output
}

async fn whole(
    config: &LoadConfig,
    events: &mut dyn FnMut(LoadEvent<'_>),
    stop: &CancellationToken,
) -> Result<LoadOutput, LoadError> {
    events(LoadEvent::Preparing);
    let mut session = LoadSession::start(config, stop).await?;
    let output = session.run(config, events, stop).await;
    session.tear_down(config).await;
    output
}

/// A run on its way.
struct LoadRun<'a> {
    config: &'a LoadConfig,
    context: Rc<UserContext>,
    shared: Rc<RunState>,
    tenants: Vec<Rc<LoadTenant>>,
    draws: Draws,
    accounts: usize,
    runs: JoinSet<()>,
}

/// How often a second is closed and clocks are moved.
const TICK: Duration = Duration::from_secs(1);

/// So many failures without an answer in a row, over so long, mean that the target is gone.
const SILENT_FLOWS: u32 = 20;
const SILENT_FOR: Duration = Duration::from_secs(1);

/// Why the arrivals ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RunEnd {
    Planned,
    Interrupted,
    TargetGone,
}

impl<'a> LoadRun<'a> {
    fn new(
        config: &'a LoadConfig,
        context: &Rc<UserContext>,
        prepared: &mut preparation::Prepared,
    ) -> Self {
        let plan = &config.plan;
        let accounts = prepared.pool.values().map(VecDeque::len).sum();
        let shared = Rc::new(RunState {
            recorder: RefCell::new(Recorder::new(plan)),
            scripts: plan.mix.keys().map(|flow| (*flow, flow.script())).collect(),
            clock: config.session.clock.clone(),
            begun: Cell::new(config.session.clock.now()),
            can_sign_out: config.session.target.has(Operation::SignOut),
            pool: RefCell::new(std::mem::take(&mut prepared.pool)),
            out: RefCell::default(),
            rest: Cell::new(prepared.rest),
            retired: Cell::new(0),
            starved: Cell::new(0),
        });
        Self {
            config,
            context: Rc::clone(context),
            shared,
            tenants: prepared.tenants.clone(),
            draws: Draws::new(plan),
            accounts,
            runs: JoinSet::new(),
        }
    }

    async fn go(
        mut self,
        prepared: &mut preparation::Prepared,
        events: &mut dyn FnMut(LoadEvent<'_>),
        stop: &CancellationToken,
    ) -> Result<LoadOutput, LoadError> {
        events(LoadEvent::Begun {
            accounts: self.accounts,
        });
        self.shared.begun.set(self.config.session.clock.now());
        let clocks = tokio::task::spawn_local(clocks::keep_moving(
            self.config.clone(),
            Rc::clone(&self.context),
            self.tenants.clone(),
        ));
        let mut meter = UsageMeter::new(self.config);
        let ending = match Schedule::new(&self.config.plan, self.config.shard) {
            Some(schedule) => {
                let begun = self.shared.begun.get();
                let clock = self.config.session.clock.clone();
                let paced = pacer::pace(schedule, begun, clock);
                let (pacer, arrivals) =
                    paced.map_err(|error| LoadError::NotStarted(error.to_string()))?;
                let ending = self.open(arrivals, &mut meter, events, stop).await;
                drop(pacer);
                ending
            }
            None => self.closed(&mut meter, events, stop).await,
        };
        let until = self.measured_until();
        let used = meter.used(until);
        self.land(&mut meter, events).await;
        clocks.abort();
        prepared.pool = self.shared.pool.take();
        Ok(self.output(ending, &meter, used))
    }

    /// Begins flows as they are due, until the schedule is over.
    async fn open(
        &mut self,
        mut arrivals: tokio::sync::mpsc::UnboundedReceiver<Arrival>,
        meter: &mut UsageMeter,
        events: &mut dyn FnMut(LoadEvent<'_>),
        stop: &CancellationToken,
    ) -> RunEnd {
        let mut tick = ticks();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return RunEnd::Interrupted,
                arrival = arrivals.recv() => match arrival {
                    Some(arrival) => self.begin(arrival),
                    None => break,
                },
                Some(_) = self.runs.join_next(), if !self.runs.is_empty() => {}
                _ = tick.tick() => {
                    meter.interval(&self.shared, events);
                    if self.target_is_gone() {
                        return RunEnd::TargetGone;
                    }
                }
            }
        }
        // The schedule's last arrival has begun; the plan goes on to its end.
        self.until_end(meter, events, stop).await
    }

    async fn until_end(
        &mut self,
        meter: &mut UsageMeter,
        events: &mut dyn FnMut(LoadEvent<'_>),
        stop: &CancellationToken,
    ) -> RunEnd {
        let Stop::After(after) = self.config.plan.stop else {
            return RunEnd::Planned;
        };
        let mut tick = ticks();
        let end = tokio::time::sleep_until(
            tokio::time::Instant::now() + after.saturating_sub(self.shared.now()),
        );
        tokio::pin!(end);
        loop {
            tokio::select! {
                () = stop.cancelled() => return RunEnd::Interrupted,
                () = &mut end => return RunEnd::Planned,
                Some(_) = self.runs.join_next(), if !self.runs.is_empty() => {}
                _ = tick.tick() => {
                    meter.interval(&self.shared, events);
                    if self.target_is_gone() {
                        return RunEnd::TargetGone;
                    }
                }
            }
        }
    }

    /// Begins one flow, if a user has rested for it.
    fn begin(&mut self, arrival: Arrival) {
        let shared = &self.shared;
        let (flow, intended) = (arrival.flow, arrival.at);
        shared.recorder.borrow_mut().planned(flow, intended);
        let Some(mut user) = shared.take(flow) else {
            shared.recorder.borrow_mut().dropped(flow, intended);
            return;
        };
        if self.config.plan.connections == Connections::New {
            user.reconnect(&self.config.connect);
        }
        let now = shared.now();
        shared.recorder.borrow_mut().started(flow, intended, now);
        let run = self.run(arrival, now);
        let shared = Rc::clone(shared);
        self.runs.spawn_local(async move {
            let guard = FlowGuard::new(&shared, flow, intended);
            let (user, usable) = run.go(user).await;
            guard.done();
            shared.give_back(flow, user, usable);
        });
    }

    fn run(&self, arrival: Arrival, begins: Duration) -> FlowRun {
        FlowRun {
            shared: Rc::clone(&self.shared),
            flow: arrival.flow,
            intended: arrival.at,
            begins,
            wrong_code: self.draws.tries_wrong_code(arrival.number),
            reused_code: self.draws.tries_code_again(arrival.number),
        }
    }

    /// Lets users begin one flow after the other, until the plan is over.
    async fn closed(
        &mut self,
        meter: &mut UsageMeter,
        events: &mut dyn FnMut(LoadEvent<'_>),
        stop: &CancellationToken,
    ) -> RunEnd {
        let users = match self.config.plan.arrivals {
            Arrivals::Closed { users } => self.config.shard.part_of(u64::from(users)),
            Arrivals::Open { .. } => 0,
        };
        let next = Rc::new(Cell::new(0_u64));
        for _ in 0..users {
            let user = ClosedUser {
                shared: Rc::clone(&self.shared),
                config: self.config.clone(),
                draws: self.draws.clone(),
                next: Rc::clone(&next),
            };
            self.runs.spawn_local(user.go());
        }
        let mut tick = ticks();
        loop {
            tokio::select! {
                () = stop.cancelled() => return RunEnd::Interrupted,
                joined = self.runs.join_next() => if joined.is_none() {
                    return RunEnd::Planned;
                },
                _ = tick.tick() => {
                    meter.interval(&self.shared, events);
                    if self.target_is_gone() {
                        return RunEnd::TargetGone;
                    }
                }
            }
        }
    }

    fn target_is_gone(&self) -> bool {
        let now = self.shared.now();
        let silence = self.shared.recorder.borrow().silence;
        silence.is_some_and(|(flows, since)| {
            flows >= SILENT_FLOWS && now.saturating_sub(since) >= SILENT_FOR
        })
    }

    /// Waits for the flows that are under way, and gives up those that take too long.
    async fn land(&mut self, meter: &mut UsageMeter, events: &mut dyn FnMut(LoadEvent<'_>)) {
        let patience = self.config.plan.timeout + TICK;
        let guard = async { while self.runs.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, guard).await.is_err() {
            self.runs.shutdown().await;
        }
        meter.interval(&self.shared, events);
    }

    /// Returns the end of what is measured: the end of the plan, or now where that came first.
    fn measured_until(&self) -> Duration {
        let now = self.shared.now();
        match self.config.plan.stop {
            Stop::After(after) => now.min(after),
            Stop::Flows(_) => now,
        }
    }

    fn output(self, ending: RunEnd, meter: &UsageMeter, used: Used) -> LoadOutput {
        let begun = meter.measuring.unwrap_or(Used {
            generator: None,
            target: None,
            at: used.at,
        });
        let between = |from: Option<Duration>, to: Option<Duration>| to?.checked_sub(from?);
        let measured = used.at.saturating_sub(self.config.plan.warm_up);
        let generator_time = between(begun.generator, used.generator);
        let window = used.at.saturating_sub(begun.at).as_secs_f64();
        let generator_busy = generator_time.map(|time| time.as_secs_f64() / window.max(1e-9));
        let recorder = self.shared.recorder.borrow();
        LoadOutput {
            figures: recorder.figures.clone(),
            timeline: recorder.timeline.clone(),
            begun: self.shared.begun.get(),
            measured,
            generator_busy,
            generator_time,
            target_time: between(begun.target, used.target),
            accounts: self.accounts,
            retired: self.shared.retired.get(),
            starved: self.shared.starved.get(),
            strays: 0,
            target_gone: ending == RunEnd::TargetGone,
            interrupted: ending == RunEnd::Interrupted,
        }
    }
}

/// Sees to it that a flow that is given up is counted.
struct FlowGuard {
    shared: Rc<RunState>,
    flow: FlowName,
    intended: Duration,
    done: Cell<bool>,
}

impl FlowGuard {
    fn new(shared: &Rc<RunState>, flow: FlowName, intended: Duration) -> Self {
        Self {
            shared: Rc::clone(shared),
            flow,
            intended,
            done: Cell::new(false),
        }
    }

    fn done(&self) {
        self.done.set(true);
    }
}

impl Drop for FlowGuard {
    fn drop(&mut self) {
        if !self.done.get()
            && let Ok(mut recorder) = self.shared.recorder.try_borrow_mut()
        {
            recorder.unfinished(self.flow, self.intended);
        }
    }
}

fn ticks() -> tokio::time::Interval {
    every(TICK)
}

fn every(length: Duration) -> tokio::time::Interval {
    let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + length, length);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    tick
}
