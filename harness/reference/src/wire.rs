//! Wire types: the JSON of the contract, both ways. `OpenAPI` is generated from them.
//!
//! **Invariant:** a secret that must go out is a [`Revealed`]; nothing else in here gives one away.

mod control;
mod request;
mod view;

pub(crate) use self::control::{
    AdvanceClock, ChangeUser, ClockAdvanced, ClockSetting, ClockView, PutTenant, PutUser,
    TenantMade,
};
pub(crate) use self::request::{
    ActivateDevice, AnswerView, BeginChallenge, BeginEnrollment, BeginReset, BeginResetChallenge,
    CallDigits, CallStatus, ChangeMethod, ChooseDefault, CodeVerification, DeviceReply, DigitsForm,
    NewPassword, Phone, ReplyView, SignIn, StatusForm, Verification,
};
pub(crate) use self::view::{
    AccountView, ActivatedDevice, ActivationView, AuditEvent, AuditEvents, AvailableMethod,
    AvailableMethods, ChallengeView, DefaultMethod, Deferral, EnrollmentView, Manual, Methods,
    ProofView, RegisteredMethod, ResetMethodView, ResetView, SessionView, SetupChallenge, Wizard,
};

use std::borrow::Cow;

use proofup_domain::capabilities::Capabilities;
use proofup_domain::policy::Policy;
use proofup_domain::secret::Secret;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{ArrayBuilder, Object, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// A secret on its way to the one who is to have it: written out in JSON, masked everywhere else.
#[derive(Debug, Clone)]
pub(crate) struct Revealed(pub(crate) Secret);

impl Serialize for Revealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl PartialSchema for Revealed {
    fn schema() -> RefOr<Schema> {
        Object::with_type(Type::String).into()
    }
}

impl ToSchema for Revealed {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Revealed")
    }
}

/// Refers to a word of the domain, whose schema the domain gives itself.
pub(crate) fn word<T: JsonSchema>() -> RefOr<Schema> {
    Ref::from_schema_name(T::schema_name()).into()
}

/// Refers to a list of words of the domain.
pub(crate) fn words<T: JsonSchema>() -> RefOr<Schema> {
    Schema::from(ArrayBuilder::new().items(word::<T>())).into()
}

/// Stands for a value of the domain in the description of a body.
macro_rules! stand_in {
    ($(#[$meta:meta])* $name:ident for $type:ty) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                word::<$type>()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                <$type as JsonSchema>::schema_name()
            }
        }
    };
}

stand_in! {
    /// Stands for the domain's policy.
    PolicySchema for Policy
}

stand_in! {
    /// Stands for the domain's capabilities.
    CapabilitiesSchema for Capabilities
}
