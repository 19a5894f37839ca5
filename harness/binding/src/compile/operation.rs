//! Compiles operations: their ways, and the names that they keep.

use std::collections::{BTreeMap, BTreeSet};

use proofup_domain::method::{ChallengeKind, Method, Role};
use proofup_files::join;
use serde_json::{Map, Value as Json};

use super::Compiler;
use crate::Binding;
use crate::file::{CsrfFile, KeepFile, OperationFile, RequestFile, WantedFile, WayFile};
use crate::meaning::KeepRule;
use crate::operation::Operation;
use crate::problem::Mistake;
use crate::request::RequestTemplate;
use crate::variant::{Variant, VariantAction};

impl Compiler<'_> {
    pub(super) fn operation(
        &mut self,
        operation: Operation,
        file: OperationFile,
        pointer: &str,
    ) -> Binding {
        let shared = self.meaning(operation, file.answers, file.keep, file.refusals, pointer);
        let own = WayFile {
            request: file.request,
            requests: file.requests,
            assumed: file.assumed,
            command: file.command,
            ..WayFile::default()
        };
        if file.ways.is_empty() && !self.is_written(&format!("{pointer}/ways/0")) {
            let sends = own.assumed.is_none();
            let does = self.does(operation, own, pointer);
            self.demand_answers(sends && shared.answers.is_empty(), pointer);
            let ways = does.map(|does| Variant::new(Vec::new(), does, shared));
            return Binding {
                ways: ways.into_iter().collect(),
            };
        }
        if own.request.is_some() || !own.requests.is_empty() {
            self.report_key(pointer, Mistake::Exclusive("ways", "request"));
        } else if own.assumed.is_some() || own.command.is_some() {
            self.report_key(pointer, Mistake::Exclusive("ways", "assumed"));
        }
        let mut ways = Vec::new();
        let mut always = false;
        for (index, variant) in file.ways.into_iter().enumerate() {
            let at = format!("{pointer}/ways/{index}");
            if always {
                self.report_value(&at, Mistake::UnreachableWay);
            }
            always |= variant.when.is_empty() && !self.is_written(&join(&at, "when"));
            ways.extend(self.variant(operation, variant, &shared, &at));
        }
        Binding { ways }
    }

    fn variant(
        &mut self,
        operation: Operation,
        mut file: WayFile,
        shared: &crate::meaning::Meaning,
        pointer: &str,
    ) -> Option<Variant> {
        let when = self.when(
            operation,
            std::mem::take(&mut file.when),
            &join(pointer, "when"),
        );
        let mut meaning = self.meaning(
            operation,
            std::mem::take(&mut file.answers),
            std::mem::take(&mut file.keep),
            std::mem::take(&mut file.refusals),
            pointer,
        );
        if meaning.answers.is_empty() {
            meaning.answers.clone_from(&shared.answers);
        }
        meaning.refusals.extend(shared.refusals.iter().cloned());
        let own = |name: &String| meaning.keep.iter().any(|rule| rule.name == *name);
        let also: Vec<KeepRule> = shared
            .keep
            .iter()
            .filter(|rule| !own(&rule.name))
            .cloned()
            .collect();
        meaning.keep.extend(also);
        let sends = file.assumed.is_none();
        let does = self.does(operation, file, pointer);
        self.demand_answers(sends && meaning.answers.is_empty(), pointer);
        Some(Variant::new(when, does?, meaning))
    }

    /// Reports that something is asked and no answer to it is a success.
    fn demand_answers(&mut self, lacks: bool, pointer: &str) {
        let at = join(pointer, "answers");
        // What was written and is wrong was reported before.
        if !lacks || self.is_written(&format!("{at}/0")) {
            return;
        }
        if self.is_written(&at) {
            self.report_value(&at, Mistake::NoAnswers);
        } else {
            let key = "answers".to_owned();
            self.report_key(pointer, Mistake::MissingKey { key });
        }
    }

    pub(super) fn is_written(&self, pointer: &str) -> bool {
        self.root.at(pointer).is_some()
    }

    /// Compiles what a way does; none only where something was reported.
    fn does(
        &mut self,
        operation: Operation,
        file: WayFile,
        pointer: &str,
    ) -> Option<VariantAction> {
        let sends = file.request.is_some() || !file.requests.is_empty();
        match (sends, file.assumed, file.command) {
            (true, None, None) => self
                .requests(operation, file.request, file.requests, pointer)
                .map(VariantAction::Requests),
            (false, Some(answer), None) => self
                .assumed(operation, answer, &join(pointer, "assumed"))
                .map(VariantAction::Assumed),
            (false, None, Some(command)) => {
                if operation.may_be_a_command() {
                    return Some(VariantAction::Command(command));
                }
                let problem = Mistake::NoCommand(operation.to_string());
                self.report_key(&join(pointer, "command"), problem);
                None
            }
            (false, None, None) => {
                // What was written and is wrong was reported before.
                let written = ["request", "requests/0", "assumed", "command"];
                let is_written = |key: &&str| self.is_written(&format!("{pointer}/{key}"));
                if !written.iter().any(is_written) {
                    let key = "request".to_owned();
                    self.report_key(pointer, Mistake::MissingKey { key });
                }
                None
            }
            (true, Some(_), _) => {
                self.report_key(pointer, Mistake::Exclusive("assumed", "request"));
                None
            }
            (_, _, Some(_)) => {
                self.report_key(pointer, Mistake::Exclusive("command", "request"));
                None
            }
        }
    }

    fn requests(
        &mut self,
        operation: Operation,
        one: Option<RequestFile>,
        several: Vec<RequestFile>,
        pointer: &str,
    ) -> Option<Vec<RequestTemplate>> {
        if one.is_some() && !several.is_empty() {
            self.report_key(pointer, Mistake::Exclusive("request", "requests"));
            return None;
        }
        let mut requests = Vec::new();
        let count = several.len() + usize::from(one.is_some());
        if let Some(request) = one {
            let at = join(pointer, "request");
            requests.extend(self.request_of(operation, request, &at));
        }
        for (index, request) in several.into_iter().enumerate() {
            let at = format!("{pointer}/requests/{index}");
            requests.extend(self.request_of(operation, request, &at));
        }
        (requests.len() == count).then_some(requests)
    }

    fn request_of(
        &mut self,
        operation: Operation,
        mut file: RequestFile,
        pointer: &str,
    ) -> Option<RequestTemplate> {
        let keep = std::mem::take(&mut file.keep);
        let keep = self.keep(operation, keep, &join(pointer, "keep"));
        let request = self.request(operation.as_str(), operation.variables(), file, pointer)?;
        Some(RequestTemplate { keep, ..request })
    }

    fn assumed(
        &mut self,
        operation: Operation,
        answer: BTreeMap<String, Json>,
        pointer: &str,
    ) -> Option<Map<String, Json>> {
        let fields = operation.answer_fields();
        let mut whole = true;
        for name in answer.keys().filter(|name| fields.get(name).is_none()) {
            whole = false;
            self.report_key(
                &join(pointer, name),
                Mistake::UnknownAnswerField {
                    operation: operation.to_string(),
                    name: name.clone(),
                    allowed: fields.names().map(str::to_owned).collect(),
                },
            );
        }
        whole.then(|| answer.into_iter().collect())
    }

    fn when(
        &mut self,
        operation: Operation,
        file: BTreeMap<String, WantedFile>,
        pointer: &str,
    ) -> Vec<(String, Vec<Json>)> {
        let mut when = Vec::new();
        for (name, wanted) in file {
            let at = join(pointer, &name);
            if !operation.offers(&name) && !self.kept.contains(&name) {
                let offered = operation
                    .variables()
                    .iter()
                    .map(|spec| spec.name.to_owned());
                let problem = Mistake::UnknownVariable {
                    operation: operation.to_string(),
                    name,
                    allowed: offered.chain(self.kept.iter().cloned()).collect(),
                };
                self.report_key(&at, problem);
                continue;
            }
            let wanted = match wanted {
                WantedFile::Text(text) => vec![Json::from(text)],
                WantedFile::Truth(truth) => vec![Json::from(truth)],
                WantedFile::Number(number) => vec![Json::from(number)],
                WantedFile::AnyOf(texts) => texts.into_iter().map(Json::from).collect(),
            };
            self.known_words(&name, &wanted, &at);
            self.used.insert(name.clone());
            when.push((name, wanted));
        }
        when
    }

    /// Reports words that a variable of a closed set never holds.
    fn known_words(&mut self, name: &str, wanted: &[Json], pointer: &str) {
        let Some(allowed) = words_of(name) else {
            return;
        };
        for word in wanted.iter().filter_map(Json::as_str) {
            if !allowed.iter().any(|known| known == word) {
                let problem = Mistake::UnknownWord {
                    word: word.to_owned(),
                    allowed: allowed.clone(),
                };
                self.report_value(pointer, problem);
            }
        }
    }

    /// Reports names that are kept and that nothing uses: a mistyped one above all.
    pub(super) fn unused_names(&mut self) {
        for (operation, name, pointer) in std::mem::take(&mut self.places) {
            if self.used.contains(&name) {
                continue;
            }
            let allowed = operation.keeps().iter().map(|spec| spec.name.to_owned());
            let problem = Mistake::UnknownKeep {
                operation: operation.to_string(),
                name,
                allowed: allowed.collect(),
            };
            self.report_key(&pointer, problem);
        }
    }
}

