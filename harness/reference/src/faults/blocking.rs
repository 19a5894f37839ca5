//! Defects of blocking and unblocking somebody.

use proofup_domain::fault::FaultName;

use super::Deviation;

/// Every defect of blocking with its deviation.
pub(super) const DEVIATIONS: &[(FaultName, Deviation)] = &[
    (FaultName::BlockKeepsSessions, |rules| {
        rules.block_ends_sessions = false
    }),
    (FaultName::BlockEndsEverybodysSessions, |rules| {
        rules.block_ends_everybodys_sessions = true
    }),
    (FaultName::BlockSuspendsSessions, |rules| {
        rules.block_ends_sessions = false;
        rules.block_suspends_sessions = true;
    }),
    (FaultName::BlockKeepsResets, |rules| {
        rules.block_ends_resets = false
    }),
    (FaultName::UnblockingLeavesLockouts, |rules| {
        rules.unblocking_ends_lockouts = false
    }),
    (FaultName::UnblockingForgetsMethods, |rules| {
        rules.unblocking_keeps_methods = false
    }),
];
