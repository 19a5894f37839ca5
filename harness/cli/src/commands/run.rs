//! `proofup run`: judges an implementation, requirement by requirement.

pub(crate) mod arguments;
mod compare;
mod outputs;
mod progress;
mod selection;
mod snapshots;

use std::path::PathBuf;
use std::sync::Arc;

use proofup_domain::capabilities::Capabilities;
use proofup_domain::clock::Clock;
use proofup_domain::requirement::Catalogue;
use proofup_judge::exemption::Exemptions;
use proofup_judge::outcome::CaseResult;
use proofup_judge::report::Facts;
use proofup_judge::verdict::{Conclusion, Evidence, JudgedCheck, Verdict, judge};
use proofup_runner::doctor::unproven;
use proofup_runner::full::{FullBudget, beyond_scripts};
use proofup_runner::run::{RunConfig, RunError, RunOutput, unreached};
use proofup_scenario::Suite;
use proofup_scenario::catalogue::embedded_catalogue;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::commands::run::outputs::Outputs;
use crate::commands::run::progress::RunProgress;
use crate::commands::run::selection::Chosen;
use crate::commands::targeting::{fault_named, spinner};
use crate::commands::{exempting, suite};
use crate::failure::Failure;
use crate::render::doctor::mistakes;
use crate::render::failures::{RepeatCheck, failures};
use crate::render::header::{RunHeader, header};
use crate::render::style::quoted;
use crate::render::summary::summary;
use crate::resolve::{self, ResolvedTarget, TargetSpec, TransportKind};
use crate::runtime::{processors, runtime};
use crate::shutdown::Signals;
use crate::terminal;
pub(crate) use arguments::RunArguments;

/// Judges, prints the result, and returns the exit code.
pub(crate) fn execute(arguments: RunArguments) -> Result<u8, Failure> {
    let sides = compare::sides(&arguments)?;
    let clock = clock::machine();
    let catalogue = embedded_catalogue();
    let mut suite = suite::load(&arguments.paths, arguments.suite.as_ref(), &catalogue)?;
    let slugs = suite.scenarios.iter().flat_map(selection::slugs_of);
    let slugs = slugs.map(str::to_owned).collect();
    let known = (&slugs, arguments.paths.is_empty());
    let exemptions = exempting::read(arguments.exemptions.as_deref(), known, &catalogue, &clock)?;
    let chosen = selection::choose(&arguments, &mut suite, &catalogue)?;
    let runtime = runtime()?;
    let session = RunSession {
        arguments,
        clock,
        catalogue: Arc::new(catalogue),
        suite: Arc::new(suite),
        exemptions,
        chosen,
    };
    let code = runtime.block_on(async {
        match sides {
            Some(sides) => session.compare(sides).await,
            None => session.run(&Outputs::prepare(&session.arguments)?).await,
        }
    });
    runtime.shutdown_background();
    code
}

/// A run, from its arguments to its end.
#[derive(Clone)]
struct RunSession {
    arguments: RunArguments,
    clock: Clock,
    catalogue: Arc<Catalogue>,
    suite: Arc<Suite>,
    exemptions: Exemptions,
    chosen: Chosen,
}

impl RunSession {
    async fn run(&self, outputs: &Outputs) -> Result<u8, Failure> {
        let signals = Signals::listen()?;
        let mut resolved = resolve::resolve(self.spec()?, self.clock.clone()).await?;
        terminal::result(&format!("{}\n", self.header(&resolved)))?;
        if let Err(failure) = resolved.surround().await {
            return Err(self.unreached(&resolved, outputs, failure));
        }
        let judged = self.judge(&resolved, outputs, signals).await;
        resolved.session.surroundings.stop().await;
        judged
    }

