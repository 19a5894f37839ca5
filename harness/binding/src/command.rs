//! Commands in place of requests: what a target file lets a program of the user's do.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::transport::TransportError;

/// What a command led to.
pub(super) struct Ran {
    /// It ended with 0.
    pub(super) succeeded: bool,
    /// What it wrote.
    pub(super) output: Bytes,
    /// What it complained of, with how it ended; none where it succeeded.
    pub(super) complaint: Option<String>,
}

/// Runs a command by `sh -c` in a folder, with a text on its standard input.
///
/// Of its output the first MiB is read, of its complaints 64 KiB. It is killed when the time is over.
pub(super) async fn run(
    command: &str,
    folder: &Path,
    input: Vec<u8>,
    timeout: Duration,
) -> Result<Ran, TransportError> {
    match tokio::time::timeout(timeout, finish(command, folder, input)).await {
        Ok(ran) => ran.map_err(|error| TransportError::Command(error.to_string())),
        Err(_elapsed) => Err(TransportError::Command(format!(
            "it did not end within {} s",
            timeout.as_secs()
        ))),
    }
}

async fn finish(command: &str, folder: &Path, input: Vec<u8>) -> std::io::Result<Ran> {
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(command)
        .current_dir(if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        })
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async move {
        if let Some(mut stdin) = stdin {
            // A command that does not read what it is told is free to do so.
            let _ = stdin.write_all(&input).await;
        }
    };
    let ((), output, complaint) = tokio::join!(
        write,
        start_of(stdout, 1024 * 1024),
        start_of(stderr, 64 * 1024)
    );
    let status = child.wait().await?;
    let complaint = String::from_utf8_lossy(&complaint?).trim().to_owned();
    Ok(Ran {
        succeeded: status.success(),
        output: Bytes::from(output?),
        complaint: (!status.success()).then(|| format!("{status}: {complaint}")),
    })
}

/// Reads the start of a stream and drops the rest, so that its writer never waits.
async fn start_of(
    stream: Option<impl tokio::io::AsyncRead + Unpin>,
    limit: u64,
) -> std::io::Result<Vec<u8>> {
    let mut start = Vec::new();
    if let Some(mut stream) = stream {
        (&mut stream).take(limit).read_to_end(&mut start).await?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    }
    Ok(start)
}
