//! What a run is told, what it tells, and why it cannot begin.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use jiff::Timestamp;
use proofup_binding::exchange::Exchange;
use proofup_binding::{Direct, Operation};
use proofup_domain::method::Method;
use proofup_gateways::host::{InProcessNetwork, StandaloneOptions};
use proofup_world::session::TargetSession;
use proofup_world::surroundings::SurroundingsError;
use serde_json::Value as Json;

use crate::figures::{Figures, FlowCounts};
use crate::flow::FlowName;
use crate::plan::LoadPlan;
use crate::schedule::Shard;
use crate::timeline::{Point, Timeline};
use crate::wire::Connect;

/// What to load, and how.
#[derive(Clone)]
pub struct LoadConfig {
    /// The plan.
    pub plan: LoadPlan,
    /// Which part of it.
    pub shard: Shard,
    /// The target and what it is reached by. The seed is the plan's, and what surrounds the target is started by the run.
    pub session: TargetSession,
    /// Makes the connection of a user.
    pub connect: Connect,
    /// Where the target listens, where users can speak to it without a transport in between; none: in process, by TLS or
    /// through a proxy.
    pub direct: Option<Direct>,
    /// The process of the target, where it is ours, to see what it uses of the machine.
    pub watched: Option<u32>,
    /// Where the gateways listen: where the target file says, if it does.
    pub gateways: StandaloneOptions,
    /// The network on which a target in this process reaches its gateways instead.
    pub network: Option<InProcessNetwork>,
}

impl std::fmt::Debug for LoadConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadConfig")
            .field("plan", &self.plan)
            .field("shard", &self.shard)
            .finish_non_exhaustive()
    }
}

/// Why a run could not begin.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The target lacks what a flow needs.
    #[error("the flow `{flow}` needs `{lacks}`, which the target does not declare")]
    Lacks {
        /// The flow.
        flow: FlowName,
        /// The facility or method.
        lacks: String,
    },
    /// The target file does not bind what a flow does.
    #[error(
        "the flow `{flow}` needs the operation `{operation}`, which the target file does not bind"
    )]
    NotBound {
        /// The flow.
        flow: FlowName,
        /// The operation.
        operation: Operation,
    },
    /// The policy that holds lets a flow come to nothing.
    #[error("{0}")]
    NotUnderPolicy(Box<NotUnderPolicy>),
    /// The plan's pace needs a clock that can be moved.
    #[error("the plan's pace is {0}, but the target's clock cannot be moved; set `pace = 1`")]
    NoClock(u32),
    /// More accounts than there are numbers.
    #[error("the flow `{flow}` would need {needed} accounts; lower the rate, or raise `pace`")]
    TooManyAccounts {
        /// The flow.
        flow: FlowName,
        /// How many.
        needed: u32,
    },
    /// Nobody can be played.
    #[error("the flow `{0}` has no users: the target file lists none, and none can be created")]
    NoUsers(FlowName),
    /// The target does not answer.
    #[error("{0}")]
    Unreachable(String),
    /// It is not what its file says.
    #[error("{0}")]
    NotTheContract(String),
    /// Test control refused a tenant.
    #[error("the target refused to create the tenant of the load run ({0})")]
    NotProvisioned(String),
    /// A user could not be made.
    #[error("the target refused to create a user of the load run ({0})")]
    UserNotMade(String),
    /// Gateways, process or clock of the target could not be had.
    #[error("{0}")]
    Surroundings(SurroundingsError),
    /// Somebody ended the run before it began.
    #[error("interrupted before the first flow")]
    Interrupted,
    /// A user could not be prepared.
    #[error("could not register `{method}` for the users of the load run: {why}")]
    NotRegistered {
        /// The method.
        method: Method,
        /// What failed.
        why: String,
        /// The exchange, masked.
        exchange: Option<Box<Exchange>>,
    },
    /// A port, a thread or a runtime could not be had.
    #[error("could not start the load run: {0}")]
    NotStarted(String),
}

/// Why a flow is impossible under a target's policy, and what would be possible.
#[derive(Debug, Clone, PartialEq)]
pub struct NotUnderPolicy {
    /// The flow.
    pub flow: FlowName,
    /// The command that cannot succeed, and what it would be answered with.
    pub why: String,
    /// The fields that would have to be otherwise; none: no policy of ours would let the flow happen.
    pub fields: Vec<PolicyField>,
    /// The flows that the policy allows.
    pub allowed: Vec<FlowName>,
}

/// A field of a policy that stands in a flow's way.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyField {
    /// Its name: `twoStep.kinds`.
    pub name: String,
    /// What the target has.
    pub held: Json,
    /// What the flow can be played with.
    pub wanted: Json,
}

impl std::fmt::Display for NotUnderPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (flow, why) = (self.flow, &self.why);
        write!(
            f,
            "the flow `{flow}` is impossible under the target's policy: {why}"
        )?;
        for PolicyField { name, held, wanted } in &self.fields {
            write!(f, "; `{name}` is {held}, but has to be {wanted}")?;
        }
        let allowed: Vec<&str> = self.allowed.iter().map(|flow| flow.as_str()).collect();
        if allowed.is_empty() {
            return f.write_str("; the policy allows no flow");
        }
        write!(f, "; the policy allows {}", allowed.join(", "))
    }
}

/// An event of a run on its way.
#[derive(Debug)]
pub enum LoadEvent<'a> {
    /// Users are being prepared.
    Preparing,
    /// The first flow begins.
    Begun {
        /// How many users were prepared.
        accounts: usize,
    },
    /// An interval is over.
    Interval {
        /// What happened in it.
        point: Box<Point>,
        /// Everything so far.
        counts: Box<FlowCounts>,
        /// The new latencies, by flow.
        fresh: &'a BTreeMap<FlowName, Histogram<u64>>,
    },
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct LoadOutput {
    /// The figures.
    pub figures: Figures,
    /// What happened when.
    pub timeline: Timeline,
    /// When the first arrival was due.
    pub begun: Timestamp,
    /// What is measured: from the end of the warm-up to the end of the arrivals.
    pub measured: Duration,
    /// How much of the measured time the generator's thread was on a processor, from 0 to 1.
    pub generator_busy: Option<f64>,
    /// Processor time of the generator over the measured time.
    pub generator_time: Option<Duration>,
    /// Processor time of the target over the measured time, where it is a process of ours.
    pub target_time: Option<Duration>,
    /// Accounts that were prepared.
    pub accounts: usize,
    /// Accounts that could not be put back as they were.
    pub retired: u64,
    /// Times that a user of a closed loop had to wait for an account to rest.
    pub starved: u64,
    /// Messages that were for nobody.
    pub strays: u64,
    /// The target stopped answering, and the run was ended for it.
    pub target_gone: bool,
    /// Somebody ended the run.
    pub interrupted: bool,
}
