//! `proofup matrix`: what can be added and what is required under every policy.

mod arguments;
mod progress;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proofup_domain::clock::Clock;
use proofup_explore::matrix::combination::Combination;
use proofup_explore::matrix::counterexample;
use proofup_explore::matrix::covering::covering;
use proofup_explore::matrix::decision::registered_sets;
use proofup_explore::matrix::export::table;
use proofup_explore::matrix::finding::{Findings, MatrixDifference, MatrixEnding};
use proofup_explore::matrix::live::{Live, judge_live};
use proofup_explore::matrix::report::{MatrixReport, MatrixRun};
use proofup_explore::matrix::sweep::{Sweep, sweep};
use tokio_util::sync::CancellationToken;

use crate::commands::matrix::arguments::{JsonFile, MatrixTransport};
use crate::commands::matrix::progress::SweepProgress;
use crate::failure::Failure;
use crate::render::matrix::{MatrixSummary, heading, summary};
use crate::render::style::quoted;
use crate::resolve::{self, CALLED_DIRECTLY, ResolvedTarget, TargetSpec, TransportKind};
use crate::runtime::{processors, runtime};
use crate::shutdown::Signals;
use crate::{clock, embedded, terminal};
pub(crate) use arguments::MatrixArguments;

/// Tenants side by side for each processor: while one waits for its answer, others are worked on.
const TENANTS_PER_PROCESSOR: usize = 8;

/// Judges, prints the result, and returns the exit code.
pub(crate) fn execute(arguments: MatrixArguments) -> Result<u8, Failure> {
    if arguments.registered > 0 && arguments.transport != MatrixTransport::Decisions {
        return Err(Failure::usage(
            "--registered works only with --transport decisions",
            "leave one of them out: with other transports, the matrix tests only users without registered methods",
        ));
    }
    let clock = clock::machine();
    let began = clock.now();
    let runtime = runtime()?;
    let combinations = arguments.strength.map_or_else(Combination::all, covering);
    let matrix = Matrix {
        arguments,
        clock,
        combinations,
    };
    matrix.prepare()?;
    let judged = runtime.block_on(matrix.judge());
    runtime.shutdown_background();
    let judged = judged?;
    let wall = matrix.clock.now().duration_since(began);
    let wall_ms = u64::try_from(wall.as_millis()).unwrap_or_default();
    matrix.tell(&judged, wall_ms)
}

/// A matrix run, from its arguments to its end.
struct Matrix {
    arguments: MatrixArguments,
    clock: Clock,
    combinations: Vec<Combination>,
}

/// What a matrix run judged.
struct JudgedMatrix {
    target: String,
    transport: &'static str,
    /// What was found, beside the greatest number of methods that the users have registered.
    found: Vec<(usize, Findings)>,
}

impl Matrix {
    /// Makes sure, before anything runs, that every file can be written, and writes what is known already.
    fn prepare(&self) -> Result<(), Failure> {
        let arguments = &self.arguments;
        if let Some(JsonFile(file)) = &arguments.report {
            let opened = fs::OpenOptions::new().append(true).create(true).open(file);
            opened.map_err(|error| unwritable(file, &error))?;
        }
        if let Some(file) = &arguments.export {
            let table = table(&self.combinations, processors());
            fs::write(file, table).map_err(|error| unwritable(file, &error))?;
        }
        Ok(())
    }

    async fn judge(&self) -> Result<JudgedMatrix, Failure> {
        let signals = Signals::listen()?;
        let arguments = &self.arguments;
        let strange = arguments.target.is_some() || arguments.url.is_some();
        let transport = match arguments.transport {
            MatrixTransport::Decisions if !strange => return self.decisions(signals).await,
            MatrixTransport::Decisions | MatrixTransport::Loopback => TransportKind::Loopback,
            MatrixTransport::InProcess => TransportKind::InProcess,
        };
        let spec = TargetSpec {
            target: arguments.target.as_deref(),
            url: arguments.url.as_ref(),
            transport,
            seed: arguments.seed,
            fault: None,
        };
        let resolved = resolve::resolve(spec, self.clock.clone()).await?;
        resolved.demand_tenants("proofup matrix")?;
        terminal::result(&heading(&resolved.described(), self.combinations.len()))?;
        let found = self.over_http(&resolved, spec, signals).await?;
        Ok(JudgedMatrix {
            target: resolved.session.target.name().to_owned(),
            transport: resolved.transport_name,
            found: vec![(0, found)],
        })
    }

