//! Rules for every answer, whatever the story: what no response may hold, and where no message may go.
//!
//! A scenario judges the answers that it names. These rules look at each response and each message of every case, at no cost
//! to the target. What breaks a rule is kept by rule, operation and place, so one cause is one finding however many cases
//! meet it; the finding tells the first of them.

mod alike;
mod look;
mod repeats;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use proofup_binding::exchange::Exchange;
use proofup_binding::{Operation, Value};
use proofup_domain::command::{AddressRef, Command, GatewayBehaviour, PhoneRef};
use proofup_domain::secret::Secret;
use proofup_domain::state::Channel;
use proofup_gateways::store::normalised;
use proofup_judge::outcome::Mismatch;

use super::{Seen, World};
use look::look;

/// A rule that every answer keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExchangeRule {
    /// No answer is a server error, except where a provider failed.
    NoServerError,
    /// Every refusal that has to be a problem document is one, where the words of the target file made a refusal of it.
    ProblemDocument,
    /// Malformed input is refused by the word for what is wrong with it, and not by another.
    MalformedByItsName,
    /// An answer with status 405 has the header `Allow` (RFC 9110, 15.5.6).
    AllowWith405,
    /// No answer holds a code that was sent or typed.
    NoCode,
    /// A message never repeats the code of the one before, for the same use and destination.
    NewCodeEachTime,
    /// No answer holds a password, and no refusal a secret of any kind.
    NoSecret,
    /// No answer holds the answer to a security question.
    NoQuestionAnswer,
    /// Only a setup, or a device that is activated, is told the secret of an app.
    AppSecretInSetupOnly,
    /// No list and no challenge shows a whole address or number.
    MaskedDestination,
    /// Failed sign-ins are answered alike, whoever they are for.
    SignInsAlike,
    /// Resets that cannot be had are answered alike, whoever they are for.
    ResetsAlike,
    /// No mail goes to anybody but the people of the case.
    NoStrayMail,
    /// No text goes to anybody but the people of the case.
    NoStrayText,
    /// No call goes to anybody but the people of the case.
    NoStrayCall,
    /// No notification goes to a device that nobody of the case has.
    NoStrayNotification,
}

impl ExchangeRule {
    /// Lists every rule.
    pub const ALL: [Self; 16] = [
        Self::NoServerError,
        Self::ProblemDocument,
        Self::MalformedByItsName,
        Self::AllowWith405,
        Self::NoCode,
        Self::NewCodeEachTime,
        Self::NoSecret,
        Self::NoQuestionAnswer,
        Self::AppSecretInSetupOnly,
        Self::MaskedDestination,
        Self::SignInsAlike,
        Self::ResetsAlike,
        Self::NoStrayMail,
        Self::NoStrayText,
        Self::NoStrayCall,
        Self::NoStrayNotification,
    ];

    /// Returns the requirement and the words of its slug.
    #[must_use]
    pub const fn check(self) -> (&'static str, &'static str) {
        match self {
            Self::NoServerError => ("API-1", "no-answer-is-a-server-error"),
            Self::ProblemDocument => ("API-1", "refusals-are-problem-documents"),
            Self::MalformedByItsName => ("API-1", "malformed-input-is-refused-by-its-name"),
            Self::AllowWith405 => ("API-1", "every-405-has-allow"),
            Self::NoCode => ("CODE-7", "no-answer-holds-a-code"),
            Self::NewCodeEachTime => ("CODE-5", "no-message-repeats-the-code-before"),
            Self::NoSecret => ("API-4", "no-answer-holds-a-secret"),
            Self::NoQuestionAnswer => ("QUES-4", "no-answer-holds-an-answer-to-a-question"),
            Self::AppSecretInSetupOnly => ("APP-17", "no-answer-after-setup-holds-the-secret"),
            Self::MaskedDestination => ("MAN-7", "no-answer-shows-a-whole-destination"),
            Self::SignInsAlike => ("SIGN-7", "no-failed-sign-in-tells-users-apart"),
            Self::ResetsAlike => ("RESET-4", "no-refused-reset-tells-users-apart"),
            Self::NoStrayMail => ("MAIL-1", "no-mail-goes-to-anybody-else"),
            Self::NoStrayText => ("TEXT-2", "no-text-goes-to-anybody-else"),
            Self::NoStrayCall => ("CALL-2", "no-call-goes-to-anybody-else"),
            Self::NoStrayNotification => ("APP-3", "no-notification-goes-to-another-device"),
        }
    }

