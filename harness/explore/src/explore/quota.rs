//! Which command a case leans to, so that none is left that never succeeds.
//!
//! Some commands succeed in two of a thousand stories. So every fourth case leans to one command, each in turn: its number
//! alone says to which, so a case can be repeated by its number, in whatever order cases are played.

use proofup_domain::method::{ChallengeKind, Method, ResetMethod, Role};
use proofup_domain::policy::Policy;
use proofup_scenario::{COMMANDS, UserSpec};

use super::intent::Intent;

/// One of so many cases leans to a command; all others are drawn freely.
const ONE_IN: u64 = 4;

/// How many stories are drawn for a case until its command succeeds in one.
pub(super) const STORIES_MAX: u64 = 8;

/// The command that a case leans to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quota(&'static str);

impl Quota {
    /// Returns the command that a case leans to, or none if it is drawn freely.
    pub(super) fn of(case: u64) -> Option<Self> {
        let count = u64::try_from(COMMANDS.len()).ok()?;
        let turn = (case / ONE_IN) % count;
        let (word, _) = COMMANDS.get(usize::try_from(turn).ok()?)?;
        case.is_multiple_of(ONE_IN).then_some(Self(word))
    }

    /// Returns the word of the command.
    pub(super) const fn word(self) -> &'static str {
        self.0
    }

    /// Returns what people set out to do to come to it, if there is one such thing.
    pub(super) fn intent(self) -> Option<Intent> {
        Some(match self.0 {
            "defer" => Intent::Defer,
            "completeReview" => Intent::Review,
            "changeMethod" | "deleteMethod" | "setDefault" | "readAuditEvents" => Intent::Manage,
            "beginSecondStep" | "readSecondStep" | "submitSecondStepCode" => Intent::Prove,
            "beginReset" | "readReset" | "beginResetProof" | "readResetProof"
            | "submitResetCode" | "submitResetAnswers" | "setNewPassword" => Intent::Reset,
            "beginEnrollment"
            | "readEnrollment"
            | "nextPage"
            | "submitCode"
            | "submitAnswers"
            | "cancelEnrollment"
            | "completeWizard"
            | "addAccount"
            | "activateDevice"
            | "approveNotification"
            | "denyNotification"
            | "pressKey"
            | "hangUp"
            | "letRing" => Intent::SetUp,
            "sendCode" => Intent::SendAgain,
            "setGateway" | "releaseMessages" => Intent::BreakGateway,
            "setPolicy" => Intent::ChangePolicy,
            "blockUser" | "unblockUser" => Intent::Block,
            _ => return None,
        })
    }

    /// Returns whether it is what comes of doing something wrongly.
    pub(super) fn is_a_mishap(self) -> bool {
        matches!(
            self.0,
            "denyNotification" | "hangUp" | "letRing" | "cancelEnrollment"
        )
    }

    /// Returns whether it can succeed under a policy.
    pub(super) fn suits(self, policy: &Policy) -> bool {
        let reset = &policy.reset;
        let resets = |method| reset.enabled && reset.methods.contains(&method);
        match self.0 {
            "completeReview" => {
                reset.enabled && reset.registration_required && reset.reconfirm_after_days > 0
            }
            "submitAnswers" | "submitResetAnswers" => resets(ResetMethod::SecurityQuestions),
            "pressKey" | "hangUp" | "letRing" => {
                policy.two_step.kinds.contains(&ChallengeKind::VoiceCall)
                    || resets(ResetMethod::OfficePhone)
            }
            "beginReset" | "readReset" | "beginResetProof" | "readResetProof"
            | "submitResetCode" | "setNewPassword" => reset.enabled,
            _ => true,
        }
    }

    /// Makes people hold the role without which it is refused. An administrator has no questions (`domain.md` §4).
    pub(super) fn appoint(self, users: &mut [UserSpec]) {
        if self.0 == "readAuditEvents"
            && let Some(first) = users.first_mut()
        {
            first.role = Role::Administrator;
            let questions = Method::SecurityQuestions;
            first.methods.retain(|method| *method != questions);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_its_turn_and_three_of_four_cases_are_drawn_freely() {
        let cases = ONE_IN * u64::try_from(COMMANDS.len()).expect("a small number");
        let turns: Vec<Quota> = (1..=cases).filter_map(Quota::of).collect();
        let mut words: Vec<&str> = turns.iter().map(|turn| turn.0).collect();
        words.sort_unstable();
        let mut known: Vec<&str> = COMMANDS.iter().map(|(word, _)| *word).collect();
        known.sort_unstable();
        assert_eq!(words, known);
    }
}
