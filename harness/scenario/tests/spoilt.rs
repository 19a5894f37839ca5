//! Whatever is done to a file, the loader answers, and its answer can be shown.

use miette::{GraphicalReportHandler, GraphicalTheme};
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::load;

use crate::WINDOW;

/// Loads many texts and renders what is told about them.
fn survive(texts: impl Iterator<Item = String>) {
    let catalogue = embedded_catalogue();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor());
    for text in texts {
        if let Err(errors) = load("spoilt.toml", &text, &catalogue) {
            assert!(!errors.problems().is_empty(), "{text}");
            let mut told = String::new();
            assert!(handler.render_report(&mut told, &errors).is_ok(), "{text}");
        }
    }
}

#[test]
fn a_file_may_end_anywhere() {
    survive(
        (0..WINDOW.len())
            .step_by(9)
            .map(|end| WINDOW[..end].to_owned()),
    );
}

#[test]
fn any_line_may_be_missing() {
    let lines: Vec<&str> = WINDOW.lines().collect();
    survive((0..lines.len()).map(|gone| {
        let mut left = lines.clone();
        left.remove(gone);
        left.join("\n")
    }));
}

#[test]
fn any_value_may_be_another() {
    let values = [
        "1",
        "-1",
        "1.5",
        "nan",
        "true",
        "\"\"",
        "\"é\"",
        "[]",
        "[1]",
        "{}",
        "{ a = 1 }",
        "99999999999999999999",
    ];
    let lines: Vec<&str> = WINDOW.lines().collect();
    survive((0..lines.len()).flat_map(|changed| {
        let lines = lines.clone();
        values.into_iter().filter_map(move |value| {
            let (key, _) = lines[changed].split_once(" = ")?;
            let line = format!("{key} = {value}");
            let mut lines = lines.clone();
            lines[changed] = &line;
            Some(lines.join("\n"))
        })
    }));
}
