//! The folder of a run: what a process may write into, gone when the run ends.

use std::fs::DirBuilder;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{SurroundingsError, unwritable};

/// A fresh temporary folder; dropped, it is removed with all that is in it.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes a folder that nobody else has and, where the system knows owners, nobody else can read.
    pub(super) fn make() -> Result<Self, SurroundingsError> {
        let root = std::env::temp_dir();
        let process = std::process::id();
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = root.join(format!("proofup-{process}-{number}"));
            match builder.create(&path) {
                Ok(()) => return Ok(Self(path)),
                // One of an earlier process with our number.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(unwritable(path)(error)),
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed stays for the system to clean up.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Counts the folders of this process.
static NEXT: AtomicU64 = AtomicU64::new(1);
