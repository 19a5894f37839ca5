//! Time: the clock moves, and every declared lifetime that can be shown moves along. A seam that leaks is found here.

use proofup_binding::ClockMode;
use proofup_domain::capabilities::{Capabilities, Facility, Limits};
use proofup_domain::method::{ChallengeKind, Method, ResetMethod};
use serde_json::{Value as Json, json};

use super::act::{ProbeStage, ProbeStep, ProbeStory, Wants, act, somebody};
use super::{policies, setups};

/// How far from a boundary is probed where time passes by itself, in seconds.
const RUNNING_MARGIN: u32 = 20;

/// What lifetimes are probed with.
pub(super) struct Lifetimes<'a> {
    pub(super) capabilities: &'a Capabilities,
    pub(super) mode: ClockMode,
}

/// One lifetime: the words by which scenarios and files call it, who begins what, and what works until its end.
struct Lifetime {
    word: &'static str,
    key: &'static str,
    seconds: u32,
    after: String,
    methods: Vec<Method>,
    policy: proofup_domain::policy::Policy,
    begin: Vec<Json>,
    works: Json,
}

impl Lifetimes<'_> {
    /// Returns each declared lifetime, in order; where one cannot be shown, why not.
    pub(super) fn lifetimes(&self) -> Vec<(String, Result<ProbeStory, String>)> {
        let limits = &self.capabilities.limits;
        let all = [
            self.code(limits),
            self.activation(limits),
            self.enrollment(limits),
            self.notification(limits),
            self.call(limits),
            self.reset(limits),
            self.session(limits),
        ];
        all.into_iter()
            .map(|(name, lifetime)| {
                let name = format!("clock: {name}");
                let story = lifetime.and_then(|lifetime| self.story(&name, lifetime));
                (name, story)
            })
            .collect()
    }

    fn works(&self, method: Method, kind: ChallengeKind) -> Result<(), String> {
        if !setups::declared(self.capabilities).contains(&(method, kind)) {
            return Err(format!("`{}` is not declared", setups::title(method, kind)));
        }
        setups::lacks(self.capabilities, method, kind).map_or(Ok(()), |facility| {
            Err(format!("the facility `{facility}` is not declared"))
        })
    }

    /// Finds the first way that works; none: says so in the words given.
    fn first_of(
        &self,
        ways: [(Method, ChallengeKind); 2],
        none: &str,
    ) -> Result<(Method, ChallengeKind), String> {
        let mut ways = ways.into_iter();
        ways.find(|(method, kind)| self.works(*method, *kind).is_ok())
            .ok_or_else(|| none.to_owned())
    }

    fn margin(&self) -> u32 {
        match self.mode {
            ClockMode::Frozen => 1,
            ClockMode::Running => RUNNING_MARGIN,
        }
    }

    fn story(&self, name: &str, lifetime: Lifetime) -> Result<ProbeStory, String> {
        if !self.capabilities.facilities.contains(&Facility::Clock) {
            return Err("the facility `clock` is not declared".to_owned());
        }
        let margin = self.margin();
        let Lifetime {
            word, key, seconds, ..
        } = lifetime;
        if seconds <= 2 * margin {
            return Err(format!("{seconds} s is too short to be measured"));
        }
        let is_session = word == "session";
        if !is_session && seconds >= self.capabilities.limits.session_seconds {
            return Err("the session ends first".to_owned());
        }
        let whose = |command: &Json, user: &str| {
            let mut command = command.clone();
            if command["do"] != json!("advanceClock") {
                command["user"] = json!(user);
            }
            command
        };
        let mut acts: Vec<ProbeStep> = Vec::new();
        for user in ["alice", "bob"] {
            acts.extend(
                lifetime
                    .begin
                    .iter()
                    .map(|command| act(whose(command, user))),
            );
        }
        let advance = |by: String| act(json!({ "do": "advanceClock", "by": by }));
        acts.push(advance(format!("{word} - {margin}s")));
        acts.push(act(whose(&lifetime.works, "alice")).limit(word, key));
        acts.push(advance(format!(
            "{}s",
            if margin == 1 { 1 } else { 2 * margin }
        )));
        acts.push(
            act(whose(&lifetime.works, "bob"))
                .wants(Wants::AnyRefusal)
                .limit(word, key)
                .blames(&["clock", "operations.advanceClock"]),
        );
        let stem: String = name.replace([':', ' '], "-");
        Ok(ProbeStory {
            about: format!("doctor-{stem}"),
            users: vec![
                somebody("alice", &lifetime.methods),
                somebody("bob", &lifetime.methods),
            ],
            policy: lifetime.policy,
            after: vec!["clock".to_owned(), lifetime.after],
            stages: vec![ProbeStage::new(name, acts)],
        })
    }

    fn open(&self) -> proofup_domain::policy::Policy {
        policies::open(self.capabilities)
    }

    fn code(&self, limits: &Limits) -> (&'static str, Result<Lifetime, String>) {
        let ways = [
            (Method::Email, ChallengeKind::EmailCode),
            (Method::MobilePhone, ChallengeKind::TextMessage),
        ];
        let way = self.first_of(ways, "no declared method sends codes that proofup can read");
        let lifetime = way.map(|(method, kind)| Lifetime {
            word: "code",
            key: "capabilities.limits.codeSeconds",
            seconds: limits.code_seconds,
            after: setups::registered(method, kind),
            methods: Vec::new(),
            policy: self.open(),
            begin: vec![
                json!({ "do": "signIn" }),
                setups::begin_json("", method, kind),
            ],
            works: json!({ "do": "submitCode", "code": "lastSent" }),
        });
        ("life of a code", lifetime)
    }

    fn app(&self, pages: usize) -> Vec<Json> {
        let begin = json!({ "do": "beginEnrollment", "method": "microsoftAuthenticator" });
        let next = json!({ "do": "nextPage" });
        let mut steps = vec![json!({ "do": "signIn" }), begin, next.clone(), next.clone()];
        if pages == 3 {
            steps.extend([json!({ "do": "activateDevice" }), next]);
        }
        steps
    }

    fn activation(&self, limits: &Limits) -> (&'static str, Result<Lifetime, String>) {
        let (method, kind) = (
            Method::MicrosoftAuthenticator,
            ChallengeKind::AppNotification,
        );
        let lifetime = self.works(method, kind).map(|()| Lifetime {
            word: "activation",
            key: "capabilities.limits.activationSeconds",
            seconds: limits.activation_seconds,
            after: setups::registered(method, kind),
            methods: Vec::new(),
            policy: self.open(),
            begin: self.app(2),
            works: json!({ "do": "activateDevice" }),
        });
        ("life of an activation code", lifetime)
    }

    fn enrollment(&self, limits: &Limits) -> (&'static str, Result<Lifetime, String>) {
        let (method, kind) = (Method::SoftwareOath, ChallengeKind::AppCode);
        let lifetime = self.works(method, kind).map(|()| Lifetime {
            word: "enrollment",
            key: "capabilities.limits.enrollmentSeconds",
            seconds: limits.enrollment_seconds,
            after: setups::registered(method, kind),
            methods: Vec::new(),
            policy: self.open(),
            begin: vec![
                json!({ "do": "signIn" }),
                setups::begin_json("", method, kind),
                json!({ "do": "addAccount" }),
            ],
            works: json!({ "do": "submitCode", "code": "current" }),
        });
        ("life of a setup", lifetime)
    }

    fn notification(&self, limits: &Limits) -> (&'static str, Result<Lifetime, String>) {
        let (method, kind) = (
            Method::MicrosoftAuthenticator,
            ChallengeKind::AppNotification,
        );
        let lifetime = self.works(method, kind).map(|()| Lifetime {
            word: "notification",
            key: "capabilities.limits.notificationSeconds",
            seconds: limits.notification_seconds,
            after: setups::registered(method, kind),
            methods: Vec::new(),
            policy: self.open(),
            begin: self.app(3),
            works: json!({ "do": "approveNotification" }),
        });
        ("life of a notification", lifetime)
    }

    fn call(&self, limits: &Limits) -> (&'static str, Result<Lifetime, String>) {
        let ways = [
            (Method::OfficePhone, ChallengeKind::VoiceCall),
            (Method::MobilePhone, ChallengeKind::VoiceCall),
        ];
        let way = self.first_of(
            ways,
            "no declared method places calls that proofup can answer",
        );
        let lifetime = way.map(|(method, kind)| Lifetime {
            word: "call",
            key: "capabilities.limits.callSeconds",
            seconds: limits.call_seconds,
            after: setups::registered(method, kind),
            methods: Vec::new(),
            policy: self.open(),
            begin: vec![
                json!({ "do": "signIn" }),
                setups::begin_json("", method, kind),
            ],
            works: json!({ "do": "pressKey" }),
        });
        ("life of a call", lifetime)
    }

    fn reset(&self, limits: &Limits) -> (&'static str, Result<Lifetime, String>) {
        let (method, kind) = (Method::Email, ChallengeKind::EmailCode);
        let feature = proofup_domain::capabilities::Feature::Reset;
        let given = if self.capabilities.features.contains(&feature) {
            self.works(method, kind)
        } else {
            Err(format!("the feature `{feature}` is not declared"))
        };
        let lifetime = given.map(|()| Lifetime {
            word: "reset",
            key: "capabilities.limits.resetSeconds",
            seconds: limits.reset_seconds,
            after: "reset: begin".to_owned(),
            methods: vec![method],
            policy: policies::reset(&[ResetMethod::Email], 0),
            begin: vec![json!({ "do": "beginReset" })],
            works: json!({ "do": "beginResetProof", "method": method, "kind": kind }),
        });
        ("life of a reset", lifetime)
    }

    fn session(&self, limits: &Limits) -> (&'static str, Result<Lifetime, String>) {
        let lifetime = Lifetime {
            word: "session",
            key: "capabilities.limits.sessionSeconds",
            seconds: limits.session_seconds,
            after: "sign-in".to_owned(),
            methods: Vec::new(),
            policy: self.open(),
            begin: vec![json!({ "do": "signIn" })],
            works: json!({ "do": "readSession" }),
        };
        ("life of a session", Ok(lifetime))
    }
}
