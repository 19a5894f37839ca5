//! `proofup completions`: completion scripts for shells.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::failure::{EXIT_OK, Failure};
use crate::terminal;

/// The arguments of `proofup completions`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  proofup completions bash > ~/.local/share/bash-completion/completions/proofup\n  \
                        proofup completions fish > ~/.config/fish/completions/proofup.fish"
)]
pub(crate) struct CompletionsArguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
pub(crate) fn execute(
    arguments: &CompletionsArguments,
    mut command: Command,
) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "proofup", &mut script);
    terminal::result(&String::from_utf8_lossy(&script))?;
    Ok(EXIT_OK)
}