    /// Judges, prints the verdict, and returns the exit code.
    async fn judge(
        &self,
        resolved: &ResolvedTarget,
        outputs: &Outputs,
        signals: Signals,
    ) -> Result<u8, Failure> {
        let started_at = self.clock.now();
        let mut output = match self.drive(resolved, signals).await {
            Ok(output) => output,
            Err(failure) => return Err(self.unreached(resolved, outputs, failure)),
        };
        if self.arguments.full && !output.interrupted && !output.deadline_hit {
            self.go_beyond(resolved, &mut output).await?;
        }
        let mut facts = self.facts(resolved, Some(&output.capabilities));
        facts.started_at = started_at;
        let verdict = self.verdict(&output.cases, output.interrupted);
        let written = outputs.write(&facts, &verdict, &output.cases, verdict.exit_code());
        self.tell(&facts, &verdict, &output)?;
        // Every output is tried, whatever became of the one before.
        let compared = self.compare_snapshots(&output);
        match written.and(compared) {
            Ok(true) => Ok(with_difference(verdict.word)),
            Ok(false) => Ok(verdict.exit_code()),
            Err(failure) if verdict.word == Conclusion::HarnessBroke => {
                terminal::diagnostic(&failure.to_string());
                Ok(verdict.exit_code())
            }
            Err(failure) => Err(failure),
        }
    }

    /// Returns the verdict on the cases.
    fn verdict<'a>(&'a self, cases: &'a [CaseResult], interrupted: bool) -> Verdict<'a> {
        judge(&Evidence {
            catalogue: &self.catalogue,
            cases,
            scope: &self.chosen.scope,
            exemptions: &self.exemptions,
            level: self.arguments.level.into(),
            interrupted,
        })
    }

    /// Writes reports in which nothing was judged, so that none of an earlier run stands where this one's should, and
    /// passes on why.
    fn unreached(&self, resolved: &ResolvedTarget, outputs: &Outputs, failure: Failure) -> Failure {
        let why = failure.sentence();
        let selection = &self.chosen.selection;
        let cases = unreached(&self.suite, selection, &self.catalogue, &why);
        let verdict = self.verdict(&cases, false);
        let facts = self.facts(resolved, None);
        match outputs.write(&facts, &verdict, &cases, failure.exit_code()) {
            Ok(()) => failure,
            Err(unwritten) => {
                terminal::diagnostic(&unwritten.to_string());
                failure
            }
        }
    }

    /// Runs the cases; Ctrl-C ends the run early, and what was judged before is still told.
    async fn drive(
        &self,
        resolved: &ResolvedTarget,
        signals: Signals,
    ) -> Result<RunOutput, Failure> {
        let stop = CancellationToken::new();
        let progress = RunProgress::new();
        let config = self.config(resolved);
        let run = proofup_runner::run::run(config, move |event| progress.on(&event), &stop);
        let done = signals.stopping(&stop, run).await?;
        done.map_err(|error| self.not_reached(&error))
    }

    /// Runs matrix, explore, race and measure, and adds their results.
    async fn go_beyond(
        &self,
        resolved: &ResolvedTarget,
        output: &mut RunOutput,
    ) -> Result<(), Failure> {
        let signals = Signals::listen()?;
        let stop = CancellationToken::new();
        let spinner = spinner();
        let told = |part: &str| spinner.set_message(part.to_owned());
        let config = self.config(resolved);
        let unproven = unproven(&output.found);
        let beyond = beyond_scripts(&config, FullBudget::default(), &unproven, told, &stop);
        let done = signals.stopping(&stop, beyond).await?;
        output.interrupted |= stop.is_cancelled();
        spinner.finish_and_clear();
        output
            .cases
            .extend(done.map_err(|error| self.not_reached(&error))?);
        Ok(())
    }

    fn not_reached(&self, error: &RunError) -> Failure {
        match self.spec() {
            Ok(spec) => spec.not_reached(error),
            Err(failure) => failure,
        }
    }

    fn config(&self, resolved: &ResolvedTarget) -> RunConfig {
        RunConfig {
            suite: Arc::clone(&self.suite),
            catalogue: Arc::clone(&self.catalogue),
            session: resolved.session.clone(),
            jobs: self.jobs(),
            selection: self.chosen.selection.clone(),
            trace: self.arguments.trace,
            max_failures: self.arguments.max_failures,
            deadline: self.arguments.deadline,
            probed: resolved.probed(),
        }
    }

