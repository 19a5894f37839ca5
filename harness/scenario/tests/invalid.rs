//! Every kind of bad file, and what its author is told.

use std::fs;
use std::path::PathBuf;

use insta::{Settings, assert_snapshot};
use miette::{GraphicalReportHandler, GraphicalTheme};
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::load_all;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn every_bad_file_is_told_what_is_wrong_with_it() {
    let mut files: Vec<PathBuf> = fs::read_dir(root().join("fixtures/invalid"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 25, "{} kinds of bad file", files.len());
    let catalogue = embedded_catalogue();
    let handler =
        GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(120);
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path(root().join("snapshots/invalid"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for file in files {
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).unwrap();
        let Err(errors) = load_all(&format!("fixtures/invalid/{stem}.toml"), &text, &catalogue)
        else {
            panic!("{stem} loads");
        };
        let mut told = String::new();
        handler.render_report(&mut told, &errors).unwrap();
        settings.bind(|| assert_snapshot!(stem, told));
    }
}
