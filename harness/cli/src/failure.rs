//! What can go wrong before anything is judged, and how it is told.

use std::panic::PanicHookInfo;
use std::path::Path;
use std::{fmt, io};

use anstream::ColorChoice;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, Report};
use proofup_judge::verdict::Conclusion;

/// The width of diagnostics, in columns.
const WIDTH: usize = 110;

/// The exit code of a run or command that did what it was asked to.
pub(crate) const EXIT_OK: u8 = 0;
/// The exit code for usage, configuration, target and scenario files.
pub(crate) const EXIT_USAGE: u8 = 2;
/// The exit code where something that had to be looked at could not be.
pub(crate) const EXIT_INCOMPLETE: u8 = 3;
/// The exit code of a bug of ours.
pub(crate) const EXIT_BUG: u8 = 70;

/// Why a command could not do its work: a report for people, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    report: Report,
}

/// A sentence, and what to do about it.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{message}")]
struct Sentence {
    message: String,
    #[help]
    help: Option<String>,
}

impl Failure {
    /// A failure of usage: `message` is what is wrong, `help` what to do about it.
    pub(crate) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        let sentence = Sentence {
            message: message.into(),
            help: Some(help.into()),
        };
        Self {
            code: EXIT_USAGE,
            report: sentence.into(),
        }
    }

    /// A failure because the selection contains no check; exit code 4.
    pub(crate) fn nothing_selected(message: impl Into<String>, help: impl Into<String>) -> Self {
        let code = Conclusion::NothingSelected.exit_code();
        Self {
            code,
            ..Self::usage(message, help)
        }
    }

    /// A failure that explains itself, such as an error of a file with its line.
    pub(crate) fn diagnostic(error: impl Diagnostic + Send + Sync + 'static) -> Self {
        Self {
            code: EXIT_USAGE,
            report: error.into(),
        }
    }

    /// A failure because the user ended the run before anything was judged; exit code 130.
    pub(crate) fn interrupted() -> Self {
        let code = Conclusion::Interrupted.exit_code();
        Self {
            code,
            ..Self::usage("interrupted before anything was judged", "run it again")
        }
    }

    /// A failure by a bug of proofup; exit code 70.
    pub(crate) fn bug(message: impl Into<String>) -> Self {
        let help = Some(REPORT_IT.to_owned());
        Self {
            code: EXIT_BUG,
            report: Sentence {
                message: message.into(),
                help,
            }
            .into(),
        }
    }

    /// Returns the sentence alone, for a report.
    pub(crate) fn sentence(&self) -> String {
        self.report.to_string()
    }

    /// Returns the exit code.
    pub(crate) const fn exit_code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render(&*self.report))
    }
}

/// Renders a diagnostic with its place in the file and its help.
fn render(error: &dyn Diagnostic) -> String {
    let colourful = anstream::AutoStream::choice(&io::stderr()) != ColorChoice::Never;
    let theme = if colourful {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(WIDTH)
        .with_links(false);
    let mut text = String::new();
    match handler.render_report(&mut text, error) {
        Ok(()) => text,
        Err(_) => format!("{error}\n"),
    }
}

/// Reads a text file that the command line names; `what` is what messages call it, such as `the target file`.
pub(crate) fn read_text(what: &str, file: &Path, help: &str) -> Result<String, Failure> {
    proofup_files::read_text(file).map_err(|error| {
        let help = match error.kind() {
            io::ErrorKind::InvalidData => "save it as UTF-8",
            _ => help,
        };
        Failure::usage(
            format!("could not read {what} `{}`: {error}", file.display()),
            help,
        )
    })
}

/// Returns the report of a panic, which is always a bug of proofup.
pub(crate) fn bug_report(panic: &PanicHookInfo<'_>) -> String {
    let payload = panic.payload();
    let message = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    let place = panic
        .location()
        .map_or_else(String::new, |place| format!(" at {place}"));
    format!(
        "proofup {} crashed{place}: {message}\n{REPORT_IT}\n",
        env!("CARGO_PKG_VERSION")
    )
}

const REPORT_IT: &str = "this is a bug in proofup, not in the target; please report it with the command line, the seed and this text";
