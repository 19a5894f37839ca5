//! What a command says about methods and kinds, whoever carries it out.

use super::Command;
use crate::method::{ChallengeKind, Method};
use crate::state::Channel;

impl Command {
    /// Returns the method that the command names; none if it names no method, or leaves the choice to the implementation.
    #[must_use]
    pub const fn method(&self) -> Option<Method> {
        match self {
            Self::ChangeMethod { method, .. }
            | Self::DeleteMethod { method, .. }
            | Self::SetDefault { method, .. }
            | Self::BeginEnrollment { method, .. }
            | Self::BeginResetProof { method, .. } => Some(*method),
            Self::BeginSecondStep { method, .. } => *method,
            _ => None,
        }
    }

    /// Returns the kind that the command asks for: the one that it names, or else the one that its method implies.
    #[must_use]
    pub const fn kind(&self) -> Option<ChallengeKind> {
        self.kind_for(self.method())
    }

    /// Returns the kind that the command asks for, where its method is known from elsewhere, such as an earlier answer.
    ///
    /// A setup always has a kind ([`Method::setup_kind`]). A proof has the kind that it names, or the only one of its
    /// method; a phone and the Microsoft app have several, so the implementation chooses and the result is none.
    #[must_use]
    pub const fn kind_for(&self, method: Option<Method>) -> Option<ChallengeKind> {
        match (self, method) {
            (Self::SetDefault { kind, .. }, _)
            | (
                Self::BeginEnrollment {
                    kind: Some(kind), ..
                }
                | Self::ChangeMethod {
                    kind: Some(kind), ..
                }
                | Self::BeginSecondStep {
                    kind: Some(kind), ..
                }
                | Self::BeginResetProof {
                    kind: Some(kind), ..
                },
                _,
            ) => Some(*kind),
            (Self::BeginEnrollment { .. } | Self::ChangeMethod { .. }, Some(method)) => {
                Some(method.setup_kind())
            }
            (Self::BeginSecondStep { .. } | Self::BeginResetProof { .. }, Some(method)) => {
                match method {
                    Method::SoftwareOath | Method::Email | Method::SecurityQuestions => {
                        Some(method.setup_kind())
                    }
                    Method::MicrosoftAuthenticator | Method::MobilePhone | Method::OfficePhone => {
                        None
                    }
                }
            }
            _ => None,
        }
    }

    /// Returns whether the command may make the implementation send a code, place a call or send a notification.
    #[must_use]
    pub const fn may_send(&self) -> bool {
        matches!(
            self,
            Self::ChangeMethod { .. }
                | Self::BeginEnrollment { .. }
                | Self::NextPage { .. }
                | Self::SendCode { .. }
                | Self::BeginSecondStep { .. }
                | Self::BeginResetProof { .. }
        )
    }
}

impl Method {
    /// Lists the kinds by which the method can prove under some policy, strongest first.
    #[must_use]
    pub const fn kinds(self) -> &'static [ChallengeKind] {
        match self {
            Self::MicrosoftAuthenticator => {
                &[ChallengeKind::AppNotification, ChallengeKind::AppCode]
            }
            Self::SoftwareOath => &[ChallengeKind::AppCode],
            Self::MobilePhone => &[ChallengeKind::TextMessage, ChallengeKind::VoiceCall],
            Self::OfficePhone => &[ChallengeKind::VoiceCall],
            Self::Email => &[ChallengeKind::EmailCode],
            Self::SecurityQuestions => &[ChallengeKind::Answers],
        }
    }

    /// Returns the kind by which the method is set up where a command names none.
    #[must_use]
    pub const fn setup_kind(self) -> ChallengeKind {
        match self {
            Self::MicrosoftAuthenticator => ChallengeKind::AppNotification,
            Self::SoftwareOath => ChallengeKind::AppCode,
            Self::MobilePhone => ChallengeKind::TextMessage,
            Self::OfficePhone => ChallengeKind::VoiceCall,
            Self::Email => ChallengeKind::EmailCode,
            Self::SecurityQuestions => ChallengeKind::Answers,
        }
    }
}

