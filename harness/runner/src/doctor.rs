//! The doctor: tells mistakes in a target file from nonconformance, before any verdict.
//!
//! It plays short stories against the implementation, in which every command has one plain outcome where the mapping is
//! right: `ground` (answers, people, sign-in), `setups` (each declared method), `uses` (second steps, resets,
//! interrupts), `times` (the clock and every declared lifetime). `diagnose` reads what came: answers that no rule matches,
//! successes that cannot be, values that nobody finds. `gaps` is what a run leaves out because of it (decision 8).
//!
//! **Invariant:** nothing here is a verdict. Where a defect and a mistake look alike the doctor says so, and marks only
//! what hangs on it.

mod act;
mod causes;
mod diagnose;
mod finding;
mod fitting;
mod ground;
mod policies;
mod setups;
mod signs;
mod times;
mod uses;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use proofup_binding::TargetText;
use proofup_binding::{ClockMode, Operation};
use proofup_domain::capabilities::{Capabilities, Facility};
use proofup_domain::command::Command;
use proofup_domain::refusal::Refusal;
use proofup_domain::requirement::Catalogue;
use proofup_world::context::RunContext;
use proofup_world::operation_of;
use proofup_world::session::{RunError, TargetSession, reach, read_capabilities};
use proofup_world::visit::{Acted, CommandResult, Visit};
use tokio_util::sync::CancellationToken;

use act::{ProbeStage, ProbeStep, ProbeStory, Wants};
use diagnose::{Look, diagnosis};
pub use finding::{Diagnosis, DoctorConclusion, MappingGap, ProbeFinding, Probed, unproven};
use times::Lifetimes;

/// Examines a target: probe by probe, each told as soon as it is known.
///
/// The file itself has been read, so its finding is always right; whoever reads it tells otherwise.
pub async fn examine(
    session: &TargetSession,
    catalogue: &Arc<Catalogue>,
    text: &TargetText,
    told: &(dyn Fn(&ProbeFinding) + Send + Sync),
    stop: &CancellationToken,
) -> Vec<ProbeFinding> {
    let mut findings = ProbeFindings {
        findings: Vec::new(),
        told,
        known: session.target.known(),
    };
    findings.add(ground::finding("file", Vec::new()));
    let asked = match reach(session).await {
        Ok(()) => read_capabilities(session).await,
        Err(error) => Err(error),
    };
    let capabilities = match asked {
        Ok(capabilities) => capabilities,
        Err(error) => {
            for finding in ground::failed(&error, text) {
                findings.add(finding);
            }
            return findings.findings;
        }
    };
    for probe in ["reachability", "capabilities", "credentials"] {
        findings.add(ground::finding(probe, Vec::new()));
    }
    let context = RunContext::new(session, catalogue, &capabilities);
    probe(&context, &capabilities, text, findings, false, stop).await
}

/// Probes before anything but a run judges the target: what is found wrong is left out.
///
/// # Errors
/// Where the target cannot be reached, is not what its file says, or refuses the credentials.
pub async fn before_judging(
    session: &TargetSession,
    catalogue: &Arc<Catalogue>,
    text: &TargetText,
    stop: &CancellationToken,
) -> Result<Vec<ProbeFinding>, RunError> {
    reach(session).await?;
    let capabilities = read_capabilities(session).await?;
    let context = RunContext::new(session, catalogue, &capabilities);
    Ok(silently(&context, &capabilities, text, stop).await)
}

/// Probes before a run: what is found wrong, the run leaves out (decision 8).
pub(crate) async fn silently(
    context: &RunContext,
    capabilities: &Capabilities,
    text: &TargetText,
    stop: &CancellationToken,
) -> Vec<ProbeFinding> {
    let findings = ProbeFindings {
        findings: Vec::new(),
        told: &|_| {},
        known: context.session.target.known(),
    };
    probe(context, capabilities, text, findings, true, stop).await
}

/// Collects findings.
struct ProbeFindings<'a> {
    findings: Vec<ProbeFinding>,
    told: &'a (dyn Fn(&ProbeFinding) + Send + Sync),
    /// Probes that end otherwise by the target's own doing, with the reasons that its file gives.
    known: &'a [(String, String)],
}

