//! The arguments by which commands are told what to judge, alike for all that explore, race and measure.

use std::path::PathBuf;

use clap::Args;
use proofup_domain::fault::FaultName;
use url::Url;

use crate::commands::run::aim::Goal;
use crate::commands::run::arguments::TransportKind;
use crate::failure::Failure;
use crate::matching::nearest;
use crate::render::style::quoted;

/// Holds what names a target.
#[derive(Debug, Clone, Args)]
pub(crate) struct TargetArguments {
    /// The target file of the implementation to judge
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    pub(crate) target: Option<PathBuf>,

    /// Where the implementation is; without --target it speaks the contract as the reference does
    #[arg(long, value_name = "URL", help_heading = "Target")]
    pub(crate) url: Option<Url>,

    /// How requests reach the built-in reference: HTTP over loopback, or without a socket
    #[arg(long, value_enum, value_name = "HOW", help_heading = "Target", conflicts_with_all = ["target", "url"])]
    pub(crate) transport: Option<TransportKind>,

    /// Plant a fault in the built-in reference, to see how proofup finds it; `proofup faults --list` lists them
    #[arg(long, value_name = "NAME", help_heading = "Target", conflicts_with_all = ["target", "url"])]
    pub(crate) fault: Option<String>,

    /// The seed of everything random
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Running")]
    pub(crate) seed: u64,
}

impl TargetArguments {
    /// Says what is aimed at; `default` is how the built-in reference is reached where nothing says so.
    pub(crate) fn goal(&self, default: TransportKind) -> Result<Goal<'_>, Failure> {
        Ok(Goal {
            target: self.target.as_deref(),
            url: self.url.as_ref(),
            transport: self.transport.unwrap_or(default),
            seed: self.seed,
            fault: self.fault.as_deref().map(fault_named).transpose()?,
        })
    }

    /// Writes the arguments that name the target again.
    pub(crate) fn words(&self) -> String {
        let mut words = String::new();
        if let Some(target) = &self.target {
            words.push_str(&format!(
                " --target {}",
                quoted(&target.display().to_string())
            ));
        }
        if let Some(url) = &self.url {
            words.push_str(&format!(" --url {}", quoted(url.as_str())));
        }
        if let Some(fault) = &self.fault {
            words.push_str(&format!(" --fault {fault}"));
        }
        words
    }
}

/// Finds a fault by its name.
pub(crate) fn fault_named(name: &str) -> Result<FaultName, Failure> {
    FaultName::from_word(name).ok_or_else(|| {
        let known = FaultName::ALL.iter().map(|fault| fault.as_str());
        let help = nearest(name, known).map_or_else(
            || "`proofup faults --list` lists them".to_owned(),
            |near| format!("did you mean `{near}`? `proofup faults --list` lists them all"),
        );
        Failure::usage(format!("no fault is called `{name}`"), help)
    })
}
