//! The flows: which commands a person goes through, which of them are timed, and what is registered beforehand.
//!
//! A flow is a list of the same commands that scenarios spell. What a user needs registered, and what puts the user back
//! as they were, lies outside the timed part.

use proofup_domain::command::Command;
use proofup_domain::method::Method;
use proofup_domain::state::Channel;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

/// A flow.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum FlowName {
    /// Sets up an e-mail address: sign in, begin, read the mail, type the code.
    EnrollEmail,
    /// Sets up a mobile number by text: sign in, begin, read the text, type the code.
    EnrollText,
    /// Sets up an office number by call: sign in, begin, answer and press the key, see that it is done.
    EnrollCall,
    /// Sets up the Microsoft app: sign in, walk through its pages, activate the device, approve the test notification.
    EnrollApp,
    /// Signs in with a code by text.
    SecondStepText,
    /// Signs in with the code of an authenticator app.
    SecondStepAppCode,
    /// Signs in by approving a notification.
    SecondStepNotification,
    /// Resets a forgotten password with a code by text.
    ResetPassword,
    /// Signs in with a password alone: one request, the smallest thing to measure.
    SignIn,
}

/// The tenant that a flow's users live in: flows of one family share a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    /// Every method may reset a password, one gate is enough, nothing is a second step.
    Manage,
    /// Every kind is allowed as a second step, and a second step is demanded at sign-in.
    SecondStep,
}

/// One thing that happens in a flow.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// A command.
    Do(Command),
    /// Waiting for the message that the command before causes.
    Await(Channel),
}

/// What happens in a flow.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// What is timed, in order.
    pub(crate) timed: Vec<Act>,
    /// A wrong code, tried before the timed act of this index; not part of the flow's time.
    pub(crate) wrong: Option<(usize, Command)>,
    /// A used code, tried after the timed act of this index; not part of the flow's time.
    pub(crate) reused: Option<(usize, Command)>,
    /// What puts the user back as they were.
    pub(crate) after: Vec<Command>,
}

/// What a flow's user is called in its commands: each has an oracle of their own, so one name serves all.
pub(crate) const USER: &str = "user";

impl FlowName {
    /// Lists every flow.
    pub const ALL: [Self; 9] = [
        Self::EnrollEmail,
        Self::EnrollText,
        Self::EnrollCall,
        Self::EnrollApp,
        Self::SecondStepText,
        Self::SecondStepAppCode,
        Self::SecondStepNotification,
        Self::ResetPassword,
        Self::SignIn,
    ];

    /// Spells the flow as plans and reports do.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EnrollEmail => "enrollEmail",
            Self::EnrollText => "enrollText",
            Self::EnrollCall => "enrollCall",
            Self::EnrollApp => "enrollApp",
            Self::SecondStepText => "secondStepText",
            Self::SecondStepAppCode => "secondStepAppCode",
            Self::SecondStepNotification => "secondStepNotification",
            Self::ResetPassword => "resetPassword",
            Self::SignIn => "signIn",
        }
    }

    /// Reads the one spelling of a flow; anything else is none.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flow| flow.as_str() == word)
    }

    pub(crate) const fn family(self) -> Family {
        match self {
            Self::SecondStepText | Self::SecondStepAppCode | Self::SecondStepNotification => {
                Family::SecondStep
            }
            Self::EnrollEmail
            | Self::EnrollText
            | Self::EnrollCall
            | Self::EnrollApp
            | Self::ResetPassword
            | Self::SignIn => Family::Manage,
        }
    }

    /// Returns what the users of the flow have registered before it.
    pub(crate) const fn registered(self) -> Option<Method> {
        match self {
            Self::SecondStepText | Self::ResetPassword => Some(Method::MobilePhone),
            Self::SecondStepAppCode => Some(Method::SoftwareOath),
            Self::SecondStepNotification => Some(Method::MicrosoftAuthenticator),
            Self::EnrollEmail
            | Self::EnrollText
            | Self::EnrollCall
            | Self::EnrollApp
            | Self::SignIn => None,
        }
    }

    /// Returns which inboxes the flow needs, its preparation included.
    pub(crate) const fn channel(self) -> Option<Channel> {
        match self {
            Self::EnrollEmail => Some(Channel::Email),
            Self::EnrollText | Self::SecondStepText | Self::ResetPassword => Some(Channel::Sms),
            Self::EnrollCall => Some(Channel::Voice),
            Self::EnrollApp | Self::SecondStepNotification => Some(Channel::Push),
            Self::SecondStepAppCode | Self::SignIn => None,
        }
    }

    /// Returns whether a user has to rest between two runs of the flow: one send per resend interval, one code per step.
    pub(crate) const fn rests(self) -> bool {
        !matches!(self, Self::SignIn)
    }

    /// Writes the flow down as commands.
    pub(crate) fn script(self) -> Script {
        match self {
            Self::SignIn => Script {
                timed: vec![act("signIn", json!({}))],
                wrong: None,
                reused: None,
                after: vec![command("signOut", json!({}))],
            },
            Self::EnrollEmail => enroll_by_code("email", Channel::Email),
            Self::EnrollText => enroll_by_code("mobilePhone", Channel::Sms),
            Self::EnrollCall => Script {
                timed: vec![
                    act("signIn", json!({})),
                    act("beginEnrollment", json!({ "method": "officePhone" })),
                    Act::Await(Channel::Voice),
                    act("pressKey", json!({})),
                    act("readEnrollment", json!({})),
                ],
                wrong: None,
                reused: None,
                after: deletion("officePhone"),
            },
            Self::EnrollApp => enroll_app(),
            Self::SecondStepText => second_step(
                json!({ "method": "mobilePhone", "kind": "textMessage" }),
                Some(Channel::Sms),
                "lastSent",
            ),
            Self::SecondStepAppCode => second_step(
                json!({ "method": "softwareOath", "kind": "appCode" }),
                None,
                "current",
            ),
            Self::SecondStepNotification => Script {
                timed: vec![
                    act("signIn", json!({})),
                    act(
                        "beginSecondStep",
                        json!({ "method": "microsoftAuthenticator", "kind": "appNotification" }),
                    ),
                    Act::Await(Channel::Push),
                    act("approveNotification", json!({})),
                    act("readSession", json!({})),
                ],
                wrong: None,
                reused: None,
                after: vec![command("signOut", json!({}))],
            },
            Self::ResetPassword => reset_password(),
        }
    }
}