    /// Returns what the rule wants, as the expected side of a mismatch.
    #[must_use]
    pub const fn wants(self) -> &'static str {
        match self {
            Self::NoServerError => "no server error, except where a provider fails",
            Self::ProblemDocument => {
                "a problem document (RFC 9457) for every refusal of malformed input"
            }
            Self::MalformedByItsName => "malformed input refused by its own word",
            Self::AllowWith405 => "a header `Allow` with status 405",
            Self::NoCode => "no code in any answer",
            Self::NewCodeEachTime => {
                "another code than the one before, for the same use and destination"
            }
            Self::NoSecret => "no password in any answer, and no secret in a refusal",
            Self::NoQuestionAnswer => "no answer to a security question in any answer",
            Self::AppSecretInSetupOnly => "the secret of an app only while it is set up",
            Self::MaskedDestination => "a masked address or number",
            Self::SignInsAlike | Self::ResetsAlike => {
                "the same status, headers, members and texts for everybody"
            }
            Self::NoStrayMail
            | Self::NoStrayText
            | Self::NoStrayCall
            | Self::NoStrayNotification => "messages only to people and devices of the case",
        }
    }

    const fn of_channel(channel: Channel) -> Self {
        match channel {
            Channel::Email => Self::NoStrayMail,
            Channel::Sms => Self::NoStrayText,
            Channel::Voice => Self::NoStrayCall,
            Channel::Push => Self::NoStrayNotification,
        }
    }
}

/// What the rules found in the cases of a run so far.
#[derive(Debug, Default)]
pub struct AnswerRules(Mutex<Sighted>);

#[derive(Debug, Default)]
struct Sighted {
    looked: BTreeMap<ExchangeRule, u64>,
    broken: BTreeMap<(ExchangeRule, String, String), Sightings>,
}

/// Where a rule was broken at one place of one operation.
#[derive(Debug)]
struct Sightings {
    cases: BTreeSet<String>,
    /// The secrets that were seen there; digits may stand in a place by chance, two different codes do not.
    codes: BTreeSet<Secret>,
    /// The messages that repeated a code: the case, and which of its sendings.
    repeats: BTreeSet<(String, usize)>,
    /// The exchange of the first case by name, so that the order in which cases end changes nothing.
    exchange: Option<Exchange>,
}

/// A rule that was broken, at one place of one operation.
#[derive(Debug, Clone)]
pub struct BrokenRule {
    /// The rule.
    pub rule: ExchangeRule,
    /// The operation whose answer broke it, or the channel of a message.
    pub operation: String,
    /// Where in the answer, or to whom the message went.
    pub place: String,
    /// The first case, by name, in which that was seen.
    pub case: String,
    /// How many cases saw it.
    pub cases: usize,
    /// What was sent and what came back, masked.
    pub exchange: Option<Exchange>,
}

impl AnswerRules {
    /// Returns how many answers or messages a rule was held against.
    #[must_use]
    pub fn looked(&self, rule: ExchangeRule) -> u64 {
        self.ledger().looked.get(&rule).copied().unwrap_or_default()
    }

    /// Lists what broke a rule, in the order of rules, operations and places.
    #[must_use]
    pub fn broken(&self) -> Vec<BrokenRule> {
        let ledger = self.ledger();
        let counts = |rule: ExchangeRule, sightings: &Sightings| match rule {
            ExchangeRule::NoCode => sightings.codes.len() > 1,
            ExchangeRule::NewCodeEachTime => {
                let looked = ledger.looked.get(&rule).copied().unwrap_or_default();
                repeats::beyond_chance(sightings.repeats.len(), looked)
            }
            _ => true,
        };
        ledger
            .broken
            .iter()
            .filter(|((rule, ..), sightings)| counts(*rule, sightings))
            .map(|((rule, operation, place), sightings)| BrokenRule {
                rule: *rule,
                operation: operation.clone(),
                place: place.clone(),
                case: sightings.cases.first().cloned().unwrap_or_default(),
                cases: sightings.cases.len(),
                exchange: sightings.exchange.clone(),
            })
            .collect()
    }

