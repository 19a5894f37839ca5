//! Makes a failing story small: nothing that is left can be taken away without the difference going with it.
//!
//! Every attempt is played against the target and counts only if the same command is answered in the same way where the
//! oracle admits the same. The number of attempts is bounded.

use proofup_domain::command::{Command, Name};
use proofup_domain::method::{Method, Role};
use proofup_domain::policy::Policy;
use proofup_scenario::GatewayForms;
use proofup_world::bounds::TargetBounds;
use proofup_world::context::RunContext;
use serde_json::Value as Json;

use super::play::{UnexpectedAnswer, play};
use super::requirement_at_fault::Got;
use super::story::Story;
use super::{actor, answer_summary, expected_summary};

/// Counts the attempts that are made at most.
const ATTEMPTS_MAX: usize = 800;

/// Counts them where cases share a target: one at a time, each with people of its own.
const SLOW_ATTEMPTS_MAX: usize = 150;

/// Plays smaller and smaller stories.
pub(super) struct Shrinker<'a> {
    pub(super) context: &'a RunContext,
    pub(super) bounds: &'a TargetBounds,
    pub(super) stem: &'a str,
    story: Story,
    difference: UnexpectedAnswer,
    attempts: usize,
}

impl<'a> Shrinker<'a> {
    pub(super) const fn new(
        context: &'a RunContext,
        bounds: &'a TargetBounds,
        stem: &'a str,
        story: Story,
        difference: UnexpectedAnswer,
    ) -> Self {
        Self {
            context,
            bounds,
            stem,
            story,
            difference,
            attempts: 0,
        }
    }

    /// Shrinks until nothing more can be taken away, or the attempts are spent.
    pub(super) async fn shrink(mut self) -> (Story, UnexpectedAnswer, usize) {
        if self.difference.step.is_none() {
            let spelt_out = self.story.spelt_out(self.bounds);
            if !self.attempt(spelt_out).await {
                return (self.story, self.difference, self.attempts);
            }
        }
        self.cut();
        loop {
            let before = self.story.clone();
            self.delete_steps().await;
            self.fewer_people().await;
            self.plainer_policy().await;
            self.plainer_commands().await;
            self.register_before().await;
            if self.story == before || self.spent() {
                break;
            }
        }
        (self.story, self.difference, self.attempts)
    }

    const fn spent(&self) -> bool {
        let most = if self.bounds.makes_tenants() {
            ATTEMPTS_MAX
        } else {
            SLOW_ATTEMPTS_MAX
        };
        self.attempts >= most
    }

    /// Takes away what comes after the difference.
    fn cut(&mut self) {
        if let Some(step) = self.difference.step {
            self.story.steps.truncate(step + 1);
        }
    }

    /// Takes a story over if it fails in the same way.
    async fn attempt(&mut self, story: Story) -> bool {
        if self.spent()
            || story == self.story
            || !can_be_written(&story)
            || !self.can_be_had(&story)
        {
            return false;
        }
        self.attempts += 1;
        let played = play(self.context, self.bounds, &story, self.stem, false).await;
        match played.difference {
            Some(difference)
                if same(&self.difference, &difference) && difference.step.is_some() =>
            {
                self.story = story;
                self.difference = difference;
                self.cut();
                true
            }
            _ => false,
        }
    }

    /// Returns whether there can be such people under such a policy here.
    fn can_be_had(&self, story: &Story) -> bool {
        let bounds = self.bounds;
        bounds.makes_tenants()
            || (bounds.policy(story.policy.clone()) == story.policy
                && bounds.people(story.users.clone()) == story.users
                && self.context.used_up(&story.users).is_none())
    }

    /// Takes steps away, many at once first, then one by one until no single one can go.
    async fn delete_steps(&mut self) {
        let mut size = (self.story.steps.len() / 2).max(1);
        loop {
            let mut changed = false;
            let mut end = self.story.steps.len().saturating_sub(1);
            while end > 0 && !self.spent() {
                let start = end.saturating_sub(size);
                let mut story = self.story.clone();
                story.steps.drain(start..end);
                changed |= self.attempt(story).await;
                end = start.min(self.story.steps.len().saturating_sub(1));
            }
            if size == 1 && !changed || self.spent() {
                return;
            }
            size = (size / 2).max(1);
        }
    }

    /// Takes people away, and what they have and are.
    async fn fewer_people(&mut self) {
        for index in (0..self.story.users.len()).rev() {
            let name = self.story.users[index].name.clone();
            let acts = self
                .story
                .steps
                .iter()
                .any(|step| actor(step) == Some(&name));
            if !acts && self.story.users.len() > 1 {
                let mut story = self.story.clone();
                story.users.remove(index);
                if self.attempt(story).await {
                    continue;
                }
            }
            for place in (0..self.story.users[index].methods.len()).rev() {
                let mut story = self.story.clone();
                story.users[index].methods.remove(place);
                self.attempt(story).await;
            }
            let mut story = self.story.clone();
            story.users[index].role = Role::Member;
            self.attempt(story).await;
        }
    }

    /// Brings each field of the policy to what it is where nothing is said.
    async fn plainer_policy(&mut self) {
        let mut story = self.story.clone();
        story.gateways = GatewayForms::default();
        self.attempt(story).await;
        let Ok(default) = serde_json::to_value(Policy::default()) else {
            return;
        };
        for path in POLICY_FIELDS {
            let Ok(mut own) = serde_json::to_value(&self.story.policy) else {
                return;
            };
            let plain = default.pointer(path).cloned().unwrap_or_default();
            let Some(place) = own.pointer_mut(path) else {
                continue;
            };
            let given = std::mem::replace(place, plain);
            if self.with_policy(own.clone()).await {
                continue;
            }
            let Json::Array(mut items) = given else {
                continue;
            };
            for index in (0..items.len()).rev() {
                let item = items.remove(index);
                if let Some(place) = own.pointer_mut(path) {
                    *place = Json::Array(items.clone());
                }
                if !self.with_policy(own.clone()).await {
                    items.insert(index, item);
                }
            }
        }
    }