impl ProbeFindings<'_> {
    fn add(&mut self, mut finding: ProbeFinding) {
        let mut known = self.known.iter();
        if let Probed::Wrong(seen) = &finding.result
            && let Some((_, reason)) = known.find(|(probe, _)| *probe == finding.probe)
        {
            finding.result = Probed::Known(reason.clone(), seen.clone());
        }
        (self.told)(&finding);
        self.findings.push(finding);
    }

    /// Reports `[[known]]` entries that excuse nothing.
    fn tell_the_stale(&mut self) {
        let is_stale = |probe: &String| {
            let mut found = self.findings.iter().filter(|one| one.probe == *probe);
            found.all(|one| {
                matches!(
                    one.result,
                    Probed::Ok | Probed::NotDeclared(_) | Probed::NotBound(_)
                )
            })
        };
        let known = self.known.iter().map(|(probe, _)| probe);
        let stale: Vec<Diagnosis> = known
            .filter(|probe| is_stale(probe))
            .map(|probe| Diagnosis {
                says: format!("`[[known]]` names the probe `{probe}`, but nothing is wrong there"),
                change: "remove the entry, or correct the name of the probe".to_owned(),
                keys: vec!["known".to_owned()],
                line: None,
                exchanges: Vec::new(),
                gaps: Vec::new(),
            })
            .collect();
        if !stale.is_empty() {
            self.add_as("known", Probed::Wrong(stale));
        }
    }

    fn add_as(&mut self, probe: impl Into<String>, result: Probed) {
        let probe = probe.into();
        self.add(ProbeFinding { probe, result });
    }

    /// Returns the name of the first of several findings that is not right.
    fn first_bad<'n>(&self, names: &'n [String]) -> Option<&'n String> {
        names.iter().find(|name| {
            !self.findings.iter().any(|one| {
                let holds = matches!(
                    one.result,
                    Probed::Ok | Probed::Known(..) | Probed::NotBound(_)
                );
                one.probe == **name && holds
            })
        })
    }
}

/// Plays every story, in order.
async fn probe(
    context: &RunContext,
    capabilities: &Capabilities,
    text: &TargetText,
    mut findings: ProbeFindings<'_>,
    silent: bool,
    stop: &CancellationToken,
) -> Vec<ProbeFinding> {
    let runner = ProbeRunner {
        context,
        capabilities,
        text,
        silent,
    };
    findings.add(ground::declarations(
        capabilities,
        &context.session.target,
        text,
    ));
    let target = &context.session.target;
    let made =
        capabilities.facilities.contains(&Facility::Policy) && target.has(Operation::CreateTenant);
    let settable = made || target.standing_policy().is_some();
    for (name, story) in programme(capabilities, made, settable, target.clock().mode) {
        if stop.is_cancelled() {
            break;
        }
        match story {
            Ok(story) => runner.play(story, &mut findings).await,
            Err(why) => findings.add_as(name, Probed::NotDeclared(why)),
        }
    }
    if !stop.is_cancelled() {
        findings.tell_the_stale();
    }
    findings.findings
}

/// Lists the stories in order; where there is none for something, why not.
///
/// `made` says that tenants are made under any policy, `settable` that stories about a policy can be told at all.
fn programme(
    capabilities: &Capabilities,
    made: bool,
    settable: bool,
    mode: ClockMode,
) -> Vec<(String, Result<ProbeStory, String>)> {
    let mut programme = vec![("sign-in".to_owned(), Ok(ground::sessions(capabilities)))];
    let first = ground::first_policy(capabilities).filter(|_| made);
    programme.extend(first.map(|story| ("policy of a new tenant".to_owned(), Ok(story))));
    for (method, kind) in setups::declared(capabilities) {
        let story = match setups::lacks(capabilities, method, kind) {
            None => Ok(setups::story(capabilities, method, kind)),
            Some(facility) => Err(format!("the facility `{facility}` is not declared")),
        };
        programme.push((setups::title(method, kind), story));
    }
    if let Some(story) = setups::managing(capabilities) {
        programme.push(("managing methods".to_owned(), Ok(story)));
    }
    let facility = |facility: Facility, story: ProbeStory| {
        if capabilities.facilities.contains(&facility) {
            Ok(story)
        } else {
            Err(format!("the facility `{facility}` is not declared"))
        }
    };
    let clock = facility(Facility::Clock, ground::clock(capabilities));
    programme.insert(1, ("clock".to_owned(), clock));
    let policy = facility(Facility::Policy, ground::policy(capabilities));
    programme.push(("policy".to_owned(), policy));
    for (name, story) in uses::stories(capabilities) {
        let story = story.and_then(|story| {
            if settable {
                Ok(story)
            } else {
                Err("the facility `policy` is not declared".to_owned())
            }
        });
        programme.push((name.to_owned(), story));
    }
    let times = Lifetimes { capabilities, mode };
    programme.extend(times.lifetimes());
    programme.push(("sign-out".to_owned(), Ok(ground::sign_out(capabilities))));
    programme
}

/// What stories are played with.
struct ProbeRunner<'a> {
    context: &'a RunContext,
    capabilities: &'a Capabilities,
    text: &'a TargetText,
    /// A run follows: nothing is used up that it needs.
    silent: bool,
}

