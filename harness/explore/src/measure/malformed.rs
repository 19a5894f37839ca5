//! Malformed requests for every endpoint that the target describes (API-1).
//!
//! A request fails the target by a 5xx (but a gateway's), by no answer, by a 4xx without a problem document, and by a 2xx to
//! what cannot be read. Anything else may be right: what was drawn may turn out to be valid, or to be minded by nobody.

use http::Request;
use proofup_binding::exchange::Exchange;
use proofup_binding::fuzz_view::DrawnOutcome;
use proofup_binding::{Operation, RawResponse, TransportError, Value, Variables};
use proofup_domain::method::Method as Info;
use proofup_domain::refusal::Refusal;
use proofup_domain::secret::Secret;
use proofup_world::command_runner::CommandRunner;
use proofup_world::persona::case_rng;
use serde_json::{Value as Json, json};
use tower::ServiceExt as _;

use super::Measure;
use super::collect::{Stand, person};
use super::draw::{Drawer, Drawn};
use super::openapi::{Endpoint, OpenApiDocument};
use super::report::{MeasureFinding, MeasureRow, Measured};

/// Fetches the target's description, and sends each endpoint in it so many malformed requests.
pub(super) async fn judge(stand: &Stand<'_>, requests: usize, only: Option<usize>) -> Measured {
    let mut measured = Measured::new(Measure::MalformedInput.requirement());
    let document = match fetch(stand).await {
        Ok(document) => document,
        Err(why) => {
            measured.unable.push(format!("malformed input: {why}"));
            return measured;
        }
    };
    let mut endpoints: Vec<&Endpoint> = document.endpoints.iter().collect();
    let target = &stand.context.session.target;
    // What takes a tenant down comes last: the others need one.
    endpoints.sort_by_key(|one| target.is_control(&one.path) && one.method == http::Method::DELETE);
    let mut work = match Work::begin(stand, &document, requests, only, endpoints.len()).await {
        Ok(work) => work,
        Err(why) => {
            measured.unable.push(format!("malformed input: {why}"));
            return measured;
        }
    };
    for (at, endpoint) in endpoints.iter().enumerate() {
        if !work.endpoint(at, endpoint, &mut measured).await {
            break;
        }
    }
    let (sent, asked) = (work.sent, work.endpoints);
    work.end().await;
    let wrong = measured.findings.len() + measured.findings_left_out;
    measured.rows.push(MeasureRow {
        what: format!("malformed requests to {asked} endpoints"),
        samples: sent,
        statistic: format!("{wrong} answered wrongly"),
        threshold: "none".to_owned(),
        false_alarm: None,
        holds: wrong == 0,
    });
    measured
}

/// Fetches the description as it is served: also the plain request that shows that somebody still answers.
async fn ask(stand: &Stand<'_>) -> Result<bytes::Bytes, String> {
    let context = stand.context;
    let path = context.session.target.openapi().ok_or(
        "the target file has no `openapi`, the path under which the target describes its endpoints",
    )?;
    let request = Request::get(context.session.target.address_of(path)).body(bytes::Bytes::new());
    let request = request.map_err(|error| format!("{path} is not a path: {error}"))?;
    let response = context.session.transport.clone().oneshot(request).await;
    let response = response.map_err(|error| format!("{path} was not answered: {error}"))?;
    if !response.status().is_success() {
        return Err(format!("{path} was answered with {}", response.status()));
    }
    Ok(response.into_body())
}

async fn fetch(stand: &Stand<'_>) -> Result<OpenApiDocument, String> {
    let body = ask(stand).await?;
    let root: Json = serde_json::from_slice(&body)
        .map_err(|error| format!("the document is not JSON: {error}"))?;
    OpenApiDocument::read(root).map_err(|why| format!("the document: {why}"))
}

/// The people who send, the tenant that is spoilt, and how far it is.
struct Work<'a, 'e> {
    stand: &'a Stand<'e>,
    document: &'a OpenApiDocument,
    requests: usize,
    only: Option<usize>,
    people: usize,
    runner: CommandRunner<'e>,
    /// A tenant that test control may replace and take down.
    spare: CommandRunner<'e>,
    sent: usize,
    endpoints: usize,
}