/// Collects the names that a file keeps and that are not the harness's own for that operation.
pub(super) fn free_names(
    operations: &BTreeMap<String, OperationFile>,
    csrf: Option<&CsrfFile>,
) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (word, file) in operations {
        let Some(operation) = Operation::from_word(word) else {
            continue;
        };
        let mut add = |keep: &BTreeMap<String, KeepFile>| {
            let free = keep.keys().filter(|name| operation.keep(name).is_none());
            names.extend(free.cloned());
        };
        add(&file.keep);
        let of_ways = file
            .ways
            .iter()
            .flat_map(|variant| variant.request.iter().chain(&variant.requests));
        file.ways.iter().for_each(|variant| add(&variant.keep));
        for request in file.request.iter().chain(&file.requests).chain(of_ways) {
            add(&request.keep);
        }
    }
    if let Some(csrf) = csrf {
        names.extend(csrf.request.keep.keys().cloned());
    }
    names
}

/// Lists the words that a variable of a closed set may hold.
fn words_of(name: &str) -> Option<Vec<String>> {
    let words: Vec<&str> = match name {
        "method" => Method::ALL.iter().map(|one| one.as_str()).collect(),
        "kind" => ChallengeKind::ALL.iter().map(|one| one.as_str()).collect(),
        "role" => Role::ALL.iter().map(|one| one.as_str()).collect(),
        "reply" => vec!["approve", "deny"],
        _ => return None,
    };
    Some(words.into_iter().map(str::to_owned).collect())
}
