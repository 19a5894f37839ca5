//! The rules about people and their methods: what can be registered, and by which kind it can prove.

use proofup_domain::method::{ChallengeKind, Method, Role};
use proofup_domain::policy::Policy;
use proofup_files::{Node, Problem, list};

use super::draft::StepDraft;
use super::file::UserSpec;

/// Checks the people of a file.
pub(crate) fn users(users: &[Node], policy: Option<&Policy>, problems: &mut Vec<Problem>) {
    for (index, node) in users.iter().enumerate() {
        let name = node.get("name");
        let same = users[..index].iter().find_map(|earlier| {
            earlier
                .get("name")
                .filter(|earlier| earlier.text() == name.and_then(Node::text))
        });
        if let (Some(name), Some(first)) = (name, same) {
            let text = name.text().unwrap_or_default();
            problems.push(
                Problem::new(
                    format!("user `{text}` is there twice"),
                    "again",
                    name.span.clone(),
                )
                .beside(first.span.clone(), "first"),
            );
        }
        if let Some(name) =
            name.filter(|name| name.text().is_some_and(|text| text.trim().is_empty()))
        {
            problems.push(Problem::new(
                "a user without a name",
                "empty",
                name.span.clone(),
            ));
        }
        if let Ok(user) = serde_json::from_value::<UserSpec>(node.json()) {
            user_rules(node, &user, policy, problems);
        }
    }
}

fn user_rules(node: &Node, user: &UserSpec, policy: Option<&Policy>, problems: &mut Vec<Problem>) {
    if let Some(region) = &user.region
        && region.parse::<phonenumber::country::Id>().is_err()
    {
        problems.push(
            Problem::new(
                format!("unknown region `{region}`"),
                "here",
                node.closest("region").span.clone(),
            )
            .help("write two capital letters (ISO 3166-1 alpha-2), such as `NL`, or leave it out"),
        );
    }
    let methods = node.closest("methods");
    if !user.exists && !user.methods.is_empty() {
        problems.push(
            Problem::new(
                "a user who does not exist has methods",
                "nobody to register them for",
                methods.span.clone(),
            )
            .help("take `methods` or `exists = false` away"),
        );
    }
    let mut apps = 0;
    for (index, (method, item)) in user.methods.iter().zip(methods.items()).enumerate() {
        let mut report = |message: String, help: &str| {
            problems.push(Problem::new(message, "here", item.span.clone()).help(help));
        };
        match method {
            Method::MicrosoftAuthenticator | Method::SoftwareOath => {
                apps += 1;
                if apps == 6 {
                    report(
                        "more than five authenticator apps".to_owned(),
                        "a user has at most five apps in all (AVAIL-9)",
                    );
                }
            }
            method if user.methods[..index].contains(method) => report(
                format!("`{method}` is registered twice"),
                "a user has one of each method but the apps (AVAIL-9)",
            ),
            Method::SecurityQuestions if user.role == Role::Administrator => report(
                "administrators never have security questions".to_owned(),
                "take the method away, or make the user a member (AVAIL-7)",
            ),
            Method::SecurityQuestions if policy.is_some_and(too_few_questions) => report(
                "no questions to answer are defined".to_owned(),
                "define at least as many `reset.questions` in [policy] as `reset.questionsToRegister` (3 if left out)",
            ),
            _ => {}
        }
    }
}

fn too_few_questions(policy: &Policy) -> bool {
    let defined = u32::try_from(policy.reset.questions.len()).unwrap_or(u32::MAX);
    defined < policy.reset.questions_to_register
}

/// Checks that a step gives a method only what that method has, and a kind that it can do.
pub(crate) fn methods(steps: &[StepDraft<'_>], problems: &mut Vec<Problem>) {
    for step in steps {
        if step.word() == "readInbox" {
            inbox(step, problems);
            continue;
        }
        if step.word() == "beginSecondStep" && step.text("method").is_none() {
            for key in ["kind", "of"] {
                if let Some(entry) = step.node.entry(key) {
                    problems.push(
                        Problem::new(
                            format!("`{key}` without `method`"),
                            "here",
                            entry.key_span.clone(),
                        )
                        .help("add `method = …`, or leave both out: the default is meant"),
                    );
                }
            }
        }
        let Some(method) = step.text("method").and_then(Method::from_word) else {
            continue;
        };
        let phone = matches!(method, Method::MobilePhone | Method::OfficePhone);
        let mut alien = |key: &str, has: bool, owner: &str| {
            if let Some(entry) = step.node.entry(key).filter(|_| !has) {
                problems.push(
                    Problem::new(
                        format!("`{method}` has no `{key}`"),
                        "here",
                        entry.key_span.clone(),
                    )
                    .help(format!("only {owner} has one: take `{key}` away")),
                );
            }
        };
        alien("address", method == Method::Email, "`email`");
        alien("phone", phone, "`mobilePhone` or `officePhone`");
        let setup = ["beginEnrollment", "changeMethod"].contains(&step.word());
        if setup && !step.may_be_refused() {
            alien("kind", phone, "`mobilePhone` or `officePhone`");
            if !phone {
                continue;
            }
        }
        let kind = step.text("kind").and_then(ChallengeKind::from_word);
        if let Some(kind) =
            kind.filter(|kind| !kinds(method).contains(kind) && !step.may_be_refused())
        {
            let words: Vec<&str> = kinds(method).iter().map(|kind| kind.as_str()).collect();
            problems.push(
                step.problem("kind", format!("`{method}` cannot do `{kind}`"), "here")
                    .help(format!(
                        "allowed: {}; any kind where a check expects a refusal",
                        list(&words)
                    )),
            );
        }
    }
}

fn inbox(step: &StepDraft<'_>, problems: &mut Vec<Problem>) {
    let Some(channel) = step.text("channel") else {
        return;
    };
    for (key, channels) in [
        ("address", &["email"][..]),
        ("phone", &["sms", "voice"][..]),
    ] {
        if let Some(entry) = step
            .node
            .entry(key)
            .filter(|_| !channels.contains(&channel))
        {
            problems.push(
                Problem::new(
                    format!("the channel `{channel}` has no `{key}`"),
                    "here",
                    entry.key_span.clone(),
                )
                .help(format!("only {} has one", list(channels))),
            );
        }
    }
}

/// Lists the kinds by which a method can ever prove (`domain.md` §4); policy narrows them.
fn kinds(method: Method) -> &'static [ChallengeKind] {
    match method {
        Method::MicrosoftAuthenticator => &[ChallengeKind::AppNotification, ChallengeKind::AppCode],
        Method::SoftwareOath => &[ChallengeKind::AppCode],
        Method::MobilePhone => &[ChallengeKind::TextMessage, ChallengeKind::VoiceCall],
        Method::OfficePhone => &[ChallengeKind::VoiceCall],
        Method::Email => &[ChallengeKind::EmailCode],
        Method::SecurityQuestions => &[ChallengeKind::Answers],
    }
}
