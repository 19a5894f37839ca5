//! What processes use of the processors, as Linux tells it.

use std::fs;
use std::time::Duration;

/// Tells how long the threads of a process have been on a processor; of this process, where none is named.
///
/// Exact to the nanosecond, where `/proc/PID/stat` counts hundredths of a second. The servers and clients that are measured
/// keep their threads, so none is forgotten.
#[must_use]
pub fn used(process: Option<u32>) -> Duration {
    let process = process.map_or_else(|| "self".to_owned(), |id| id.to_string());
    let Ok(tasks) = fs::read_dir(format!("/proc/{process}/task")) else {
        return Duration::ZERO;
    };
    let nanoseconds = tasks.filter_map(|task| -> Option<u64> {
        let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse().ok()
    });
    Duration::from_nanos(nanoseconds.sum::<u64>())
}
