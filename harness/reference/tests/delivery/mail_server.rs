//! A mail server that follows a short script.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the server does other than take the mail. A verb is the first word of a command, `GREETING` before the first one, or
/// `.` for the end of a mail.
#[derive(Clone, Copy, Default)]
pub(crate) struct Script {
    pub(crate) extensions: &'static [&'static str],
    /// Answers a verb with this line.
    pub(crate) answer: Option<(&'static str, &'static str)>,
    /// The verb from which on it is silent.
    pub(crate) hang: Option<&'static str>,
    /// Closes the connection at this verb.
    pub(crate) close: Option<&'static str>,
}

/// What the reference offers its mock: the extensions of decision 31.
pub(crate) const OBLIGING: Script = Script {
    extensions: &["SMTPUTF8", "8BITMIME"],
    answer: None,
    hang: None,
    close: None,
};

pub(crate) struct MailServer {
    pub(crate) address: String,
    log: Arc<Mutex<Log>>,
}

#[derive(Clone, Default)]
pub(crate) struct Log {
    pub(crate) commands: Vec<String>,
    /// The mails, without dot stuffing.
    pub(crate) mails: Vec<Vec<u8>>,
}

impl MailServer {
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let log = Arc::new(Mutex::new(Log::default()));
        let shared = Arc::clone(&log);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let log = Arc::clone(&shared);
                // A connection that breaks off ends its task, as it should.
                tokio::spawn(async move { serve(stream, script, &log).await });
            }
        });
        Self {
            address: address.to_string(),
            log,
        }
    }

    pub(crate) fn log(&self) -> Log {
        self.log.lock().expect("no test panicked").clone()
    }

    /// Returns the one mail that came.
    pub(crate) fn mail(&self) -> Vec<u8> {
        let mut mails = self.log().mails;
        assert_eq!(mails.len(), 1, "exactly one mail");
        mails.remove(0)
    }
}

async fn serve(stream: TcpStream, script: Script, log: &Mutex<Log>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    if !reply(&mut stream, script, "GREETING", "220 mail.example ESMTP").await? {
        return Ok(());
    }
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let command = line.trim_end_matches("\r\n").to_owned();
        let verb = command.split(' ').next().unwrap_or_default().to_owned();
        log.lock().expect("no test panicked").commands.push(command);
        let usual = match verb.as_str() {
            "EHLO" => ehlo(script),
            "DATA" => "354 go on".to_owned(),
            "QUIT" => "221 bye".to_owned(),
            _ => "250 fine".to_owned(),
        };
        if !reply(&mut stream, script, &verb, &usual).await? || verb == "QUIT" {
            return Ok(());
        }
        let takes_data = verb == "DATA" && script.answer.is_none_or(|(at, _)| at != "DATA");
        if takes_data {
            let mail = read_mail(&mut stream).await?;
            log.lock().expect("no test panicked").mails.push(mail);
            if !reply(&mut stream, script, ".", "250 taken").await? {
                return Ok(());
            }
        }
    }
}

fn ehlo(script: Script) -> String {
    let mut lines = vec!["mail.example"];
    lines.extend(script.extensions);
    let last = lines.len() - 1;
    let numbered = lines.iter().enumerate();
    numbered
        .map(|(at, line)| format!("250{}{line}", if at == last { " " } else { "-" }))
        .collect::<Vec<_>>()
        .join("\r\n")
}

/// Answers as scripted; tells whether the conversation goes on.
async fn reply(
    stream: &mut BufReader<TcpStream>,
    script: Script,
    verb: &str,
    usual: &str,
) -> std::io::Result<bool> {
    if script.close == Some(verb) {
        return Ok(false);
    }
    if script.hang == Some(verb) {
        std::future::pending::<()>().await;
    }
    let answer = match script.answer {
        Some((at, answer)) if at == verb => answer,
        _ => usual,
    };
    stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    Ok(true)
}

async fn read_mail(stream: &mut BufReader<TcpStream>) -> std::io::Result<Vec<u8>> {
    let mut mail = Vec::new();
    loop {
        let mut line = Vec::new();
        stream.read_until(b'\n', &mut line).await?;
        if line == b".\r\n" || line.is_empty() {
            return Ok(mail);
        }
        mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
