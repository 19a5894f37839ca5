//! Compares one answer with the rules.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use http::StatusCode;
use http::header::ALLOW;
use proofup_binding::Operation;
use proofup_domain::refusal::Refusal;
use proofup_domain::secret::Secret;

use super::{ExchangeRule, Wanted};
use crate::Seen;
use crate::leaks::stands_alone;

/// What a rule that is broken is told to: the rule, the place, and the code that stood there.
type BrokenSink<'a> = &'a mut dyn FnMut(ExchangeRule, String, Option<Secret>);

/// Compares one answer with the rules.
pub(super) fn look(
    wanted: &Wanted,
    seen: &Seen,
    looked: &mut BTreeMap<ExchangeRule, u64>,
    broken: BrokenSink<'_>,
) {
    let mut search = AnswerSearch {
        wanted,
        seen,
        text: seen.response.text(),
        places: OnceCell::new(),
        looked,
        broken,
    };
    search.at_status();
    search.for_secrets();
    search.for_app_secrets();
    search.for_destinations();
}

/// One answer, and what is looked for in it.
struct AnswerSearch<'a> {
    wanted: &'a Wanted,
    seen: &'a Seen,
    text: String,
    /// Its places, once something is found in the text.
    places: OnceCell<Vec<(String, String)>>,
    looked: &'a mut BTreeMap<ExchangeRule, u64>,
    broken: BrokenSink<'a>,
}

impl AnswerSearch<'_> {
    fn at_status(&mut self) {
        let response = &self.seen.response;
        self.count(ExchangeRule::NoServerError);
        if is_server_error(self.seen) && !self.wanted.provider_fails {
            let status = format!("status {}", response.status);
            (self.broken)(ExchangeRule::NoServerError, status, None);
        }
        if response.status == StatusCode::METHOD_NOT_ALLOWED.as_u16() {
            self.count(ExchangeRule::AllowWith405);
            if !response.headers().contains_key(ALLOW) {
                (self.broken)(ExchangeRule::AllowWith405, "header:allow".to_owned(), None);
            }
        }
    }

    fn for_secrets(&mut self) {
        let wanted = self.wanted;
        if !wanted.codes.is_empty() {
            self.count(ExchangeRule::NoCode);
        }
        for code in &wanted.codes {
            for place in self.find(code.expose(), stands_alone) {
                (self.broken)(ExchangeRule::NoCode, place, Some(code.clone()));
            }
        }
        let secrets = match self.seen.refusal {
            Some(_) => &wanted.secrets,
            None => &wanted.passwords,
        };
        self.search(ExchangeRule::NoSecret, secrets.iter().map(Secret::expose));
        if !wanted.answers.is_empty() {
            let answers = wanted.answers.iter().map(Secret::expose);
            self.search(ExchangeRule::NoQuestionAnswer, answers);
        }
    }

    fn for_app_secrets(&mut self) {
        let wanted = self.wanted;
        let tells_them = self.operation().is_some_and(|operation| {
            let mut keeps = operation.keeps().iter();
            keeps.any(|keep| matches!(keep.name, "manualSecret" | "codeSecret"))
        });
        if !wanted.app_secrets.is_empty() && !tells_them {
            let secrets = wanted.app_secrets.iter().map(String::as_str);
            self.search(ExchangeRule::AppSecretInSetupOnly, secrets);
        }
    }

    fn for_destinations(&mut self) {
        let wanted = self.wanted;
        let shows = self.operation().is_some_and(shows_destinations);
        if wanted.destinations.is_empty() || !shows || self.seen.refusal.is_some() {
            return;
        }
        self.count(ExchangeRule::MaskedDestination);
        let is_whole = |text: &str| {
            let text = text.to_lowercase();
            let mut destinations = wanted.destinations.iter();
            destinations.any(|destination| text.contains(destination.as_str()))
        };
        for place in self.places_where(is_whole) {
            (self.broken)(ExchangeRule::MaskedDestination, place, None);
        }
    }

    fn operation(&self) -> Option<Operation> {
        Operation::from_word(&self.seen.operation)
    }

    fn count(&mut self, rule: ExchangeRule) {
        *self.looked.entry(rule).or_default() += 1;
    }

    /// Reports every place in which one of the texts stands.
    fn search<'t>(&mut self, rule: ExchangeRule, texts: impl Iterator<Item = &'t str>) {
        self.count(rule);
        for text in texts {
            for place in self.find(text, |held, text| held.contains(text)) {
                (self.broken)(rule, place, None);
            }
        }
    }

    /// Lists the places in which a text stands, as `stands` sees it.
    fn find(&self, text: &str, stands: impl Fn(&str, &str) -> bool) -> Vec<String> {
        if !self.text.contains(text) {
            return Vec::new();
        }
        self.places_where(|held| stands(held, text))
    }

    fn places_where(&self, holds: impl Fn(&str) -> bool) -> Vec<String> {
        let places = self.places.get_or_init(|| self.seen.response.places());
        let holding = places.iter().filter(|(_, held)| holds(held));
        holding.map(|(place, _)| place.clone()).collect()
    }
}

/// A server error of the implementation's own. 502 to 504 are also what stands before it, and 503 a full server.
fn is_server_error(seen: &Seen) -> bool {
    let status = seen.response.status;
    status >= 500 && !(502..=504).contains(&status) && seen.refusal != Some(Refusal::GatewayFailed)
}

/// Lists and challenges show destinations; inside a setup people see what they typed.
const fn shows_destinations(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::ListMethods
            | Operation::ReadSession
            | Operation::OpenAccount
            | Operation::BeginSecondStep
            | Operation::ReadSecondStep
            | Operation::BeginReset
            | Operation::ReadReset
            | Operation::BeginResetProof
            | Operation::ReadResetProof
            | Operation::ReadAuditEvents
    )
}
