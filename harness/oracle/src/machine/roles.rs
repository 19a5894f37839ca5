//! What the roles of commands name: people, bound things, codes, addresses and numbers.

use std::sync::Arc;

use proofup_domain::command::{AddressRef, CodeRole, CodeShape, Name, PhoneRef};
use proofup_domain::method::ChallengeKind;
use proofup_domain::refusal::Refusal;

use super::StepContext;
use super::expected::Told;
use super::records::{Attempt, Code, Destination, ProofSubject, Ref, RefKind};

/// Who acts, and with which session.
#[derive(Debug, Clone, Copy)]
pub(super) struct By<'a> {
    pub(super) user: &'a Name,
    pub(super) session: Option<&'a Name>,
}

impl<'a> By<'a> {
    pub(super) const fn new(user: &'a Name, session: Option<&'a Name>) -> Self {
        Self { user, session }
    }
}

/// What is known of a destination that somebody gives.
#[derive(Debug, Clone)]
pub(super) struct KnownDestination {
    pub(super) destination: Destination,
    pub(super) valid: bool,
    pub(super) work: bool,
    pub(super) takes_texts: bool,
}

impl StepContext {
    /// Finds the person of a name.
    pub(super) fn actor(&self, name: &Name) -> Result<usize, Told> {
        self.state
            .person(name)
            .ok_or(Told::Unbound("nobody has this name"))
    }

    /// Finds what a name binds, or the user's latest of the sort.
    pub(super) fn named(
        &self,
        sort: RefKind,
        user: &Name,
        name: Option<&Name>,
    ) -> Result<Ref, Told> {
        if let Some(before) = &self.before {
            return before.named(sort, user, name);
        }
        let latest = self.person(self.actor(user)?).latest;
        let (found, why) = match (name, sort) {
            (Some(name), _) => (
                self.state.bindings.get(&(sort, name.clone())).copied(),
                "nothing of this sort is bound by the name",
            ),
            (None, RefKind::Session) => (latest.session, "the user has begun no session"),
            (None, RefKind::Enrollment) => (latest.enrollment, "the user has begun no setup"),
            (None, RefKind::Challenge) => (latest.challenge, "the user has begun no second step"),
            (None, RefKind::Reset) => (latest.reset, "the user has begun no reset"),
            (None, RefKind::Proof) => (latest.proof, "the user has begun no proof of a reset"),
        };
        found.ok_or(Told::Unbound(why))
    }

    /// Finds the session that a command names; `none` is nobody's.
    pub(super) fn session_named(&self, by: By<'_>) -> Result<Ref, Told> {
        if by.session.is_some_and(|name| name.0 == "none") {
            return Err(Told::refused(Refusal::Unauthenticated).serving("SIGN-1"));
        }
        self.named(RefKind::Session, by.user, by.session)
    }

    /// Remembers what somebody began, as their latest and under the name that the command gives.
    pub(super) fn bind(&mut self, sort: RefKind, actor: usize, name: Option<&Name>, thing: Ref) {
        let latest = &mut self.person_mut(actor).latest;
        match sort {
            RefKind::Session => latest.session = Some(thing),
            RefKind::Enrollment => latest.enrollment = Some(thing),
            RefKind::Challenge => latest.challenge = Some(thing),
            RefKind::Reset => latest.reset = Some(thing),
            RefKind::Proof => latest.proof = Some(thing),
        }
        if let Some(name) = name {
            Arc::make_mut(&mut self.state.bindings).insert((sort, name.clone()), thing);
        }
    }

    /// Finds the code that a role names, typed for a thing by somebody.
    pub(super) fn code(
        &self,
        user: &Name,
        thing: ProofSubject,
        role: &CodeRole,
    ) -> Result<Code, Told> {
        if let Some(before) = &self.before {
            return before.code(user, thing, role);
        }
        let actor = self.actor(user)?;
        let newest = || {
            let received = self.state.outbox.received_for(thing).last();
            received
                .map(|sent| Code::Sent(sent.id))
                .ok_or(Told::Unbound("no code was received for this"))
        };
        match role {
            CodeRole::LastSent | CodeRole::Expired => newest(),
            CodeRole::Previous => self.previous(thing),
            CodeRole::Used => self
                .person(actor)
                .used
                .ok_or(Told::Unbound("no code of this user was accepted yet")),
            CodeRole::Wrong | CodeRole::WellKnown(_) => Ok(Code::Wrong),
            CodeRole::Missing => Ok(Code::Misshapen),
            CodeRole::Current => self.totp(actor, thing, 0),
            CodeRole::Drift(steps) => self.totp(actor, thing, i64::from(*steps)),
            CodeRole::Of(name) => self.code_of(user, name),
            CodeRole::Shape(shape) => {
                let right = if self.attempt(thing).kind == ChallengeKind::AppCode {
                    self.totp(actor, thing, 0)?
                } else {
                    newest()?
                };
                Ok(self.shaped(*shape, right))
            }
        }
    }

    fn shaped(&self, shape: CodeShape, right: Code) -> Code {
        if self.state.setting.code_shapes_accepted.contains(&shape) {
            right
        } else {
            Code::Misshapen
        }
    }

    /// Finds the code before the newest one of a thing: same person, use and method.
    fn previous(&self, thing: ProofSubject) -> Result<Code, Told> {
        let why = Told::Unbound("no earlier code of the same use and method was received");
        let Some(newest) = self.state.outbox.received_for(thing).last() else {
            return Err(why);
        };
        self.state
            .outbox
            .codes
            .iter()
            .rev()
            .filter(|sent| sent.delivered && sent.id < newest.id)
            .find(|sent| {
                (sent.account, sent.purpose, sent.method)
                    == (newest.account, newest.purpose, newest.method)
            })
            .map(|sent| Code::Sent(sent.id))
            .ok_or(why)
    }

