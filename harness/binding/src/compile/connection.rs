//! Compiles how the target is spoken to: address, headers, time-out, proxy, certificates, CSRF, words, code patterns.

use std::time::Duration;

use http::{HeaderMap, HeaderName};
use proofup_domain::secret::Secret;
use proofup_files::join;
use regex::Regex;
use url::Url;

use super::{Compiler, last_line, parse_duration, reported};
use crate::CodePatterns;
use crate::file::{CodePatternFile, CsrfEvery, CsrfFile, RefreshFile, TargetFile, WordsFile};
use crate::matcher::Recogniser;
use crate::operation::{Operation, VariableSpec};
use crate::problem::Mistake;
use crate::request::header_value;
use crate::source::Source;
use crate::value::Variables;
use crate::variant::{Csrf, CsrfPlace};
use crate::words::Words;

/// What finds a code where the file says nothing else.
const CODE_PATTERN: &str = r"\b([0-9]{6,10})\b";

/// What the request for a CSRF token is offered.
const CSRF_VARIABLES: &[VariableSpec] = &[VariableSpec::OPTIONAL_SESSION];

/// How the target is spoken to.
pub(super) struct ConnectionSettings {
    pub(super) base: Option<Url>,
    pub(super) headers: HeaderMap,
    pub(super) timeout: Option<Duration>,
    pub(super) proxy: Option<Url>,
    /// The text of a PEM file.
    pub(super) certificates: Option<Vec<u8>>,
    pub(super) secrets: Vec<Secret>,
}

