//! Checks what a file says about the world around the implementation, and compiles it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use proofup_domain::capabilities::Facility;
use proofup_files::join;
use serde_json::{Map, Value as Json};

use super::{Compiler, parse_duration};
use crate::Binding;
use crate::file::CapabilitiesFile;
use crate::file::surroundings::{ClockControlFile, GatewaysFile, ProcessFile};
use crate::operation::{Operation, Secrecy, VariableSpec};
use crate::problem::Mistake;
use crate::profile::{ClockControl, ClockMove, ClockScope};
use crate::standing_policy::{self, StandingPolicy};
use crate::surroundings::{GatewayPlan, ProcessPlan, SurroundingsPlan};

/// Lists what the environment of a process may name.
const OFFERED: &[VariableSpec] = &[
    offered("gateway.sms"),
    offered("gateway.voice"),
    offered("gateway.mail"),
    offered("gateway.push"),
    offered("gateway.smtp"),
    offered("gateway.smtpHost"),
    offered("gateway.smtpPort"),
    offered("clockFile"),
    offered("folder"),
    offered("port"),
    offered("base"),
];

const fn offered(name: &'static str) -> VariableSpec {
    VariableSpec {
        name,
        secrecy: Secrecy::Open,
        optional: false,
    }
}

impl Compiler<'_> {
    /// Compiles the clock, the process and the gateways.
    pub(super) fn surroundings_plan(
        &mut self,
        clock: ClockControlFile,
        process: Option<ProcessFile>,
        gateways: Option<GatewaysFile>,
        operations: &BTreeMap<Operation, Binding>,
    ) -> (ClockControl, SurroundingsPlan) {
        let custom = process.is_some() || operations.contains_key(&Operation::CreateUser);
        let told_by_tenant = operations.contains_key(&Operation::CreateTenant);
        let shared = gateways.is_some() || (custom && !told_by_tenant);
        let names = |name: &str| {
            let mut texts = process.iter().flat_map(|process| process.env.values());
            texts.any(|text| text.contains(name))
        };
        let control = self.clock(&clock, names("{clockFile}"), operations);
        if !shared && names("{gateway.") {
            let why = "each case has gateways of its own, which its tenant is told of";
            let help = "add [gateways], so that one host serves the whole run";
            self.report_key("/process/env", Mistake::surroundings(why, help));
        }
        let gateways = self.gateways(gateways.unwrap_or_default());
        let surroundings = SurroundingsPlan {
            gateways: gateways.filter(|_| shared),
            process: process.map(|process| self.process(process)),
            clock_command: clock.command,
        };
        (control, surroundings)
    }

    fn process(&mut self, file: ProcessFile) -> ProcessPlan {
        if file.start.trim().is_empty() {
            let why = "`start` is empty: nothing would be started";
            self.report_value("/process/start", Mistake::surroundings(why, START_HELP));
        }
        let path = file.ready.path.unwrap_or_else(|| "/".to_owned());
        if !path.starts_with('/') {
            let problem = Mistake::BadRequestPath(path.clone());
            self.report_value("/process/ready/path", problem);
        }
        let within = file
            .ready
            .within
            .as_deref()
            .map_or(Ok(READY_WITHIN), parse_duration);
        let within = self.value("/process/ready/within", within);
        let mut env = BTreeMap::new();
        for (name, text) in file.env {
            let pointer = join("/process/env", &name);
            if name.is_empty() || name.contains(['=', '\0']) {
                let why = format!("`{name}` cannot be the name of an environment variable");
                let help = "write letters, digits and underscores";
                self.report_key(&pointer, Mistake::surroundings(why, help));
            }
            if let Some(template) = self.template(&pointer, &text, "process", OFFERED) {
                env.insert(name, template);
            }
        }
        ProcessPlan {
            start: file.start,
            stop: file.stop,
            ready_path: path,
            ready_within: within.unwrap_or(READY_WITHIN),
            env,
        }
    }

    fn gateways(&mut self, file: GatewaysFile) -> Option<GatewayPlan> {
        let bind = match file.bind.as_deref() {
            None => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            Some(text) => {
                let bind = text.parse().map_err(|_| {
                    let why = format!("`{text}` is not an IP address to listen on");
                    Mistake::surroundings(why, "write `127.0.0.1`, or `0.0.0.0` for containers")
                });
                self.value("/gateways/bind", bind)
            }
        };
        let mut port = |key: &str, port: i64| {
            let port = u16::try_from(port).map_err(|_| {
                let why = format!("{port} is not a port");
                Mistake::surroundings(why, "write a number from 1 to 65535, or 0 for a free one")
            });
            self.value(&join("/gateways", key), port)
        };
        let (http, smtp) = (port("http", file.http), port("smtp", file.smtp));
        if let (Some(http), Some(smtp)) = (http, smtp)
            && http == smtp
            && http != 0
        {
            let why = "`http` and `smtp` are the same port";
            let help = "give each a port of its own, or 0 for a free one";
            self.report_value("/gateways/smtp", Mistake::surroundings(why, help));
        }
        if let Some(host) = &file.advertised
            && (host.is_empty() || host.contains(['/', ':', ' ']))
        {
            let why = format!("`{host}` is not a host name");
            let help = "write the name alone: `host.docker.internal`; ports stand beside it";
            self.report_value("/gateways/advertised", Mistake::surroundings(why, help));
        }
        let bind = bind?;
        // Nobody can connect to all addresses at once, so one of them has to be told.
        let own = bind.is_unspecified().then(|| "127.0.0.1".to_owned());
        Some(GatewayPlan {
            http: SocketAddr::new(bind, http?),
            smtp: SocketAddr::new(bind, smtp?),
            advertised: file.advertised.or(own),
        })
    }

    fn clock(
        &mut self,
        file: &ClockControlFile,
        has_clock_file: bool,
        operations: &BTreeMap<Operation, Binding>,
    ) -> ClockControl {
        let bound = operations.contains_key(&Operation::AdvanceClock);
        let control = ClockControl {
            scope: file.scope,
            mode: file.mode,
            moved: file.moved.or(bound.then_some(ClockMove::Operation)),
        };
        let wrong = match (file.moved, &file.command) {
            (Some(ClockMove::Operation), _) if !bound => Some((
                "nothing moves the clock: `advanceClock` is not bound",
                "bind [operations.advanceClock], or write `move = \"libfaketime\"` or `\"command\"`",
            )),
            (Some(ClockMove::Libfaketime), _) if !has_clock_file => Some((
                "nothing tells the implementation which file its clock is",
                "put `CLOCK_FILE = \"{clockFile}\"` into [process] env, and let `start` give it to libfaketime",
            )),
            (Some(ClockMove::Libfaketime), _) if file.scope == ClockScope::Tenant => Some((
                "libfaketime moves a whole process, not a tenant",
                "write `scope = \"process\"`",
            )),
            (Some(ClockMove::Command), None) => Some((
                "`move = \"command\"` has no command",
                "add `command = \"./move.sh {seconds}\"`",
            )),
            (Some(ClockMove::Command), Some(command)) if !command.contains("{seconds}") => Some((
                "the command is not told how far to move the clock",
                "write `{seconds}` into it",
            )),
            (None | Some(ClockMove::Operation | ClockMove::Libfaketime), Some(_)) => Some((
                "`command` is there, but `move` does not say that it moves the clock",
                "write `move = \"command\"`, or leave the command out",
            )),
            _ => None,
        };
        if let Some((why, help)) = wrong {
            self.report_key("/clock", Mistake::surroundings(why, help));
        }
        control
    }

    /// Compiles the implementation's own policy.
    pub(super) fn standing_policy(
        &mut self,
        policy: Option<Map<String, Json>>,
        settable: Option<Vec<String>>,
        declared: Option<&CapabilitiesFile>,
        operations: &BTreeMap<Operation, Binding>,
    ) -> Option<StandingPolicy> {
        if policy.is_none() && settable.is_none() {
            return None;
        }
        let policy = policy.unwrap_or_default();
        let sets = [Operation::SetPolicy, Operation::CreateTenant];
        let known = standing_policy::fields();
        let fields = settable.iter().flatten();
        if fields.clone().any(|field| known.contains(field))
            && !sets
                .iter()
                .any(|operation| operations.contains_key(operation))
        {
            let why = "fields can be set, but nothing sets them";
            let help = "bind [operations.setPolicy], or take `policySettable` out";
            self.report_key("/policySettable", Mistake::surroundings(why, help));
        }
        for (index, field) in fields.enumerate() {
            if !known.contains(field) {
                let problem = Mistake::UnknownWord {
                    word: field.clone(),
                    allowed: known.clone(),
                };
                self.report_value(&format!("/policySettable/{index}"), problem);
            }
        }
        let facilities = declared.and_then(|declared| declared.facilities.as_ref());
        let all = facilities.is_some_and(|facilities| facilities.contains(&Facility::Policy));
        let own = StandingPolicy::new(&Json::Object(policy), settable, all);
        match declared.and_then(|all| all.methods.as_ref().zip(all.kinds.as_ref())) {
            Some((methods, kinds)) => Some(own.with_only(methods, kinds)),
            None => Some(own),
        }
    }
}

const START_HELP: &str = "write what starts it: `start = \"./start.sh\"`";

/// How long a start may take where the file does not say.
const READY_WITHIN: Duration = Duration::from_secs(60);
