//! Whether a setup is allowed: asked at its beginning, at each send and at the proof (`domain.md` §7).

use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::refusal::Refusal;

use crate::record::{EnrollmentRecord, EnrollmentSubject};
use crate::refused::Refused;
use crate::rules::Rules;
use crate::tenant::Turn;

impl Turn<'_> {
    /// Refuses a method or kind that this user cannot set up now. Requirements: `AVAIL-3`, `AVAIL-9`.
    ///
    /// A change takes no new place, so limits do not hold it up.
    pub(crate) fn check_available(
        &self,
        user: &str,
        method: Method,
        kind: Option<ChallengeKind>,
        changes: bool,
    ) -> Result<(), Refused> {
        let standing = self.standing(user);
        let available = if changes {
            standing.is_allowed(method)
        } else {
            standing.is_available(method)
        };
        let kinds = standing.setup_kinds(method);
        if available && kind.is_none_or(|kind| kinds.contains(&kind)) {
            Ok(())
        } else {
            Err(Refusal::MethodNotAvailable.into())
        }
    }

    /// Refuses an address or number that may not be set up in this edition or by this kind.
    pub(crate) fn check_subject(&self, subject: &EnrollmentSubject) -> Result<(), Refused> {
        match subject {
            EnrollmentSubject::Email(address) => {
                let is_work_address = address.in_domains(&self.state.domains);
                if is_work_address && !self.rules.accepts_work_address {
                    return Err(Refused::field(
                        Refusal::WorkAddressNotAllowed,
                        "address",
                        "use an address that does not need the organisation's password",
                    ));
                }
            }
            EnrollmentSubject::Phone { number, kind } => {
                let is_text = *kind == ChallengeKind::TextMessage;
                let silent = !number.can_be_mobile() && self.rules.refuses_landline_for_text;
                let code = self.rules.country_code_without_texts;
                if is_text && (silent || code.is_some_and(|code| number.has_code(code))) {
                    return Err(Refused::field(
                        Refusal::NumberCannotReceiveTexts,
                        "phone",
                        "choose a call, or give a mobile number",
                    ));
                }
            }
            EnrollmentSubject::MicrosoftApp { .. }
            | EnrollmentSubject::SoftwareOath(_)
            | EnrollmentSubject::Questions => {}
        }
        Ok(())
    }

    /// Checks an enrollment's availability again. Requirement: `AVAIL-8`.
    pub(crate) fn check_enrollment(&self, enrollment: &EnrollmentRecord) -> Result<(), Refused> {
        let kind = Some(enrollment.subject.kind());
        let changes = enrollment.changes.is_some();
        // A change takes no new place; a rule may say that of a setup that has begun, too.
        let has_place = changes || !self.rules.limits_bind_to_the_end;
        self.check_available(&enrollment.user, enrollment.method, kind, has_place)?;
        self.check_subject(&enrollment.subject)
    }
}

/// Returns the issuer in a key URI.
pub(crate) fn key_issuer<'a>(rules: &Rules, display_name: &'a str) -> &'a str {
    if rules.names_issuer { display_name } else { "" }
}
