//! Where a tenant's gateways are and which shapes they take.

use proofup_domain::state::{MailForm, PushForm, SmsForm, VoiceForm};
use serde::Deserialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// A tenant's gateways. A channel without one delivers nothing.
///
/// It is read from the `gateways` member of a tenant; the time-out and the callback address are the tenant's own members, and
/// whoever reads the tenant sets them.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GatewayConfig {
    /// The SMS provider.
    pub sms: Option<SmsGateway>,
    /// The voice provider.
    pub voice: Option<VoiceGateway>,
    /// The mail server or provider.
    pub email: Option<MailGateway>,
    /// The push provider.
    pub push: Option<PushGateway>,
    /// How long one delivery may take, in milliseconds.
    #[serde(skip, default = "default_timeout_ms")]
    pub timeout_ms: u32,
    /// The address under which the voice provider reaches this service, without a path of the contract.
    #[serde(skip)]
    pub callback_base: String,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            sms: None,
            voice: None,
            email: None,
            push: None,
            timeout_ms: default_timeout_ms(),
            callback_base: String::new(),
        }
    }
}

/// The declared limit `gatewayTimeoutMs`.
const fn default_timeout_ms() -> u32 {
    2000
}

/// Where texts go.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SmsGateway {
    /// The provider's address.
    #[schema(value_type = String, format = "uri")]
    pub url: BaseUrl,
    /// The shape of the request.
    #[schema(schema_with = sms_forms)]
    pub form: SmsForm,
}

/// Where calls are placed.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VoiceGateway {
    /// The provider's address.
    #[schema(value_type = String, format = "uri")]
    pub url: BaseUrl,
    /// The shape of the request.
    #[schema(schema_with = voice_forms)]
    pub form: VoiceForm,
}

/// Where notifications go.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PushGateway {
    /// The provider's address.
    #[schema(value_type = String, format = "uri")]
    pub url: BaseUrl,
    /// The shape of the request.
    #[schema(schema_with = push_forms)]
    pub form: PushForm,
}

/// Where mail goes: `{"smtp": "host:port"}` or `{"url": …, "form": "mailSend"}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "MailGatewayFields")]
pub enum MailGateway {
    /// To a mail server, without TLS and without a password.
    Smtp {
        /// The server's address.
        smtp: SmtpAddress,
    },
    /// To a provider that takes the `v3/mail/send` form.
    MailSend {
        /// The provider's address.
        url: BaseUrl,
    },
}

/// Where mail goes: either `smtp`, or `url` and `form`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MailGatewayFields {
    /// A mail server, `host:port`.
    #[schema(value_type = Option<String>)]
    smtp: Option<SmtpAddress>,
    /// The provider's address.
    #[schema(value_type = Option<String>, format = "uri")]
    url: Option<BaseUrl>,
    /// The shape of the request.
    #[schema(schema_with = mail_forms)]
    form: Option<MailForm>,
}

impl TryFrom<MailGatewayFields> for MailGateway {
    type Error = AddressRefused;

    fn try_from(fields: MailGatewayFields) -> Result<Self, Self::Error> {
        match (fields.smtp, fields.url, fields.form) {
            (Some(smtp), None, None | Some(MailForm::Smtp)) => Ok(Self::Smtp { smtp }),
            (None, Some(url), Some(MailForm::MailSend)) => Ok(Self::MailSend { url }),
            _ => Err(AddressRefused::Mail),
        }
    }
}

impl PartialSchema for MailGateway {
    fn schema() -> RefOr<Schema> {
        MailGatewayFields::schema()
    }
}

impl ToSchema for MailGateway {}

/// The address of an HTTP gateway: `http`, a host, perhaps a port and a path.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct BaseUrl {
    host: String,
    port: u16,
    authority: String,
    path: String,
}

/// The reason why a gateway's address is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefused {
    /// Not an HTTP URL, or one with more to it than host, port and path.
    #[error(
        "a gateway's url must be http://host:port, perhaps with a path, without credentials, query or fragment"
    )]
    Url,
    /// Not a host and a port.
    #[error("a mail server is given as host:port")]
    Smtp,
    /// Both kinds of mail gateway, or neither, or half of one.
    #[error("mail goes either to an smtp address, or to a url with the form mailSend")]
    Mail,
}

