//! What the service declares about itself (`docs/implementing.md#capabilities`).

use std::collections::BTreeSet;

use axum::extract::State;
use http::StatusCode;
use proofup_domain::capabilities::{Capabilities, Facility, Feature};
use proofup_domain::edition::Edition;
use proofup_domain::method::{ChallengeKind, Method};

use super::json::Json;
use crate::rules::LIMITS;
use crate::service::App;
use crate::wire::CapabilitiesSchema;

/// Read what is offered, and the exact limits.
#[utoipa::path(get, path = "/.well-known/security-info", operation_id = "readCapabilities", tag = "service",
    responses((status = 200, description = "Editions, methods, features, facilities and limits",
        body = CapabilitiesSchema)))]
pub(crate) async fn read(State(app): State<App>) -> Json<Capabilities> {
    let controlled = app.test_control_token.is_some();
    let facilities = Facility::ALL.iter().copied();
    let facilities = facilities.filter(|facility| match facility {
        Facility::Policy | Facility::Clock => controlled,
        // The demo tenant has several users, too.
        Facility::Users => true,
        Facility::InboxSms => controlled || app.demo_gateways.sms.is_some(),
        Facility::InboxVoice => controlled || app.demo_gateways.voice.is_some(),
        Facility::InboxEmail => controlled || app.demo_gateways.email.is_some(),
        Facility::InboxPush | Facility::Device => controlled || app.demo_gateways.push.is_some(),
    });
    Json(Capabilities {
        editions: BTreeSet::from(Edition::ALL),
        methods: Method::ALL.iter().copied().collect(),
        kinds: ChallengeKind::ALL.iter().copied().collect(),
        features: Feature::ALL.iter().copied().collect(),
        facilities: facilities.collect(),
        limits: LIMITS,
        code_shapes_accepted: BTreeSet::new(),
    })
}

/// Tell that the service is up.
#[utoipa::path(get, path = "/healthz", operation_id = "health", tag = "service",
    responses((status = 204, description = "Up")))]
pub(crate) async fn health() -> StatusCode {
    StatusCode::NO_CONTENT
}
