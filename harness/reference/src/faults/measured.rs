//! The faults that only many answers show, by their statistics.

use proofup_domain::fault::FaultName;

use super::Deviation;

/// Every fault of codes, tokens and time, with its deviation.
pub(super) const DEVIATIONS: &[(FaultName, Deviation)] = &[
    (FaultName::BiasedCodes, |rules| {
        rules.codes_are_unbiased = false
    }),
    (FaultName::SequentialCodes, |rules| {
        rules.codes_are_drawn = false
    }),
    (FaultName::ShortTokens, |rules| {
        rules.tokens_are_long = false
    }),
    (FaultName::SequentialTokens, |rules| {
        rules.tokens_are_drawn = false
    }),
    (FaultName::KnownUserSignsInLater, |rules| {
        rules.known_sign_in_later_ms = 30
    }),
    (FaultName::KnownUserSignsInALittleLater, |rules| {
        rules.known_sign_in_later_ms = 3
    }),
    (FaultName::KnownUserResetsLater, |rules| {
        rules.known_reset_later_ms = 30
    }),
    (FaultName::KnownUserResetsALittleLater, |rules| {
        rules.known_reset_later_ms = 3
    }),
];
