//! Embeds the scenarios: a list of every file under `scenarios/`, in path order, with its text.
//!
//! `rerun-if-changed` names the folder, so that new files are seen, and each file, so that changed ones are.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(required("CARGO_MANIFEST_DIR")).join("../..");
    let root = root.canonicalize()?;
    let folder = root.join("scenarios");
    let mut files = Vec::new();
    if folder.is_dir() {
        collect(&folder, &mut files)?;
    }
    watch("build.rs".as_ref());
    watch(&folder);
    let mut named: Vec<(String, PathBuf)> = files
        .into_iter()
        .map(|file| (name(&root, &file), file))
        .collect();
    named.sort();
    let mut list = String::from("&[\n");
    for (name, file) in &named {
        watch(file);
        writeln!(
            list,
            "    ({name:?}, include_str!({:?})),",
            file.display().to_string()
        )
        .map_err(io::Error::other)?;
    }
    list.push_str("]\n");
    fs::write(
        PathBuf::from(required("OUT_DIR")).join("scenarios.rs"),
        list,
    )
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    watch(folder);
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            files.push(path);
        }
    }
    Ok(())
}

/// Names a file as the suite does: from the workspace's root, with slashes.
fn name(root: &Path, file: &Path) -> String {
    let parts = file.strip_prefix(root).unwrap_or(file).components();
    let parts: Vec<String> = parts
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    parts.join("/")
}

fn watch(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}

fn required(variable: &str) -> String {
    env::var(variable).expect("Cargo sets it for build scripts")
}
