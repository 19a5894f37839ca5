//! The flows: which commands a person goes through, which of them are timed, and what is registered beforehand.
//!
//! A flow is a list of the same commands that scenarios spell. What a user needs registered, and what puts the user back
//! as they were, lies outside the timed part.

use proofup_domain::answer::Answer;
use proofup_domain::command::{CodeRole, Command, Name};
use proofup_domain::method::{ChallengeKind, Method, Role};
use proofup_domain::state::Channel;
use proofup_scenario::UserSpec;
use proofup_world::registrations;
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

/// What happens in a flow.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// What is timed, in order.
    pub(crate) timed: Vec<Command>,
    /// A wrong code, tried before the timed command of this index; not part of the flow's time.
    pub(crate) wrong: Option<(usize, Command)>,
    /// A used code, tried after the timed command of this index; not part of the flow's time.
    pub(crate) reused: Option<(usize, Command)>,
    /// What puts the user back as they were.
    pub(crate) after: Vec<Command>,
}

impl Script {
    /// Lists the names of what is timed, in order: each command, and before it the message that it takes.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &'static str> {
        let mut expected = ExpectedMessage::default();
        self.timed.iter().flat_map(move |command| {
            let message = expected.taken_by(command).map(|_| MESSAGE);
            expected.after(command, &Answer::done());
            message.into_iter().chain([command.word()])
        })
    }
}

/// The step that waits for a message.
pub(crate) const MESSAGE: &str = "message";

/// Whether a message is under way to the user of a flow, and by which channel: that follows from the commands.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ExpectedMessage {
    /// How the proof at hand reaches the user.
    channel: Option<Channel>,
    is_under_way: bool,
}

impl ExpectedMessage {
    /// Takes a command that succeeded: it may have made the target send something.
    pub(crate) fn after(&mut self, command: &Command, answer: &Answer) {
        if !command.may_send() {
            return;
        }
        if command.method().is_some() {
            let told = || answer.text("kind").and_then(ChallengeKind::from_word);
            let kind = command.kind().or_else(told);
            self.channel = kind.and_then(ChallengeKind::channel);
        }
        self.is_under_way = true;
    }

    /// Returns the channel of the message that a command takes, once for each message; none: it takes none, or has it.
    pub(crate) const fn taken_by(&mut self, command: &Command) -> Option<Channel> {
        let takes = match command {
            Command::SubmitCode { code, .. }
            | Command::SubmitSecondStepCode { code, .. }
            | Command::SubmitResetCode { code, .. } => {
                !matches!(code, CodeRole::Missing | CodeRole::Used)
            }
            Command::ApproveNotification { .. }
            | Command::DenyNotification { .. }
            | Command::PressKey { .. }
            | Command::HangUp { .. }
            | Command::LetRing { .. } => true,
            _ => false,
        };
        if takes && self.is_under_way {
            self.is_under_way = false;
            self.channel
        } else {
            None
        }
    }
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
                timed: vec![command("signIn", json!({}))],
                wrong: None,
                reused: None,
                after: vec![command("signOut", json!({}))],
            },
            Self::EnrollEmail => enroll_by_code("email"),
            Self::EnrollText => enroll_by_code("mobilePhone"),
            Self::EnrollCall => Script {
                timed: vec![
                    command("signIn", json!({})),
                    command("beginEnrollment", json!({ "method": "officePhone" })),
                    command("pressKey", json!({})),
                    command("readEnrollment", json!({})),
                ],
                wrong: None,
                reused: None,
                after: deletion("officePhone"),
            },
            Self::EnrollApp => enroll_app(),
            Self::SecondStepText => second_step(
                json!({ "method": "mobilePhone", "kind": "textMessage" }),
                "lastSent",
            ),
            Self::SecondStepAppCode => second_step(
                json!({ "method": "softwareOath", "kind": "appCode" }),
                "current",
            ),
            Self::SecondStepNotification => Script {
                timed: vec![
                    command("signIn", json!({})),
                    command(
                        "beginSecondStep",
                        json!({ "method": "microsoftAuthenticator", "kind": "appNotification" }),
                    ),
                    command("approveNotification", json!({})),
                    command("readSession", json!({})),
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

/// Lists the commands that register a method, the way the people of a case do it.
pub(crate) fn registration(method: Method) -> Vec<Command> {
    registrations(&[user(vec![method])])
}

/// Returns the user of a flow as a scenario has one, with methods that are registered before.
fn user(methods: Vec<Method>) -> UserSpec {
    UserSpec {
        name: Name(USER.to_owned()),
        role: Role::Member,
        blocked: false,
        exists: true,
        region: None,
        methods,
    }
}

fn sent_code(method: &str) -> [Command; 2] {
    [
        command("beginEnrollment", json!({ "method": method })),
        command("submitCode", json!({ "code": "lastSent" })),
    ]
}

fn enroll_by_code(method: &str) -> Script {
    let mut timed = vec![command("signIn", json!({}))];
    timed.extend(sent_code(method));
    Script {
        timed,
        wrong: Some((2, command("submitCode", json!({ "code": "wrong" })))),
        reused: Some((2, command("submitCode", json!({ "code": "lastSent" })))),
        after: deletion(method),
    }
}

fn enroll_app() -> Script {
    Script {
        timed: vec![
            command("signIn", json!({})),
            command(
                "beginEnrollment",
                json!({ "method": "microsoftAuthenticator" }),
            ),
            command("nextPage", json!({})),
            command("nextPage", json!({})),
            command("activateDevice", json!({})),
            command("nextPage", json!({})),
            command("approveNotification", json!({})),
            command("readEnrollment", json!({})),
        ],
        wrong: None,
        reused: None,
        after: deletion("microsoftAuthenticator"),
    }
}

fn second_step(proof: Json, code: &str) -> Script {
    let mut timed = vec![
        command("signIn", json!({})),
        command("beginSecondStep", proof),
    ];
    let last = timed.len();
    timed.push(command("submitSecondStepCode", json!({ "code": code })));
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
            command("beginReset", json!({})),
            command(
                "beginResetProof",
                json!({ "method": "mobilePhone", "kind": "textMessage" }),
            ),
            command("submitResetCode", json!({ "code": "lastSent" })),
            command("setNewPassword", json!({})),
        ],
        wrong: Some((2, command("submitResetCode", json!({ "code": "wrong" })))),
        reused: Some((2, command("submitResetCode", json!({ "code": "used" })))),
        after: Vec::new(),
    }
}

