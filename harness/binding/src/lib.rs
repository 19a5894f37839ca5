//! Targets: the compiled target file, and the transports that carry its requests.
//!
//! A target file binds each abstract operation of the harness (`operation`) to a list of HTTP requests (`request`), says
//! what their answers mean (`meaning`) and what the implementation declares about itself (`profile`). `compile` reads
//! and checks the whole file at once. There is no other way to speak to an implementation: the contract of the reference
//! is such a file, `fixtures/targets/reference.toml`.
//!
//! **Invariant:** whatever leaves this module to be shown, an [`exchange::Exchange`] above all, has its secrets masked.

mod body_projection;
mod call;
mod command;
mod compile;
pub mod exchange;
mod file;
pub mod fuzz_view;
mod jar;
mod mangle;
mod mask;
mod matcher;
mod meaning;
mod operation;
mod problem;
mod profile;
pub mod raw_connection;
mod recorded;
mod reply;
mod request;
mod response;
mod shape;
mod show;
mod source;
mod standing_policy;
mod surroundings;
mod template;
mod text;
mod transport;
mod value;
mod variant;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::HeaderMap;
use proofup_domain::answer::REFUSED;
use proofup_domain::refusal::Refusal;
use proofup_domain::secret::Secret;
use proofup_domain::state::Channel;
use proofup_files::FileErrors;
use regex::Regex;
use url::Url;

pub use file::json_schema;
pub use jar::Jar;
use matcher::Recogniser;
use meaning::RefusalRule;
pub use operation::{KeepSpec, Operation, Secrecy, VariableSpec};
pub use profile::{
    ClockControl, ClockMode, ClockMove, ClockScope, DiscoverError, Isolation, PoolUser, Profile,
};
pub use raw_connection::Direct;
pub use recorded::RecordedExchange;
pub use reply::{Asked, CallFailure, Reply};
pub use response::RawResponse;
pub use standing_policy::{StandingPolicy, differing, field_of, with_fields};
pub use surroundings::{GatewayPlan, ProcessPlan, SurroundingsPlan};
pub use text::TargetText;
pub use transport::{Transport, TransportError, TransportOptions, loopback_transport};
pub use value::{Value, Variables};
use variant::{Binding, Csrf};
use words::Words;

/// A target file, read and checked: what turns operations into requests and answers into the domain's words.
#[derive(Debug, Clone)]
pub struct CompiledTarget {
    name: String,
    base: Url,
    folder: PathBuf,
    headers: HeaderMap,
    timeout: Option<Duration>,
    proxy: Option<Url>,
    certificates: Option<Vec<u8>>,
    cookies: bool,
    csrf: Option<Csrf>,
    refresh: Option<Recogniser>,
    words: Words,
    free_names: BTreeSet<String>,
    isolation: Isolation,
    settle: Duration,
    code_patterns: CodePatterns,
    clock: ClockControl,
    surroundings: SurroundingsPlan,
    standing_policy: Option<StandingPolicy>,
    profile: Profile,
    openapi: Option<String>,
    users: Vec<PoolUser>,
    known: Vec<(String, String)>,
    operations: BTreeMap<Operation, Binding>,
    refusals: Vec<RefusalRule>,
    environment_secrets: Vec<Secret>,
}

/// Finds codes in the messages of each channel.
#[derive(Debug, Clone)]
struct CodePatterns {
    sms: Regex,
    voice: Regex,
    email: Regex,
    push: Regex,
}

impl CodePatterns {
    /// Finds codes alike in the messages of every channel.
    fn every(pattern: Regex) -> Self {
        Self {
            sms: pattern.clone(),
            voice: pattern.clone(),
            email: pattern.clone(),
            push: pattern,
        }
    }
}

impl CompiledTarget {
    /// Compiles a target file; `${NAME}` in it is read from the process's environment.
    ///
    /// `path` names the file in messages; from its folder commands are run and certificates are read.
    ///
    /// # Errors
    /// If anything in the file is wrong: everything that is, with lines, the nearest words and what is allowed.
    pub fn compile(path: &str, text: &str) -> Result<Self, FileErrors> {
        Self::compile_in(path, text, &|name| std::env::var(name).ok())
    }

