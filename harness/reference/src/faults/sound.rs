//! The sound variants: what the contract and the page leave open, decided in another way.

use proofup_domain::fault::FaultName;
use proofup_domain::refusal::Refusal;

use super::Deviation;
use crate::rules::Surface;

/// Every sound variant with its deviation.
pub(super) const VARIANTS: &[(FaultName, Deviation)] = &[
    (FaultName::ExtraJsonFields, |rules| {
        rules.surface = Surface::ExtraMembers
    }),
    (FaultName::ExtraHeaders, |rules| {
        rules.surface = Surface::ExtraHeaders
    }),
    (FaultName::TerseProblems, |rules| {
        rules.surface = Surface::Terse
    }),
    (FaultName::SlowerAnswers, |rules| {
        rules.surface = Surface::Slow
    }),
    (FaultName::OtherIds, |rules| rules.ids_are_uuids = true),
    (FaultName::TrailNotFound, |rules| {
        rules.audit_refusal = Refusal::NotFound
    }),
    (FaultName::ReversedMembers, |rules| {
        rules.surface = Surface::Reversed
    }),
    (FaultName::SpacedJson, |rules| {
        rules.surface = Surface::Spaced
    }),
    (FaultName::EscapedTexts, |rules| {
        rules.surface = Surface::Escaped
    }),
    (FaultName::ExtraMembersEverywhere, |rules| {
        rules.surface = Surface::ExtraMembersEverywhere
    }),
    (FaultName::NullsInProblems, |rules| {
        rules.surface = Surface::NullsInProblems
    }),
    (FaultName::MediaTypesRespelt, |rules| {
        rules.surface = Surface::MediaTypesRespelt
    }),
    (FaultName::BodiesInPieces, |rules| {
        rules.surface = Surface::InPieces
    }),
    (FaultName::ConnectionsClosed, |rules| {
        rules.surface = Surface::ClosesConnections
    }),
    (FaultName::NoDaysLeftUnsaid, |rules| {
        rules.surface = Surface::NoDaysLeftUnsaid
    }),
    (FaultName::MisshapenCodesRefused, |rules| {
        rules.refuses_misshapen_codes = true
    }),
    (FaultName::TriesCountedOn, |rules| {
        rules.new_codes_have_new_tries = false
    }),
    (FaultName::PassedGatesStay, |rules| {
        rules.passed_gates_stay = true
    }),
    (FaultName::SetupsSharedBySessions, |rules| {
        rules.sessions_share_setups = true
    }),
    (FaultName::LeavingWhatIsOverRefused, |rules| {
        rules.refuses_leaving_what_is_over = true
    }),
    (FaultName::BlockedSignOutRefused, |rules| {
        rules.block_stops_sign_out = true
    }),
];
