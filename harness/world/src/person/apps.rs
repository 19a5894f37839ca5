//! What a person has in their hand: devices with the Microsoft app, authenticators, and a phone that rings.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use proofup_binding::Value;
use proofup_domain::answer::AccountAnswer;
use proofup_domain::command::{AddBy, Command};
use proofup_domain::method::Method;
use proofup_domain::secret::Secret;
use proofup_gateways::message::CallInfo;
use proofup_gateways::people::authenticator::{
    AddError, Authenticator, AuthenticatorAccount, NoAccount, parse_activation,
};
use proofup_gateways::people::handset::{self, SecretChoice};

/// One device with the Microsoft app.
#[derive(Debug, Clone)]
pub struct Device {
    /// Where its notifications go.
    pub push_token: String,
    /// What the target calls it.
    pub id: Option<Value>,
    /// What it proves with that it is itself.
    pub secret: Option<Value>,
}

impl Device {
    /// Lists what a reply to a notification offers to templates; `secret` is the one that it carries.
    #[must_use]
    pub fn reply(
        &self,
        notification: &str,
        secret: Option<Value>,
        reply: &str,
    ) -> Vec<(&'static str, Value)> {
        let mut offered = vec![
            ("notificationId", Value::from(notification)),
            ("reply", Value::from(reply)),
        ];
        offered.extend(self.id.clone().map(|id| ("deviceId", id)));
        offered.extend(secret.map(|secret| ("deviceSecret", secret)));
        offered
    }
}

/// One account in an authenticator.
#[derive(Debug, Clone)]
pub struct OathAccount {
    /// The method that it belongs to.
    pub method: Method,
    /// The setup that it came from, by the index of its handle.
    pub enrollment: usize,
    authenticator: Authenticator,
    account: AuthenticatorAccount,
}

impl OathAccount {
    /// Shows the code at an instant, so many steps earlier or later.
    ///
    /// # Errors
    /// If the account is one that no code can be computed for.
    pub fn code(&self, now: Timestamp, drift: i32) -> Result<Secret, NoAccount> {
        self.authenticator.code(self.account.key, now, drift)
    }

    /// Returns what codes are computed from.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.account.secret
    }
}

