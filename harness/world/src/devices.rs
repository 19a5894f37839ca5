//! Authenticators: what was activated, what was scanned, and the notifications that reach them.

use std::sync::Arc;

use proofup_binding::{Operation, Value};
use proofup_domain::answer::{AccountAnswer, Answer};
use proofup_domain::command::{AddBy, CallbackSecret, Command, Name, Which};
use proofup_domain::method::Method;
use proofup_domain::secret::Secret;
use proofup_domain::state::Channel;
use proofup_gateways::message::Message;
use proofup_gateways::people::authenticator::{
    Authenticator, AuthenticatorAccount, parse_activation,
};

use super::handles::HandleKind;
use super::request::Request;
use super::variables::Vars;
use super::{StepError, World};

/// One device with the Microsoft app.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) owner: Name,
    pub(super) push_token: String,
    pub(super) device_id: Option<Value>,
    pub(super) device_secret: Option<Value>,
}

/// One account in an authenticator.
#[derive(Debug)]
pub(super) struct OathAccount {
    pub(super) owner: Name,
    pub(super) method: Method,
    /// The setup that it came from.
    pub(super) enrollment: usize,
    authenticator: Authenticator,
    account: AuthenticatorAccount,
}

/// Returns what an authenticator shows of an account; `same`: what was scanned and what was typed are one.
pub fn account_answer(account: &AuthenticatorAccount, same: bool) -> AccountAnswer {
    AccountAnswer {
        same_account: Some(same),
        issuer: Some(account.issuer.clone()),
        account: Some(account.account_name.clone()),
        secret_bits: Some(account.secret_bits),
        issuer_twice: Some(account.issuer_twice),
        base32: Some(account.base32_unpadded),
        algorithm: Some(account.algorithm.clone()),
        digits: Some(account.digits),
        period: Some(account.period),
        code_secret: None,
    }
}

