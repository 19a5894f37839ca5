//! Draws what stands above the steps: the policy, the people, and the weights of this case.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proofup_domain::capabilities::{Capabilities, Feature};
use proofup_domain::command::Name;
use proofup_domain::method::{ChallengeKind, Method, ResetMethod, Role};
use proofup_domain::policy::{AppPolicy, ChoicePolicy, Policy, ResetPolicy, TwoStepPolicy};
use proofup_domain::state::{MailForm, PushForm, SmsForm, VoiceForm};
use proofup_oracle::policy::defects;
use proofup_scenario::{GatewayForms, UserSpec};
use proofup_world::bounds::TargetBounds;

use super::dice::Dice;
use super::intent::Intent;
use super::lead::lead;
use super::quota::Quota;
use super::story::Story;

/// Counts how often a policy is drawn anew where members could not meet it.
const POLICIES_MAX: usize = 40;

/// The instant at which every story starts.
const START: &str = "2026-01-15T09:00:00Z";

/// A story without steps, and the weights by which its steps are drawn.
#[derive(Debug, Clone)]
pub(super) struct StorySetup {
    pub(super) story: Story,
    pub(super) weights: SwarmWeights,
}

/// What a case leans to: swarm testing draws some sorts of acts often and others never, another choice per case.
#[derive(Debug, Clone)]
pub(super) struct SwarmWeights {
    /// The weights of the intents.
    pub(super) intents: Vec<(Intent, u32)>,
    /// In how many of a hundred places something is done wrongly.
    pub(super) spoil: u32,
    /// In how many of a hundred places something else comes in between.
    pub(super) interject: u32,
}

/// Draws the policy, the people and the weights of a story for a target.
pub(super) fn story_setup(
    dice: &mut Dice,
    quota: Option<Quota>,
    bounds: &TargetBounds,
) -> StorySetup {
    let capabilities = &bounds.capabilities;
    let mut policy = policy_for(dice, quota, capabilities);
    let mut users = users(dice, capabilities, &policy);
    if let Some(quota) = quota {
        quota.appoint(&mut users);
    } else if dice.chance(5) {
        at_the_limit(dice, capabilities, &mut policy, &mut users);
    }
    let mut story = Story {
        start: START.parse().unwrap_or(Timestamp::UNIX_EPOCH),
        gateways: forms(dice),
        policy: bounds.policy(policy),
        users: bounds.people(users),
        steps: Vec::new(),
    };
    if !bounds.makes_tenants() {
        story.gateways = GatewayForms::default();
        if !can_be_prepared(&story, bounds) {
            story.users.iter_mut().for_each(|user| user.methods.clear());
        }
    }
    StorySetup {
        weights: weights(dice, quota, bounds),
        story,
    }
}

/// Returns whether what people are to have can be registered under the policy that holds.
fn can_be_prepared(story: &Story, bounds: &TargetBounds) -> bool {
    let (mut state, mut now) = (story.tenant(bounds), story.start);
    let preparation = bounds.preparation(&story.users, &story.policy);
    preparation.iter().all(|command| {
        let led = lead(&state, command, now);
        let led = led.filter(|(_, answer, _)| answer.is_success());
        let possible = led.is_some() && bounds.forbids(&story.policy, command).is_none();
        if let Some((after, _, then)) = led {
            (state, now) = (after, then);
        }
        possible
    })
}

/// Draws a policy that members can meet.
pub(super) fn policy(dice: &mut Dice, capabilities: &Capabilities) -> Policy {
    policy_for(dice, None, capabilities)
}

/// Draws a policy that members can meet, and under which the command that the case leans to can succeed.
fn policy_for(dice: &mut Dice, quota: Option<Quota>, capabilities: &Capabilities) -> Policy {
    let mut met = None;
    for _ in 0..POLICIES_MAX {
        let policy = any_policy(dice, capabilities);
        if defects(&policy).is_empty() {
            if quota.is_none_or(|quota| quota.suits(&policy)) {
                return policy;
            }
            met = Some(policy);
        }
    }
    met.unwrap_or_default()
}

fn any_policy(dice: &mut Dice, capabilities: &Capabilities) -> Policy {
    let has = |feature| capabilities.features.contains(&feature);
    let kinds: Vec<ChallengeKind> = [
        ChallengeKind::AppNotification,
        ChallengeKind::AppCode,
        ChallengeKind::TextMessage,
        ChallengeKind::VoiceCall,
    ]
    .into_iter()
    .filter(|kind| capabilities.kinds.contains(kind))
    .collect();
    let share = dice.pick(&[25, 50, 80, 100]);
    let kinds: BTreeSet<ChallengeKind> = dice.some_of(&kinds, share).into_iter().collect();
    let two_step = TwoStepPolicy {
        registration_required: has(Feature::TwoStep) && !kinds.is_empty() && dice.chance(50),
        required_at_sign_in: has(Feature::TwoStep) && !kinds.is_empty() && dice.chance(20),
        kinds,
    };
    let share = dice.pick(&[30, 50, 80, 100]);
    let methods = dice.some_of(ResetMethod::ALL, share).into_iter().collect();
    let questions_to_register = u32::try_from(dice.between(3, 5)).unwrap_or(3);
    let reset = ResetPolicy {
        enabled: has(Feature::Reset) && dice.chance(65),
        methods,
        methods_required: dice.pick(&[1, 1, 2]),
        registration_required: dice.chance(50),
        reconfirm_after_days: if has(Feature::Review) {
            dice.pick(&[0, 0, 1, 30, 180])
        } else {
            0
        },
        questions_to_register,
        questions_to_reset: u32::try_from(dice.between(3, i64::from(questions_to_register)))
            .unwrap_or(3),
        questions: questions(dice.pick(&[5, 5, 6])),
    };
    let editions: Vec<_> = capabilities.editions.iter().copied().collect();
    let newest = capabilities.editions.last().copied();
    let edition = if dice.chance(60) {
        newest
    } else {
        dice.pick_some(&editions)
    };
    Policy {
        edition: edition.unwrap_or_default(),
        two_step,
        reset,
        deferral_days: if has(Feature::Deferral) {
            dice.pick(&[0, 1, 3, 14, 14, 14])
        } else {
            0
        },
        choice: ChoicePolicy {
            different_method: dice.chance(50),
        },
        app: AppPolicy {
            code_with_notification: dice.chance(50),
        },
    }
}