    /// Compiles a target file in a given environment.
    ///
    /// # Errors
    /// As [`Self::compile`].
    pub fn compile_in(
        path: &str,
        text: &str,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, FileErrors> {
        compile::compile(path, text, environment)
    }

    /// Speaks to another address than the file's.
    #[must_use]
    pub fn with_base(mut self, base: Url) -> Self {
        self.base = base;
        self
    }

    /// Returns the name that reports use.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the address. A file without one does not compile; none is kept for targets that are started on demand.
    #[must_use]
    pub const fn base_url(&self) -> Option<&Url> {
        Some(&self.base)
    }

    /// Returns where the capabilities come from; [`Self::discover`] gets them.
    #[must_use]
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Returns how time moves, and by what.
    #[must_use]
    pub const fn clock(&self) -> ClockControl {
        self.clock
    }

    /// Returns what keeps scenarios apart.
    #[must_use]
    pub const fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// Returns where the implementation describes itself, as a path; none where the file does not say.
    #[must_use]
    pub fn openapi(&self) -> Option<&str> {
        self.openapi.as_deref()
    }

    /// Lists what a person has looked at: probes of the doctor that end otherwise here, each with the reason.
    #[must_use]
    pub fn known(&self) -> &[(String, String)] {
        &self.known
    }

    /// Lists the users that exist already.
    #[must_use]
    pub fn users(&self) -> &[PoolUser] {
        &self.users
    }

    /// Returns whether an operation is bound.
    #[must_use]
    pub fn has(&self, operation: Operation) -> bool {
        self.operations.contains_key(&operation)
    }

    /// Returns whether the file says anywhere in which place of an operation's answer a field stands.
    ///
    /// What it says of no place cannot be judged: neither its presence nor its absence is the implementation's.
    #[must_use]
    pub fn tells(&self, operation: Operation, field: &str) -> bool {
        // The harness works these out itself.
        if matches!(field, REFUSED | "problem") {
            return true;
        }
        let ways = self.operations.get(&operation).map(|binding| &binding.ways);
        ways.into_iter()
            .flatten()
            .any(|variant| variant.tells(field))
            || self.refusals.iter().any(|rule| rule.tells(field))
    }

    /// Returns whether the file says anywhere in which place of an operation's answer a field stands, of a success or of a
    /// refusal: what one tells the other need not.
    #[must_use]
    pub fn tells_where(&self, operation: Operation, field: &str, refused: bool) -> bool {
        if matches!(field, REFUSED | "problem") {
            return true;
        }
        let ways = self.operations.get(&operation).map(|binding| &binding.ways);
        let mut ways = ways.into_iter().flatten();
        if refused {
            let own = ways.flat_map(|variant| &variant.meaning.refusals);
            return own.chain(&self.refusals).any(|rule| rule.tells(field));
        }
        ways.any(|variant| variant.tells_of_success(field))
    }

    /// Returns whether the file leaves out where a field of an operation's answer stands.
    #[must_use]
    pub fn is_silent_about(&self, operation: Operation) -> bool {
        let fields = operation.answer_fields();
        fields.names().any(|field| !self.tells(operation, field))
    }

    /// Returns whether more than the harness knows by name travels from one request to the next: names of the file's own,
    /// cookies, a CSRF token, sessions that are refreshed.
    #[must_use]
    pub fn keeps_more(&self) -> bool {
        !self.free_names.is_empty() || self.cookies || self.csrf.is_some() || self.refresh.is_some()
    }

    /// Returns whether every request is filled with nothing but what people are, what a command itself says and what answers
    /// told under the harness's own names.
    #[must_use]
    pub fn is_simple(&self) -> bool {
        const BESIDES: [&str; 4] = ["ownAddress", "addressIs", "e164", "destination"];
        self.operations.iter().all(|(operation, binding)| {
            let is_inside = |name: &str| {
                matches!(name, "method" | "kind")
                    && !matches!(
                        operation,
                        Operation::BeginEnrollment
                            | Operation::BeginSecondStep
                            | Operation::BeginResetProof
                            | Operation::DeleteMethod
                    )
            };
            binding.ways.iter().all(|variant| {
                let mut told = variant.when.iter().map(|(name, _)| name.as_str());
                let more = |name: &str| BESIDES.contains(&name) || is_inside(name);
                variant.writes_directly
                    && !told.any(more)
                    && !variant.names().into_iter().flatten().any(more)
            })
        })
    }

    /// Returns where the target listens, for those who speak to it without a transport; none: by TLS, or through a proxy.
    #[must_use]
    pub fn direct(&self, options: TransportOptions) -> Option<Direct> {
        match self.proxy {
            Some(_) => None,
            None => Direct::of(&self.base, options),
        }
    }

    /// Returns whether any request names a variable.
    #[must_use]
    pub fn mentions(&self, variable: &str) -> bool {
        let mut ways = self.operations.values().flat_map(|binding| &binding.ways);
        ways.any(|variant| {
            variant
                .names()
                .is_none_or(|mut names| names.any(|name| name == variable))
        })
    }

    /// Returns whether any request of an operation names a variable; true where it takes them all.
    #[must_use]
    pub fn names(&self, operation: Operation, variable: &str) -> bool {
        let ways = self.operations.get(&operation).map(|binding| &binding.ways);
        ways.into_iter().flatten().any(|variant| {
            variant
                .names()
                .is_none_or(|mut names| names.any(|name| name == variable))
        })
    }

    /// Returns whether any rule of the file tells that an operation was refused for a reason.
    #[must_use]
    pub fn can_refuse(&self, operation: Operation, reason: Refusal) -> bool {
        let ways = self.operations.get(&operation).map(|binding| &binding.ways);
        let own = ways.into_iter().flatten();
        let own = own.flat_map(|variant| &variant.meaning.refusals);
        own.chain(&self.refusals).any(|rule| rule.refused == reason)
    }

    /// Returns whether the request of an operation would name any of some variables; true where it takes them all.
    #[must_use]
    pub fn would_name(
        &self,
        operation: Operation,
        variables: &Variables,
        names: &BTreeSet<String>,
    ) -> bool {
        let binding = self.operations.get(&operation);
        let variant = binding.and_then(|binding| binding.variant(variables));
        let named = variant.and_then(variant::Variant::names);
        named.is_none_or(|mut named| named.any(|name| names.contains(name)))
    }

    /// Returns how long to wait before a message counts as not sent (wall time).
    #[must_use]
    pub const fn settle(&self) -> Duration {
        self.settle
    }

    /// Returns the expression that finds a code in a message of a channel: its first group if it has one, else all of it.
    #[must_use]
    pub const fn code_pattern(&self, channel: Channel) -> &Regex {
        match channel {
            Channel::Sms => &self.code_patterns.sms,
            Channel::Voice => &self.code_patterns.voice,
            Channel::Email => &self.code_patterns.email,
            Channel::Push => &self.code_patterns.push,
        }
    }

    /// Returns the folder of the target file: what it names is looked for from there.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns whether a name is one of the file's own, kept for later operations of the same session or person.
    #[must_use]
    pub fn keeps_for_later(&self, name: &str) -> bool {
        self.free_names.contains(name) || name == "session" || name == "refreshToken"
    }

    /// Makes the transport that speaks to the target as its file says: address, time-out, proxy, certificates.
    ///
    /// # Errors
    /// If the certificates cannot be used.
    pub fn transport(&self) -> Result<Transport, TransportError> {
        self.transport_with(TransportOptions {
            timeout: self.timeout.unwrap_or(TransportOptions::default().timeout),
            ..TransportOptions::default()
        })
    }

    /// Makes the transport with a time-out and bounds that are not the file's; the rest is as it says.
    ///
    /// # Errors
    /// As [`Self::transport`].
    pub fn transport_with(&self, options: TransportOptions) -> Result<Transport, TransportError> {
        transport::make(
            &self.base,
            options,
            self.proxy.as_ref(),
            self.certificates.as_deref(),
        )
    }

    /// Returns how long a command may take: as long as the file says, else a minute.
    fn command_timeout(&self) -> Duration {
        self.timeout.unwrap_or(Duration::from_secs(60))
    }

    /// Returns the base without a slash at its end.
    fn prefix(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    /// Puts a path behind the base.
    fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.prefix())
    }
}
