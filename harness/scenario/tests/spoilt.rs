//! Whatever is done to a file, the loader answers, and its answer can be shown.

use miette::{GraphicalReportHandler, GraphicalTheme};
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::load_all;

use crate::WINDOW;
use crate::rows::LISTED;

/// Loads many texts and renders what is told about them.
fn survive(texts: impl Iterator<Item = String>) {
    let catalogue = embedded_catalogue();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor());
    for text in texts {
        if let Err(errors) = load_all("spoilt.toml", &text, &catalogue) {
            assert!(!errors.problems().is_empty(), "{text}");
            let mut told = String::new();
            assert!(handler.render_report(&mut told, &errors).is_ok(), "{text}");
        }
    }
}

#[test]
fn a_file_may_end_anywhere() {
    for text in [WINDOW, LISTED] {
        survive((0..text.len()).step_by(9).map(|end| text[..end].to_owned()));
    }
}

#[test]
fn any_line_may_be_missing() {
    for text in [WINDOW, LISTED] {
        let lines: Vec<&str> = text.lines().collect();
        survive((0..lines.len()).map(|gone| {
            let mut left = lines.clone();
            left.remove(gone);
            left.join("\n")
        }));
    }
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
    let texts = [WINDOW, LISTED].map(|text| text.lines().collect::<Vec<&str>>());
    let changes = texts
        .iter()
        .flat_map(|lines| (0..lines.len()).map(move |changed| (lines, changed)));
    survive(changes.flat_map(|(lines, changed)| {
        values.into_iter().filter_map(move |value| {
            let (key, _) = lines[changed].split_once(" = ")?;
            let line = format!("{key} = {value}");
            let mut lines = lines.clone();
            lines[changed] = &line;
            Some(lines.join("\n"))
        })
    }));
}