impl<'a, 'e> Work<'a, 'e> {
    async fn begin(
        stand: &'a Stand<'e>,
        document: &'a OpenApiDocument,
        requests: usize,
        only: Option<usize>,
        endpoints: usize,
    ) -> Result<Self, String> {
        let target = &stand.context.session.target;
        // Everybody for one endpoint: wrong codes lock an account, and a reset ends its sessions.
        let people = stand.people(if only.is_some() { 1 } else { endpoints });
        let registers = target.has(Operation::CreateTenant)
            && target.has(Operation::SetPolicy)
            && target.has(Operation::AdvanceClock);
        let phone = Info::MobilePhone;
        let has_phone =
            stand.sends(proofup_domain::state::Channel::Sms) == super::collect::Sends::Yes;
        let methods: &[Info] = if registers && has_phone {
            &[phone]
        } else {
            &[]
        };
        let runner = stand
            .runner("measure-malformed-input", people, methods)
            .await?;
        let spare = match stand.runner("measure-malformed-control", 1, &[]).await {
            Ok(spare) => spare,
            Err(why) => {
                runner.tear_down().await;
                return Err(why);
            }
        };
        Ok(Self {
            stand,
            document,
            requests,
            only,
            people,
            runner,
            spare,
            sent: 0,
            endpoints: 0,
        })
    }

    async fn end(self) {
        self.spare.tear_down().await;
        self.runner.tear_down().await;
    }

    /// Sends one endpoint its requests; false: nobody answers any more.
    async fn endpoint(&mut self, at: usize, endpoint: &Endpoint, measured: &mut Measured) -> bool {
        let first = at * self.requests;
        let chosen = |number: &usize| self.only.is_none_or(|only| only == *number);
        let numbers: Vec<usize> = (first..first + self.requests).filter(chosen).collect();
        if numbers.is_empty() {
            return true;
        }
        self.endpoints += 1;
        let user = person(at % self.people.max(1));
        let is_control = self.stand.context.session.target.is_control(&endpoint.path);
        self.prepare(&user).await;
        for number in numbers {
            let (known, credential) = self.belongings(&user, is_control);
            let drawer = Drawer {
                target: &self.stand.context.session.target,
                document: self.document,
                endpoint,
                known: &known,
                credential: credential.as_ref(),
            };
            let mut rng = case_rng(
                self.stand.context.session.seed,
                &format!("request {number}"),
            );
            let Some(drawn) = drawer.draw(&mut rng) else {
                continue;
            };
            let carries = credential.is_some_and(|secret| carries(&drawn, &secret));
            let sent = format!("{endpoint} with {}", drawn.what);
            let unreadable = drawn.unreadable;
            let context = self.stand.context;
            let request = drawn.request;
            let came = context
                .session
                .target
                .send_drawn(&context.session.transport, request.clone())
                .await;
            if matches!(
                came,
                Err(TransportError::NotSent(_) | TransportError::KeptConnectionClosed)
            ) {
                continue;
            }
            self.sent += 1;
            if let Some(wrong) = self.wrong(&came, unreadable) {
                let finding = MeasureFinding {
                    number,
                    place: endpoint.to_string(),
                    sent,
                    wrong,
                    exchange: Some(self.shown(endpoint, &request, &came, &known)),
                };
                measured.find(finding);
            }
            if carries && !is_control && is_signed_out(&came) {
                // It signed out, or reset a password: the next requests are to reach something again.
                let _ = self
                    .runner
                    .demand(json!({ "do": "signIn", "user": user }))
                    .await;
            }
        }
        self.still_answers(endpoint, measured).await
    }

    /// Begins for the person a session, a second step, an open setup, a reset and a proof, as far as the target has them.
    async fn prepare(&mut self, user: &str) {
        let wait = json!({ "do": "advanceClock", "by": "resend" });
        let commands = [
            json!({ "do": "signIn", "user": user }),
            json!({ "do": "beginSecondStep", "user": user, "method": "mobilePhone", "kind": "textMessage" }),
            json!({ "do": "submitSecondStepCode", "user": user, "code": "lastSent" }),
            json!({ "do": "beginEnrollment", "user": user, "method": "email" }),
            wait.clone(),
            json!({ "do": "beginReset", "user": user }),
            json!({ "do": "beginResetProof", "user": user, "method": "mobilePhone", "kind": "textMessage" }),
            wait,
            json!({ "do": "beginSecondStep", "user": user, "method": "mobilePhone", "kind": "textMessage" }),
        ];
        for command in commands {
            // What a target does not have is only missing in the paths: ids that nobody has take its place.
            let _ = self.runner.demand(command).await;
        }
    }

