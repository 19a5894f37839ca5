//! What processes use of the machine: processor time and memory, as Linux tells them; nothing elsewhere.

use std::fs;
use std::time::Duration;

/// Returns how long this thread has been on a processor.
#[must_use]
pub fn thread_time() -> Option<Duration> {
    on_processor("/proc/thread-self/schedstat")
}

/// Returns how long the threads of a process have been on a processor, those that live.
#[must_use]
pub fn process_time(id: u32) -> Option<Duration> {
    let tasks = fs::read_dir(format!("/proc/{id}/task")).ok()?;
    let times = tasks.filter_map(|task| {
        let path = task.ok()?.path().join("schedstat");
        on_processor(path.to_str()?)
    });
    Some(times.sum())
}

/// Returns how much memory of a process is resident, in bytes.
#[must_use]
pub fn resident(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024)
}

fn on_processor(path: &str) -> Option<Duration> {
    let text = fs::read_to_string(path).ok()?;
    let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_has_worked() {
        let id = std::process::id();
        assert!(resident(id).is_some_and(|bytes| bytes > 100_000));
        assert!(process_time(id).is_some());
        assert!(thread_time().is_some());
    }
}
