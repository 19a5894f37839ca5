//! Mistakes made to the mapping of the reference: the doctor names each, and no run takes one for a failed requirement.

use std::sync::{Arc, OnceLock};

use proofup_binding::CompiledTarget;
use proofup_domain::edition::Edition;
use proofup_judge::outcome::{CaseResult, Outcome};
use proofup_runner::doctor::{ProbeFinding, Probed, TargetText, examine};
use proofup_runner::run::{RunConfig, Selection, run};
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::{Suite, embedded_suite};
use tokio_util::sync::CancellationToken;

use super::{REFERENCE, lines, with_text};
use crate::planted;

/// Holds one mistake: what is replaced, by what, and a key that the doctor has to name.
pub(crate) struct Mistake {
    pub(crate) name: &'static str,
    from: &'static str,
    to: &'static str,
    /// Only behind this text, where `from` stands more than once.
    behind: &'static str,
    names: &'static str,
}

const fn mistake(
    name: &'static str,
    behind: &'static str,
    from: &'static str,
    to: &'static str,
    names: &'static str,
) -> Mistake {
    Mistake {
        name,
        from,
        to,
        behind,
        names,
    }
}

impl Mistake {
    /// Makes the mistake.
    pub(crate) fn make(&self) -> String {
        let at = REFERENCE
            .find(self.behind)
            .unwrap_or_else(|| panic!("{}: {} is gone", self.name, self.behind));
        let (before, rest) = REFERENCE.split_at(at);
        let spoilt = rest.replacen(self.from, self.to, 1);
        assert_ne!(rest, spoilt, "{}: {} is gone", self.name, self.from);
        format!("{before}{spoilt}")
    }
}

const SUBMIT: &str = "[operations.submitCode]";
const BEGIN: &str = "[operations.beginEnrollment]";
const TENANT: &str = "[operations.createTenant]";

