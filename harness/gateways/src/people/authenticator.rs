//! An authenticator app: accounts added by scanning or typing, and their codes (RFC 6238).

use data_encoding::{BASE32, BASE32_NOPAD};
use jiff::Timestamp;
use proofup_domain::secret::Secret;
use totp_rs::{Algorithm, Builder};
use url::Url;

/// The accounts of one device.
#[derive(Debug, Clone, Default)]
pub struct Authenticator {
    skew_seconds: i64,
    accounts: Vec<AuthenticatorAccount>,
}

/// One account: what a key URI said, and what of it follows the convention (APP-12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticatorAccount {
    /// Finds the account on its device.
    pub key: AccountKey,
    /// The issuer; empty where none was told.
    pub issuer: String,
    /// The account name; empty where none was told.
    pub account_name: String,
    /// The shared secret in base32, as it was told.
    pub secret: Secret,
    /// `SHA1`, `SHA256` or `SHA512`.
    pub algorithm: String,
    /// Digits of a code, 6 to 8.
    pub digits: u32,
    /// Seconds per step.
    pub period: u32,
    /// The issuer stands in the label and in the parameter, and both are equal.
    pub issuer_twice: bool,
    /// The secret is upper-case base32 without padding or separators.
    pub base32_unpadded: bool,
    /// Bits of the secret.
    pub secret_bits: u32,
}

/// Finds an account on its device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey(usize);

/// The reason why an account cannot be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddError {
    /// The payload is no `otpauth://totp/…` address.
    #[error("the payload is not an otpauth address for a time-based code")]
    NotOtpauth,
    /// There is no secret, or it is not base32.
    #[error("the secret is missing or not base32")]
    BadSecret,
    /// A parameter has a value that no app understands.
    #[error("the parameter `{0}` is not understood")]
    BadParameter(&'static str),
}

/// The error for a device that has no such account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this device has no such account")]
pub struct NoAccount;

impl AuthenticatorAccount {
    /// Returns whether two ways of adding led to the same account: the same secret, issuer and name (APP-14).
    ///
    /// Issuer and name are compared only where both ways told them: typing tells less than scanning.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        let alike = |one: &str, two: &str| one.is_empty() || two.is_empty() || one == two;
        let secrets = (decoded(&self.secret), decoded(&other.secret));
        matches!(secrets, (Some(one), Some(two)) if one == two)
            && alike(&self.issuer, &other.issuer)
            && alike(&self.account_name, &other.account_name)
    }
}

impl Authenticator {
    /// Makes an empty device whose clock is `skew_seconds` ahead of the true time.
    #[must_use]
    pub fn new(skew_seconds: i64) -> Self {
        Self {
            skew_seconds,
            accounts: Vec::new(),
        }
    }

    /// Scans a QR code with a key URI: `otpauth://totp/Issuer:account?secret=…&issuer=…`.
    ///
    /// # Errors
    ///
    /// [`AddError`] where no app could add the account.
    pub fn scan_otpauth(&mut self, uri: &Secret) -> Result<AuthenticatorAccount, AddError> {
        let url = Url::parse(uri.expose()).map_err(|_| AddError::NotOtpauth)?;
        // Schemes and hosts have no case (RFC 3986, 6.2.2.1); the parser lowers that of the scheme alone.
        let is_totp = |host: &str| host.eq_ignore_ascii_case("totp");
        if url.scheme() != "otpauth" || !url.host_str().is_some_and(is_totp) {
            return Err(AddError::NotOtpauth);
        }
        let parameter = |name: &str| {
            url.query_pairs()
                .find(|(found, _)| found == name)
                .map(|(_, value)| value.into_owned())
        };
        let label = percent_decoded(url.path().trim_start_matches('/'));
        let (prefix, name) = match label.split_once(':') {
            Some((prefix, name)) => (Some(prefix.to_owned()), name.trim_start().to_owned()),
            None => (None, label),
        };
        let issuer = parameter("issuer");
        let mut account = account(&Secret::new(
            parameter("secret").ok_or(AddError::BadSecret)?,
        ))?;
        let named = issuer.as_ref().is_some_and(|issuer| !issuer.is_empty());
        account.issuer_twice = named && issuer == prefix;
        account.issuer = issuer.or(prefix).unwrap_or_default();
        account.account_name = name;
        if let Some(algorithm) = parameter("algorithm") {
            account.algorithm = algorithm.to_ascii_uppercase();
            algorithm_of(&account).ok_or(AddError::BadParameter("algorithm"))?;
        }
        if let Some(digits) = parameter("digits") {
            account.digits = in_range(&digits, 6, 8).ok_or(AddError::BadParameter("digits"))?;
        }
        if let Some(period) = parameter("period") {
            account.period = in_range(&period, 1, 3600).ok_or(AddError::BadParameter("period"))?;
        }
        Ok(self.add(account))
    }

