//! Adding an account to an authenticator, and activating the Microsoft app.

use proofup_domain::command::{AddBy, Name};
use proofup_domain::expect::{FieldPatterns, Pattern};
use proofup_domain::method::Method;
use proofup_domain::refusal::Refusal;

use super::expected::Told;
use super::life::Life;
use super::records::{AppPage, Phase, Ref, RefKind};
use super::{Handled, StepContext};

impl StepContext {
    /// Adds the account of a setup to another app: nothing is sent, so it works whatever became of the setup.
    pub(super) fn add_account(&mut self, user: &Name, name: Option<&Name>, by: AddBy) -> Handled {
        let actor = self.actor(user)?;
        let at = self.named(RefKind::Enrollment, user, name)?;
        if self.enrollment(at).method != Method::SoftwareOath {
            return Err(Told::Unbound("the setup has no account to add"));
        }
        self.person_mut(actor).accounts.push(at);
        let mut answer = FieldPatterns::new()
            .with("sameAccount", true)
            .with("secretBits", Pattern::AtLeast(160.into()))
            .with("base32", true)
            .with("algorithm", "SHA1")
            .with("digits", 6)
            .with("period", 30);
        // Who types the secret by hand learns no issuer: that stands in the key URI (APP-12).
        if by == AddBy::QrPayload {
            answer.set("issuerTwice", true);
        }
        Ok(Told::success(answer))
    }

    /// Activates a device with the code that a setup shows.
    pub(super) fn activate_device(&mut self, user: &Name, name: Option<&Name>) -> Handled {
        let actor = self.actor(user)?;
        let at = self.named(RefKind::Enrollment, user, name)?;
        let setup = self.enrollment(at);
        let shown = setup.page >= AppPage::ScanQrCode;
        if setup.method != Method::MicrosoftAuthenticator || !shown {
            return Err(Told::Unbound("no activation was shown"));
        }
        let used = Told::refused(Refusal::AlreadyVerified);
        let dead = [Refusal::Expired, Refusal::Cancelled, Refusal::NotFound];
        let life = self.enrollment_life(at);
        if setup.device_of.is_some() {
            return Err(if life == Life::Activated || life == Life::Sent {
                used
            } else {
                used.or_refused(&dead)
            });
        }
        if life.is_final() {
            return Err(Told::any_of(&dead));
        }
        self.activation_lives(at)?;
        // Whether availability is looked at here too is a matter of reading.
        let kept = self.enrollment(at).clone();
        if let Err(refused) = self.check_setup(at) {
            if self.reading() {
                return Err(refused);
            }
            *self.enrollment_mut(at) = kept;
        }
        let setup = self.enrollment_mut(at);
        setup.device_of = Some(actor);
        setup.phase = Phase::Activated;
        self.person_mut(actor).accounts.push(at);
        Ok(Told::success(
            FieldPatterns::new()
                .with("sameAccount", true)
                .with("codeSecret", true),
        ))
    }

    /// Refuses an activation that is over: surely so from when it was shown, perhaps from when the setup began.
    fn activation_lives(&mut self, at: Ref) -> Result<(), Told> {
        let (setup, lifetime) = (self.enrollment(at), self.limits().activation_seconds);
        let shown = setup.shown.unwrap_or(setup.begun);
        let perhaps = self.is_over(setup.begun, lifetime);
        if self.is_over(shown, lifetime) || (perhaps && self.reading()) {
            return Err(Told::refused(Refusal::Expired));
        }
        Ok(())
    }
}