/// The table. What the loader refuses counts as named when its errors name it.
pub(crate) const MISTAKES: &[Mistake] = &[
    mistake(
        "a path of another endpoint",
        BEGIN,
        "/v1/enrollments",
        "/v1/enrolments",
        "operations.beginEnrollment",
    ),
    mistake(
        "a path that takes an id that nobody keeps",
        SUBMIT,
        "{enrollment}/verification",
        "{enrolment}/verification",
        "enrolment",
    ),
    mistake(
        "another base path",
        "base",
        "http://127.0.0.1:8080",
        "http://127.0.0.1:8080/api",
        "base",
    ),
    mistake(
        "another method",
        SUBMIT,
        "method = \"POST\"",
        "method = \"PUT\"",
        "operations.submitCode",
    ),
    mistake(
        "a wrong name in the body of a setup",
        BEGIN,
        "body = { method =",
        "body = { kindOfMethod =",
        "operations.beginEnrollment.body",
    ),
    mistake(
        "a wrong name in the body of a code",
        SUBMIT,
        "body = { code =",
        "body = { otp =",
        "operations.submitCode.body",
    ),
    mistake(
        "an address under another name",
        BEGIN,
        "address = \"{address}\"",
        "mail = \"{address}\"",
        "operations.beginEnrollment",
    ),
    mistake(
        "a session that is looked for elsewhere",
        "[operations.signIn]",
        "$.token",
        "$.sessionToken",
        "operations.signIn.keep.session",
    ),
    mistake(
        "a setup id that is looked for elsewhere",
        BEGIN,
        "keep.enrollment = \"$.id\"",
        "keep.enrollment = \"$.enrollmentId\"",
        "operations.beginEnrollment.keep.enrollment",
    ),
    mistake(
        "a secret that is looked for elsewhere",
        BEGIN,
        "$.activation.manual.secret",
        "$.activation.manual.key",
        "operations.beginEnrollment.keep.manualSecret",
    ),
    mistake(
        "a payload that is no payload",
        BEGIN,
        "keep.qrPayload = \"$.activation.qrPayload\"",
        "keep.qrPayload = \"$.id\"",
        "operations.beginEnrollment.keep.qrPayload",
    ),
    mistake(
        "an activation code that is looked for elsewhere",
        "[operations.nextPage]",
        "$.activation.manual.code",
        "$.manual.code",
        "operations.nextPage.keep.manualCode",
    ),
    mistake(
        "the session in another header",
        "[operations.listMethods]",
        "authorization = \"Bearer {session}\"",
        "x-session = \"{session}\"",
        "operations.listMethods.headers",
    ),
    mistake(
        "a success of another status",
        BEGIN,
        "status = 201",
        "status = 200",
        "operations.beginEnrollment.answers",
    ),
    mistake(
        "refusals taken for successes",
        SUBMIT,
        "status = 200",
        "status = [200, 410, 422]",
        "operations.submitCode.answers",
    ),
    mistake(
        "successes taken for refusals",
        SUBMIT,
        "status = 200",
        "status = 200\nwhere = { \"$.state\" = \"done\" }",
        "operations.submitCode.answers",
    ),
    mistake(
        "a wrong code taken for an old one",
        "\"$.code\" = \"wrongCode\"",
        "refused = \"wrongCode\"",
        "refused = \"expired\"",
        "refusals.wrongCode",
    ),
    mistake(
        "a refusal of another status",
        "\"$.code\" = \"blocked\"",
        "status = 409",
        "status = 400",
        "refusals.deferralNotOffered",
    ),
    mistake(
        "wrong passwords of another status",
        "# What a refusal means",
        "status = 401",
        "status = 403",
        "refusals.invalidCredentials",
    ),
    mistake(
        "a code pattern that takes too few digits",
        "clock =",
        "clock =",
        "codePattern = \"([0-9]{4})\"\nclock =",
        "codePattern",
    ),
    mistake(
        "a code pattern that finds nothing",
        "clock =",
        "clock =",
        "codePattern = \"code: ([A-Z]{6})\"\nclock =",
        "codePattern",
    ),
    mistake(
        "gateways that nobody is told of",
        TENANT,
        "gateways = \"{gateways}\"",
        "",
        "operations.createTenant.request.body.gateways",
    ),
    mistake(
        "texts that go elsewhere",
        TENANT,
        "gateways = \"{gateways}\"",
        "gateways = { sms = { url = \"http://127.0.0.1:1\", form = \"json\" } }",
        "gateways",
    ),
    mistake(
        "callbacks that go elsewhere",
        TENANT,
        "callbackBase = \"{callbackBase}\"",
        "callbackBase = \"http://127.0.0.1:1/elsewhere\"",
        "callbackBase",
    ),
    mistake(
        "users without passwords",
        TENANT,
        "users = \"{users}\"",
        "users = []",
        "operations.signIn",
    ),
    mistake(
        "a policy that is not handed over",
        TENANT,
        "policy = \"{policy}\"",
        "policy = {}",
        "operations",
    ),
    mistake(
        "a clock that is another operation",
        "[operations.advanceClock]",
        "/clock/advance",
        "/clock",
        "operations.advanceClock",
    ),
    mistake(
        "a clock of another tenant",
        "[operations.advanceClock]",
        "/tenants/{tenantId}/clock/advance",
        "/tenants/another/clock/advance",
        "operations.advanceClock",
    ),
    mistake(
        "seconds that are another number",
        "[operations.advanceClock]",
        "body = { seconds = \"{seconds}\" }",
        "body = { seconds = 60 }",
        "operations.advanceClock",
    ),
    mistake(
        "a code life that is declared too long",
        "capabilities =",
        "discover = \"/.well-known/security-info\"",
        "discover = \"/.well-known/security-info\", limits = { codeLength = 6, codeTries = 5, accountFailures = 20, blockSeconds = 900, resendSeconds = 30, gatewayTimeoutMs = 2000, codeSeconds = 900, activationSeconds = 600, enrollmentSeconds = 1800, notificationSeconds = 120, callSeconds = 120, resetSeconds = 1800, sessionSeconds = 28800 }",
        "capabilities.limits.codeSeconds",
    ),
    mistake(
        "a session life that is declared too short",
        "capabilities =",
        "discover = \"/.well-known/security-info\"",
        "discover = \"/.well-known/security-info\", limits = { codeLength = 6, codeTries = 5, accountFailures = 20, blockSeconds = 900, resendSeconds = 30, gatewayTimeoutMs = 2000, codeSeconds = 600, activationSeconds = 600, enrollmentSeconds = 1800, notificationSeconds = 120, callSeconds = 120, resetSeconds = 1800, sessionSeconds = 7200 }",
        "capabilities.limits.sessionSeconds",
    ),
    mistake(
        "a reply that is always the other",
        "[operations.replyToNotification]",
        "reply = \"{reply}\"",
        "reply = \"deny\"",
        "operations.replyToNotification",
    ),
    mistake(
        "a reply in words that nobody knows",
        "[operations.replyToNotification]",
        "reply = \"{reply}\"",
        "reply = \"accepted {reply}\"",
        "operations.replyToNotification",
    ),
    mistake(
        "a state that is looked for elsewhere",
        "[operations.signIn.answers.answer]",
        "state = \"$.state\"",
        "state = \"$.status\"",
        "operations.signIn.answer.state",
    ),
    mistake(
        "an offer that is looked for elsewhere",
        "[operations.signIn.answers.answer]",
        "deferral = \"$.deferral\"",
        "deferral = \"$.offer\"",
        "operations.signIn.answer.deferral",
    ),
    mistake(
        "methods that are looked for elsewhere",
        "[operations.listMethods.answers.answer]",
        "$.value[*].method",
        "$.methods[*].method",
        "operations.listMethods.answer.methods",
    ),
    mistake(
        "a method id that is looked for elsewhere",
        SUBMIT,
        "keep.methodId = \"$.methodId\"",
        "keep.methodId = \"$.method.id\"",
        "operations.submitCode.keep.methodId",
    ),
    mistake(
        "a second step that keeps nothing",
        "[operations.beginSecondStep]",
        "challenge = \"$.id\", ",
        "",
        "operations.beginSecondStep.keep.challenge",
    ),
    mistake(
        "a reset proof at another path",
        "[operations.beginResetProof]",
        "/challenges\"",
        "/proofs\"",
        "operations.beginResetProof",
    ),
    mistake(
        "a new password under another name",
        "[operations.setNewPassword]",
        "body = { password =",
        "body = { secret =",
        "operations.setNewPassword.body",
    ),
    mistake(
        "answers under another name",
        "[operations.submitAnswers]",
        "body = { answers =",
        "body = { replies =",
        "operations.submitAnswers.body",
    ),
    mistake(
        "a test-control token that is not sent",
        "[operations.deleteTenant]",
        "Bearer {controlToken}",
        "Basic {controlToken}",
        "operations.deleteTenant",
    ),
    mistake(
        "a facility that nothing gives",
        "capabilities =",
        "discover = \"/.well-known/security-info\"",
        "discover = \"/.well-known/security-info\", facilities = [\"teleport\"]",
        "teleport",
    ),
    mistake(
        "a device that nothing activates",
        "[operations.activateDevice]",
        "[operations.activateDevice]",
        "[operations.activateDevices]",
        "activateDevices",
    ),
    mistake(
        "a sign-out that does nothing",
        "[operations.signOut]",
        "method = \"DELETE\"",
        "method = \"GET\"",
        "operations.signOut",
    ),
];