/// Lists questions as an administrator creates them.
fn questions(count: usize) -> Vec<String> {
    (1..=count)
        .map(|number| format!("What is the answer to question {number}?"))
        .collect()
}

fn users(dice: &mut Dice, capabilities: &Capabilities, policy: &Policy) -> Vec<UserSpec> {
    let known: Vec<Method> = capabilities.methods.iter().copied().collect();
    let mut users = vec![user("alice")];
    if dice.chance(25) {
        users[0].role = Role::Administrator;
    }
    if dice.chance(45) {
        users.push(user("bob"));
        if dice.chance(30) {
            users[1].role = Role::Administrator;
        }
    }
    for user in &mut users {
        let share = dice.pick(&[0, 0, 0, 15, 30, 50]);
        let methods = dice.some_of(&known, share);
        // Whether something may be registered at all before the steps is judged by the provisioning policy.
        user.methods = methods
            .into_iter()
            .filter(|method| {
                *method != Method::SecurityQuestions
                    || (user.role == Role::Member && !policy.reset.questions.is_empty())
            })
            .collect();
    }
    if dice.chance(8) {
        let mut strange = user("carol");
        if dice.chance(50) {
            strange.blocked = true;
        } else {
            strange.exists = false;
        }
        users.push(strange);
    }
    users
}

/// Brings a user to the limit of authenticator apps; where they are of no use, perhaps nothing else can be had either.
fn at_the_limit(
    dice: &mut Dice,
    capabilities: &Capabilities,
    policy: &mut Policy,
    users: &mut [UserSpec],
) {
    let apps = [Method::SoftwareOath, Method::MicrosoftAuthenticator];
    let app = dice.pick(&apps);
    if !capabilities.methods.contains(&app) || !capabilities.kinds.contains(&ChallengeKind::AppCode)
    {
        return;
    }
    users[0].methods = vec![app; 5];
    if app == Method::MicrosoftAuthenticator && dice.chance(50) {
        policy.app.code_with_notification = false;
        policy.two_step.kinds = BTreeSet::from([ChallengeKind::AppCode]);
        policy.two_step.required_at_sign_in = dice.chance(70);
        policy.two_step.registration_required = true;
    }
}

fn user(name: &str) -> UserSpec {
    UserSpec {
        name: Name(name.to_owned()),
        role: Role::Member,
        blocked: false,
        exists: true,
        region: None,
        methods: Vec::new(),
    }
}

fn forms(dice: &mut Dice) -> GatewayForms {
    let plain = GatewayForms::default();
    if dice.chance(60) {
        return plain;
    }
    GatewayForms {
        sms: dice.pick(SmsForm::ALL),
        voice: dice.pick(VoiceForm::ALL),
        email: dice.pick(MailForm::ALL),
        push: dice.pick(PushForm::ALL),
    }
}

fn weights(dice: &mut Dice, quota: Option<Quota>, bounds: &TargetBounds) -> SwarmWeights {
    let has = |intent: &Intent| {
        let feature = intent.needs();
        feature.is_none_or(|feature| bounds.capabilities.features.contains(&feature))
            && intent.word().is_none_or(|word| bounds.has_word(word))
    };
    let intents = Intent::ALL.iter().filter(|intent| has(intent));
    let mut weights = SwarmWeights {
        intents: intents
            .map(|intent| (*intent, intent.weight() * dice.pick(&[0, 1, 1, 2, 6])))
            .collect(),
        spoil: dice.pick(&[0, 10, 10, 30, 60]),
        interject: dice.pick(&[0, 3, 8, 20]),
    };
    if let Some(quota) = quota {
        lean(&mut weights, quota);
    }
    weights
}

/// Changes the weights so that a command is likely to succeed in the case: half of what is done leads to it.
fn lean(weights: &mut SwarmWeights, quota: Quota) {
    let wanted = quota.intent();
    let others: u32 = weights.intents.iter().map(|(_, weight)| weight).sum();
    for (intent, weight) in &mut weights.intents {
        if Some(*intent) == wanted {
            *weight += others.max(1);
        }
    }
    if quota.is_a_mishap() {
        weights.spoil = weights.spoil.max(60);
    }
}
