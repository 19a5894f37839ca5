//! `proofup init`: begins a file that people write, with every key explained.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::failure::{EXIT_OK, Failure};
use crate::render::style::quoted;
use crate::terminal;

/// A target file that loads, and says what to fill in.
const TARGET: &str = include_str!("../../../../fixtures/targets/starter.toml");

/// Holds the arguments of `proofup init`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  proofup init target                  writes target.toml\n  proofup init target my-server.toml\n  \
                  proofup init target -                prints it\n  proofup doctor --target target.toml  says what to fill in next"
)]
pub(crate) struct InitArguments {
    /// The kind of file
    #[arg(value_enum)]
    kind: Kind,

    /// Where to write it; `-` prints it
    #[arg(value_name = "FILE", default_value = "target.toml")]
    file: PathBuf,

    /// Overwrite what is there
    #[arg(long)]
    force: bool,
}

/// Names a kind of file.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// A target file (TOML): how the operations of the harness become HTTP requests of your server
    Target,
}

/// Writes the file.
pub(crate) fn execute(arguments: &InitArguments) -> Result<u8, Failure> {
    let Kind::Target = arguments.kind;
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
            format!("`{name}` is there already"),
            "name another file, or add --force to overwrite it",
        ),
        _ => Failure::usage(
            format!("could not write `{name}`: {error}"),
            "name a place that can be written to",
        ),
    })?;
    let told = quoted(&name);
    terminal::result(&format!(
        "wrote {name}: fill in `base` and `signIn`, then let the doctor say what is next:\n  proofup doctor --target {told}\n"
    ))?;
    Ok(EXIT_OK)
}
