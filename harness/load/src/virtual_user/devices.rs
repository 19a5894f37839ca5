//! What a user does with a phone in their hand: answer a call, scan a code, activate an app, approve a notification.

use bytes::Bytes;
use proofup_binding::{Operation, Value};
use proofup_domain::answer::{AccountAnswer, Answer};
use proofup_domain::command::Command;
use proofup_domain::secret::Secret;
use proofup_gateways::people::authenticator::{Authenticator, parse_activation};
use proofup_gateways::people::handset::{self, SecretChoice};
use proofup_world::person::apps::account_answer;
use serde_json::Value as Json;

use super::{FlowError, VirtualUser};

impl VirtualUser {
    /// Lets a command happen and tells what came back.
    pub(super) async fn perform(&mut self, command: &Command) -> Result<Answer, FlowError> {
        match command {
            Command::AddAccount { .. } => self.add_account(),
            Command::ActivateDevice { .. } => self.activate_device(command).await,
            Command::ApproveNotification { .. } => self.approve().await,
            Command::PressKey { key, .. } => self.press_key(key).await,
            _ => {
                let operation = Operation::from_word(command.word()).ok_or_else(|| {
                    FlowError::Unready(format!("no target performs `{}`", command.word()))
                })?;
                self.asked(operation, command).await
            }
        }
    }

    /// Shows what the user's authenticator shows, so many steps ahead.
    pub(super) fn shown_code(&self, drift: i32) -> Option<Secret> {
        let (authenticator, account) = self.authenticator.as_ref()?;
        authenticator.code(*account, self.tenant.now(), drift).ok()
    }

    fn kept_secret(&self, name: &str) -> Option<Secret> {
        match self.offered.get(name)? {
            Value::Secret(secret) => Some(secret.clone()),
            Value::Plain(value) => value.as_str().map(Secret::new),
            Value::Jar(_) => None,
        }
    }

    /// Adds the account to an authenticator, from the payload or, where none is shown, from the secret.
    fn add_account(&mut self) -> Result<Answer, FlowError> {
        let mut authenticator = Authenticator::new(0);
        let payload = self.kept_secret("qrPayload");
        let typed = self.kept_secret("manualSecret");
        let added = match (&payload, &typed) {
            (Some(payload), _) => authenticator.scan_otpauth(payload),
            (None, Some(secret)) => authenticator.type_secret(secret, "", ""),
            (None, None) => {
                let why = "the setup showed nothing that an authenticator could add";
                return Err(FlowError::Unready(why.to_owned()));
            }
        };
        let Ok(account) = added else {
            return Ok(Answer::Unreadable);
        };
        let same = typed.is_some_and(|typed| {
            let mut other = Authenticator::new(0);
            let typed = other.type_secret(&typed, "", "");
            typed.is_ok_and(|typed| account.same_as(&typed))
        });
        let told = account_answer(&account, same);
        self.authenticator = Some((authenticator, account.key));
        Ok(Answer::of(&told))
    }

    /// Activates the device with what the setup shows.
    async fn activate_device(&mut self, command: &Command) -> Result<Answer, FlowError> {
        let scanned = self
            .kept_secret("qrPayload")
            .and_then(|payload| parse_activation(&payload));
        let manual_url = self.offered.get("manualUrl").map(Value::reveal);
        let manual_url = manual_url
            .as_ref()
            .and_then(Json::as_str)
            .map(str::to_owned);
        let typed = self.kept_secret("manualCode").zip(manual_url);
        let same = matches!((&scanned, &typed), (Some((code, url)), Some((other, other_url)))
            if code.expose() == other.expose() && url == other_url);
        let (code, url) = scanned.or(typed).ok_or_else(|| {
            let why = "the setup showed nothing that a device could be activated with";
            FlowError::Unready(why.to_owned())
        })?;
        self.offered.insert("activationCode", code);
        self.offered.insert("activationUrl", &*url);
        self.offered.insert("pushToken", &*self.account.push_token);
        let mut performed = self.asked(Operation::ActivateDevice, command).await?;
        if !performed.is_success() {
            return Ok(performed);
        }
        let code_secret = self.kept_secret("codeSecret");
        if let Some(secret) = &code_secret {
            let mut authenticator = Authenticator::new(0);
            if let Ok(account) = authenticator.add_activated(secret) {
                self.authenticator = Some((authenticator, account.key));
            }
        }
        let told = AccountAnswer {
            same_account: Some(same),
            code_secret: Some(code_secret.is_some()),
            ..AccountAnswer::default()
        };
        performed.tell(&told);
        Ok(performed)
    }

    /// Approves the notification that came last.
    async fn approve(&mut self) -> Result<Answer, FlowError> {
        let push = self
            .message
            .as_ref()
            .and_then(|message| message.push.as_ref());
        let push = push.ok_or_else(|| FlowError::Unready("no notification came".to_owned()))?;
        self.offered
            .insert("notificationId", &*push.notification_id);
        self.offered.insert("reply", "approve");
        let asked = self.send(Operation::ReplyToNotification).await?;
        Ok(asked.answered)
    }

    /// Answers the call that came last, and presses a key.
    async fn press_key(&mut self, key: &str) -> Result<Answer, FlowError> {
        let call = self
            .message
            .as_ref()
            .and_then(|message| message.call.as_ref());
        let call = call.ok_or_else(|| FlowError::Unready("nobody called".to_owned()))?;
        let callback = handset::press_key(call, key, &SecretChoice::Right);
        let secrets: Vec<Secret> = call.secret.iter().cloned().collect();
        let mut request = http::Request::builder()
            .method(callback.method)
            .uri(callback.url);
        for (name, value) in callback.headers {
            request = request.header(name, value);
        }
        let request: http::Request<Bytes> = request.body(callback.body).map_err(|error| {
            FlowError::Unready(format!(
                "the call names no address that could be called back: {error}"
            ))
        })?;
        self.operation = None;
        self.was_over_lane = false;
        let target = std::sync::Arc::clone(&self.context.session.target);
        let reply = target.callback(&self.transport, request, &secrets).await;
        reply
            .map(|reply| reply.answered)
            .map_err(|failure| FlowError::Transport(failure.error))
    }
}