impl ProbeRunner<'_> {
    /// Plays one story; each of its stages is a finding.
    async fn play(&self, story: ProbeStory, findings: &mut ProbeFindings<'_>) {
        let names: Vec<String> = story
            .stages
            .iter()
            .map(|stage| stage.name.clone())
            .collect();
        if let Some(bad) = findings.first_bad(&story.after) {
            let why = format!("`{bad}` has to be ok first");
            for name in names {
                findings.add_as(name, Probed::NotReached(why.clone()));
            }
            return;
        }
        let (story, scenario) =
            match fitting::cut(story, &self.context.session.target, self.capabilities) {
                Ok(cut) => cut,
                Err(why) => {
                    for name in names {
                        findings.add_as(name, Probed::NotDeclared(why.clone()));
                    }
                    return;
                }
            };
        let names: Vec<String> = story
            .stages
            .iter()
            .map(|stage| stage.name.clone())
            .collect();
        if self.silent && self.borrows() && fitting::changes_somebody(&story) {
            let why =
                "it would use up a user of [[users]]; run `proofup doctor` to probe it".to_owned();
            for name in names {
                findings.add_as(name, Probed::NotReached(why.clone()));
            }
            return;
        }
        let mut visit = match Visit::begin(self.context, scenario, &story.policy).await {
            Ok(visit) => visit,
            Err(acted) => {
                self.not_begun(&story, *acted, findings);
                return;
            }
        };
        let (found, ended) = self.stages(&mut visit, &story).await;
        let secrets = visit.end().await;
        for (name, mut result) in found {
            if let Probed::Wrong(wrong) = &mut result {
                wrong.iter_mut().for_each(|one| one.mask(&secrets));
            }
            findings.add_as(name, result);
        }
        if let Some(ended) = ended {
            let played = names
                .iter()
                .position(|name| *name == ended)
                .unwrap_or_default();
            for name in names.into_iter().skip(played + 1) {
                findings.add_as(
                    name,
                    Probed::NotReached(format!("`{ended}` has to be ok first")),
                );
            }
        }
    }

    /// Plays the stages of a story until one is not right without which the rest makes no sense; that one is named.
    async fn stages(
        &self,
        visit: &mut Visit<'_>,
        story: &ProbeStory,
    ) -> (Vec<(String, Probed)>, Option<String>) {
        let mut found = Vec::new();
        for stage in &story.stages {
            let (wrong, unbound) = self.stage(visit, stage).await;
            let mut known = self.context.session.target.known().iter();
            let is_known = known.any(|(probe, _)| *probe == stage.name);
            let ends = !wrong.is_empty() && !stage.aside && !is_known && fatal(&wrong, stage);
            let result = match unbound {
                Some(operation) if wrong.is_empty() => {
                    Probed::NotBound(format!("the file does not bind `operations.{operation}`"))
                }
                _ => ground::probed(wrong),
            };
            found.push((stage.name.clone(), result));
            if ends {
                return (found, Some(stage.name.clone()));
            }
        }
        (found, None)
    }

    /// Returns whether users are borrowed, because none can be made.
    fn borrows(&self) -> bool {
        let target = &self.context.session.target;
        !target.has(Operation::CreateTenant) && !target.has(Operation::CreateUser)
    }

    /// Reports a story whose tenant or people could not be made.
    fn not_begun(&self, story: &ProbeStory, acted: Acted, findings: &mut ProbeFindings<'_>) {
        let why = match acted.result {
            CommandResult::Unmade(why) | CommandResult::Nothing(why) => why,
            CommandResult::Answer(answer) => proofup_scenario::transcript::answer(&answer),
        };
        let mut stages = story.stages.iter();
        let Some(first) = stages.next() else { return };
        let last = acted.exchanges.last().map(|last| last.operation.clone());
        let Some(operation) = last.as_deref().and_then(Operation::from_word) else {
            // Nothing was sent: there is nobody to probe with.
            if first.name == "provisioning" {
                let keys = ["operations.createTenant", "operations.createUser", "users"];
                let change = "bind createTenant or createUser, or list users under [[users]]";
                let keys = keys.map(str::to_owned).into();
                let wrong = diagnosis(
                    self.text,
                    why,
                    change,
                    keys,
                    Vec::new(),
                    vec![MappingGap::Everything],
                );
                findings.add(ground::finding(&first.name, vec![wrong]));
                for stage in stages {
                    findings.add_as(
                        stage.name.clone(),
                        Probed::NotReached("`provisioning` has to be ok first".to_owned()),
                    );
                }
                return;
            }
            for stage in &story.stages {
                findings.add_as(stage.name.clone(), Probed::NotReached(why.clone()));
            }
            return;
        };
        let exchanges = acted.exchanges.into_iter().rev().take(1).collect();
        let keys = vec![
            format!("operations.{operation}.request"),
            format!("operations.{operation}.answers"),
        ];
        let gaps = if first.gaps.is_empty() {
            vec![MappingGap::Operation(operation)]
        } else {
            first.gaps.clone()
        };
        let change = format!("correct the request of {operation}, or the rules for its answers");
        let wrong = diagnosis(self.text, why, change, keys, exchanges, gaps);
        findings.add(ground::finding(&first.name, vec![wrong]));
        for stage in stages {
            let why = format!("`{}` has to be ok first", first.name);
            findings.add_as(stage.name.clone(), Probed::NotReached(why));
        }
    }

    /// Plays a stage, up to the first command that did not do what it is for. Where the commands that the stage is about
    /// have no operation in the file, the first of those is named: nothing was probed then.
    async fn stage(
        &self,
        visit: &mut Visit<'_>,
        stage: &ProbeStage,
    ) -> (Vec<Diagnosis>, Option<Operation>) {
        let mut found = Vec::new();
        let (mut unbound, mut probed) = (None, false);
        let about = stage.acts.iter().any(|act| act.optional);
        for act in &stage.acts {
            if act.optional && !self.is_bound(&act.command) {
                unbound = unbound.or_else(|| operation_of(&act.command));
                if leads_on(&act.command) {
                    break;
                }
                continue;
            }
            let acted = visit.act(&act.command).await;
            if act.optional && is_excused(act, &acted) {
                if leads_on(&act.command) {
                    break;
                }
                continue;
            }
            let look = Look {
                act,
                acted: &acted,
                text: self.text,
                gaps: &stage.gaps,
            };
            probed |= act.optional || !stage.aside || !about;
            let mut wrong = look.diagnose(visit);
            wrong.extend(self.clock(act, &acted));
            let ends = act.wants == Wants::Success && !wrong.is_empty();
            found.extend(wrong);
            if ends {
                break;
            }
        }
        (found, unbound.filter(|_| !probed))
    }

    fn is_bound(&self, command: &Command) -> bool {
        operation_of(command).is_none_or(|operation| self.context.session.target.has(operation))
    }

    /// Looks whether the time that the target tells moved by what it was told to.
    fn clock(&self, act: &ProbeStep, acted: &Acted) -> Option<Diagnosis> {
        let Command::AdvanceClock { by } = &act.command else {
            return None;
        };
        let wanted: i64 = by.strip_suffix('s')?.parse().ok()?;
        let moved = acted.after.duration_since(acted.before).as_secs();
        let frozen = self.context.session.target.clock().mode == ClockMode::Frozen;
        let slack = if frozen { 0 } else { 60 };
        if (wanted..=wanted + slack).contains(&moved)
            || !matches!(acted.result, CommandResult::Answer(_))
        {
            return None;
        }
        let keys = vec![
            "operations.advanceClock.request".to_owned(),
            "operations.advanceClock.keep.tenantNow".to_owned(),
            "clock".to_owned(),
        ];
        Some(diagnosis(
            self.text,
            format!(
                "the clock should have moved by {wanted} s, but the target's time moved by {moved} s"
            ),
            "send {seconds} where the server expects the number of seconds, and point `keep.tenantNow` at the time after the move",
            keys,
            acted.exchanges.clone(),
            vec![MappingGap::Facility(Facility::Clock)],
        ))
    }
}

/// Returns whether what is wrong keeps the story from going on: a refusal that is not told right does not.
fn fatal(wrong: &[Diagnosis], stage: &ProbeStage) -> bool {
    let soft = |gap: &MappingGap| matches!(gap, MappingGap::Refusal(_) | MappingGap::Field(..));
    let all: BTreeSet<bool> = wrong.iter().flat_map(|one| &one.gaps).map(soft).collect();
    all.contains(&false) || stage.acts.is_empty()
}

/// Returns whether what stands behind a command in its stage is about what it did, and means nothing without it.
const fn leads_on(command: &Command) -> bool {
    matches!(
        command,
        Command::CancelEnrollment { .. } | Command::ChangeMethod { .. }
    )
}

/// Excuses what an optional command may meet: a second step that is owed, and an account that nobody shows.
fn is_excused(act: &ProbeStep, acted: &Acted) -> bool {
    match &acted.result {
        CommandResult::Unmade(why) => {
            matches!(act.command, Command::AddAccount { .. }) || why.contains("has no way for")
        }
        CommandResult::Answer(answer) => {
            act.wants == Wants::Success && answer.refusal() == Some(Refusal::SecondStepRequired)
        }
        CommandResult::Nothing(_) => false,
    }
}
