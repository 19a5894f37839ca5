//! Load: how many verifications an implementation carries per second, at which latency, correctly.
//!
//! A [`plan::LoadPlan`] says what arrives when. [`engine::run`] lets it arrive: users with an oracle of their own sign in, set
//! methods up, take second steps and reset passwords by the commands of scenarios, through the target file, with gateways
//! that hand each message to the flow that waits for it. A flow counts only where every answer was right.
//!
//! **Invariant:** latency is counted from the instant at which a flow should have begun, so a target that stalls cannot hide
//! it; and a flow whose answers were not all right is never a verification.

mod account;
pub mod baseline;
pub mod compare;
pub mod engine;
pub mod figures;
pub mod flow;
pub mod max_rate;
pub mod merge;
mod messages;
pub mod output;
pub mod plan;
pub mod process;
pub mod report;
pub mod schedule;
mod tenant;
pub mod threshold;
pub mod timeline;
mod virtual_user;
mod wire;

pub use engine::{LoadConfig, LoadError, LoadEvent, LoadOutput, NotUnderPolicy, PolicyField, run};
pub use schedule::Shard;
pub use wire::Connect;