    /// Asks the reference's decisions as functions: first for users who have nothing, then for the others.
    async fn decisions(&self, signals: Signals) -> Result<JudgedMatrix, Failure> {
        let combinations = self.combinations.len();
        terminal::result(&heading(CALLED_DIRECTLY, combinations))?;
        let most = usize::from(self.arguments.registered);
        let sets = registered_sets(most);
        let (nothing, something) = sets.split_at(1);
        let stop = Arc::new(AtomicBool::new(false));
        let mut axes = vec![(0, nothing.to_vec())];
        if !something.is_empty() {
            axes.push((most, something.to_vec()));
        }
        let work = {
            let (stop, jobs) = (Arc::clone(&stop), self.jobs(1));
            let combinations = self.combinations.clone();
            let progress = SweepProgress::new(combinations.len() * axes.len());
            tokio::task::spawn_blocking(move || {
                let decider = embedded::decider();
                axes.into_iter()
                    .map(|(most, registered)| {
                        let findings = sweep(&Sweep {
                            combinations: &combinations,
                            registered: &registered,
                            decider: &decider,
                            jobs,
                            stop: &stop,
                            progress: &|more| progress.add(more),
                        });
                        (most, findings)
                    })
                    .collect()
            })
        };
        let stopping = tokio::spawn(async move {
            signals.requested().await;
            stop.store(true, Ordering::Relaxed);
        });
        let found = work.await;
        stopping.abort();
        let found = found.map_err(|error| Failure::bug(error.to_string()))?;
        Ok(JudgedMatrix {
            target: embedded::NAME.to_owned(),
            transport: "decisions",
            found,
        })
    }

    /// Asks a target over HTTP; Ctrl-C ends the matrix early, and what was judged before is still told.
    async fn over_http(
        &self,
        resolved: &ResolvedTarget,
        spec: TargetSpec<'_>,
        signals: Signals,
    ) -> Result<Findings, Failure> {
        let stop = CancellationToken::new();
        let progress = SweepProgress::new(self.combinations.len());
        let live = Live {
            combinations: self.combinations.clone(),
            session: resolved.session.clone(),
            jobs: self.jobs(TENANTS_PER_PROCESSOR),
        };
        let judging = judge_live(live, move |more| progress.add(more), &stop);
        let done = signals.stopping(&stop, judging).await?;
        done.map_err(|error| spec.not_reached(&error))
    }

    fn jobs(&self, per_processor: usize) -> usize {
        let default = || processors() * per_processor;
        self.arguments.jobs.map_or_else(default, usize::from)
    }

    /// Prints what was found, writes the files, and returns the exit code.
    fn tell(&self, judged: &JudgedMatrix, wall_ms: u64) -> Result<u8, Failure> {
        let ending = ending(&judged.found);
        let mut first = judged
            .found
            .iter()
            .flat_map(|(_, found)| &found.differences);
        let scenario = first
            .next()
            .map(|first| self.write_scenario(first))
            .transpose();
        let repeats = scenario.as_ref().ok().and_then(Option::as_ref);
        let repeats = repeats.map(|file| self.repeats(file));
        terminal::result(&summary(&MatrixSummary {
            found: &judged.found,
            ending,
            repeats: repeats.as_deref(),
            wall_ms,
        }))?;
        scenario?;
        self.write_report(judged, ending, wall_ms)?;
        Ok(ending.exit_code())
    }

    fn write_scenario(&self, difference: &MatrixDifference) -> Result<PathBuf, Failure> {
        let number = difference.combination.number();
        let folder = &self.arguments.write;
        let file = folder.join(format!("proofup-matrix-{number}.toml"));
        let written =
            fs::create_dir_all(folder).and_then(|()| fs::write(&file, counterexample(difference)));
        written.map_err(|error| {
            Failure::usage(
                format!("could not write `{}`: {error}", file.display()),
                "name a folder that can be written to with --write",
            )
        })?;
        Ok(file)
    }

    /// Returns the command that repeats the first difference.
    fn repeats(&self, file: &Path) -> String {
        let mut words = format!("proofup run {}", quoted(&file.display().to_string()));
        if let Some(target) = &self.arguments.target {
            words.push_str(&format!(
                " --target {}",
                quoted(&target.display().to_string())
            ));
        }
        if let Some(url) = &self.arguments.url {
            words.push_str(&format!(" --url {}", quoted(url.as_str())));
        }
        words
    }

    fn write_report(
        &self,
        judged: &JudgedMatrix,
        ending: MatrixEnding,
        wall_ms: u64,
    ) -> Result<(), Failure> {
        let Some(JsonFile(file)) = &self.arguments.report else {
            return Ok(());
        };
        let run = MatrixRun {
            transport: judged.transport.to_owned(),
            wall_ms,
        };
        let report = MatrixReport::new(
            env!("CARGO_PKG_VERSION"),
            &judged.target,
            ending,
            &judged.found,
            run,
        );
        let text = serde_json::to_string_pretty(&report)
            .map_err(|error| Failure::bug(format!("the report cannot be written: {error}")))?;
        fs::write(file, format!("{text}\n")).map_err(|error| unwritable(file, &error))
    }
}

/// Returns the ending of all parts together: the most serious of them.
fn ending(found: &[(usize, Findings)]) -> MatrixEnding {
    let endings = found.iter().map(|(_, found)| found.ending());
    endings.max().unwrap_or(MatrixEnding::Incomplete)
}

fn unwritable(file: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(
        format!("could not write `{}`: {error}", file.display()),
        "name a file that can be written to",
    )
}
