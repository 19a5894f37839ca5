//! Compiles requests: methods, paths, headers and bodies, their names resolved.

use std::collections::BTreeMap;

use http::{HeaderName, Method};
use serde_json::Value as Json;

use super::Compiler;
use crate::target::file::RequestFile;
use crate::target::operation::Operation;
use crate::target::problem::Problem;
use crate::target::request::{BodyTemplate, RequestTemplate};
use crate::target::template::{JsonTemplate, Template};
use crate::target::walk::join;

impl Compiler<'_> {
    pub(super) fn request(
        &mut self,
        operation: Operation,
        file: RequestFile,
        pointer: &str,
    ) -> Option<RequestTemplate> {
        let method = self.value(&join(pointer, "method"), parse_method(&file.method));
        let path_at = join(pointer, "path");
        if !file.path.starts_with('/') {
            self.report_value(&path_at, Problem::BadRequestPath(file.path.clone()));
        }
        let path = self.template(
            &path_at,
            &file.path,
            operation.as_str(),
            operation.variables(),
        );
        let query = self.named_templates(operation, file.query, &join(pointer, "query"));
        let headers = self.headers(operation, file.headers, &join(pointer, "headers"));
        let body_at = join(pointer, "body");
        let body = match (file.body, file.form) {
            (Some(_), Some(_)) => {
                self.report_key(&body_at, Problem::Exclusive("body", "form"));
                BodyTemplate::Empty
            }
            (Some(body), None) => {
                BodyTemplate::Json(self.json_template(operation, body, &body_at)?)
            }
            (None, Some(form)) => {
                BodyTemplate::Form(self.named_templates(operation, form, &join(pointer, "form")))
            }
            (None, None) => BodyTemplate::Empty,
        };
        Some(RequestTemplate {
            method: method?,
            path: path?,
            query,
            headers,
            body,
        })
    }

    fn named_templates(
        &mut self,
        operation: Operation,
        templates: BTreeMap<String, String>,
        pointer: &str,
    ) -> Vec<(String, Template)> {
        let mut compiled = Vec::new();
        for (name, text) in templates {
            let at = join(pointer, &name);
            let template = self.template(&at, &text, operation.as_str(), operation.variables());
            compiled.extend(template.map(|template| (name, template)));
        }
        compiled
    }

    fn headers(
        &mut self,
        operation: Operation,
        headers: BTreeMap<String, String>,
        pointer: &str,
    ) -> Vec<(HeaderName, Template)> {
        let mut compiled = Vec::new();
        for (name, template) in self.named_templates(operation, headers, pointer) {
            match HeaderName::try_from(name.as_str()) {
                Ok(header) => compiled.push((header, template)),
                Err(_) => self.report_key(&join(pointer, &name), Problem::BadHeader(name)),
            }
        }
        compiled
    }

    fn json_template(
        &mut self,
        operation: Operation,
        value: Json,
        pointer: &str,
    ) -> Option<JsonTemplate> {
        match value {
            Json::String(text) => self
                .template(pointer, &text, operation.as_str(), operation.variables())
                .map(JsonTemplate::Leaf),
            Json::Object(members) => {
                let mut table = Vec::new();
                let mut whole = true;
                for (name, member) in members {
                    let compiled = self.json_template(operation, member, &join(pointer, &name));
                    whole &= compiled.is_some();
                    table.extend(compiled.map(|member| (name, member)));
                }
                whole.then_some(JsonTemplate::Table(table))
            }
            Json::Array(elements) => {
                let count = elements.len();
                let mut list = Vec::new();
                for (index, element) in elements.into_iter().enumerate() {
                    list.extend(self.json_template(
                        operation,
                        element,
                        &format!("{pointer}/{index}"),
                    ));
                }
                (list.len() == count).then_some(JsonTemplate::List(list))
            }
            constant => Some(JsonTemplate::Constant(constant)),
        }
    }
}

fn parse_method(text: &str) -> Result<Method, Problem> {
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
        .ok_or_else(|| Problem::BadMethod(text.to_owned()))
}
