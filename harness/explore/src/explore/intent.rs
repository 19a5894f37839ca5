//! What people set out to do.

use proofup_domain::capabilities::Feature;

/// Something that somebody sets out to do; each is some commands long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    /// Sign in, out, look where the session stands.
    SignInAndOut,
    /// Put the interrupt off.
    Defer,
    /// Set a method up.
    SetUp,
    /// Pass the second step.
    Prove,
    /// Reset the password.
    Reset,
    /// Change, delete, choose the default.
    Manage,
    /// Guess codes.
    Guess,
    /// Send again, too soon or in time.
    SendAgain,
    /// Confirm a review.
    Review,
    /// Use what is somebody else's, over or nobody's.
    Trespass,
    /// Change the policy.
    ChangePolicy,
    /// Let time pass, to a second near something's end.
    AdvanceTime,
    /// Let a provider fail.
    BreakGateway,
    /// Block somebody, and unblock them again.
    Block,
    /// Watch the window for waiting while things happen.
    WatchWindow,
    /// Go on with something that should be over.
    Overrun,
    /// Look around.
    Read,
}

impl Intent {
    pub(super) const ALL: &'static [Self] = &[
        Self::SignInAndOut,
        Self::Defer,
        Self::SetUp,
        Self::Prove,
        Self::Reset,
        Self::Manage,
        Self::Guess,
        Self::SendAgain,
        Self::Review,
        Self::Trespass,
        Self::ChangePolicy,
        Self::AdvanceTime,
        Self::BreakGateway,
        Self::Block,
        Self::WatchWindow,
        Self::Overrun,
        Self::Read,
    ];

    /// Returns how often it happens where a case leans neither to it nor away from it.
    pub(super) const fn weight(self) -> u32 {
        match self {
            Self::SetUp => 10,
            Self::Reset => 6,
            Self::Overrun => 8,
            Self::Manage | Self::AdvanceTime | Self::Trespass => 5,
            Self::WatchWindow
            | Self::Defer
            | Self::Prove
            | Self::ChangePolicy
            | Self::SignInAndOut => 4,
            Self::Guess | Self::SendAgain | Self::Review => 3,
            Self::BreakGateway | Self::Block | Self::Read => 2,
        }
    }

    /// Returns the word of the command without which nothing comes of it.
    pub(super) const fn word(self) -> Option<&'static str> {
        match self {
            Self::Defer => Some("defer"),
            Self::WatchWindow | Self::Review | Self::AdvanceTime => Some("advanceClock"),
            Self::Prove => Some("beginSecondStep"),
            Self::Reset => Some("beginReset"),
            Self::ChangePolicy => Some("setPolicy"),
            Self::SendAgain => Some("sendCode"),
            _ => None,
        }
    }

    /// Returns the name of the feature without which it makes no sense.
    pub(super) const fn needs(self) -> Option<Feature> {
        match self {
            Self::Defer | Self::WatchWindow => Some(Feature::Deferral),
            Self::Prove => Some(Feature::TwoStep),
            Self::Reset => Some(Feature::Reset),
            Self::Manage => Some(Feature::Manage),
            Self::Review => Some(Feature::Review),
            Self::Block => Some(Feature::Blocking),
            _ => None,
        }
    }
}