impl ChallengeKind {
    /// Returns the channel by which the implementation reaches the person for a proof of this kind; none if it sends nothing.
    #[must_use]
    pub const fn channel(self) -> Option<Channel> {
        match self {
            Self::AppNotification => Some(Channel::Push),
            Self::TextMessage => Some(Channel::Sms),
            Self::VoiceCall => Some(Channel::Voice),
            Self::EmailCode => Some(Channel::Email),
            Self::AppCode | Self::Answers => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn command(value: Value) -> Command {
        serde_json::from_value(value).expect("the command is well formed")
    }

    #[track_caller]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "rows of a table are written in place"
    )]
    fn check(value: Value, method: Option<Method>, kind: Option<ChallengeKind>) {
        let command = command(value.clone());
        assert_eq!(
            (command.method(), command.kind()),
            (method, kind),
            "{value}"
        );
    }

    #[test]
    fn a_setup_has_the_kind_that_it_names_or_that_of_its_method() {
        let begin =
            |method: &str| json!({"do": "beginEnrollment", "user": "alice", "method": method});
        for method in Method::ALL {
            check(
                begin(method.as_str()),
                Some(*method),
                Some(method.setup_kind()),
            );
        }
        let call = json!({"do": "beginEnrollment", "user": "alice", "method": "mobilePhone", "kind": "voiceCall"});
        check(
            call,
            Some(Method::MobilePhone),
            Some(ChallengeKind::VoiceCall),
        );
        let change = json!({"do": "changeMethod", "user": "alice", "method": "officePhone"});
        check(
            change,
            Some(Method::OfficePhone),
            Some(ChallengeKind::VoiceCall),
        );
    }

    #[test]
    fn a_proof_has_a_kind_only_where_its_method_leaves_no_choice() {
        let proof =
            |method: &str| json!({"do": "beginResetProof", "user": "alice", "method": method});
        check(
            proof("email"),
            Some(Method::Email),
            Some(ChallengeKind::EmailCode),
        );
        check(proof("mobilePhone"), Some(Method::MobilePhone), None);
        let app = "microsoftAuthenticator";
        check(proof(app), Some(Method::MicrosoftAuthenticator), None);
        let step = command(json!({"do": "beginSecondStep", "user": "alice"}));
        assert_eq!((step.method(), step.kind()), (None, None));
        let by_oath = step.kind_for(Some(Method::SoftwareOath));
        assert_eq!(by_oath, Some(ChallengeKind::AppCode));
        let named = json!({"do": "beginSecondStep", "user": "alice", "kind": "textMessage"});
        check(named, None, Some(ChallengeKind::TextMessage));
    }

    #[test]
    fn commands_about_registered_methods_name_them_and_the_rest_names_none() {
        let delete = json!({"do": "deleteMethod", "user": "alice", "method": "email"});
        check(delete, Some(Method::Email), None);
        let default = json!({"do": "setDefault", "user": "alice", "method": "mobilePhone", "kind": "voiceCall"});
        check(
            default,
            Some(Method::MobilePhone),
            Some(ChallengeKind::VoiceCall),
        );
        check(json!({"do": "listMethods", "user": "alice"}), None, None);
    }

    #[test]
    fn what_begins_or_goes_on_with_a_proof_may_send_and_reading_does_not() {
        let sends = |value: Value| command(value).may_send();
        assert!(sends(json!({"do": "beginSecondStep", "user": "alice"})));
        assert!(sends(json!({"do": "sendCode", "user": "alice"})));
        assert!(sends(json!({"do": "nextPage", "user": "alice"})));
        assert!(!sends(json!({"do": "readEnrollment", "user": "alice"})));
        assert!(!sends(
            json!({"do": "submitCode", "user": "alice", "code": "lastSent"})
        ));
    }

    #[test]
    fn a_method_is_set_up_by_its_strongest_kind() {
        for method in Method::ALL {
            assert_eq!(
                method.kinds().first(),
                Some(&method.setup_kind()),
                "{method}"
            );
        }
    }
}
