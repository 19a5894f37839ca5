//! E-mail over real SMTP (RFC 5321): any credentials, SMTPUTF8, 8BITMIME, PIPELINING, SIZE.
//!
//! Every recipient gets a message of its own, addressed as the envelope says. A behaviour that refuses is answered at
//! `RCPT TO`, where a server first knows the destination: `answer4xx` by 550 (a failure for good), `answer5xx` by 451 (a
//! failure for now). `hang` and `reset` of the whole channel strike at the next command, or at the greeting. A mail that
//! is refused there is never seen, so nothing of it is kept.

mod mime;

use std::time::Duration;

use proofup_domain::command::GatewayBehaviour;
use proofup_domain::state::Channel;
use smtp_proto::request::receiver::{
    DataReceiver, DummyDataReceiver, LineReceiver, RequestReceiver,
};
use smtp_proto::{AUTH_LOGIN, AUTH_PLAIN, Error, MAIL_SMTPUTF8, MailFrom, RcptTo, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::behaviour::{ProviderState, RequestEnding};

/// Bounds a mail, in bytes.
const SIZE_LIMIT: usize = 2 * 1024 * 1024;

/// Bounds the recipients of one mail.
const RECIPIENTS: usize = 100;

/// How long a silent client is kept.
const PATIENCE: Duration = Duration::from_secs(300);

/// Serves one connection to its end; true if it is to be reset.
pub(crate) async fn serve(mut stream: TcpStream, providers: ProviderState) -> (TcpStream, bool) {
    let mut session = SmtpSession::new(providers);
    let mut reply = String::new();
    let mut step = match session.struck() {
        Some(step) => step,
        None => {
            reply.push_str("220 proofup ESMTP\r\n");
            SmtpStep::Go
        }
    };
    let mut chunk = vec![0; 8 * 1024];
    loop {
        if !reply.is_empty() && stream.write_all(reply.as_bytes()).await.is_err() {
            return (stream, false);
        }
        reply.clear();
        match step {
            SmtpStep::Go => {}
            SmtpStep::Quit => {
                session.left();
                return (stream, false);
            }
            SmtpStep::Reset => return (stream, true),
            SmtpStep::Hang => {
                while let Ok(1..) = stream.read(&mut chunk).await {}
                return (stream, false);
            }
        }
        match tokio::time::timeout(PATIENCE, stream.read(&mut chunk)).await {
            Ok(Ok(read @ 1..)) => step = session.ingest(&chunk[..read], &mut reply),
            _ => {
                session.left();
                return (stream, false);
            }
        }
    }
}

/// Takes a mail to one recipient without a session, and returns how one would have ended.
///
/// `hang` and `reset` strike before the mail is seen, like in a session.
pub(crate) fn take(providers: &ProviderState, recipient: &str, mail: &[u8]) -> RequestEnding {
    let ending = providers.ending(Channel::Email, recipient);
    if ending != RequestEnding::Accept {
        return ending;
    }
    let at = providers.clock().now();
    providers.take(vec![mime::message(mail, recipient.to_owned(), at)])
}

/// How a session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SmtpStep {
    Go,
    Quit,
    Hang,
    Reset,
}

/// What the next bytes are.
enum Input {
    Commands,
    /// Lines of a login, and how many are still to come.
    Credentials(LineReceiver<()>, u8),
    Mail(DataReceiver, Vec<u8>),
    /// The rest of a mail that is too large.
    TooLarge(DummyDataReceiver),
}

struct SmtpSession {
    providers: ProviderState,
    commands: RequestReceiver,
    input: Input,
    greeted: bool,
    sender: Option<SmtpSender>,
    recipients: Vec<String>,
    /// A mail was begun, so whoever left did not leave for want of something that is not offered.
    began: bool,
}

struct SmtpSender {
    utf8: bool,
}

impl SmtpSession {
    fn new(providers: ProviderState) -> Self {
        Self {
            providers,
            commands: RequestReceiver::default(),
            input: Input::Commands,
            greeted: false,
            sender: None,
            recipients: Vec::new(),
            began: false,
        }
    }

    /// Keeps that a client greeted and left without a mail: some insist on what is not offered here.
    fn left(&self) {
        if self.greeted && !self.began {
            let reason = "the client left after its greeting without a mail; it may insist on STARTTLS or on another \
                          login, which this gateway does not offer";
            let (channel, request) = (Some(Channel::Email), "EHLO".to_owned());
            self.providers
                .reject(channel, request, 250, reason.to_owned(), b"");
        }
    }

    /// Returns how the session goes on if the whole channel hangs or breaks now.
    fn struck(&self) -> Option<SmtpStep> {
        match self.providers.of_channel(Channel::Email) {
            GatewayBehaviour::Hang => Some(SmtpStep::Hang),
            GatewayBehaviour::Reset | GatewayBehaviour::Dead => Some(SmtpStep::Reset),
            GatewayBehaviour::Deliver
            | GatewayBehaviour::Hold
            | GatewayBehaviour::Drop
            | GatewayBehaviour::Duplicate
            | GatewayBehaviour::Answer4xx
            | GatewayBehaviour::Answer5xx => None,
        }
    }