    /// Keeps what is wrong with the form of a refusal that was right: one finding for each operation, however many checks
    /// meet it.
    pub(crate) fn see_form(
        &self,
        case: &str,
        operation: &str,
        form: &[Mismatch],
        exchange: Option<&Exchange>,
    ) {
        let mut looked = BTreeMap::new();
        let sightings = form.iter().map(|mismatch| {
            let (rule, place) = match mismatch.path.as_str() {
                "problem" => (
                    ExchangeRule::ProblemDocument,
                    "no problem document".to_owned(),
                ),
                _ => (
                    ExchangeRule::MalformedByItsName,
                    format!(
                        "{} in place of {}",
                        mismatch.actual.clone().unwrap_or_default(),
                        mismatch.expected
                    ),
                ),
            };
            looked.insert(rule, 1);
            Sighting {
                rule,
                operation: operation.to_owned(),
                place,
                code: None,
                repeat: None,
                exchange: exchange.cloned(),
            }
        });
        let sightings = sightings.collect();
        self.add(case, &looked, sightings);
    }

    fn ledger(&self) -> MutexGuard<'_, Sighted> {
        // No invariant spans a panic: each case is added whole or not at all.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, case: &str, looked: &BTreeMap<ExchangeRule, u64>, found: Vec<Sighting>) {
        let mut ledger = self.ledger();
        for (rule, times) in looked {
            *ledger.looked.entry(*rule).or_default() += times;
        }
        for sighting in found {
            let key = (sighting.rule, sighting.operation, sighting.place);
            let sightings = ledger.broken.entry(key).or_insert_with(|| Sightings {
                cases: BTreeSet::new(),
                codes: BTreeSet::new(),
                repeats: BTreeSet::new(),
                exchange: None,
            });
            let is_first = sightings
                .cases
                .first()
                .is_none_or(|first| case < first.as_str());
            if is_first {
                sightings.exchange = sighting.exchange;
            }
            sightings.cases.insert(case.to_owned());
            sightings.codes.extend(sighting.code);
            let repeat = sighting.repeat.map(|nth| (case.to_owned(), nth));
            sightings.repeats.extend(repeat);
        }
    }
}

/// A rule that one answer or message of a case breaks.
struct Sighting {
    rule: ExchangeRule,
    operation: String,
    place: String,
    code: Option<Secret>,
    /// Which of the case's sendings repeated a code.
    repeat: Option<usize>,
    exchange: Option<Exchange>,
}

/// What of a case is looked for.
struct Wanted {
    codes: BTreeSet<Secret>,
    passwords: BTreeSet<Secret>,
    answers: BTreeSet<Secret>,
    app_secrets: BTreeSet<String>,
    destinations: BTreeSet<String>,
    /// All that is secret, for refusals.
    secrets: BTreeSet<Secret>,
    provider_fails: bool,
}

/// Shorter texts stand in answers by chance.
const SECRET_MIN: usize = 8;

