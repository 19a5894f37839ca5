//! In what each hostility has to end, and all of them in turn.

use std::time::Duration;

use proofup_binding::TransportOptions;

use crate::hostile_server::Hostility;

pub(crate) const BODY_LIMIT: usize = 64 * 1024;

/// Longer than any request may take: what ends only here has missed its time-out.
pub(crate) const FAR_TOO_LONG: Duration = Duration::from_secs(120);

/// What each hostility has to end in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    TimedOut,
    TooLarge,
    HeadTooLarge,
    Flooded,
    NotHttp,
    ConnectionReset,
    /// An answer of this status that no rule matches.
    Unrecognised(u16),
    /// Either of two: the answer and the request cross each other.
    ResetOrUnrecognised(u16),
}

impl End {
    pub(crate) const fn of(hostility: Hostility) -> Self {
        match hostility {
            Hostility::NeverAnswers
            | Hostility::HangsInHeaders
            | Hostility::HangsInBody
            | Hostility::Trickles => Self::TimedOut,
            Hostility::InformsForEver => Self::Flooded,
            Hostility::GigabyteAnnounced
            | Hostility::GigabyteInChunks
            | Hostility::GigabyteUntilClosed => Self::TooLarge,
            Hostility::HugeHeader | Hostility::HeadersForEver => Self::HeadTooLarge,
            Hostility::NoHttp
            | Hostility::NoStatus
            | Hostility::BrokenChunks
            | Hostility::TrailersForEver => Self::NotHttp,
            Hostility::ClosesAtOnce
            | Hostility::Resets
            | Hostility::ClosesInBody
            | Hostility::AnnouncesTooMuch => Self::ConnectionReset,
            Hostility::AnnouncesTooLittle
            | Hostility::HalfJson
            | Hostility::DeepJson
            | Hostility::NoUtf8InBody => Self::Unrecognised(201),
            Hostility::HundredHeaders | Hostility::NoUtf8InHeader | Hostility::AnswersTwice => {
                Self::Unrecognised(200)
            }
            Hostility::RedirectLoop => Self::Unrecognised(302),
            Hostility::Status999 => Self::Unrecognised(999),
            Hostility::SwitchesProtocols => Self::Unrecognised(101),
            Hostility::AnswersFirst => Self::ResetOrUnrecognised(200),
        }
    }

    /// Bounds a request: what hangs is given up soon, and what does not has time on a busy machine.
    pub(crate) const fn options(self) -> TransportOptions {
        let timeout = match self {
            Self::TimedOut => Duration::from_millis(300),
            _ => Duration::from_secs(60),
        };
        TransportOptions {
            timeout,
            body_limit: BODY_LIMIT,
        }
    }
}

/// Does the same with every hostility: with those that hang side by side, with the others one after the other, because
/// those that flood would keep the time of the rest.
pub(crate) async fn with_all<T>(work: impl AsyncFn(Hostility) -> T) -> Vec<(Hostility, T)> {
    let hangs = |hostility: &Hostility| End::of(*hostility) == End::TimedOut;
    let (hanging, busy): (Vec<_>, Vec<_>) = Hostility::ALL.into_iter().partition(hangs);
    let mut all = Vec::new();
    for hostility in busy {
        all.push((hostility, work(hostility).await));
    }
    let together = hanging
        .into_iter()
        .map(async |hostility| (hostility, work(hostility).await));
    all.extend(futures_util::future::join_all(together).await);
    all
}
