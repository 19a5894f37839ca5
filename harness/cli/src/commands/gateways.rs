//! `proofup gateways`: the mocked providers on their own.

use std::net::SocketAddr;

use clap::Args;
use proofup_gateways::host::{Standalone, StandaloneOptions, serve_gateways};

use crate::failure::{EXIT_OK, Failure};
use crate::runtime::runtime;
use crate::shutdown;
use crate::values::number;
use crate::{clock, terminal};

/// The arguments of `proofup gateways`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  proofup gateways\n  proofup gateways --http 127.0.0.1:8025 --smtp 127.0.0.1:2525\n  \
                        curl 'http://127.0.0.1:8025/messages?channel=sms'"
)]
pub(crate) struct GatewaysArguments {
    /// The address of the SMS, voice, mail and push providers; port 0 means any free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8025")]
    http: SocketAddr,

    /// The address of the SMTP server; port 0 means any free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:2525")]
    smtp: SocketAddr,

    /// The host name under which the target reaches this machine, for example from a container
    #[arg(long, value_name = "HOST")]
    advertise: Option<String>,

    /// Number of messages to keep; the oldest are dropped first
    #[arg(long, value_name = "N", value_parser = number(1, usize::MAX), default_value_t = StandaloneOptions::default().capacity)]
    keep: usize,
}

/// Serves until it is asked to end.
pub(crate) fn execute(arguments: &GatewaysArguments) -> Result<u8, Failure> {
    let options = StandaloneOptions {
        http: arguments.http,
        smtp: arguments.smtp,
        advertised: arguments.advertise.clone(),
        capacity: arguments.keep,
    };
    let mut told = Ok(());
    let served = runtime()?.block_on(async {
        let signals = shutdown::Signals::listen()?;
        let started = |host: &Standalone| told = terminal::result(&addresses(host));
        Ok(serve_gateways(&options, clock::machine(), started, signals.requested()).await)
    })?;
    served.map_err(|error| {
        Failure::usage(
            error.to_string(),
            "stop the program that listens there, or choose other addresses with --http and --smtp (port 0 means any free port)",
        )
    })?;
    told?;
    Ok(EXIT_OK)
}

fn addresses(host: &Standalone) -> String {
    format!(
        "sms      {}\nvoice    {}\nmail     {}\nsmtp     {}\npush     {}\nmessages {}/messages\n",
        host.sms_url(),
        host.voice_url(),
        host.mail_url(),
        host.smtp_address(),
        host.push_url(),
        host.people_url()
    )
}
