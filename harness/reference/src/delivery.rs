//! Delivery: how codes, calls and notifications leave the service.
//!
//! Each channel has a gateway that takes one of the shapes of `domain::state`; the two shapes of strangers are those of the most
//! used providers, so that a real service needs no change but a base address to be judged by the same mocks. Only loopback
//! is spoken: there is no TLS, and the credentials that those providers want are made up.
//!
//! **Invariants:** a delivery is over, in whatever way, when its time is over; it was made if and only if the gateway said so,
//! and the gateway is asked once (a request is repeated only if not one byte of it was sent).

mod config;
mod connections;
mod mail;
mod requests;
mod wording;

use std::sync::Arc;
use std::time::Duration;

use proofup_domain::secret::Secret;
use proofup_domain::state::{PushForm, SmsForm, VoiceForm};
use tokio::sync::Semaphore;

pub use self::config::{
    AddressRefused, BaseUrl, GatewayConfig, MailGateway, PushGateway, SmsGateway, SmtpAddress,
    VoiceGateway,
};
use self::connections::GatewayConnections;
pub use self::connections::{Carried, CarriedEnding, Carrier};
use self::requests::GatewayRequest;
use self::wording::Notice;
use crate::address::EmailAddress;
use crate::phone::PhoneNumber;

/// What is to be delivered, and to whom.
#[derive(Debug, Clone)]
pub enum Outgoing {
    /// A code by SMS.
    Text {
        /// The number that gets the text.
        to: PhoneNumber,
        /// On whose behalf.
        organisation: String,
        /// The code in the text.
        code: Secret,
    },
    /// A call that asks for the pound key.
    Call {
        /// The number that is called.
        to: PhoneNumber,
        /// On whose behalf.
        organisation: String,
        /// The id that callbacks carry in their path.
        call_id: String,
        /// What proves that a callback comes from the gateway. Requirement: `GATE-3`.
        secret: Secret,
        /// The call says what to press. Requirement: `CALL-8`.
        instructs: bool,
    },
    /// A code by e-mail.
    Mail {
        /// The address that gets the mail, exactly as typed.
        to: EmailAddress,
        /// On whose behalf. Requirement: `MAIL-5`.
        organisation: String,
        /// The code in the mail, in both its parts.
        code: Secret,
    },
    /// A notification to approve or deny.
    Push {
        /// The push token that the app gave when it was activated.
        token: Secret,
        /// The id that the reply carries.
        notification_id: String,
        /// The device whose secret the reply must carry.
        device_id: String,
        /// On whose behalf.
        organisation: String,
    },
}

/// The reason why something was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GatewayFailure {
    /// The tenant has no gateway for the channel.
    #[error("no gateway is configured for this channel")]
    NotConfigured,
    /// The gateway could not be reached, hung up or said no.
    #[error("the gateway did not accept the message; try again")]
    Refused,
    /// The gateway did not answer in time.
    #[error("the gateway did not answer in time; try again")]
    TimedOut,
    /// Too many deliveries were under way for the whole of the time.
    #[error("too many messages are being sent; try again")]
    Busy,
}

/// Carries messages to gateways; cheap to clone, and every clone shares its places and connections.
#[derive(Debug, Clone)]
pub struct Courier(Arc<CourierInner>);

#[derive(Debug)]
struct CourierInner {
    places: Semaphore,
    connections: GatewayConnections,
}

impl Courier {
    /// Makes a courier that has at most `limit` deliveries under way (at least one).
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self::carried(limit, None)
    }

    /// Makes a courier as [`Self::new`] does; where there is a carrier, it takes all that would go to gateways.
    #[must_use]
    pub fn carried(limit: usize, carrier: Option<Carrier>) -> Self {
        Self(Arc::new(CourierInner {
            places: Semaphore::new(limit.clamp(1, Semaphore::MAX_PERMITS)),
            connections: GatewayConnections::new(carrier),
        }))
    }

    /// Delivers one message within the tenant's time-out, which covers waiting for a place, connecting, sending and the answer.
    ///
    /// # Errors
    /// [`GatewayFailure`]: the message must be taken for not delivered. Requirement: `GATE-1`.
    pub async fn deliver(
        &self,
        config: &GatewayConfig,
        message: Outgoing,
    ) -> Result<(), GatewayFailure> {
        // What the delivery has come to should its time be over now.
        let mut standing = Err(GatewayFailure::Busy);
        let delivery = async {
            let place = self.0.places.acquire().await;
            let _place = place.expect("the places are never closed");
            standing = Err(GatewayFailure::TimedOut);
            self.send(config, message, &mut standing).await
        };
        let time = Duration::from_millis(config.timeout_ms.into());
        match tokio::time::timeout(time, delivery).await {
            Ok(result) => result,
            Err(_) => standing,
        }
    }

    async fn send(
        &self,
        config: &GatewayConfig,
        message: Outgoing,
        standing: &mut DeliveryResult,
    ) -> DeliveryResult {
        let connections = &self.0.connections;
        match message {
            Outgoing::Text {
                to,
                organisation,
                code,
            } => {
                let gateway = configured(config.sms.as_ref())?;
                let text = wording::text_message(&organisation, &code);
                let post = match gateway.form {
                    SmsForm::Json => requests::sms_json(&to, &organisation, &text),
                    SmsForm::Messages => requests::messages(&to, &text),
                };
                connections.post(&gateway.url, post, standing).await
            }
            Outgoing::Call {
                to,
                organisation,
                call_id,
                secret,
                instructs,
            } => {
                let gateway = configured(config.voice.as_ref())?;
                let text = wording::call(&organisation, instructs);
                let callbacks = requests::Callbacks {
                    base: &config.callback_base,
                    call_id: &call_id,
                    secret: &secret,
                };
                let post = match gateway.form {
                    VoiceForm::Json => requests::voice_json(&to, &text, &callbacks),
                    VoiceForm::Calls => requests::calls(&to, &text, &callbacks),
                };
                connections.post(&gateway.url, post, standing).await
            }
            Outgoing::Mail {
                to,
                organisation,
                code,
            } => {
                let letter = wording::letter(&organisation, &code);
                match configured(config.email.as_ref())? {
                    MailGateway::Smtp { smtp } => {
                        mail::post(connections.carrier(), smtp, &to, &letter, standing).await
                    }
                    MailGateway::MailSend { url } => {
                        let post = requests::mail_send(&to, &letter);
                        connections.post(url, post, standing).await
                    }
                }
            }
            Outgoing::Push {
                token,
                notification_id,
                device_id,
                organisation,
            } => {
                let gateway = configured(config.push.as_ref())?;
                let ids = requests::PushIds {
                    token: &token,
                    notification_id: &notification_id,
                    device_id: &device_id,
                };
                let post = push_post(gateway.form, &ids, &organisation);
                connections.post(&gateway.url, post, standing).await
            }
        }
    }
}

/// Writes a notification in the form that its gateway takes.
fn push_post(form: PushForm, ids: &requests::PushIds<'_>, organisation: &str) -> GatewayRequest {
    let notice = Notice::new(organisation);
    match form {
        PushForm::Json => requests::push_json(ids, &notice),
        PushForm::MessagesSend => requests::messages_send(ids, &notice),
    }
}

/// What a delivery has come to.
type DeliveryResult = Result<(), GatewayFailure>;

fn configured<T>(gateway: Option<&T>) -> Result<&T, GatewayFailure> {
    gateway.ok_or(GatewayFailure::NotConfigured)
}