impl std::fmt::Display for FlowName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Lists the commands that register a method, the way a person would, with what is waited for.
pub(crate) fn registration(method: Method) -> Vec<Act> {
    let mut acts = vec![act("signIn", json!({}))];
    match method {
        Method::MicrosoftAuthenticator => acts.extend(enroll_app().timed.into_iter().skip(1)),
        Method::SoftwareOath => acts.extend([
            act("beginEnrollment", json!({ "method": "softwareOath" })),
            act("addAccount", json!({})),
            act("submitCode", json!({ "code": "current" })),
        ]),
        Method::Email => acts.extend(sent_code("email", Channel::Email)),
        // No flow's users begin with an office number or with questions.
        Method::MobilePhone | Method::OfficePhone | Method::SecurityQuestions => {
            acts.extend(sent_code("mobilePhone", Channel::Sms));
        }
    }
    acts.push(act("signOut", json!({})));
    acts
}

fn sent_code(method: &str, channel: Channel) -> [Act; 3] {
    [
        act("beginEnrollment", json!({ "method": method })),
        Act::Await(channel),
        act("submitCode", json!({ "code": "lastSent" })),
    ]
}

fn enroll_by_code(method: &str, channel: Channel) -> Script {
    let mut timed = vec![act("signIn", json!({}))];
    timed.extend(sent_code(method, channel));
    Script {
        timed,
        wrong: Some((3, command("submitCode", json!({ "code": "wrong" })))),
        reused: Some((3, command("submitCode", json!({ "code": "lastSent" })))),
        after: deletion(method),
    }
}

fn enroll_app() -> Script {
    Script {
        timed: vec![
            act("signIn", json!({})),
            act(
                "beginEnrollment",
                json!({ "method": "microsoftAuthenticator" }),
            ),
            act("nextPage", json!({})),
            act("nextPage", json!({})),
            act("activateDevice", json!({})),
            act("nextPage", json!({})),
            Act::Await(Channel::Push),
            act("approveNotification", json!({})),
            act("readEnrollment", json!({})),
        ],
        wrong: None,
        reused: None,
        after: deletion("microsoftAuthenticator"),
    }
}

fn second_step(proof: Json, channel: Option<Channel>, code: &str) -> Script {
    let mut timed = vec![act("signIn", json!({})), act("beginSecondStep", proof)];
    timed.extend(channel.map(Act::Await));
    let last = timed.len();
    timed.push(act("submitSecondStepCode", json!({ "code": code })));
    Script {
        timed,
        wrong: Some((
            last,
            command("submitSecondStepCode", json!({ "code": "wrong" })),
        )),
        reused: Some((
            last,
            command("submitSecondStepCode", json!({ "code": "used" })),
        )),
        after: vec![command("signOut", json!({}))],
    }
}

fn reset_password() -> Script {
    Script {
        timed: vec![
            act("beginReset", json!({})),
            act(
                "beginResetProof",
                json!({ "method": "mobilePhone", "kind": "textMessage" }),
            ),
            Act::Await(Channel::Sms),
            act("submitResetCode", json!({ "code": "lastSent" })),
            act("setNewPassword", json!({})),
        ],
        wrong: Some((3, command("submitResetCode", json!({ "code": "wrong" })))),
        reused: Some((3, command("submitResetCode", json!({ "code": "used" })))),
        after: Vec::new(),
    }
}

fn deletion(method: &str) -> Vec<Command> {
    vec![
        command("deleteMethod", json!({ "method": method })),
        command("signOut", json!({})),
    ]
}

fn act(word: &str, fields: Json) -> Act {
    Act::Do(command(word, fields))
}

fn command(word: &str, mut fields: Json) -> Command {
    fields["do"] = json!(word);
    fields["user"] = json!(USER);
    serde_json::from_value(fields).expect("flows are spelt as the vocabulary spells commands")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flow_and_every_preparation_is_spelt_in_commands() {
        for flow in FlowName::ALL {
            assert!(!flow.script().timed.is_empty(), "{flow}");
            assert_eq!(FlowName::from_word(flow.as_str()), Some(flow));
            let word = serde_json::to_value(flow).expect("a word is JSON");
            assert_eq!(word, flow.as_str());
            if let Some(method) = flow.registered() {
                assert!(registration(method).len() > 3, "{flow}");
            }
        }
    }

    #[test]
    fn the_wrong_code_comes_right_before_the_right_one() {
        for flow in FlowName::ALL {
            let script = flow.script();
            for (at, probe) in script.wrong.iter().chain(&script.reused) {
                let Act::Do(right) = &script.timed[*at] else {
                    panic!("{flow}: no command stands there");
                };
                assert_eq!(right.word(), probe.word(), "{flow}");
            }
        }
    }
}
