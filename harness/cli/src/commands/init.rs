//! `proofup init`: writes a file to fill in, with every key explained.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::failure::{EXIT_OK, Failure};
use crate::render::style::quoted;
use crate::terminal;

/// A target file that loads, and says what to fill in.
const TARGET: &str = include_str!("../../../../fixtures/targets/starter.toml");

/// The arguments of `proofup init`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  proofup init target                  write target.toml\n  proofup init target my-server.toml\n  \
                  proofup init target -                print it instead\n  proofup doctor --target target.toml  check what to fill in next"
)]
pub(crate) struct InitArguments {
    /// The kind of file
    #[arg(value_enum)]
    kind: StarterKind,

    /// The file to write; `-` means standard output
    #[arg(value_name = "FILE", default_value = "target.toml")]
    file: PathBuf,

    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
}

/// A kind of file.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum StarterKind {
    /// A target file (TOML), which maps the operations of proofup to HTTP requests of your server
    Target,
}

/// Writes the file.
pub(crate) fn execute(arguments: &InitArguments) -> Result<u8, Failure> {
    let StarterKind::Target = arguments.kind;
    let file = &arguments.file;
    if file.as_os_str() == "-" {
        terminal::result(TARGET)?;
        return Ok(EXIT_OK);
    }
    let name = file.display().to_string();
    let written = if arguments.force {
        fs::write(file, TARGET)
    } else {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(file)
            .and_then(|mut open| open.write_all(TARGET.as_bytes()))
    };
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::usage(
            format!("`{name}` exists already"),
            "name another file, or add --force to overwrite it",
        ),
        _ => Failure::usage(
            format!("could not write `{name}`: {error}"),
            "name a file that can be written to",
        ),
    })?;
    let told = quoted(&name);
    terminal::result(&format!(
        "wrote {name}: fill in `base` and `signIn`, then run the doctor to see what comes next:\n  proofup doctor --target {told}\n"
    ))?;
    Ok(EXIT_OK)
}