    /// Finds what the authenticator of a person shows for a thing; for what has no account there, the newest account.
    fn totp(&self, actor: usize, thing: ProofSubject, drift: i64) -> Result<Code, Told> {
        let accounts = &self.person(actor).accounts;
        let meant = self.account_of(thing);
        let account = accounts
            .iter()
            .rev()
            .find(|account| meant.is_none_or(|meant| meant == **account))
            .ok_or(Told::Unbound("no authenticator holds the account"))?;
        Ok(Code::Totp(*account, self.totp_step() + drift))
    }

    /// Counts 30 s steps since the epoch.
    pub(super) fn totp_step(&self) -> i64 {
        self.now.as_second().div_euclid(30)
    }

    /// Returns the setup whose shared secret proves a thing, or none if nothing shared proves it.
    pub(super) fn account_of(&self, thing: ProofSubject) -> Option<Ref> {
        if self.attempt(thing).kind != ChallengeKind::AppCode {
            return None;
        }
        match thing {
            ProofSubject::Enrollment(enrollment) => Some(enrollment),
            ProofSubject::Challenge(at) => {
                let person = self.person(at.owner);
                let id = person.challenges[at.index].method_id;
                person.methods.get(&id).map(|facts| facts.origin)
            }
        }
    }

    /// Finds the newest code of another user, or of a bound setup, challenge or proof.
    fn code_of(&self, user: &Name, name: &Name) -> Result<Code, Told> {
        let why = Told::Unbound("no code of this name was received");
        if let Ok(person) = self.actor(name) {
            let mut codes = self.state.outbox.codes.iter().rev();
            return codes
                .find(|sent| sent.delivered && sent.account == person)
                .map(|sent| Code::Sent(sent.id))
                .ok_or(why);
        }
        let sorts = [RefKind::Challenge, RefKind::Proof, RefKind::Enrollment];
        let thing = sorts.into_iter().find_map(|sort| {
            let found = self.named(sort, user, Some(name)).ok()?;
            Some(if sort == RefKind::Enrollment {
                ProofSubject::Enrollment(found)
            } else {
                ProofSubject::Challenge(found)
            })
        });
        thing
            .and_then(|thing| self.state.outbox.received_for(thing).last())
            .map(|sent| Code::Sent(sent.id))
            .ok_or(why)
    }

    pub(super) fn attempt(&self, thing: ProofSubject) -> Attempt {
        match thing {
            ProofSubject::Enrollment(at) => self.enrollment(at).attempt,
            ProofSubject::Challenge(at) => self.challenge(at).attempt,
        }
    }

    /// Finds an address by its role.
    pub(super) fn address(&self, actor: usize, address: &AddressRef) -> KnownDestination {
        let own = |role: &str| self.line(actor, role);
        match address {
            AddressRef::Own => own("own"),
            AddressRef::Second => own("second"),
            AddressRef::Mistyped => own("mistyped"),
            AddressRef::Work => KnownDestination {
                work: true,
                ..own("work")
            },
            AddressRef::WorkInCapitals => KnownDestination {
                work: true,
                ..own("workInCapitals")
            },
            AddressRef::Text(text) => self.typed_address(text),
        }
    }

    fn typed_address(&self, text: &str) -> KnownDestination {
        let (local, domain) = text.rsplit_once('@').unwrap_or(("", ""));
        let domain = domain.to_lowercase();
        KnownDestination {
            destination: Destination::Line(format!("{local}@{domain}").into()),
            valid: looks_like_an_address(local, &domain),
            work: self.state.setting.domains.contains(&domain),
            takes_texts: false,
        }
    }

    /// Finds a number by its role.
    pub(super) fn phone(&self, actor: usize, phone: &PhoneRef) -> KnownDestination {
        let texts = |role: &str, takes_texts| KnownDestination {
            takes_texts,
            ..self.line(actor, role)
        };
        let office = self.person(actor).office_takes_texts;
        match phone {
            PhoneRef::Mobile | PhoneRef::MobileRespelt => texts("mobile", true),
            PhoneRef::SecondMobile => texts("secondMobile", true),
            PhoneRef::Office | PhoneRef::OfficeWithExtension => texts("office", office),
            PhoneRef::SecondOffice => texts("secondOffice", office),
            PhoneRef::Dialled(dialled) => {
                let key = (dialled.region.clone(), dialled.number.clone());
                let facts = self.state.setting.numbers.get(&key);
                let e164 = facts.map_or_else(|| format!("{}/{}", key.0, key.1), |f| f.e164.clone());
                KnownDestination {
                    destination: Destination::Line(e164.into()),
                    valid: facts.is_none_or(|facts| facts.valid),
                    work: false,
                    takes_texts: facts.is_none_or(|facts| facts.takes_texts),
                }
            }
        }
    }

    fn line(&self, actor: usize, role: &str) -> KnownDestination {
        let name = &self.person(actor).name;
        KnownDestination {
            destination: Destination::Line(format!("{name}/{role}").into()),
            valid: true,
            work: false,
            takes_texts: false,
        }
    }
}

/// Returns whether an address is one that anybody would take, not one that nobody should (RFC 5321, MAIL-7).
fn looks_like_an_address(local: &str, domain: &str) -> bool {
    let dots = |text: &str| {
        !text.is_empty()
            && text.split('.').all(|part| {
                !part.is_empty()
                    && !part.contains(|c: char| {
                        c.is_whitespace() || c.is_control() || "<>()[]\\,;:\"@".contains(c)
                    })
            })
    };
    let short = local.len() <= 64
        && domain.split('.').all(|label| label.len() <= 63)
        && local.len() + 1 + domain.len() <= 254;
    dots(local) && dots(domain) && domain.contains('.') && short
}
