//! One call of an operation, from its first request to its answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use proofup_domain::answer::{Answer, AnswerFields};
use proofup_domain::command::Mangle;
use proofup_domain::secret::Secret;
use serde_json::{Map, Value as Json};

use super::{masked, secret_of, secrets_of, unsent};
use crate::CompiledTarget;
use crate::command;
use crate::exchange::Exchange;
use crate::jar::Jar;
use crate::mangle::{carrier, spoil};
use crate::mask::{Masker, texts};
use crate::meaning::taken;
use crate::operation::Operation;
use crate::recorded::RecordedExchange;
use crate::reply::{CallFailure, Reply};
use crate::request::{RequestDraft, RequestTemplate};
use crate::response::RawResponse;
use crate::transport::{Transport, TransportError};
use crate::value::{Value, Variables, text_of};
use crate::variant::{Csrf, CsrfPlace, Variant};

/// What is known while an operation is done.
pub(super) struct OperationCall<'a> {
    pub(super) target: &'a CompiledTarget,
    pub(super) transport: &'a Transport,
    pub(super) operation: Operation,
    variant: &'a Variant,
    /// What was offered, and what earlier requests kept.
    variables: Variables,
    /// The cookies; none where the target has none.
    pub(super) jar: Option<Jar>,
    /// The jar began with this call.
    fresh: bool,
    pub(super) masker: Arc<Masker>,
    /// Every exchange so far, the newest last.
    pub(super) exchanges: Vec<RecordedExchange>,
    /// What requests kept, by name.
    kept: BTreeMap<String, Value>,
    renewed: BTreeMap<String, Value>,
    refreshed: bool,
}

impl<'a> OperationCall<'a> {
    pub(super) fn new(
        target: &'a CompiledTarget,
        transport: &'a Transport,
        operation: Operation,
        variant: &'a Variant,
        variables: &Variables,
    ) -> Self {
        let mut masker = Masker::default();
        masker.learn(texts(&target.environment_secrets));
        masker.learn(secrets_of(operation, variables).iter().map(String::as_str));
        let offered = variables.jar().cloned();
        let jar = if target.keeps_cookies() {
            Some(offered.clone().unwrap_or_default())
        } else {
            None
        };
        Self {
            target,
            transport,
            operation,
            variant,
            variables: target.words.speak(variables).into_owned(),
            fresh: offered.is_none(),
            jar,
            masker: Arc::new(masker),
            exchanges: Vec::new(),
            kept: BTreeMap::new(),
            renewed: BTreeMap::new(),
            refreshed: false,
        }
    }

    /// Sends the requests one after the other and reads the answer that counts.
    pub(super) async fn send_all(
        mut self,
        requests: &[RequestTemplate],
        mangle: Option<Mangle>,
    ) -> Result<Reply, CallFailure> {
        let carrier = carrier(self.operation, requests);
        let mut before: Option<RawResponse> = None;
        for (index, template) in requests.iter().enumerate() {
            let last = index + 1 == requests.len();
            let mangle = mangle.filter(|_| index == carrier);
            let response = self.answer_to(template, before.as_ref(), mangle).await?;
            let body = response.json();
            let kept = taken(&template.keep, &response, body.as_ref());
            for (name, value) in &kept {
                self.variables.insert(name.clone(), value.clone());
            }
            self.kept.extend(kept);
            let goes_on = response.status < 400 || template.go_on.contain(response.status);
            if last || !goes_on {
                return Ok(self.reply(response, body.as_ref()));
            }
            before = Some(response);
        }
        Err(unsent(
            self.operation,
            TransportError::NotBound(self.operation),
        ))
    }

    /// Returns the answer that the file assumes.
    pub(super) fn assume(self, answer: AnswerFields) -> Reply {
        let mut kept = self.kept;
        if let Some(jar) = self.jar.filter(|_| self.fresh) {
            kept.insert(Jar::NAME.to_owned(), Value::Jar(jar));
        }
        Reply {
            answered: Answer::Success(answer),
            kept,
            exchange: Exchange::unsent(self.operation.as_str()).into(),
            earlier: Vec::new(),
            renewed: BTreeMap::new(),
            assumed: true,
            raw: RawResponse::made(200, bytes::Bytes::new()),
        }
    }