    fn spec(&self) -> Result<TargetSpec<'_>, Failure> {
        Ok(TargetSpec {
            target: self.arguments.target.first().map(PathBuf::as_path),
            url: self.arguments.url.first(),
            transport: self.arguments.transport.unwrap_or(TransportKind::Loopback),
            seed: self.arguments.seed,
            fault: self
                .arguments
                .fault
                .as_deref()
                .map(fault_named)
                .transpose()?,
        })
    }

    fn jobs(&self) -> usize {
        // A case that waits for a hanging gateway leaves its processor to others.
        self.arguments.jobs.unwrap_or_else(|| 4 * processors())
    }

    fn header(&self, resolved: &ResolvedTarget) -> String {
        header(&RunHeader {
            target: &resolved.described(),
            transport: resolved.transport_name,
            clock_mode: &resolved.clock_mode(),
            suite_origin: &self.suite.origin.to_string(),
            suite_hash: &self.suite.hash,
            editions: &self.chosen.editions,
            seed: self.arguments.seed,
            level: self.arguments.level.into(),
            cases: self.chosen.cases,
            selection: &self.chosen.flags,
        })
    }

    fn facts(&self, resolved: &ResolvedTarget, capabilities: Option<&Capabilities>) -> Facts {
        let now = self.clock.now();
        Facts {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seed: self.arguments.seed,
            editions: self.chosen.editions.clone(),
            level: self.arguments.level.into(),
            target: resolved.session.target.name().to_owned(),
            capabilities: capabilities.cloned(),
            clock_mode: resolved.clock_mode(),
            suite_origin: self.suite.origin.to_string(),
            suite_hash: self.suite.hash.clone(),
            selection: self.chosen.flags.clone(),
            started_at: now,
            finished_at: now,
            jobs: self.jobs(),
            transport: resolved.transport_name.to_owned(),
            base_url: resolved.base.as_ref().map(ToString::to_string),
        }
    }

    fn tell(
        &self,
        facts: &Facts,
        verdict: &Verdict<'_>,
        output: &RunOutput,
    ) -> Result<(), Failure> {
        let mut text = failures(verdict, self);
        for case in output.cases.iter().filter(|case| !case.trace.is_empty()) {
            text.push_str(&format!("trace of {}:\n{}", case.id, outputs::trace(case)));
        }
        text.push_str(&mistakes(
            &output.found,
            "checks that depend on them could not run",
        ));
        if output.deadline_hit {
            text.push_str("--deadline ended the run before its last case\n");
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&summary(verdict, facts.wall_ms()));
        terminal::result(&text)
    }

    /// Compares transcripts with those of an earlier run, and says whether any differs.
    fn compare_snapshots(&self, output: &RunOutput) -> Result<bool, Failure> {
        let Some(folder) = &self.arguments.snapshots else {
            return Ok(false);
        };
        let comparison =
            snapshots::compare(folder, self.arguments.update_snapshots, &output.cases)?;
        terminal::result(&comparison.text)?;
        Ok(comparison.different > 0)
    }
}

impl RepeatCheck for RunSession {
    fn command(&self, check: &JudgedCheck<'_>) -> String {
        let arguments = &self.arguments;
        let beyond = check.result.file.starts_with("proofup ");
        let command = if beyond {
            check.result.file.clone()
        } else {
            "proofup run".to_owned()
        };
        let mut words = vec![command];
        let mut add = |flag: &str, value: &str| words.push(format!("{flag} {}", quoted(value)));
        if let Some(target) = arguments.target.first() {
            add("--target", &target.display().to_string());
        }
        if let Some(url) = arguments.url.first() {
            add("--url", url.as_str());
        }
        if let Some(fault) = &arguments.fault {
            add("--fault", fault);
        }
        if beyond {
            add("--seed", &arguments.seed.to_string());
            return words.join(" ");
        }
        if let Some(suite) = &arguments.suite {
            add("--suite", &suite.display().to_string());
        }
        add("--requirement", &check.result.slug);
        add("--edition", check.case.edition.as_str());
        add("--seed", &arguments.seed.to_string());
        if !arguments.paths.is_empty() {
            words.insert(1, quoted(&check.result.file));
        }
        words.join(" ")
    }
}

/// Returns the exit code where a transcript differs: 1, unless something more serious applies.
fn with_difference(word: Conclusion) -> u8 {
    match word {
        Conclusion::HarnessBroke | Conclusion::Interrupted => word.exit_code(),
        _ => Conclusion::Nonconforming.exit_code(),
    }
}
