//! What a tenant keeps: plain records, which decide nothing.

mod attempt;
mod audit;
mod challenge;
mod device;
mod enrollment;
mod method;
mod reset;
mod session;
mod user;

pub(crate) use self::attempt::{Attempt, Expected, Outcome};
pub(crate) use self::audit::{Audit, Event};
pub(crate) use self::challenge::{Challenge, Owner};
pub(crate) use self::device::{Call, Device, Notification, Target};
pub(crate) use self::enrollment::{Activation, Closed, Enrollment, Subject};
pub(crate) use self::method::{Answered, CodeKey, Means, Registered};
pub(crate) use self::reset::{Reset, ResetProgress};
pub(crate) use self::session::{Interrupt, Session};
pub(crate) use self::user::{Choice, User, Window, account_key, domain_key};
