//! The gateways that a case uses: its own, or those of the whole run.

use std::sync::Arc;

use proofup_domain::clock::Clock;
use proofup_domain::command::GatewayBehaviour;
use proofup_domain::state::Channel;
use proofup_gateways::behaviour::Providers;
use proofup_gateways::host::{Gateways, InProcessGateways, Standalone};
use proofup_gateways::store::Inboxes;

use super::Surroundings;

/// The gateways of a case.
#[derive(Debug)]
pub(crate) enum Host {
    /// Its own, on loopback.
    Own(Box<Gateways>),
    /// Its own, for a target in this process.
    InProcess(InProcessGateways),
    /// Those of the whole run; one case at a time uses them.
    Shared(Arc<Standalone>),
}

impl Host {
    /// Opens the gateways of a case, or takes those of the run.
    pub(crate) async fn open(surroundings: &Surroundings, clock: &Clock) -> Result<Self, String> {
        if let Some(shared) = surroundings.gateways() {
            return Ok(Self::Shared(shared));
        }
        if let Some(network) = surroundings.network() {
            let opened = network.open(clock.clone()).map(Self::InProcess);
            return opened.ok_or_else(|| "the network in this process has no free port".to_owned());
        }
        let started = Gateways::start(clock.clone()).await;
        started
            .map(|own| Self::Own(Box::new(own)))
            .map_err(|error| format!("could not start the gateways: {error}"))
    }

    /// Returns whether other cases use them, too.
    pub(crate) const fn is_shared(&self) -> bool {
        matches!(self, Self::Shared(_))
    }

    /// Returns the base address of the SMS provider.
    pub(crate) fn sms_url(&self) -> String {
        match self {
            Self::Own(own) => own.sms_url(),
            Self::InProcess(own) => own.sms_url(),
            Self::Shared(shared) => shared.sms_url(),
        }
    }

    /// Returns the base address of the voice provider.
    pub(crate) fn voice_url(&self) -> String {
        match self {
            Self::Own(own) => own.voice_url(),
            Self::InProcess(own) => own.voice_url(),
            Self::Shared(shared) => shared.voice_url(),
        }
    }

    /// Returns the base address of the mail provider's HTTP forms.
    pub(crate) fn mail_url(&self) -> String {
        match self {
            Self::Own(own) => own.mail_url(),
            Self::InProcess(own) => own.mail_url(),
            Self::Shared(shared) => shared.mail_url(),
        }
    }

    /// Returns the base address of the push provider.
    pub(crate) fn push_url(&self) -> String {
        match self {
            Self::Own(own) => own.push_url(),
            Self::InProcess(own) => own.push_url(),
            Self::Shared(shared) => shared.push_url(),
        }
    }

    /// Returns host and port of the SMTP server.
    pub(crate) fn smtp_address(&self) -> String {
        match self {
            Self::Own(own) => own.smtp_address(),
            Self::InProcess(own) => own.smtp_address(),
            Self::Shared(shared) => shared.smtp_address(),
        }
    }

    /// Returns the inboxes.
    pub(crate) fn inboxes(&self) -> &Inboxes {
        match self {
            Self::Own(own) => own.inboxes(),
            Self::InProcess(own) => own.inboxes(),
            Self::Shared(shared) => shared.inboxes(),
        }
    }

    /// Returns the providers, whose behaviour can be set.
    pub(crate) fn providers(&self) -> &Providers {
        match self {
            Self::Own(own) => own.providers(),
            Self::InProcess(own) => own.providers(),
            Self::Shared(shared) => shared.providers(),
        }
    }

    /// Ends the case's use of them: its own stop, those of the run deliver again whatever the case had told them.
    pub(crate) async fn stop(self) {
        match self {
            Self::Own(own) => own.stop().await,
            Self::InProcess(own) => drop(own),
            Self::Shared(shared) => {
                for channel in Channel::ALL {
                    let providers = shared.providers();
                    providers.set_behaviour(*channel, None, GatewayBehaviour::Deliver);
                    // What is still held would come up in a later case that releases its own.
                    let _ = providers.release(*channel, false);
                }
            }
        }
    }
}
