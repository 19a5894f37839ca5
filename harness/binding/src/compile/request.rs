//! Compiles requests: methods, paths, headers and bodies, their names resolved.

use std::collections::BTreeMap;

use http::{HeaderName, Method};
use proofup_files::join;
use serde_json::Value as Json;

use super::{Compiler, parse_duration, reported};
use crate::file::{PollFile, RequestFile};
use crate::operation::VariableSpec;
use crate::problem::Mistake;
use crate::request::{BodyTemplate, Poll, RequestTemplate};
use crate::source::FormSelector;
use crate::template::{JsonTemplate, Template};

/// The owner of the templates that are read, and what they are offered.
type Owner<'a> = (&'a str, &'static [VariableSpec]);

impl Compiler<'_> {
    /// Compiles a request but for what it keeps; none only where something was reported.
    pub(super) fn request(
        &mut self,
        owner: &str,
        offered: &'static [VariableSpec],
        mut file: RequestFile,
        pointer: &str,
    ) -> Option<RequestTemplate> {
        let owner = (owner, offered);
        let at = |key: &str| join(pointer, key);
        let form = file.from_form.as_deref();
        let from_form = form.map(|css| self.value(&at("fromForm"), FormSelector::parse(css)));
        let method = file.method.take();
        let method = method.map(|method| self.value(&at("method"), parse_method(&method)));
        let path = file
            .path
            .take()
            .map(|path| self.path(owner, &path, &at("path")));
        for (key, there) in [("method", method.is_some()), ("path", path.is_some())] {
            if !there && from_form.is_none() && !self.is_written(&at(key)) {
                let key = key.to_owned();
                self.report_key(pointer, Mistake::MissingKey { key });
            }
        }
        let query = self.named_templates(owner, std::mem::take(&mut file.query), &at("query"));
        let headers = self.headers(owner, std::mem::take(&mut file.headers), &at("headers"));
        let timeout = file.timeout.take();
        let timeout = timeout.map(|text| self.value(&at("timeout"), parse_duration(&text)));
        let poll = file.poll.take().map(|poll| self.poll(poll, &at("poll")));
        let go_on = self.go_on(std::mem::take(&mut file.go_on), &at("goOn"));
        let (follow, csrf) = (file.follow, file.csrf.unwrap_or(true));
        let (needs_method, needs_path) = (method.is_none(), path.is_none());
        let is_form = from_form.is_some();
        let body = self.body(owner, file, pointer);
        if !is_form && (needs_method || needs_path) {
            return None;
        }
        Some(RequestTemplate {
            method: reported(method)?,
            path: reported(path)?,
            query,
            headers,
            body: body?,
            from_form: reported(from_form)?,
            keep: Vec::new(),
            go_on,
            follow,
            timeout: reported(timeout)?,
            poll: reported(poll)?,
            csrf,
        })
    }

    fn path(&mut self, owner: Owner<'_>, path: &str, pointer: &str) -> Option<Template> {
        if !path.starts_with('/') {
            self.report_value(pointer, Mistake::BadRequestPath(path.to_owned()));
        }
        self.template(pointer, path, owner.0, owner.1)
    }

    fn body(&mut self, owner: Owner<'_>, file: RequestFile, pointer: &str) -> Option<BodyTemplate> {
        let at = |key: &str| join(pointer, key);
        let written = [
            ("body", file.body.is_some()),
            ("form", file.form.is_some()),
            ("multipart", file.multipart.is_some()),
            ("text", file.text.is_some()),
        ];
        let mut written = written.into_iter().filter(|(_, there)| *there);
        if let (Some((first, _)), Some((second, _))) = (written.next(), written.next()) {
            self.report_key(&at(first), Mistake::Exclusive(first, second));
            return None;
        }
        if file.from_form.is_some() && (file.body.is_some() || file.text.is_some()) {
            let key = if file.body.is_some() { "body" } else { "text" };
            self.report_key(&at(key), Mistake::Exclusive("fromForm", key));
            return None;
        }
        if let Some(body) = file.body {
            return self
                .json_template(owner, body, &at("body"))
                .map(BodyTemplate::Json);
        }
        if let Some(form) = file.form {
            return Some(BodyTemplate::Form(self.named_templates(
                owner,
                form,
                &at("form"),
            )));
        }
        if let Some(parts) = file.multipart {
            let parts = self.named_templates(owner, parts, &at("multipart"));
            return Some(BodyTemplate::Multipart(parts));
        }
        match file.text {
            Some(text) => self
                .template(&at("text"), &text, owner.0, owner.1)
                .map(BodyTemplate::Text),
            None => Some(BodyTemplate::Empty),
        }
    }

    fn poll(&mut self, file: PollFile, pointer: &str) -> Option<Poll> {
        let until = self.conditions(file.until, &join(pointer, "until"));
        let every = self.value(&join(pointer, "every"), parse_duration(&file.every));
        let within = self.value(&join(pointer, "within"), parse_duration(&file.within));
        Some(Poll {
            until,
            every: every?,
            within: within?,
        })
    }

    fn named_templates(
        &mut self,
        owner: Owner<'_>,
        templates: BTreeMap<String, String>,
        pointer: &str,
    ) -> Vec<(String, Template)> {
        let mut compiled = Vec::new();
        for (name, text) in templates {
            let at = join(pointer, &name);
            let template = self.template(&at, &text, owner.0, owner.1);
            compiled.extend(template.map(|template| (name, template)));
        }
        compiled
    }

    fn headers(
        &mut self,
        owner: Owner<'_>,
        headers: BTreeMap<String, String>,
        pointer: &str,
    ) -> Vec<(HeaderName, Template)> {
        let mut compiled = Vec::new();
        for (name, template) in self.named_templates(owner, headers, pointer) {
            match HeaderName::try_from(name.as_str()) {
                Ok(header) => compiled.push((header, template)),
                Err(_) => self.report_key(&join(pointer, &name), Mistake::BadHeader(name)),
            }
        }
        compiled
    }

    fn json_template(
        &mut self,
        owner: Owner<'_>,
        value: Json,
        pointer: &str,
    ) -> Option<JsonTemplate> {
        match value {
            Json::String(text) => self
                .template(pointer, &text, owner.0, owner.1)
                .map(JsonTemplate::Leaf),
            Json::Object(members) => {
                let mut table = Vec::new();
                let mut whole = true;
                for (name, member) in members {
                    let compiled = self.json_template(owner, member, &join(pointer, &name));
                    whole &= compiled.is_some();
                    table.extend(compiled.map(|member| (name, member)));
                }
                whole.then_some(JsonTemplate::Table(table))
            }
            Json::Array(elements) => {
                let count = elements.len();
                let mut list = Vec::new();
                for (index, element) in elements.into_iter().enumerate() {
                    let at = format!("{pointer}/{index}");
                    list.extend(self.json_template(owner, element, &at));
                }
                (list.len() == count).then_some(JsonTemplate::List(list))
            }
            constant => Some(JsonTemplate::Constant(constant)),
        }
    }
}

fn parse_method(text: &str) -> Result<Method, Mistake> {
    const METHODS: [Method; 7] = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
    ];
    METHODS
        .into_iter()
        .find(|method| method.as_str() == text)
        .ok_or_else(|| Mistake::BadMethod(text.to_owned()))
}