    /// Runs a command and reads what it wrote like an answer.
    pub(super) async fn run(mut self, line: &str) -> Result<Reply, CallFailure> {
        let input: Map<String, Json> = self
            .variables
            .0
            .iter()
            .filter(|(_, value)| !matches!(value, Value::Jar(_) | Value::Plain(Json::Null)))
            .map(|(name, value)| (name.clone(), value.reveal()))
            .collect();
        let input = Json::Object(input).to_string();
        let mut exchange =
            Exchange::of_command(self.operation.as_str(), line, &input, &self.masker);
        let (folder, timeout) = (&self.target.folder, self.target.command_timeout());
        match command::run(line, folder, input.into_bytes(), timeout).await {
            Ok(ran) => {
                let status = if ran.succeeded { 200 } else { 500 };
                let response = RawResponse::made(status, ran.output);
                self.learn_from(&[], &response);
                exchange = exchange.answered(&response, &self.masker);
                exchange.failure = ran.complaint.map(|text| self.masker.mask(&text));
                self.exchanges.push(exchange.into());
                let body = response.json();
                Ok(self.reply(response, body.as_ref()))
            }
            Err(error) => {
                let exchange = Box::new(exchange.failed(&error));
                Err(CallFailure { error, exchange })
            }
        }
    }

    /// Reads the answer that counts.
    fn reply(mut self, raw: RawResponse, body: Option<&Json>) -> Reply {
        let mut kept = std::mem::take(&mut self.kept);
        kept.extend(self.variant.meaning.kept(&raw, body));
        let answered = self.variant.meaning.read(&raw, body, &self.target.refusals);
        let mut renewed = self.renewed;
        if matches!(answered, Answer::Success(_)) {
            if let Some(jar) = self.jar.filter(|_| self.fresh) {
                // Who has signed in gets another token than who has not.
                jar.set_csrf(None);
                kept.insert(Jar::NAME.to_owned(), Value::Jar(jar));
            }
        } else {
            let goes_on = |name: &String| {
                name == "session" || name == "refreshToken" || self.target.free_names.contains(name)
            };
            renewed.extend(kept.into_iter().filter(|(name, _)| goes_on(name)));
            kept = BTreeMap::new();
        }
        let masker = &self.masker;
        let exchange = self.exchanges.pop();
        let exchange = exchange.map(|exchange| exchange.masked_by(masker));
        let earlier = self.exchanges.into_iter();
        Reply {
            answered: masked(answered, &self.masker),
            kept,
            exchange: exchange.unwrap_or_else(|| Exchange::unsent(self.operation.as_str()).into()),
            earlier: earlier.map(|exchange| exchange.masked_by(masker)).collect(),
            renewed,
            assumed: false,
            raw,
        }
    }

    /// Gets the answer to one request: as often as it polls, and once more with a new session where that has run out.
    async fn answer_to(
        &mut self,
        template: &RequestTemplate,
        before: Option<&RawResponse>,
        mangle: Option<Mangle>,
    ) -> Result<RawResponse, CallFailure> {
        let mut response = self.attempt(template, before, mangle).await?;
        if self.has_run_out(&response) {
            self.refreshed = true;
            if self.refresh().await? {
                response = self.attempt(template, before, mangle).await?;
            }
        }
        let Some(poll) = template.poll.as_ref().filter(|_| mangle.is_none()) else {
            return Ok(response);
        };
        let over = pause(poll.within);
        tokio::pin!(over);
        loop {
            let ends = response.status >= 400 && !template.go_on.contain(response.status);
            if ends || poll.until.hold(&response, response.json().as_ref()) {
                return Ok(response);
            }
            tokio::select! {
                biased;
                () = &mut over => return Ok(response),
                () = pause(poll.every) => {}
            }
            // Of what was asked again and again, the newest exchange tells enough.
            self.exchanges.pop();
            response = self.attempt(template, before, mangle).await?;
        }
    }

    /// Fills a request and sends it, with its CSRF token.
    async fn attempt(
        &mut self,
        template: &RequestTemplate,
        before: Option<&RawResponse>,
        mangle: Option<Mangle>,
    ) -> Result<RawResponse, CallFailure> {
        let mut draft = self.draft(template, before)?;
        let target = self.target;
        if let Some(csrf) = target.csrf.as_ref().filter(|_| template.csrf)
            && !matches!(draft.method, Method::GET | Method::HEAD)
        {
            let token = self.csrf_token(csrf).await?;
            match &csrf.place {
                CsrfPlace::Header(name) => draft
                    .set_header(name, token.expose())
                    .map_err(|error| unsent(self.operation, error))?,
                CsrfPlace::Field(name) => draft.body.add(name, token.expose()),
            }
        }
        let mut request = draft
            .finish()
            .map_err(|error| unsent(self.operation, error))?;
        if let Some(mangle) = mangle {
            spoil(&mut request, mangle);
        }
        let cut = mangle == Some(Mangle::TruncatedBody);
        self.send(template, request, cut).await
    }