    fn belongings(&self, user: &str, is_control: bool) -> (Variables, Option<Secret>) {
        let known = if is_control {
            self.spare.belongings(&person(0))
        } else {
            self.runner.belongings(user)
        };
        let name = if is_control {
            "controlToken"
        } else {
            "session"
        };
        let credential = match known.get(name) {
            Some(Value::Secret(secret)) => Some(secret.clone()),
            _ => None,
        };
        (known, credential)
    }

    /// Makes what may be shown of a request and its answer.
    fn shown(
        &self,
        endpoint: &Endpoint,
        request: &Request<bytes::Bytes>,
        came: &DrawnOutcome,
        known: &Variables,
    ) -> Exchange {
        let target = &self.stand.context.session.target;
        let mut secrets = self.runner.secrets();
        secrets.extend(self.spare.secrets());
        secrets.extend(known.0.values().filter_map(|value| match value {
            Value::Secret(secret) => Some(secret.clone()),
            Value::Plain(_) | Value::Jar(_) => None,
        }));
        let operation = target.operation_at(&endpoint.method, &endpoint.path);
        let name = operation.map_or("malformedInput", |(operation, _)| operation.as_str());
        target.exchange_of(name, request, came, &secrets)
    }

    /// Makes sure that the service is still there.
    async fn still_answers(&self, endpoint: &Endpoint, measured: &mut Measured) -> bool {
        let Err(why) = ask(self.stand).await else {
            return true;
        };
        let finding = MeasureFinding {
            number: self.only.unwrap_or_default(),
            place: endpoint.to_string(),
            sent: format!("a plain request after those to {endpoint}"),
            wrong: why,
            exchange: None,
        };
        measured.find(finding);
        false
    }

    /// Returns what is wrong with an answer, in words that are the same for the same kind.
    fn wrong(&self, came: &DrawnOutcome, unreadable: bool) -> Option<String> {
        let response = match came {
            Ok(response) => response,
            Err(error) => return Some(format!("no answer: {error}")),
        };
        let status = response.status;
        let target = &self.stand.context.session.target;
        let is_gateways = || target.refusal_of(response).refusal() == Some(Refusal::GatewayFailed);
        match status {
            500.. if !is_gateways() => Some(format!("{status}, a failure of the server")),
            400..500 if !is_problem(response) => {
                Some(format!("{status} without a problem document (RFC 9457)"))
            }
            200..300 if unreadable => Some(format!("{status} to a body that is not JSON")),
            _ => None,
        }
    }
}

fn carries(drawn: &Drawn, credential: &Secret) -> bool {
    let header = drawn.request.headers().get(http::header::AUTHORIZATION);
    header.is_some_and(|value| {
        value.to_str().ok() == Some(format!("Bearer {}", credential.expose()).as_str())
    })
}

fn is_signed_out(came: &DrawnOutcome) -> bool {
    came.as_ref()
        .is_ok_and(|response| matches!(response.status, 204 | 401))
}

/// Returns whether a body is a problem document: its media type, an object, and members of the types of RFC 9457 §3.1.
fn is_problem(response: &RawResponse) -> bool {
    let media = response.header("content-type").unwrap_or_default();
    let essence = media.split(';').next().unwrap_or_default().trim();
    let Some(Json::Object(problem)) = response.json() else {
        return false;
    };
    let texts = ["type", "title", "detail", "instance"].iter();
    let mut texts = texts.filter_map(|name| problem.get(*name));
    essence.eq_ignore_ascii_case("application/problem+json")
        && texts.all(Json::is_string)
        && problem
            .get("status")
            .is_none_or(|status| status.as_u64() == Some(u64::from(response.status)))
}
