//! `proofup serve`: the reference implementation on its own.

use std::net::SocketAddr;
use std::time::Duration;

use axum::ServiceExt as _;
use clap::Args;
use proofup_domain::secret::Secret;
use proofup_domain::state::{PushForm, SmsForm, VoiceForm};
use proofup_reference::delivery::{
    AddressRefused, BaseUrl, GatewayConfig, MailGateway, PushGateway, SmsGateway, SmtpAddress,
    VoiceGateway,
};
use proofup_reference::serve::serve as serve_on;
use tokio::net::TcpListener;

use crate::commands::targeting::fault_named;
use crate::embedded::Burdened;
use crate::failure::{EXIT_OK, Failure};
use crate::resolve::{TOKEN_VARIABLE, token_from_environment};
use crate::runtime::runtime;
use crate::shutdown;
use crate::values::{duration_or_zero, number};
use crate::{clock, embedded, terminal};

/// The arguments of `proofup serve`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  proofup serve                                     a demo tenant, on http://127.0.0.1:8080\n  \
                        PROOFUP_TEST_CONTROL_TOKEN=secret proofup serve --test-control --listen 127.0.0.1:0\n\n\
                        State is kept in memory and lost when the process ends. The reference is not meant for production."
)]
pub(crate) struct ServeArguments {
    /// The address to listen on; port 0 means any free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    /// Let clients that send the token of `PROOFUP_TEST_CONTROL_TOKEN` create tenants and move their clocks
    #[arg(long)]
    test_control: bool,

    /// Allow --test-control on an address that other machines can reach
    #[arg(long, requires = "test_control")]
    allow_remote_test_control: bool,

    /// Draw codes, tokens and ids from this seed instead of the operating system (predictable: for tests only)
    #[arg(long, value_name = "N", value_parser = number(0, u64::MAX))]
    seed: Option<u64>,

    /// Plant a fault (with --test-control); `proofup faults --list` lists them
    #[arg(long, value_name = "NAME", requires = "test_control")]
    fault: Option<String>,

    /// Work this much longer on each request: for measuring comparisons
    #[arg(long, value_name = "DURATION", value_parser = duration_or_zero, hide = true)]
    burden: Option<Duration>,

    /// Answer every request with the same few bytes: the yardstick of load runs
    #[arg(long, hide = true)]
    hello: bool,

    /// The SMS provider of the demo tenant
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:8025/sms",
        conflicts_with = "test_control"
    )]
    sms: String,

    /// The voice provider of the demo tenant
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:8025/voice",
        conflicts_with = "test_control"
    )]
    voice: String,

    /// The mail server of the demo tenant
    #[arg(
        long,
        value_name = "HOST:PORT",
        default_value = "127.0.0.1:2525",
        conflicts_with = "test_control"
    )]
    smtp: String,

    /// The push provider of the demo tenant
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:8025/push",
        conflicts_with = "test_control"
    )]
    push: String,
}

/// Serves until it is asked to end.
pub(crate) fn execute(arguments: ServeArguments) -> Result<u8, Failure> {
    let token = control_token(&arguments)?;
    runtime()?.block_on(serve(arguments, token))
}

fn control_token(arguments: &ServeArguments) -> Result<Option<Secret>, Failure> {
    if !arguments.test_control {
        return Ok(None);
    }
    if !arguments.listen.ip().is_loopback() && !arguments.allow_remote_test_control {
        return Err(Failure::usage(
            format!(
                "with test control on {}, other machines could control the reference",
                arguments.listen
            ),
            "listen on 127.0.0.1, or add --allow-remote-test-control if you want that",
        ));
    }
    token_from_environment().map(Some).ok_or_else(|| {
        Failure::usage(
            format!("test control needs a token, and {TOKEN_VARIABLE} is not set"),
            format!("set it here and for `proofup run --url`: {TOKEN_VARIABLE}=… proofup serve --test-control"),
        )
    })
}

/// Returns the gateways of the demo tenant.
fn demo_gateways(
    arguments: &ServeArguments,
    callback_base: String,
) -> Result<GatewayConfig, Failure> {
    let refused = |flag: &str, value: &str, error: &AddressRefused| {
        Failure::usage(
            format!("--{flag} `{value}` cannot be used: {error}"),
            format!("see `proofup serve --help` for an example of --{flag}"),
        )
    };
    let url = |flag: &str, value: &str| {
        BaseUrl::parse(value).map_err(|error| refused(flag, value, &error))
    };
    let smtp = SmtpAddress::parse(&arguments.smtp)
        .map_err(|error| refused("smtp", &arguments.smtp, &error))?;
    Ok(GatewayConfig {
        sms: Some(SmsGateway {
            url: url("sms", &arguments.sms)?,
            form: SmsForm::Json,
        }),
        voice: Some(VoiceGateway {
            url: url("voice", &arguments.voice)?,
            form: VoiceForm::Json,
        }),
        email: Some(MailGateway::Smtp { smtp }),
        push: Some(PushGateway {
            url: url("push", &arguments.push)?,
            form: PushForm::Json,
        }),
        callback_base,
        ..GatewayConfig::default()
    })
}

async fn serve(arguments: ServeArguments, token: Option<Secret>) -> Result<u8, Failure> {
    let fault = arguments.fault.as_deref().map(fault_named).transpose()?;
    let cannot = |error: std::io::Error| {
        Failure::usage(
            format!("could not listen on {}: {error}", arguments.listen),
            "stop the program that listens there, or choose another address with --listen (port 0 means any free port)",
        )
    };
    let listener = TcpListener::bind(arguments.listen).await.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    let demo = match &token {
        None => demo_gateways(&arguments, format!("http://{address}"))?,
        Some(_) => GatewayConfig::default(),
    };
    let signals = shutdown::Signals::listen()?;
    let what = if arguments.hello {
        "with the same few bytes for every request"
    } else if arguments.test_control {
        "under test control"
    } else {
        "with the demo tenant"
    };
    terminal::result(&format!(
        "proofup {} serves http://{address} {what}\n",
        env!("CARGO_PKG_VERSION")
    ))?;
    let burden = arguments.burden.unwrap_or_default();
    let stopped = signals.requested();
    let served = if arguments.hello {
        let hello = Burdened::new(embedded::hello(), burden, clock::machine());
        // By axum's own means: it is the floor for whoever serves with axum.
        axum::serve(listener, hello.into_make_service())
            .with_graceful_shutdown(stopped)
            .await
    } else {
        let seed = arguments.seed;
        let reference = embedded::served(clock::machine(), token, seed, demo, fault);
        let reference = Burdened::new(reference, burden, clock::machine());
        serve_on(listener, reference, stopped).await;
        Ok(())
    };
    served.map_err(|error| {
        Failure::usage(
            format!("the server failed: {error}"),
            "check whether the machine has file handles left",
        )
    })?;
    Ok(EXIT_OK)
}