    /// Takes what came and appends the replies.
    fn ingest(&mut self, chunk: &[u8], reply: &mut String) -> SmtpStep {
        let mut bytes = chunk.iter();
        while !bytes.as_slice().is_empty() {
            if let Some(step) = self.struck() {
                return step;
            }
            let step = match std::mem::replace(&mut self.input, Input::Commands) {
                Input::Commands => {
                    match self.commands.ingest(&mut bytes).map(Request::into_owned) {
                        Ok(request) => self.obey(request, reply),
                        // The receiver has kept the part of a line that came.
                        Err(Error::NeedsMoreData { .. }) => return SmtpStep::Go,
                        Err(error) => self.refuse(&error, reply),
                    }
                }
                Input::Credentials(mut line, left) => {
                    if line.ingest(&mut bytes) {
                        self.credentials(&line.buf, left, reply);
                    } else {
                        self.input = Input::Credentials(line, left);
                    }
                    SmtpStep::Go
                }
                Input::Mail(receiver, mail) => self.mail(receiver, mail, &mut bytes, reply),
                Input::TooLarge(mut rest) => {
                    if rest.ingest(&mut bytes) {
                        reply.push_str("552 5.3.4 The mail is too large\r\n");
                        self.forget();
                    } else {
                        self.input = Input::TooLarge(rest);
                    }
                    SmtpStep::Go
                }
            };
            if step != SmtpStep::Go {
                return step;
            }
        }
        SmtpStep::Go
    }

    fn obey(&mut self, request: Request<String>, reply: &mut String) -> SmtpStep {
        match request {
            Request::Ehlo { .. } => {
                self.greeted = true;
                self.forget();
                reply.push_str("250-proofup\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n");
                reply.push_str("250-ENHANCEDSTATUSCODES\r\n250-AUTH PLAIN LOGIN\r\n");
                reply.push_str(&format!("250 SIZE {SIZE_LIMIT}\r\n"));
            }
            Request::Helo { .. } => {
                self.greeted = true;
                self.forget();
                reply.push_str("250 proofup\r\n");
            }
            Request::Auth {
                mechanism,
                initial_response,
            } => self.authenticate(mechanism, &initial_response, reply),
            Request::Mail { from } => {
                self.began = true;
                self.mail_from(&from, reply);
            }
            Request::Rcpt { to } => return self.rcpt_to(to, reply),
            Request::Data if self.recipients.is_empty() => {
                reply.push_str("503 5.5.1 Name a recipient first\r\n");
            }
            Request::Data => {
                reply.push_str("354 End with a line that is a dot\r\n");
                self.input = Input::Mail(DataReceiver::new(), Vec::new());
            }
            Request::Rset => {
                self.forget();
                reply.push_str("250 2.0.0 Forgotten\r\n");
            }
            Request::Noop { .. } => reply.push_str("250 2.0.0 Here\r\n"),
            Request::Vrfy { .. } => reply.push_str("252 2.1.5 Send some mail and see\r\n"),
            Request::Quit => {
                reply.push_str("221 2.0.0 Bye\r\n");
                return SmtpStep::Quit;
            }
            Request::Lhlo { .. }
            | Request::Bdat { .. }
            | Request::Expn { .. }
            | Request::Help { .. }
            | Request::Etrn { .. }
            | Request::Atrn { .. }
            | Request::Burl { .. }
            | Request::StartTls => reply.push_str("502 5.5.1 Not offered\r\n"),
        }
        SmtpStep::Go
    }

    fn authenticate(&mut self, mechanism: u64, initial: &str, reply: &mut String) {
        let lines = match (mechanism, initial.is_empty()) {
            (AUTH_PLAIN, false) => 0,
            (AUTH_PLAIN, true) | (AUTH_LOGIN, false) => 1,
            (AUTH_LOGIN, true) => 2,
            _ => {
                reply.push_str("504 5.5.4 PLAIN or LOGIN\r\n");
                return;
            }
        };
        self.prompt(mechanism == AUTH_LOGIN, lines, reply);
    }

    /// Takes one line of a login. `*` cancels (RFC 4954); anything else is accepted.
    fn credentials(&mut self, line: &[u8], left: u8, reply: &mut String) {
        if line == b"*" {
            reply.push_str("501 5.7.0 Given up\r\n");
        } else {
            self.prompt(true, left.saturating_sub(1), reply);
        }
    }