    fn draft(
        &self,
        template: &RequestTemplate,
        before: Option<&RawResponse>,
    ) -> Result<RequestDraft, CallFailure> {
        let target = self.target;
        template
            .draft(
                self.operation,
                &target.prefix(),
                &target.headers,
                &self.variables,
                before,
            )
            .map_err(|error| unsent(self.operation, error))
    }

    /// Gets a CSRF token: the session's, or a new one.
    async fn csrf_token(&mut self, csrf: &'a Csrf) -> Result<Secret, CallFailure> {
        let held = self.jar.as_ref().and_then(Jar::csrf);
        if let Some(token) = held.filter(|_| csrf.once) {
            return Ok(token);
        }
        let request = self
            .draft(&csrf.request, None)?
            .finish()
            .map_err(|error| unsent(self.operation, error))?;
        let response = self.send(&csrf.request, request, false).await?;
        let found = csrf.token.select(&response, response.json().as_ref());
        let Some(token) = found.first().map(text_of).filter(|token| !token.is_empty()) else {
            let why = "the answer to its `csrf` request holds no token".to_owned();
            return Err(unsent(self.operation, TransportError::NotSent(why)));
        };
        let token = Secret::new(token);
        self.learn([token.expose()]);
        if let Some(jar) = self.jar.as_ref().filter(|_| csrf.once) {
            jar.set_csrf(Some(token.clone()));
        }
        Ok(token)
    }

    /// Returns whether the session has run out and can be had anew.
    fn has_run_out(&self, response: &RawResponse) -> bool {
        let is_own = self.operation == Operation::RefreshSession;
        let has_session = self.operation.offers("session")
            && (self.variables.get("session").is_some()
                || self.variables.get("refreshToken").is_some()
                || !self.fresh);
        !is_own
            && !self.refreshed
            && has_session
            && self
                .target
                .refresh
                .as_ref()
                .is_some_and(|recogniser| recogniser.recognises(response, response.json().as_ref()))
    }

    /// Gets a new session; where that is refused, the first answer counts.
    async fn refresh(&mut self) -> Result<bool, CallFailure> {
        let call = self.target.call(
            self.transport,
            Operation::RefreshSession,
            &self.variables,
            None,
        );
        let reply = Box::pin(call).await?;
        let exchanges = reply.earlier.into_iter().chain([reply.exchange]);
        self.exchanges.extend(exchanges);
        if !matches!(reply.answered, Answer::Success(_)) {
            return Ok(false);
        }
        self.learn(reply.kept.values().filter_map(secret_of));
        for (name, value) in reply.kept {
            self.variables.insert(name.clone(), value.clone());
            self.renewed.insert(name, value);
        }
        Ok(true)
    }

    /// Learns secrets, for everything that was sent and comes.
    fn learn<'s>(&mut self, secrets: impl IntoIterator<Item = &'s str>) {
        Arc::make_mut(&mut self.masker).learn(secrets);
    }

    /// Learns what an answer holds for later steps, whether or not it is a success.
    pub(super) fn learn_from(&mut self, templates: &[&RequestTemplate], response: &RawResponse) {
        let body = response.json();
        let own = templates
            .iter()
            .flat_map(|template| taken(&template.keep, response, body.as_ref()));
        let kept: Vec<Value> = own
            .chain(self.variant.meaning.kept(response, body.as_ref()))
            .map(|(_, value)| value)
            .collect();
        self.learn(kept.iter().filter_map(secret_of));
        let cookies = response.cookies.iter().map(|(_, value)| value.as_str());
        self.learn(cookies.filter(|value| value.len() >= LONG_COOKIE));
    }
}

/// Shorter cookies are no secrets, but words such as a language.
const LONG_COOKIE: usize = 16;

/// Waits. Nothing else is waited for here: a product is asked again after a while.
async fn pause(time: Duration) {
    let _ = tokio::time::timeout(time, std::future::pending::<()>()).await;
}