/// Stories that together use every operation, and expect most refusals.
const SAMPLE: &[&str] = &[
    "a-code-by-text-registers-the-phone",
    "a-code-works-once",
    "add-change-delete",
    "another-app",
    "answering-registers",
    "by-mail",
    "by-questions",
    "confirming",
    "denied-or-silent-registers-nothing",
    "every-activity-in-order",
    "interrupted-session-reaches-nothing",
    "never-in-a-response",
    "new-password-after-the-gates",
    "offer-and-taking-it",
    "refused-policy-changes-nothing",
    "sending-is-throttled",
    "session-lifetime-to-the-second",
    "ten-minutes-and-no-longer",
    "tries-run-out",
    "wrong-text-code",
];

/// Holds what came of a mistake.
struct Caught {
    /// The doctor, or the loader, names the place.
    named: bool,
    /// Checks that failed nevertheless.
    failed: Vec<String>,
    /// What was said.
    told: String,
}

/// Says how to run the sample by a target file; the suite is read once.
fn sampled(text: &str) -> (RunConfig, TargetText) {
    static SUITE: OnceLock<Arc<Suite>> = OnceLock::new();
    let suite = SUITE.get_or_init(|| {
        let mut suite = embedded_suite(&embedded_catalogue()).expect("the suite loads");
        suite
            .scenarios
            .retain(|scenario| SAMPLE.contains(&scenario.stem.as_str()));
        assert_eq!(suite.scenarios.len(), SAMPLE.len(), "every story is there");
        Arc::new(suite)
    });
    let (config, named) = with_text(text);
    let config = RunConfig {
        suite: Arc::clone(suite),
        selection: Selection {
            editions: vec![Edition::default()],
            ..Selection::default()
        },
        ..config
    };
    (config, named)
}