impl World<'_> {
    /// Does what a person does with an authenticator in their hand.
    pub(super) async fn use_device(&mut self, command: &Command) -> Result<Answer, StepError> {
        match command {
            Command::AddAccount {
                user,
                enrollment,
                by,
            } => self.add_account(user, enrollment.as_ref(), *by),
            Command::ActivateDevice {
                user,
                enrollment,
                by,
            } => self.activate_device(user, enrollment.as_ref(), *by).await,
            _ => Err(StepError::unready("no authenticator does this")),
        }
    }

    /// Adds the account to another authenticator app: nothing leaves the harness.
    fn add_account(
        &mut self,
        user: &Name,
        enrollment: Option<&Name>,
        by: AddBy,
    ) -> Result<Answer, StepError> {
        let index = self.handle(HandleKind::Enrollment, user, enrollment)?;
        let payload = self.kept_secret(index, "qrPayload");
        let typed = self.kept_secret(index, "manualSecret");
        let mut authenticator = Authenticator::new(0);
        let missing =
            || StepError::unready("the setup showed nothing that an authenticator could add");
        let scanned = payload
            .as_ref()
            .map(|payload| authenticator.scan_otpauth(payload));
        let account = match by {
            AddBy::QrPayload => match scanned.ok_or_else(missing)? {
                Ok(account) => account,
                Err(_) => return Ok(Answer::Unreadable),
            },
            AddBy::Manual => {
                let typed = typed.clone().ok_or_else(missing)?;
                authenticator
                    .type_secret(&typed, "", user.0.as_str())
                    .map_err(|error| {
                        StepError::Unready(format!(
                            "the authenticator could not read the secret: {error}"
                        ))
                    })?
            }
        };
        let same = match (&payload, &typed) {
            (Some(payload), Some(typed)) => {
                let mut other = Authenticator::new(0);
                let scanned = other.scan_otpauth(payload);
                let typed = other.type_secret(typed, "", "");
                scanned.is_ok_and(|scanned| typed.is_ok_and(|typed| scanned.same_as(&typed)))
            }
            _ => false,
        };
        self.secrets.insert(account.secret.clone());
        let answer = account_answer(&account, same);
        self.accounts.push(OathAccount {
            owner: user.clone(),
            method: Method::SoftwareOath,
            enrollment: index,
            authenticator,
            account,
        });
        Ok(Answer::of(&answer))
    }

    /// Activates a device with the Microsoft app.
    async fn activate_device(
        &mut self,
        user: &Name,
        enrollment: Option<&Name>,
        by: AddBy,
    ) -> Result<Answer, StepError> {
        let index = self.handle(HandleKind::Enrollment, user, enrollment)?;
        let payload = self.kept_secret(index, "qrPayload");
        let scanned = payload.as_ref().and_then(parse_activation);
        if payload.is_some() && scanned.is_none() && by == AddBy::QrPayload {
            return Ok(Answer::Unreadable);
        }
        let typed = self
            .kept_secret(index, "manualCode")
            .zip(self.kept_text(index, "manualUrl"));
        let same = match (&scanned, &typed) {
            (Some((code, url)), Some((other_code, other_url))) => {
                code.expose() == other_code.expose() && url == other_url
            }
            _ => false,
        };
        let (code, url) = match by {
            AddBy::QrPayload => scanned,
            AddBy::Manual => typed,
        }
        .ok_or_else(|| {
            StepError::unready("the setup showed nothing that a device could be activated with")
        })?;
        let push_token = format!(
            "{}-device-{}",
            self.organisation.tenant,
            self.devices.len() + 1
        );
        let mut vars = Vars::default();
        vars.secret("activationCode", code);
        vars.text("activationUrl", &url);
        vars.text("pushToken", &push_token);
        let (mut performed, kept) = self.call(Operation::ActivateDevice, vars, None).await?;
        if !performed.is_success() {
            return Ok(performed);
        }
        let code_secret = kept.get("codeSecret").cloned();
        if let Some(Value::Secret(secret)) = &code_secret {
            self.add_activated(user, index, secret)?;
        }
        self.devices.push(Device {
            owner: user.clone(),
            push_token,
            device_id: kept.get("deviceId").cloned(),
            device_secret: kept.get("deviceSecret").cloned(),
        });
        let answer = AccountAnswer {
            same_account: Some(same),
            code_secret: Some(code_secret.is_some()),
            ..AccountAnswer::default()
        };
        performed.tell(&answer);
        Ok(performed)
    }

    fn add_activated(
        &mut self,
        user: &Name,
        enrollment: usize,
        secret: &Secret,
    ) -> Result<(), StepError> {
        let mut authenticator = Authenticator::new(0);
        let account = authenticator.add_activated(secret).map_err(|error| {
            StepError::Unready(format!(
                "the device could not read its code secret: {error}"
            ))
        })?;
        self.accounts.push(OathAccount {
            owner: user.clone(),
            method: Method::MicrosoftAuthenticator,
            enrollment,
            authenticator,
            account,
        });
        Ok(())
    }

    /// Makes the request by which a device approves or denies a notification.
    pub(super) fn reply_request(&mut self, command: &Command) -> Result<Request, StepError> {
        let (user, which, secret, reply) = match command {
            Command::ApproveNotification {
                user,
                notification,
                secret,
            } => (user, *notification, *secret, "approve"),
            Command::DenyNotification {
                user,
                notification,
                secret,
            } => (user, *notification, *secret, "deny"),
            _ => return Err(StepError::unready("no authenticator does this")),
        };
        let message = self.nth_newest(self.notifications(user), which, "notification", user)?;
        let device = self
            .devices
            .iter()
            .find(|device| device.push_token == message.destination)
            .ok_or_else(|| StepError::unready("the notification went to no device of this user"))?;
        let notification = message
            .push
            .as_ref()
            .map(|push| push.notification_id.clone());
        let mut vars = Vars::default();
        if let Some(id) = &device.device_id {
            vars.value("deviceId", id.clone());
        }
        let right = device.device_secret.clone();
        if let Some(chosen) = self.callback_secret(user, secret, right)? {
            vars.value("deviceSecret", chosen);
        }
        vars.text(
            "notificationId",
            notification.as_deref().unwrap_or_default(),
        );
        vars.text("reply", reply);
        self.ask(Operation::ReplyToNotification, vars, None)
    }

    /// Chooses the secret that a callback carries; none means none.
    pub(super) fn callback_secret(
        &mut self,
        user: &Name,
        secret: CallbackSecret,
        right: Option<Value>,
    ) -> Result<Option<Value>, StepError> {
        Ok(match secret {
            CallbackSecret::Right => right,
            CallbackSecret::None => None,
            CallbackSecret::Wrong => {
                Some(Value::Secret(super::persona::draw_password(&mut self.rng)))
            }
            CallbackSecret::SessionToken => {
                let session = self.handle(HandleKind::Session, user, None)?;
                self.handles.get(session).kept.get("session").cloned()
            }
        })
    }

    /// Lists the notifications that reached a user's devices, oldest first.
    pub(super) fn notifications(&self, user: &Name) -> Vec<Arc<Message>> {
        let inboxes = self.gateways.inboxes();
        let mut messages: Vec<Arc<Message>> = self
            .devices
            .iter()
            .filter(|device| device.owner == *user)
            .flat_map(|device| inboxes.since(self.opened, Channel::Push, &device.push_token))
            .collect();
        messages.sort_by_key(|message| message.seq);
        messages.dedup_by_key(|message| message.seq);
        messages
    }

    /// Picks the newest message or the one before it.
    pub(super) fn nth_newest(
        &self,
        messages: Vec<Arc<Message>>,
        which: Which,
        what: &str,
        user: &Name,
    ) -> Result<Arc<Message>, StepError> {
        let back = match which {
            Which::LastSent => 0,
            Which::Previous => 1,
        };
        messages
            .into_iter()
            .rev()
            .nth(back)
            .ok_or_else(|| StepError::Unready(format!("no such {what} reached {user}")))
    }

    /// Computes what an authenticator of the user shows, for the setup, challenge or proof at hand.
    pub(super) fn shown_code(
        &self,
        user: &Name,
        handle: usize,
        drift: i32,
    ) -> Result<Secret, StepError> {
        let account = self.account_for(user, handle).ok_or_else(|| {
            StepError::Unready(format!(
                "{user} has no authenticator that could show a code"
            ))
        })?;
        account
            .authenticator
            .code(account.account.key, self.now, drift)
            .map_err(|error| {
                StepError::Unready(format!(
                    "the authenticator could not compute a code: {error}"
                ))
            })
    }

    /// Finds the account that a thing is about: its own setup, the setup whose method it names, or the first of its method.
    fn account_for(&self, user: &Name, handle: usize) -> Option<&OathAccount> {
        let about = self.handles.get(handle);
        let mine = || {
            self.accounts
                .iter()
                .filter(|account| account.owner == *user)
        };
        if about.what == HandleKind::Enrollment {
            return mine().rfind(|account| account.enrollment == handle);
        }
        let method_id = about.kept.get("methodId");
        let by_id = mine().find(|account| {
            method_id.is_some()
                && self
                    .handles
                    .get(account.enrollment)
                    .kept
                    .get("methodId")
                    .map(Value::reveal)
                    == method_id.map(Value::reveal)
        });
        by_id
            .or_else(|| mine().find(|account| Some(account.method) == about.method))
            .or_else(|| mine().next())
    }

    /// Lists every code that any authenticator of the user shows about now, so that a wrong one can be made.
    pub(super) fn codes_about_now(&self, user: &Name) -> Vec<Secret> {
        self.accounts
            .iter()
            .filter(|account| account.owner == *user)
            .flat_map(|account| {
                (-3..=3).filter_map(|drift| {
                    account
                        .authenticator
                        .code(account.account.key, self.now, drift)
                        .ok()
                })
            })
            .collect()
    }
}
