//! Defects of comparing sign-in names.

use proofup_domain::fault::FaultName;

use super::Deviation;

/// Every defect of names with its deviation.
pub(super) const DEVIATIONS: &[(FaultName, Deviation)] = &[
    (FaultName::NamesWithCaseAtSignIn, |rules| {
        rules.sign_in_names_without_case = false
    }),
    (FaultName::NamesWithCaseInResets, |rules| {
        rules.reset_names_without_case = false
    }),
];