    /// Asks for the lines of a login that are missing, or lets the client in.
    fn prompt(&mut self, login: bool, lines: u8, reply: &mut String) {
        let prompt = match (login, lines) {
            (_, 0) => {
                reply.push_str("235 2.7.0 Welcome\r\n");
                return;
            }
            (false, _) => "334 \r\n",
            (true, 1) => "334 UGFzc3dvcmQ6\r\n",
            (true, _) => "334 VXNlcm5hbWU6\r\n",
        };
        reply.push_str(prompt);
        self.input = Input::Credentials(LineReceiver::default(), lines);
    }

    fn mail_from(&mut self, from: &MailFrom<String>, reply: &mut String) {
        let utf8 = from.flags & MAIL_SMTPUTF8 != 0;
        let answer = if !self.greeted {
            "503 5.5.1 Say EHLO first\r\n"
        } else if self.sender.is_some() {
            "503 5.5.1 One mail at a time\r\n"
        } else if from.size > SIZE_LIMIT {
            "552 5.3.4 The mail is too large\r\n"
        } else if !utf8 && !from.address.is_ascii() {
            "553 5.6.7 Say SMTPUTF8 for this address\r\n"
        } else {
            self.sender = Some(SmtpSender { utf8 });
            "250 2.1.0 Sender taken\r\n"
        };
        reply.push_str(answer);
    }

    fn rcpt_to(&mut self, to: RcptTo<String>, reply: &mut String) -> SmtpStep {
        let Some(sender) = &self.sender else {
            reply.push_str("503 5.5.1 Name the sender first\r\n");
            return SmtpStep::Go;
        };
        if !sender.utf8 && !to.address.is_ascii() {
            reply.push_str("553 5.6.7 Say SMTPUTF8 for this address\r\n");
            return SmtpStep::Go;
        }
        if self.recipients.len() >= RECIPIENTS {
            reply.push_str("452 4.5.3 Too many recipients\r\n");
            return SmtpStep::Go;
        }
        let ending = self.providers.ending(Channel::Email, &to.address);
        if ending == RequestEnding::Accept {
            self.recipients.push(to.address);
        }
        answered(ending, "250 2.1.5 Recipient taken\r\n", reply)
    }

    /// Takes a part of a mail; at its end hands it on.
    fn mail(
        &mut self,
        mut receiver: DataReceiver,
        mut mail: Vec<u8>,
        bytes: &mut std::slice::Iter<'_, u8>,
        reply: &mut String,
    ) -> SmtpStep {
        if !receiver.ingest(bytes, &mut mail) {
            self.input = if mail.len() > SIZE_LIMIT {
                Input::TooLarge(DummyDataReceiver::new_data(&receiver))
            } else {
                Input::Mail(receiver, mail)
            };
            return SmtpStep::Go;
        }
        let at = self.providers.clock().now();
        let messages = std::mem::take(&mut self.recipients)
            .into_iter()
            .map(|recipient| mime::message(&mail, recipient, at))
            .collect();
        self.forget();
        let ending = self.providers.take(messages);
        let taken = format!("250 2.0.0 Queued as {}\r\n", self.providers.next_id());
        answered(ending, &taken, reply)
    }

    /// Answers what is no command, and keeps it for a person to see.
    fn refuse(&self, error: &Error, reply: &mut String) -> SmtpStep {
        let (status, reason, step) = match error {
            Error::UnknownCommand => (500, "5.5.1 Unknown command", SmtpStep::Go),
            Error::InvalidSenderAddress => {
                (501, "5.1.7 The sender is not an address", SmtpStep::Go)
            }
            Error::InvalidRecipientAddress => {
                (501, "5.1.3 The recipient is not an address", SmtpStep::Go)
            }
            Error::UnsupportedParameter { .. } => (555, "5.5.4 Unknown parameter", SmtpStep::Go),
            Error::ResponseTooLong => (500, "5.5.2 The line is too long", SmtpStep::Quit),
            Error::SyntaxError { .. }
            | Error::InvalidParameter { .. }
            | Error::InvalidResponse { .. }
            | Error::NeedsMoreData { .. } => (501, "5.5.4 The command is wrong", SmtpStep::Go),
        };
        self.providers.reject(
            Some(Channel::Email),
            "SMTP command".to_owned(),
            status,
            reason.to_owned(),
            &[],
        );
        reply.push_str(&format!("{status} {reason}\r\n"));
        step
    }

    fn forget(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }
}

/// Appends the reply for an ending.
fn answered(ending: RequestEnding, accepted: &str, reply: &mut String) -> SmtpStep {
    match ending {
        RequestEnding::Accept => reply.push_str(accepted),
        RequestEnding::ClientError => reply.push_str("550 5.1.1 No such mailbox\r\n"),
        RequestEnding::ServerError => reply.push_str("451 4.3.0 Try again later\r\n"),
        RequestEnding::Hang => return SmtpStep::Hang,
        RequestEnding::Reset => return SmtpStep::Reset,
    }
    SmtpStep::Go
}
