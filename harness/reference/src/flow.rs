//! What each request does to a tenant.
//!
//! Every flow is a method of [`Turn`](crate::tenant::Turn): synchronous work under the tenant's lock. What has to be sent leaves as
//! a [`Sending`]; it is delivered without the lock, and [`settle`](crate::tenant::Turn::settle) then keeps or takes back
//! what was planned.

mod account;
mod audit;
mod belongings;
mod block;
mod call;
mod crowd;
mod device;
mod enroll;
mod manage;
mod prove;
mod register;
mod reset;
mod second_step;
mod send;
mod session;
mod setup;
mod split_proof;
mod views;
mod wizard;

pub(crate) use self::call::CallReport;
pub(crate) use self::enroll::{RequestedDestination, RequestedSetup};
pub(crate) use self::prove::SubmittedProof;
pub(crate) use self::second_step::WantedProof;
pub(crate) use self::send::Sending;
pub(crate) use self::session::Caller;
pub(crate) use self::split_proof::gap;