fn deletion(method: &str) -> Vec<Command> {
    vec![
        command("deleteMethod", json!({ "method": method })),
        command("signOut", json!({})),
    ]
}

fn command(word: &str, mut fields: Json) -> Command {
    fields["do"] = json!(word);
    fields["user"] = json!(USER);
    serde_json::from_value(fields).expect("flows are spelt as the vocabulary spells commands")
}

#[cfg(test)]
#[path = "../../world/tests/support/planted.rs"]
mod planted;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proofup_domain::answer::REFUSED;
    use proofup_judge::outcome::Outcome;
    use proofup_scenario::catalogue::embedded_catalogue;
    use proofup_scenario::spelling::ScenarioWriter;
    use proofup_world::case::{Case, run_case};
    use proofup_world::context::RunContext;
    use proofup_world::session::read_capabilities;

    use super::*;
    use crate::tenant::{manage_policy, second_step_policy};

    /// Writes a flow as a scenario file: what is timed, its wrong code, and what puts the user back.
    fn scenario(flow: FlowName) -> String {
        let mut file = ScenarioWriter::begin(&[], &format!("The flow {flow} of a load run"));
        file.policy(&match flow.family() {
            Family::Manage => manage_policy(),
            Family::SecondStep => second_step_policy(),
        });
        file.user(&user(flow.registered().into_iter().collect()));
        let script = flow.script();
        for (index, command) in script.timed.iter().chain(&script.after).enumerate() {
            let slug = format!("SIGN-5/flow-step-{index}");
            if let Some((at, wrong)) = &script.wrong
                && *at == index
            {
                file.step(Some("SIGN-5/flow-wrong-code"));
                file.command(wrong);
                file.set("control", &json!(slug));
                file.set("expect", &json!({ REFUSED: "wrongCode" }));
            }
            file.step(Some(&slug));
            file.command(command);
        }
        file.finish()
    }

    #[test]
    fn every_flow_is_a_scenario_that_passes_against_the_reference() {
        let session = planted::session(None);
        planted::wait(async {
            let capabilities = read_capabilities(&session).await.expect("it answers");
            let catalogue = Arc::new(embedded_catalogue());
            for flow in FlowName::ALL {
                let text = scenario(flow);
                let loaded = proofup_scenario::load("flow.toml", &text, &catalogue);
                let scenario = loaded
                    .unwrap_or_else(|errors| panic!("{flow}: {:?}\n{text}", errors.problems()));
                let steps = scenario.steps.len();
                let case = Case {
                    edition: second_step_policy().edition,
                    scenario: Arc::new(scenario),
                };
                let context = RunContext::new(&session, &catalogue, &capabilities);
                let result = run_case(&context, &capabilities, &case).await;
                assert_eq!(result.checks.len(), steps, "{flow}");
                for check in &result.checks {
                    let outcome = &check.outcome;
                    assert!(
                        matches!(outcome, Outcome::Passed),
                        "{flow}: {outcome:?}\n{text}"
                    );
                }
            }
        });
    }

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
                let right = &script.timed[*at];
                assert_eq!(right.word(), probe.word(), "{flow}");
            }
        }
    }
}