impl BaseUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// [`AddressRefused::Url`].
    pub fn parse(text: &str) -> Result<Self, AddressRefused> {
        let url = url::Url::parse(text).map_err(|_| AddressRefused::Url)?;
        let plain = url.scheme() == "http"
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let (Some(host), Some(port), true) = (url.host(), url.port_or_known_default(), plain)
        else {
            return Err(AddressRefused::Url);
        };
        Ok(Self {
            authority: format!("{host}:{port}"),
            host: host.to_string().trim_matches(['[', ']']).to_owned(),
            port,
            path: url.path().trim_end_matches('/').to_owned(),
        })
    }

    /// Returns what is connected to.
    pub(super) fn socket(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// Returns host and port as they stand in a `Host` header.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// Appends a provider's path to the address's own.
    pub(super) fn path_and(&self, rest: &str) -> String {
        match (self.path.as_str(), rest) {
            ("", "") => "/".to_owned(),
            (path, rest) => format!("{path}{rest}"),
        }
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = AddressRefused;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

/// The address of a mail server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct SmtpAddress {
    host: String,
    port: u16,
}

impl SmtpAddress {
    /// Reads `host:port`; an IPv6 host stands in brackets.
    ///
    /// # Errors
    /// [`AddressRefused::Smtp`].
    pub fn parse(text: &str) -> Result<Self, AddressRefused> {
        // The grammar of a host is that of URLs; nothing may stand around it.
        let url = url::Url::parse(&format!("smtp://{text}")).map_err(|_| AddressRefused::Smtp)?;
        match (url.host_str(), url.port()) {
            (Some(host), Some(port)) if text == format!("{host}:{port}") => Ok(Self {
                host: host.trim_matches(['[', ']']).to_owned(),
                port,
            }),
            _ => Err(AddressRefused::Smtp),
        }
    }

    /// Returns what is connected to.
    pub(super) fn socket(&self) -> (&str, u16) {
        (&self.host, self.port)
    }
}

impl TryFrom<String> for SmtpAddress {
    type Error = AddressRefused;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

fn sms_forms() -> Schema {
    words(SmsForm::ALL.iter().map(|form| form.as_str()))
}

fn voice_forms() -> Schema {
    words(VoiceForm::ALL.iter().map(|form| form.as_str()))
}

fn push_forms() -> Schema {
    words(PushForm::ALL.iter().map(|form| form.as_str()))
}

fn mail_forms() -> Schema {
    words(MailForm::ALL.iter().map(|form| form.as_str()))
}

fn words(words: impl Iterator<Item = &'static str>) -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words))
        .into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(value: Value) -> Result<GatewayConfig, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn every_form_is_read_from_the_contracts_json() {
        let config = read(json!({
            "sms": { "url": "http://127.0.0.1:8081", "form": "messages" },
            "voice": { "url": "http://localhost:8082/voice/", "form": "json" },
            "email": { "smtp": "127.0.0.1:2525" },
            "push": { "url": "http://[::1]:8083/", "form": "messagesSend" },
        }))
        .expect("the configuration is valid");
        let sms = config.sms.expect("there is an SMS gateway");
        assert_eq!(sms.form, SmsForm::Messages);
        assert_eq!(sms.url.path_and(""), "/");
        assert_eq!(sms.url.path_and("/v1"), "/v1");
        let voice = config.voice.expect("there is a voice gateway");
        assert_eq!(voice.url.path_and("/v1"), "/voice/v1");
        assert_eq!(voice.url.path_and(""), "/voice");
        let push = config.push.expect("there is a push gateway");
        assert_eq!(push.url.socket(), ("::1", 8083));
        assert_eq!(push.url.authority(), "[::1]:8083");
        assert_eq!(config.timeout_ms, 2000);
        let email = json!({ "email": { "url": "http://127.0.0.1:1", "form": "mailSend" } });
        assert!(matches!(
            read(email).map(|config| config.email),
            Ok(Some(MailGateway::MailSend { .. }))
        ));
        assert!(read(json!({})).is_ok());
    }

    #[test]
    fn what_is_half_said_or_unknown_is_refused() {
        for value in [
            json!({ "fax": {} }),
            json!({ "timeoutMs": 5 }),
            json!({ "sms": { "url": "http://127.0.0.1:1" } }),
            json!({ "sms": { "url": "http://127.0.0.1:1", "form": "soap" } }),
            json!({ "sms": { "url": "https://127.0.0.1:1", "form": "json" } }),
            json!({ "sms": { "url": "http://user:key@127.0.0.1:1", "form": "json" } }),
            json!({ "sms": { "url": "http://127.0.0.1:1/?a=b", "form": "json" } }),
            json!({ "sms": { "url": "127.0.0.1:1", "form": "json" } }),
            json!({ "sms": { "url": "http://127.0.0.1:1", "form": "json", "key": 1 } }),
            json!({ "email": {} }),
            json!({ "email": { "smtp": "127.0.0.1" } }),
            json!({ "email": { "smtp": "smtp://127.0.0.1:25" } }),
            json!({ "email": { "smtp": "user@127.0.0.1:25" } }),
            json!({ "email": { "smtp": "127.0.0.1:25/" } }),
            json!({ "email": { "smtp": "127.0.0.1:66000" } }),
            json!({ "email": { "smtp": "127.0.0.1:25", "url": "http://127.0.0.1:1" } }),
            json!({ "email": { "url": "http://127.0.0.1:1" } }),
            json!({ "email": { "url": "http://127.0.0.1:1", "form": "smtp" } }),
        ] {
            assert!(read(value.clone()).is_err(), "{value}");
        }
        assert_eq!(
            SmtpAddress::parse("[::1]:25").map(|smtp| smtp.host),
            Ok("::1".to_owned())
        );
        assert!(SmtpAddress::parse("mail.example:25").is_ok());
    }

    #[test]
    fn the_schemas_name_the_forms() {
        let schema = serde_json::to_string(&SmsGateway::schema()).expect("a schema serialises");
        assert!(schema.contains(r#"["json","messages"]"#), "{schema}");
        let schema = serde_json::to_string(&MailGateway::schema()).expect("a schema serialises");
        assert!(schema.contains(r#""mailSend""#), "{schema}");
        let schema = serde_json::to_string(&GatewayConfig::schema()).expect("a schema serialises");
        assert!(!schema.contains("timeout"), "{schema}");
    }
}
