//! Pure decisions over records: no lock, clock, randomness or I/O.
//!
//! Everything is worked out afresh from a [`UserUnderPolicy`]: the rules, the policy and one user as they are at this moment.

mod access;
mod answers;
mod availability;
mod default;
mod obligations;
mod policy;
mod stage;
mod standing;
mod window;
mod wizard;

pub(crate) use self::access::{ProtectedOperation, TABLE};
pub(crate) use self::answers::{Given, check_setup_answers};
pub(crate) use self::availability::MethodProof;
pub(crate) use self::policy::check_policy;
pub(crate) use self::stage::{SessionProgress, SessionStage};
pub(crate) use self::standing::UserUnderPolicy;
pub(crate) use self::window::{DeferralOffer, offer};
pub(crate) use self::wizard::WizardOffer;