    async fn with_policy(&mut self, policy: Json) -> bool {
        let Ok(policy) = serde_json::from_value::<Policy>(policy) else {
            return false;
        };
        if !proofup_oracle::policy::defects(&policy).is_empty() {
            return false;
        }
        let mut story = self.story.clone();
        story.policy = policy;
        self.attempt(story).await
    }

    /// Leaves out of each command what may be left out.
    async fn plainer_commands(&mut self) {
        for index in 0..self.story.steps.len() {
            let Ok(Json::Object(fields)) = serde_json::to_value(&self.story.steps[index]) else {
                continue;
            };
            for key in fields
                .keys()
                .filter(|key| !["do", "user"].contains(&key.as_str()))
            {
                let mut plainer = fields.clone();
                plainer.shift_remove(key);
                if key == "method" {
                    // Without a method the default is meant, and a kind would belong to nothing.
                    plainer.shift_remove("kind");
                }
                let Ok(command) = serde_json::from_value::<Command>(Json::Object(plainer)) else {
                    continue;
                };
                let mut story = self.story.clone();
                if index < story.steps.len() {
                    story.steps[index] = command;
                    self.attempt(story).await;
                }
            }
        }
    }

    /// Lets people have registered what they register on the way.
    async fn register_before(&mut self) {
        let mut index = 0;
        while index < self.story.steps.len() {
            if let Command::BeginEnrollment { user, method, .. } = &self.story.steps[index] {
                let (user, method) = (user.clone(), *method);
                if let Some(story) = self.registered(index, &user, method) {
                    self.attempt(story).await;
                }
            }
            index += 1;
        }
    }

    fn registered(&self, begin: usize, user: &Name, method: Method) -> Option<Story> {
        let mut story = self.story.clone();
        let owner = story.users.iter_mut().find(|one| one.name == *user)?;
        owner.methods.push(method);
        let proves = |step: &Command| {
            actor(step) == Some(user)
                && matches!(
                    step,
                    Command::SubmitCode { .. }
                        | Command::SubmitAnswers { .. }
                        | Command::ApproveNotification { .. }
                        | Command::PressKey { .. }
                )
        };
        let end = story.steps.iter().skip(begin).position(proves)? + begin;
        if end + 1 >= story.steps.len() {
            return None;
        }
        let mut place = 0;
        story.steps.retain(|step| {
            let gone = (begin..=end).contains(&place) && actor(step) == Some(user);
            place += 1;
            !gone
        });
        Some(story)
    }
}

/// Returns whether what is registered beforehand is such as a scenario file may say.
fn can_be_written(story: &Story) -> bool {
    let reset = &story.policy.reset;
    let enough = u32::try_from(reset.questions.len())
        .is_ok_and(|defined| defined >= reset.questions_to_register);
    story.users.iter().all(|user| {
        let count = |method| user.methods.iter().filter(|held| **held == method).count();
        let apps = count(Method::MicrosoftAuthenticator) + count(Method::SoftwareOath);
        let once = [
            Method::MobilePhone,
            Method::OfficePhone,
            Method::Email,
            Method::SecurityQuestions,
        ];
        let questions = count(Method::SecurityQuestions) > 0;
        apps <= 5
            && once.iter().all(|method| count(*method) <= 1)
            && (!questions || (enough && user.role == Role::Member))
    })
}

/// Returns whether two differences are one: the same command, admitted and answered alike.
pub(super) fn same(one: &UnexpectedAnswer, other: &UnexpectedAnswer) -> bool {
    shape(one) == shape(other)
}

/// Returns how a difference looks: its command, what is admitted and what came. Differences of one cause look alike.
pub(super) fn shape(difference: &UnexpectedAnswer) -> [String; 4] {
    let (admitted, got, path) = signature(difference);
    [difference.command.word().to_owned(), admitted, got, path]
}

/// Returns what is admitted and what came, and for two successes where they part.
fn signature(difference: &UnexpectedAnswer) -> (String, String, String) {
    let admitted = difference
        .expected
        .alternatives()
        .first()
        .map(expected_summary);
    let (got, path) = match &difference.got {
        Got::Nothing(_) => ("nothing".to_owned(), String::new()),
        Got::Answer(answer) => {
            let mismatches = difference.expected.admits(answer).err().unwrap_or_default();
            let first = mismatches.first().cloned().unwrap_or_default();
            let path = first.split(':').next().unwrap_or_default().to_owned();
            (answer_summary(answer), path)
        }
    };
    (admitted.unwrap_or_default(), got, path)
}

/// Lists the fields of a policy, as JSON pointers.
const POLICY_FIELDS: &[&str] = &[
    "/twoStep/requiredAtSignIn",
    "/twoStep/registrationRequired",
    "/twoStep/kinds",
    "/reset/enabled",
    "/reset/registrationRequired",
    "/reset/reconfirmAfterDays",
    "/reset/methodsRequired",
    "/reset/methods",
    "/reset/questionsToReset",
    "/reset/questionsToRegister",
    "/reset/questions",
    "/deferralDays",
    "/choice/differentMethod",
    "/app/codeWithNotification",
    "/edition",
];