/// Makes a mistake, and runs the sample with it.
fn caught(mistake: &Mistake) -> Caught {
    let text = mistake.make();
    if let Err(errors) = CompiledTarget::compile("target.toml", &text) {
        let told: Vec<String> = errors.problems().iter().map(ToString::to_string).collect();
        let told = told.join("\n");
        let named = told.contains(mistake.names);
        let failed = Vec::new();
        return Caught {
            named,
            failed,
            told,
        };
    }
    let (config, named) = sampled(&text);
    let stop = CancellationToken::new();
    let (found, failed) = match planted::wait(run(config.clone(), |_| {}, &stop)) {
        Ok(output) => {
            let failed = output.cases.iter().flat_map(failures).collect();
            (output.found, failed)
        }
        // Exit code 2: nothing was judged, and the doctor says why.
        Err(_) => (
            planted::wait(examine(
                &config.session,
                &config.catalogue,
                &named,
                &|_| {},
                &stop,
            )),
            Vec::new(),
        ),
    };
    Caught {
        named: names(&found, mistake.names),
        failed,
        told: wrong_lines(&found),
    }
}

fn failures(case: &CaseResult) -> Vec<String> {
    let failed = case.checks.iter().filter_map(|check| match &check.outcome {
        Outcome::Failed(mismatches) => Some(format!("{} {}: {mismatches:?}", case.id, check.slug)),
        _ => None,
    });
    failed.collect()
}

fn names(findings: &[ProbeFinding], key: &str) -> bool {
    findings.iter().any(|finding| match &finding.result {
        Probed::Wrong(all) => all
            .iter()
            .flat_map(|one| &one.keys)
            .any(|named| named.contains(key)),
        _ => false,
    })
}

fn wrong_lines(findings: &[ProbeFinding]) -> String {
    let wrong: Vec<ProbeFinding> = findings
        .iter()
        .filter(|finding| matches!(finding.result, Probed::Wrong(_)))
        .cloned()
        .collect();
    lines(&wrong)
}

/// Demands of every mistake that its place is named and that no check fails for it.
fn hold(mistakes: &[Mistake]) {
    let mut told = String::new();
    for mistake in mistakes {
        let caught = caught(mistake);
        if !caught.named {
            told.push_str(&format!(
                "{}: nobody names {}\n{}",
                mistake.name, mistake.names, caught.told
            ));
        }
        for failed in caught.failed.iter().take(5) {
            told.push_str(&format!("{}: {failed:.300}\n", mistake.name));
        }
    }
    assert!(told.is_empty(), "{told}");
}

#[test]
fn the_first_mistakes_are_named_and_never_judged() {
    hold(&MISTAKES[..MISTAKES.len() / 2]);
}

#[test]
fn the_other_mistakes_are_named_and_never_judged() {
    hold(&MISTAKES[MISTAKES.len() / 2..]);
}

#[test]
fn the_sample_passes_where_nothing_is_wrong() {
    let nothing = mistake("nothing", "name", "name", " name", "");
    let caught = caught(&nothing);
    assert!(
        caught.failed.is_empty() && caught.told.is_empty(),
        "{}",
        caught.told
    );
    assert!(MISTAKES.len() >= 24, "{} mistakes", MISTAKES.len());
}