    /// Types a secret by hand, with the defaults of every app: SHA-1, 6 digits, 30 seconds.
    ///
    /// Blanks, hyphens and case do not matter, as in an app.
    ///
    /// # Errors
    ///
    /// [`AddError::BadSecret`] where it is not base32.
    pub fn type_secret(
        &mut self,
        secret: &Secret,
        issuer: &str,
        account_name: &str,
    ) -> Result<AuthenticatorAccount, AddError> {
        let mut account = account(secret)?;
        issuer.clone_into(&mut account.issuer);
        account_name.clone_into(&mut account.account_name);
        Ok(self.add(account))
    }

    /// Adds the code secret (base32) that an activation handed to the device.
    ///
    /// # Errors
    ///
    /// [`AddError::BadSecret`] where it is not base32.
    pub fn add_activated(
        &mut self,
        code_secret: &Secret,
    ) -> Result<AuthenticatorAccount, AddError> {
        self.type_secret(code_secret, "", "")
    }

    /// Lists the accounts, oldest first.
    #[must_use]
    pub fn accounts(&self) -> &[AuthenticatorAccount] {
        &self.accounts
    }

    /// Shows the code that the device shows at `now` (true time), so many steps earlier or later.
    ///
    /// # Errors
    ///
    /// [`NoAccount`] where the account is of another device.
    pub fn code(
        &self,
        account: AccountKey,
        now: Timestamp,
        drift_steps: i32,
    ) -> Result<Secret, NoAccount> {
        let account = self.accounts.get(account.0).ok_or(NoAccount)?;
        let secret = decoded(&account.secret).ok_or(NoAccount)?;
        let drift = i64::from(drift_steps).saturating_mul(i64::from(account.period));
        let shown = now
            .as_second()
            .saturating_add(self.skew_seconds)
            .saturating_add(drift);
        let totp = Builder::new()
            .with_algorithm(algorithm_of(account).ok_or(NoAccount)?)
            .with_digits(u8::try_from(account.digits).map_err(|_| NoAccount)?)
            .with_step_duration(u64::from(account.period))
            .with_secret(secret)
            .build_noncompliant();
        let code = totp.generate(u64::try_from(shown).unwrap_or_default());
        Ok(Secret::new(code.to_string()))
    }

    fn add(&mut self, mut account: AuthenticatorAccount) -> AuthenticatorAccount {
        account.key = AccountKey(self.accounts.len());
        self.accounts.push(account.clone());
        account
    }
}

/// Reads the payload of the Microsoft app: the activation code and the address that takes it, equal to what is shown for
/// typing by hand.
#[must_use]
pub fn parse_activation(uri: &Secret) -> Option<(Secret, String)> {
    let url = Url::parse(uri.expose()).ok()?;
    let parameter = |name: &str| {
        url.query_pairs()
            .find(|(found, value)| found == name && !value.is_empty())
            .map(|(_, value)| value.into_owned())
    };
    Some((Secret::new(parameter("code")?), parameter("url")?))
}

/// Makes an account of a secret, with the defaults of the convention.
fn account(secret: &Secret) -> Result<AuthenticatorAccount, AddError> {
    let bytes = decoded(secret).ok_or(AddError::BadSecret)?;
    let text = secret.expose();
    Ok(AuthenticatorAccount {
        key: AccountKey(usize::MAX),
        issuer: String::new(),
        account_name: String::new(),
        secret: secret.clone(),
        algorithm: "SHA1".to_owned(),
        digits: 6,
        period: 30,
        issuer_twice: false,
        base32_unpadded: BASE32_NOPAD.decode(text.as_bytes()).is_ok(),
        secret_bits: u32::try_from(bytes.len().saturating_mul(8)).unwrap_or(u32::MAX),
    })
}

/// Decodes base32 as leniently as apps do: blanks, hyphens, case and padding do not matter.
fn decoded(secret: &Secret) -> Option<Vec<u8>> {
    let text: String = secret
        .expose()
        .chars()
        .filter(|c| !matches!(c, ' ' | '-'))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let bytes = if text.ends_with('=') {
        BASE32.decode(text.as_bytes())
    } else {
        BASE32_NOPAD.decode(text.as_bytes())
    };
    bytes.ok().filter(|bytes| !bytes.is_empty())
}

fn algorithm_of(account: &AuthenticatorAccount) -> Option<Algorithm> {
    match account.algorithm.as_str() {
        "SHA1" => Some(Algorithm::SHA1),
        "SHA256" => Some(Algorithm::SHA256),
        "SHA512" => Some(Algorithm::SHA512),
        _ => None,
    }
}

fn in_range(text: &str, least: u32, most: u32) -> Option<u32> {
    text.parse().ok().filter(|n| (least..=most).contains(n))
}

/// Decodes percent signs; `+` stays, as the label is a path.
fn percent_decoded(text: &str) -> String {
    let escaped = text.replace('+', "%2B").replace('&', "%26");
    let pair = format!("label={escaped}");
    url::form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
