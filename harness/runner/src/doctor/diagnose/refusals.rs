//! What refusals say about the mapping: where a success was due, where another refusal was, and where none came.

use proofup_domain::refusal::Refusal;
use proofup_domain::state::Channel;
use proofup_world::visit::Visit;

use super::Look;
use crate::doctor::act::Wants;
use crate::doctor::causes::{self, Cause};
use crate::doctor::finding::{Diagnosis, MappingGap};
use crate::doctor::signs::user_of;

impl Look<'_> {
    /// Looks at a refusal: where a success was due, and where another one was.
    pub(super) fn refused(&self, reason: Refusal, visit: &Visit<'_>) -> Vec<Diagnosis> {
        let word = reason.as_str();
        let words = match &self.act.wants {
            Wants::Success => {
                let mut diagnosis = self.not_done(reason);
                if let Some(cause) = self.cause_of_refusal(reason, visit) {
                    diagnosis.says.push_str(&format!("; {}", cause.seen));
                    diagnosis.change = cause.advice;
                }
                return vec![diagnosis];
            }
            Wants::AnyRefusal => return Vec::new(),
            Wants::Refusal(words) | Wants::Exactly(words) => words,
        };
        if words.contains(&reason) {
            return Vec::new();
        }
        let wanted = words.first().map_or("", |word| word.as_str());
        let spelt = words.iter().any(|word| self.spells(word.as_str()));
        if matches!(self.act.wants, Wants::Refusal(_)) && !spelt {
            return Vec::new();
        }
        let says = format!("{} was refused as `{word}`, not as `{wanted}`", self.deed());
        let change = if spelt {
            format!("the answer contains `{wanted}`: correct the rule that reads it as `{word}`")
        } else {
            format!(
                "either a rule reads the answer as `{word}` by mistake, or the server refuses for another reason: correct the rule, or leave the server to `proofup run`"
            )
        };
        let by_request = matches!(
            reason,
            Refusal::InvalidInput
                | Refusal::Malformed
                | Refusal::UnsupportedMediaType
                | Refusal::NotFound
                | Refusal::MethodNotAllowed
                | Refusal::Unauthenticated
        );
        let mut keys = vec![
            format!("refusals.{word}"),
            format!("refusals.{wanted}"),
            self.key("refusals"),
            self.key("request"),
        ];
        let change = if by_request && !spelt {
            keys.insert(0, self.key("body"));
            keys.insert(1, self.key("headers"));
            keys.insert(2, self.key("request"));
            format!(
                "check the request of {}: its path, its headers, and the names in its body",
                self.operation()
            )
        } else {
            change
        };
        let gaps = words.iter().copied().map(MappingGap::Refusal).collect();
        vec![self.told(says, change, keys, gaps)]
    }

    /// Finds what shows why a success was refused: a cookie that no client sends, or a message with more than a code.
    fn cause_of_refusal(&self, reason: Refusal, visit: &Visit<'_>) -> Option<Cause> {
        match reason {
            Refusal::Unauthenticated => causes::cookie_not_sent(&visit.exchanges()),
            Refusal::WrongCode => {
                let user = user_of(&self.act.command);
                let channels = [Channel::Email, Channel::Sms].into_iter();
                let counts = channels.map(|channel| visit.delivery(channel, &user).matches);
                let matches = counts.max().unwrap_or_default();
                (matches > 1).then(|| causes::ambiguous(matches))
            }
            _ => None,
        }
    }

    /// Returns the diagnosis of a refusal where a success was due.
    fn not_done(&self, word: Refusal) -> Diagnosis {
        let status = self.status().unwrap_or_default();
        let says = format!(
            "{} was refused as `{word}` (status {status}) but should have succeeded",
            self.deed()
        );
        let operation = self.operation();
        let mut keys = vec![self.key("request"), self.key("")];
        let change = if (200..300).contains(&status) {
            keys.insert(0, self.key("answers"));
            keys.push(format!("refusals.{word}"));
            format!(
                "status {status} looks like a success: correct `{}`, or the rule that reads it as `{word}`",
                self.key("answers")
            )
        } else {
            match word {
                Refusal::Unauthenticated => {
                    keys.insert(0, self.key("headers"));
                    format!(
                        "make {operation} send its credentials, such as the kept session, where the server expects them: check its headers"
                    )
                }
                Refusal::NotFound | Refusal::MethodNotAllowed => {
                    format!("correct the method or path of {operation}, or the kept id in the path")
                }
                Refusal::InvalidInput | Refusal::Malformed | Refusal::UnsupportedMediaType => {
                    keys.insert(0, self.key("body"));
                    format!(
                        "correct the names and types in the body of {operation}, or its content type"
                    )
                }
                Refusal::WrongCode => {
                    keys.insert(0, self.key("body"));
                    keys.insert(0, "codePattern".to_owned());
                    format!(
                        "either `codePattern` matches something other than the code, or {operation} does not send the code where the server expects it"
                    )
                }
                Refusal::GatewayFailed => {
                    keys.insert(
                        0,
                        "operations.createTenant.request.body.gateways".to_owned(),
                    );
                    keys.insert(1, "gateways".to_owned());
                    "point the providers of the server at the gateways of proofup: it could not deliver its message".to_owned()
                }
                _ => format!(
                    "either the request of {operation} is wrong, or the server refuses something that the file declares"
                ),
            }
        };
        self.told(says, change, keys, self.failed_gaps())
    }

    /// Returns the diagnosis of a success where a refusal was due.
    pub(super) fn no_refusal(&self) -> Diagnosis {
        let status = self.status().unwrap_or_default();
        let says = format!(
            "{} counted as a success (status {status}) but should have been refused",
            self.deed()
        );
        let answers = self.key("answers");
        if status >= 400 {
            return self.told(
                says,
                format!("remove status {status} from `{answers}`: it is an error"),
                vec![answers],
                self.failed_gaps(),
            );
        }
        let gaps = match &self.act.wants {
            Wants::Refusal(words) | Wants::Exactly(words) => {
                let words = words.iter().copied().map(MappingGap::Refusal);
                words.chain(self.failed_gaps()).collect()
            }
            Wants::Success | Wants::AnyRefusal => self.failed_gaps(),
        };
        self.told(
            says,
            format!("either `{answers}` needs a `where` that tells a success from a refusal, or the request of {} is wrong, or the server accepts what it must refuse", self.operation()),
            vec![answers, self.key("request")],
            gaps,
        )
    }

    /// Returns whether the answer spells a word as a whole value.
    fn spells(&self, word: &str) -> bool {
        let body = self
            .acted
            .exchanges
            .last()
            .and_then(|last| last.response_body.as_ref());
        body.is_some_and(|body| body.contains(&format!("\"{word}\"")))
    }
}