impl Compiler<'_> {
    /// Compiles the connection; none only where something was reported.
    pub(super) fn connection(&mut self, file: &TargetFile) -> Option<ConnectionSettings> {
        let base = file
            .base
            .as_deref()
            .map(|base| self.value("/base", parse_base(base)));
        let timeout = file
            .timeout
            .as_deref()
            .map(|timeout| self.value("/timeout", parse_duration(timeout)));
        let proxy = file
            .proxy
            .as_deref()
            .map(|proxy| self.value("/proxy", parse_proxy(proxy)));
        let certificates = file
            .ca
            .as_deref()
            .map(|path| self.value("/ca", self.certificates(path)));
        let (headers, secrets) = self.shared_headers(file);
        Some(ConnectionSettings {
            base: base?,
            headers,
            timeout: reported(timeout)?,
            proxy: reported(proxy)?,
            certificates: reported(certificates)?,
            secrets,
        })
    }

    fn certificates(&self, path: &str) -> Result<Vec<u8>, Mistake> {
        let bad = |reason: String| Mistake::BadCertificates {
            path: path.to_owned(),
            reason,
        };
        let text = std::fs::read(self.folder.join(path)).map_err(|error| bad(error.to_string()))?;
        crate::transport::check_certificates(&text).map_err(bad)?;
        Ok(text)
    }

    fn shared_headers(&mut self, file: &TargetFile) -> (HeaderMap, Vec<Secret>) {
        let mut headers = HeaderMap::new();
        let mut secrets = Vec::new();
        for (name, text) in &file.headers {
            let at = join("/headers", name);
            let Ok(header) = HeaderName::try_from(name.as_str()) else {
                self.report_key(&at, Mistake::BadHeader(name.clone()));
                continue;
            };
            let Some(template) = self.template(&at, text, "headers", &[]) else {
                continue;
            };
            secrets.extend(template.environment_secrets().cloned());
            // Nothing is offered here, so nothing can be unbound.
            let value = template.render(&Variables::default(), str::to_owned);
            let value = value.ok().flatten().unwrap_or_default();
            match header_value(&header, &value) {
                Ok(value) => drop(headers.insert(header, value)),
                Err(_) => self.report_value(&at, Mistake::BadHeader(name.clone())),
            }
        }
        (headers, secrets)
    }

    pub(super) fn code_patterns(&mut self, file: Option<CodePatternFile>) -> Option<CodePatterns> {
        let by = match file {
            None => {
                return self
                    .value("/codePattern", pattern(None))
                    .map(CodePatterns::every);
            }
            Some(CodePatternFile::Every(text)) => {
                let every = self.value("/codePattern", pattern(Some(&text)));
                return every.map(CodePatterns::every);
            }
            Some(CodePatternFile::By(by)) => by,
        };
        let mut read = |channel: &str, text: Option<&str>| {
            self.value(&join("/codePattern", channel), pattern(text))
        };
        let (sms, voice) = (
            read("sms", by.sms.as_deref()),
            read("voice", by.voice.as_deref()),
        );
        let (email, push) = (
            read("email", by.email.as_deref()),
            read("push", by.push.as_deref()),
        );
        Some(CodePatterns {
            sms: sms?,
            voice: voice?,
            email: email?,
            push: push?,
        })
    }

    pub(super) fn own_words(file: &WordsFile) -> Words {
        let sets = [
            ("method", &file.method),
            ("kind", &file.kind),
            ("role", &file.role),
            ("reply", &file.reply),
        ];
        Words::of(sets.into_iter().flat_map(|(set, words)| {
            let words = words.iter();
            words.map(move |(word, own)| (set, word.as_str(), own.as_str()))
        }))
    }

    pub(super) fn refresh(&mut self, file: RefreshFile, bound: bool) -> Recogniser {
        if !bound {
            let (key, operation) = ("refresh", Operation::RefreshSession.as_str());
            self.report_key("/refresh", Mistake::NeedsOperation { key, operation });
        }
        self.recogniser(file.status, file.conditions, "/refresh")
    }

    /// Compiles the CSRF token's way; none only where something was reported.
    pub(super) fn csrf(&mut self, file: CsrfFile) -> Option<Csrf> {
        let request = self.request("csrf", CSRF_VARIABLES, file.request, "/csrf/request");
        let token = self.value("/csrf/token", Source::parse(&file.token));
        let place = match (file.header, file.field) {
            (Some(header), None) => match HeaderName::try_from(header.as_str()) {
                Ok(name) => Some(CsrfPlace::Header(name)),
                Err(_) => {
                    self.report_value("/csrf/header", Mistake::BadHeader(header));
                    None
                }
            },
            (None, Some(field)) => Some(CsrfPlace::Field(field)),
            (Some(_), Some(_)) => {
                self.report_key("/csrf", Mistake::Exclusive("header", "field"));
                None
            }
            (None, None) => {
                let key = "header".to_owned();
                self.report_key("/csrf", Mistake::MissingKey { key });
                None
            }
        };
        Some(Csrf {
            request: request?,
            token: token?,
            place: place?,
            once: file.every == CsrfEvery::Session,
        })
    }
}

fn pattern(text: Option<&str>) -> Result<Regex, Mistake> {
    Regex::new(text.unwrap_or(CODE_PATTERN))
        .map_err(|error| Mistake::BadPattern(last_line(&error.to_string())))
}

fn parse_base(text: &str) -> Result<Url, Mistake> {
    let bad = |reason: String| Mistake::BadBase {
        url: text.to_owned(),
        reason,
    };
    let url = Url::parse(text).map_err(|error| bad(error.to_string()))?;
    match url.scheme() {
        "http" => {}
        "https" if cfg!(feature = "tls") => {}
        "https" => {
            let reason = "this build speaks no https; build it with `--features tls`";
            return Err(bad(reason.to_owned()));
        }
        other => {
            let reason = if text.contains("://") {
                format!("the harness speaks http and https, not {other}")
            } else {
                format!("it has no scheme; did you mean `http://{text}`?")
            };
            return Err(bad(reason));
        }
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("a base has no query and no fragment".to_owned()));
    }
    Ok(url)
}

fn parse_proxy(text: &str) -> Result<Url, Mistake> {
    let bad = |reason: String| Mistake::BadProxy {
        url: text.to_owned(),
        reason,
    };
    let url = Url::parse(text).map_err(|error| bad(error.to_string()))?;
    if url.scheme() != "http" || url.host_str().is_none() {
        return Err(bad("the harness speaks http to a proxy".to_owned()));
    }
    Ok(url)
}
