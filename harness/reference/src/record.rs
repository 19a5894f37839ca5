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

pub(crate) use self::attempt::{AttemptOutcome, AttemptRecord, ExpectedProof};
pub(crate) use self::audit::{Audit, AuditRecord};
pub(crate) use self::challenge::{ChallengeOwner, ChallengeRecord};
pub(crate) use self::device::{Call, CallbackTarget, DeviceRecord, Notification};
pub(crate) use self::enrollment::{Activation, Closed, EnrollmentRecord, EnrollmentSubject};
pub(crate) use self::method::{AnsweredQuestion, CodeKey, Means, MethodRecord};
pub(crate) use self::reset::{GateKey, ResetProgress, ResetRecord};
pub(crate) use self::session::{Interrupt, SessionRecord};
pub(crate) use self::user::{DefaultChoice, UserRecord, Window, account_key, domain_key};