/// Adds an account to an authenticator by what a setup showed; none: the payload cannot be read.
///
/// # Errors
/// If nothing was shown that could be added so.
pub fn add_account(
    kept: &BTreeMap<String, Value>,
    enrollment: usize,
    by: AddBy,
    holder: &str,
) -> Result<Option<(OathAccount, AccountAnswer)>, String> {
    let payload = secret_of(kept, "qrPayload");
    let typed = secret_of(kept, "manualSecret");
    let missing = || "the setup showed nothing that an authenticator could add".to_owned();
    let mut authenticator = Authenticator::new(0);
    let account = match by {
        AddBy::QrPayload => {
            let payload = payload.as_ref().ok_or_else(missing)?;
            match authenticator.scan_otpauth(payload) {
                Ok(account) => account,
                Err(_) => return Ok(None),
            }
        }
        AddBy::Manual => {
            let typed = typed.as_ref().ok_or_else(missing)?;
            authenticator
                .type_secret(typed, "", holder)
                .map_err(|error| format!("the authenticator could not read the secret: {error}"))?
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
    let answer = account_answer(&account, same);
    let account = OathAccount {
        method: Method::SoftwareOath,
        enrollment,
        authenticator,
        account,
    };
    Ok(Some((account, answer)))
}

/// What a device is activated with.
#[derive(Debug)]
pub struct DeviceActivation {
    code: Secret,
    url: String,
    /// What was scanned and what was typed are one.
    same: bool,
}

impl DeviceActivation {
    /// Reads what a setup showed for a device; none: the payload cannot be read.
    ///
    /// # Errors
    /// If nothing was shown that a device could be activated with so.
    pub fn read(kept: &BTreeMap<String, Value>, by: AddBy) -> Result<Option<Self>, String> {
        let payload = secret_of(kept, "qrPayload");
        let scanned = payload.as_ref().and_then(parse_activation);
        if payload.is_some() && scanned.is_none() && by == AddBy::QrPayload {
            return Ok(None);
        }
        let typed = secret_of(kept, "manualCode").zip(text_of(kept, "manualUrl"));
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
            "the setup showed nothing that a device could be activated with".to_owned()
        })?;
        Ok(Some(Self { code, url, same }))
    }

    /// Lists what the activation offers to templates.
    #[must_use]
    pub fn offered(&self, push_token: &str) -> Vec<(&'static str, Value)> {
        vec![
            ("activationCode", Value::from(self.code.clone())),
            ("activationUrl", Value::from(&*self.url)),
            ("pushToken", Value::from(push_token)),
        ]
    }

    /// Takes what a successful activation told: the device, the account that shows its codes, and what is answered.
    ///
    /// # Errors
    /// If the device could not read its code secret.
    pub fn complete(
        &self,
        kept: &BTreeMap<String, Value>,
        push_token: String,
        enrollment: usize,
    ) -> Result<(Device, Option<OathAccount>, AccountAnswer), String> {
        let code_secret = kept.get("codeSecret");
        let account = match code_secret {
            Some(Value::Secret(secret)) => {
                Some(activated(secret, enrollment).map_err(|error| {
                    format!("the device could not read its code secret: {error}")
                })?)
            }
            _ => None,
        };
        let device = Device {
            push_token,
            id: kept.get("deviceId").cloned(),
            secret: kept.get("deviceSecret").cloned(),
        };
        let answer = AccountAnswer {
            same_account: Some(self.same),
            code_secret: Some(code_secret.is_some()),
            ..AccountAnswer::default()
        };
        Ok((device, account, answer))
    }
}

fn activated(secret: &Secret, enrollment: usize) -> Result<OathAccount, AddError> {
    let mut authenticator = Authenticator::new(0);
    let account = authenticator.add_activated(secret)?;
    Ok(OathAccount {
        method: Method::MicrosoftAuthenticator,
        enrollment,
        authenticator,
        account,
    })
}

/// Makes the request by which a provider tells what a person does with a ringing phone; it goes to the URL that the call
/// named.
///
/// # Errors
/// If the command is not one of a handset, or the call names no address that could be called back.
pub fn call_back(
    command: &Command,
    call: &CallInfo,
    secret: &SecretChoice,
) -> Result<http::Request<Bytes>, String> {
    let callback = match command {
        Command::PressKey { key, .. } => handset::press_key(call, key, secret),
        Command::HangUp { .. } => handset::hang_up(call, secret),
        Command::LetRing { .. } => handset::let_ring(call, secret),
        _ => return Err("no handset does this".to_owned()),
    };
    let mut request = http::Request::builder()
        .method(callback.method)
        .uri(callback.url);
    for (name, value) in callback.headers {
        request = request.header(name, value);
    }
    request
        .body(callback.body)
        .map_err(|error| format!("the call names no address that could be called back: {error}"))
}

/// Returns a secret that was kept.
pub(crate) fn secret_of(kept: &BTreeMap<String, Value>, name: &str) -> Option<Secret> {
    match kept.get(name)? {
        Value::Secret(secret) => Some(secret.clone()),
        Value::Plain(value) => value.as_str().map(Secret::new),
        Value::Jar(_) => None,
    }
}

/// Returns a text that was kept.
fn text_of(kept: &BTreeMap<String, Value>, name: &str) -> Option<String> {
    match kept.get(name)? {
        Value::Plain(value) => value.as_str().map(str::to_owned),
        Value::Secret(secret) => Some(secret.expose().to_owned()),
        Value::Jar(_) => None,
    }
}

/// Returns what an authenticator shows of an account; `same`: what was scanned and what was typed are one.
fn account_answer(account: &AuthenticatorAccount, same: bool) -> AccountAnswer {
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
