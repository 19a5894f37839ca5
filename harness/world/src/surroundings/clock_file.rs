//! The file that libfaketime reads: the implementation's time, as the harness wants it.
//!
//! A clock that stands is written as an absolute stamp, at which libfaketime freezes the time, so boundaries are exact. A
//! clock that runs is written as an offset from the machine's. The file is replaced by renaming: whoever reads it in
//! between sees the old or the new one, never half of one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use proofup_binding::ClockMode;
use proofup_domain::clock::Clock;

use super::{SurroundingsError, runs, unwritable};

/// The file and what stands in it.
#[derive(Debug)]
pub struct FaketimeFile {
    path: PathBuf,
    clock: Clock,
    time: Mutex<FileTime>,
}

#[derive(Debug, Clone, Copy)]
enum FileTime {
    /// The time stands here, at a whole second.
    Stands(Timestamp),
    /// The time is the machine's and this much more, in seconds.
    Runs(i64),
}

impl FaketimeFile {
    /// Writes the file for the first time, into a folder: the machine's time, whole seconds.
    pub(super) fn make(
        folder: &Path,
        mode: ClockMode,
        clock: &Clock,
    ) -> Result<Self, SurroundingsError> {
        let path = folder.join("clock");
        let time = if runs(mode) {
            FileTime::Runs(0)
        } else {
            let second = clock.now().as_second();
            FileTime::Stands(Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH))
        };
        let file = Self {
            path: path.clone(),
            clock: clock.clone(),
            time: Mutex::new(time),
        };
        file.write(time).map_err(unwritable(path))?;
        Ok(file)
    }

    /// Returns the file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Lists what libfaketime has to find in its environment to read the file as it is meant.
    pub(super) fn environment(&self) -> [(String, String); 5] {
        let path = self.path.display().to_string();
        [
            ("FAKETIME_TIMESTAMP_FILE", path.as_str()),
            ("FAKETIME_NO_CACHE", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            // Stamps are read in the process's own zone.
            ("TZ", "UTC"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    }

    /// Returns the implementation's time.
    pub fn now(&self) -> Timestamp {
        match *self.time.lock().unwrap_or_else(PoisonError::into_inner) {
            FileTime::Stands(at) => at,
            FileTime::Runs(ahead) => self.clock.now() + SignedDuration::from_secs(ahead),
        }
    }

    /// Moves the implementation's time forward; backwards it never goes.
    ///
    /// # Errors
    /// If the file cannot be replaced; the time is then what it was.
    pub(crate) fn advance(&self, seconds: i64) -> io::Result<()> {
        let seconds = seconds.max(0);
        let mut time = self.time.lock().unwrap_or_else(PoisonError::into_inner);
        let far = |_| io::Error::other("that is further than time goes");
        let moved = match *time {
            FileTime::Stands(at) => {
                let ahead = SignedDuration::from_secs(seconds);
                FileTime::Stands(at.checked_add(ahead).map_err(far)?)
            }
            FileTime::Runs(ahead) => FileTime::Runs(ahead.saturating_add(seconds)),
        };
        self.write(moved)?;
        *time = moved;
        Ok(())
    }

    fn write(&self, time: FileTime) -> io::Result<()> {
        let text = match time {
            FileTime::Stands(at) => at.strftime("%Y-%m-%d %H:%M:%S\n").to_string(),
            FileTime::Runs(ahead) => format!("+{ahead}\n"),
        };
        let fresh = self.path.with_extension("new");
        fs::write(&fresh, text)?;
        fs::rename(&fresh, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(mode: ClockMode) -> (super::super::folder::Folder, FaketimeFile) {
        let folder = super::super::folder::Folder::make().expect("there is room for a folder");
        let start = "2026-01-15T09:00:00.7Z".parse().expect("an instant");
        let file = FaketimeFile::make(folder.path(), mode, &Clock::fixed(start));
        (folder, file.expect("the folder can be written to"))
    }

    fn text(file: &FaketimeFile) -> String {
        fs::read_to_string(file.path()).expect("the file is there")
    }

    #[test]
    fn a_clock_that_stands_is_a_stamp_and_moves_to_the_second() {
        let (_folder, file) = file(ClockMode::Frozen);
        assert_eq!(text(&file), "2026-01-15 09:00:00\n");
        file.advance(14 * 86_400 - 1).expect("it can be written");
        assert_eq!(text(&file), "2026-01-29 08:59:59\n");
        assert_eq!(file.now().to_string(), "2026-01-29T08:59:59Z");
    }

    #[test]
    fn a_clock_that_runs_is_an_offset() {
        let (_folder, file) = file(ClockMode::Running);
        assert_eq!(text(&file), "+0\n");
        file.advance(30).expect("it can be written");
        file.advance(600).expect("it can be written");
        assert_eq!(text(&file), "+630\n");
        assert_eq!(file.now().to_string(), "2026-01-15T09:10:30.7Z");
    }

    #[test]
    fn time_never_goes_backwards() {
        let (_folder, file) = file(ClockMode::Frozen);
        file.advance(-60).expect("it can be written");
        assert_eq!(text(&file), "2026-01-15 09:00:00\n");
        assert!(file.advance(i64::MAX).is_err());
        assert_eq!(text(&file), "2026-01-15 09:00:00\n");
    }

    #[test]
    fn the_folder_of_a_run_is_gone_when_it_ends() {
        let (folder, file) = file(ClockMode::Frozen);
        drop(folder);
        assert!(!file.path().exists());
    }
}