impl World<'_> {
    /// Compares every answer and message of the case with the rules, and keeps what breaks one.
    pub fn hold_to_rules(&self, case: &str) {
        let wanted = self.wanted();
        let mut looked = BTreeMap::new();
        let mut found = Vec::new();
        for seen in self.seen.iter().filter(|seen| !is_of_control(seen)) {
            look(&wanted, seen, &mut looked, &mut |rule, place, code| {
                found.push(Sighting {
                    rule,
                    operation: seen.operation.clone(),
                    place,
                    code,
                    repeat: None,
                    exchange: self.shown(seen),
                });
            });
        }
        self.compare_answers(&mut looked, &mut found);
        self.look_at_messages(&mut looked, &mut found);
        if !wanted.provider_fails {
            self.look_for_repeated_codes(&mut looked, &mut found);
        }
        self.context.answers.add(case, &looked, found);
    }

    /// Compares the answers that must not tell users apart, each with the first of its kind.
    fn compare_answers(&self, looked: &mut BTreeMap<ExchangeRule, u64>, found: &mut Vec<Sighting>) {
        let people = self.people.values();
        let names: Vec<String> = people
            .map(|one| one.persona.user_principal_name.to_lowercase())
            .collect();
        let mut firsts: BTreeMap<ExchangeRule, &Seen> = BTreeMap::new();
        for seen in &self.seen {
            let Some(rule) = alike::rule_of(seen) else {
                continue;
            };
            let first = *firsts.entry(rule).or_insert(seen);
            if std::ptr::eq(first, seen) {
                continue;
            }
            *looked.entry(rule).or_default() += 1;
            for place in alike::differences(first, seen, &names) {
                found.push(Sighting {
                    rule,
                    operation: seen.operation.clone(),
                    place,
                    code: None,
                    repeat: None,
                    exchange: self.shown(seen),
                });
            }
        }
    }

    fn wanted(&self) -> Wanted {
        let target = &self.context.session.target;
        let inboxes = self.gateways.inboxes().all();
        let sent = inboxes
            .iter()
            .filter(|accepted| matches!(accepted.message.channel, Channel::Sms | Channel::Email))
            .filter_map(|accepted| {
                let pattern = target.code_pattern(accepted.message.channel);
                accepted.message.code(pattern)
            });
        let long = |secret: &&Secret| is_long(secret.expose());
        let people = self
            .people
            .values()
            .map(|one| &one.persona)
            .filter(|person| person.exists);
        let passwords = people
            .flat_map(|person| [Some(&person.password), person.previous_password.as_ref()])
            .flatten()
            .filter(long)
            .cloned()
            .collect();
        let fails = |command: &Command| matches!(command, Command::SetGateway { behaviour, .. } if *behaviour != GatewayBehaviour::Deliver);
        Wanted {
            codes: sent.chain(self.codes.iter().cloned()).collect(),
            passwords,
            answers: self
                .people
                .values()
                .flat_map(|one| one.registered_answers.values())
                .filter(long)
                .cloned()
                .collect(),
            app_secrets: self.app_secrets(),
            destinations: self.destinations(),
            secrets: self.secrets.iter().filter(long).cloned().collect(),
            provider_fails: self.history.iter().any(|(_, command, _)| fails(command)),
        }
    }

    /// Lists what an authenticator could be made of: secrets typed by hand, in key URIs, and of devices.
    fn app_secrets(&self) -> BTreeSet<String> {
        let mut secrets = BTreeSet::new();
        for handle in self.handles.iter() {
            for name in ["manualSecret", "codeSecret", "qrPayload"] {
                let Some(Value::Secret(secret)) = handle.kept.get(name) else {
                    continue;
                };
                let text = secret.expose();
                let parameter = text
                    .split_once("secret=")
                    .and_then(|(_, rest)| rest.split('&').next());
                let own = (name != "qrPayload").then_some(text);
                secrets.extend(parameter.into_iter().chain(own).map(str::to_owned));
            }
        }
        secrets.retain(|secret| is_long(secret));
        secrets
    }

    /// Lists the addresses and numbers to which something was sent, without names that people sign in with.
    fn destinations(&self) -> BTreeSet<String> {
        let is_name = |text: &str| {
            let mut people = self.people.values();
            people.any(|one| one.persona.user_principal_name.eq_ignore_ascii_case(text))
        };
        self.handles
            .iter()
            .filter_map(|handle| handle.destination.as_ref())
            .filter(|(channel, destination)| *channel != Channel::Push && !is_name(destination))
            .map(|(_, destination)| destination.trim_start_matches('+').to_lowercase())
            .filter(|destination| destination.len() >= SECRET_MIN)
            .collect()
    }

    /// Looks for messages to nobody of the case. Where gateways serve a whole run, something of an earlier case may still
    /// arrive, so there only a copy of a message of this case counts.
    fn look_at_messages(
        &self,
        looked: &mut BTreeMap<ExchangeRule, u64>,
        found: &mut Vec<Sighting>,
    ) {
        let known = self.known_destinations();
        let all = self.gateways.inboxes().all();
        let messages = all
            .iter()
            .map(|accepted| &accepted.message)
            .filter(|message| message.seq > self.opened.0);
        let written = self.written_addresses();
        let (own, other): (Vec<_>, Vec<_>) = messages.partition(|message| {
            let destination = message.destination.to_lowercase();
            let is_in_it = |text: &String| text.contains(&destination);
            known.contains(&inbox_of(message.channel, &message.destination))
                || message.channel == Channel::Email && written.iter().any(is_in_it)
        });
        for message in &own {
            *looked
                .entry(ExchangeRule::of_channel(message.channel))
                .or_default() += 1;
        }
        let is_copy = |text: &str| own.iter().any(|message| message.text == text);
        for message in other {
            if self.gateways.is_shared() && !is_copy(&message.text) {
                continue;
            }
            found.push(Sighting {
                rule: ExchangeRule::of_channel(message.channel),
                operation: message.channel.as_str().to_owned(),
                place: "a destination that nobody of the case registered or typed".to_owned(),
                code: None,
                repeat: None,
                exchange: None,
            });
        }
    }

    /// Lists the texts that somebody typed in place of an address. Whoever takes one for an address finds one in it, and
    /// that this was taken is for the check to say, not that a mail went astray.
    fn written_addresses(&self) -> Vec<String> {
        let (addresses, _) = self.typed();
        let texts = addresses.into_iter().filter_map(|address| match address {
            AddressRef::Text(text) => Some(text.to_lowercase()),
            _ => None,
        });
        texts.collect()
    }

    fn known_destinations(&self) -> BTreeSet<(Channel, String)> {
        let mut known = BTreeSet::new();
        let mut add = |channel, destination: &str| {
            known.insert(inbox_of(channel, destination));
        };
        let (addresses, phones) = self.typed();
        for person in self.people.values().map(|one| &one.persona) {
            for address in &addresses {
                add(Channel::Email, &person.address(address));
            }
            for phone in &phones {
                let number = person.phone(phone).e164;
                add(Channel::Sms, &number);
                add(Channel::Voice, &number);
            }
        }
        for (channel, destination) in self.handles.iter().filter_map(|it| it.destination.as_ref()) {
            add(*channel, destination);
        }
        for device in self.people.values().flat_map(|one| &one.devices) {
            add(Channel::Push, &device.push_token);
        }
        known
    }

    /// Lists the addresses and numbers that people have and that somebody typed.
    fn typed(&self) -> (Vec<AddressRef>, Vec<PhoneRef>) {
        let mut addresses = vec![
            AddressRef::Own,
            AddressRef::Second,
            AddressRef::Mistyped,
            AddressRef::Work,
        ];
        let mut phones = vec![
            PhoneRef::Mobile,
            PhoneRef::SecondMobile,
            PhoneRef::Office,
            PhoneRef::SecondOffice,
        ];
        for (_, command, _) in &self.history {
            let (Command::BeginEnrollment { address, phone, .. }
            | Command::ChangeMethod { address, phone, .. }) = command
            else {
                continue;
            };
            addresses.extend(address.clone());
            phones.extend(phone.clone());
        }
        (addresses, phones)
    }

    /// Makes the exchange of a response fit to be shown.
    pub(super) fn shown(&self, seen: &Seen) -> Option<Exchange> {
        let mut exchange = self.exchanges.get(seen.exchange)?.clone().into_shown();
        exchange.mask(&self.secrets);
        Some(exchange)
    }
}

/// Returns the key of an inbox, whatever the spelling of its destination.
fn inbox_of(channel: Channel, destination: &str) -> (Channel, String) {
    (channel, normalised(channel, destination))
}

fn is_of_control(seen: &Seen) -> bool {
    matches!(
        Operation::from_word(&seen.operation),
        Some(
            Operation::CreateTenant
                | Operation::DeleteTenant
                | Operation::CreateUser
                | Operation::DeleteUser
                | Operation::ReadClock
                | Operation::AdvanceClock
                | Operation::SetPolicy
                | Operation::BlockUser
                | Operation::UnblockUser
                | Operation::ReadAudit
        )
    )
}

fn is_long(text: &str) -> bool {
    text.len() >= SECRET_MIN && !text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
