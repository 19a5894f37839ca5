//! Bodies: JSON, forms in both encodings, plain text.

use bytes::Bytes;
use serde_json::Value as Json;

use super::pairs;
use crate::template::{JsonTemplate, Template, Unbound, percent_encode};
use crate::value::Variables;

/// Describes the body of a request.
#[derive(Debug, Clone)]
pub(crate) enum BodyTemplate {
    /// None.
    Empty,
    /// JSON.
    Json(JsonTemplate),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, Template)>),
    /// `multipart/form-data`.
    Multipart(Vec<(String, Template)>),
    /// `text/plain`, or what its headers say.
    Text(Template),
}

/// A body that is filled, and can still be added to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    /// None.
    Empty,
    /// JSON.
    Json(Json),
    /// The fields of a form.
    Fields {
        /// As `multipart/form-data`.
        multipart: bool,
        /// The names and values.
        fields: Vec<(String, String)>,
    },
    /// A text.
    Text(String),
}

impl BodyTemplate {
    /// Fills the body.
    pub(super) fn render(&self, variables: &Variables) -> Result<Body, Unbound> {
        Ok(match self {
            Self::Empty => Body::Empty,
            Self::Json(body) => Body::Json(body.render_body(variables)?),
            Self::Form(fields) => Body::Fields {
                multipart: false,
                fields: pairs(fields, variables)?,
            },
            Self::Multipart(fields) => Body::Fields {
                multipart: true,
                fields: pairs(fields, variables)?,
            },
            Self::Text(text) => text
                .render(variables, str::to_owned)?
                .map_or(Body::Empty, Body::Text),
        })
    }

    /// Lists the templates in it.
    pub(crate) fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Empty => Vec::new(),
            Self::Json(body) => body.templates(),
            Self::Form(fields) | Self::Multipart(fields) => {
                fields.iter().map(|(_, template)| template).collect()
            }
            Self::Text(text) => vec![text],
        }
    }
}

impl Body {
    /// Takes the fields of a form away; anything else has none.
    pub(super) fn take_fields(&mut self) -> Vec<(String, String)> {
        match self {
            Self::Fields { fields, .. } => std::mem::take(fields),
            Self::Empty | Self::Json(_) | Self::Text(_) => Vec::new(),
        }
    }

    /// Adds a field to a form, or a member to an object; a body that is empty becomes a form.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        match self {
            Self::Empty => {
                *self = Self::Fields {
                    multipart: false,
                    fields: vec![(name.to_owned(), value.to_owned())],
                };
            }
            Self::Json(Json::Object(members)) => {
                members.insert(name.to_owned(), Json::from(value));
            }
            Self::Fields { fields, .. } => {
                fields.retain(|(other, _)| other != name);
                fields.push((name.to_owned(), value.to_owned()));
            }
            Self::Json(_) | Self::Text(_) => {}
        }
    }

    /// Writes the body, with its type.
    pub(super) fn write(self) -> (Option<String>, Bytes) {
        match self {
            Self::Empty => (None, Bytes::new()),
            Self::Json(body) => (
                Some("application/json".to_owned()),
                Bytes::from(body.to_string()),
            ),
            Self::Text(text) => (
                Some("text/plain; charset=utf-8".to_owned()),
                Bytes::from(text),
            ),
            Self::Fields {
                multipart: false,
                fields,
            } => (
                Some("application/x-www-form-urlencoded".to_owned()),
                Bytes::from(encoded(&fields)),
            ),
            Self::Fields {
                multipart: true,
                fields,
            } => {
                let (boundary, body) = parts(&fields);
                let kind = format!("multipart/form-data; boundary={boundary}");
                (Some(kind), Bytes::from(body))
            }
        }
    }
}

/// Puts what a file says on top of what a form holds: a field of the same name is replaced where it stands.
pub(super) fn merged(
    mut form: Vec<(String, String)>,
    own: Vec<(String, String)>,
) -> Vec<(String, String)> {
    for (name, value) in own {
        let first = form.iter().position(|(other, _)| *other == name);
        match first {
            Some(first) => {
                let mut at = 0;
                form.retain(|(other, _)| {
                    at += 1;
                    at - 1 <= first || *other != name
                });
                form[first].1 = value;
            }
            None => form.push((name, value)),
        }
    }
    form
}

/// Writes names and values as a query or a form.
pub(super) fn encoded(pairs: &[(String, String)]) -> String {
    let pair = |(name, value): &(String, String)| {
        format!("{}={}", percent_encode(name), percent_encode(value))
    };
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// Writes the parts of `multipart/form-data` (RFC 7578), with a boundary that stands in none of them.
fn parts(fields: &[(String, String)]) -> (String, String) {
    let mut boundary = "proofup-part".to_owned();
    while fields
        .iter()
        .any(|(name, value)| name.contains(&boundary) || value.contains(&boundary))
    {
        boundary.push('x');
    }
    let escaped = |name: &str| {
        name.replace('"', "%22")
            .replace('\r', "%0D")
            .replace('\n', "%0A")
    };
    let mut text = String::new();
    for (name, value) in fields {
        text.push_str(&format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{value}\r\n",
            escaped(name)
        ));
    }
    text.push_str(&format!("--{boundary}--\r\n"));
    (boundary, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn what_the_file_says_goes_on_top_of_a_form() {
        let form = fields(&[("a", "1"), ("b", "2"), ("a", "3")]);
        let own = fields(&[("a", "9"), ("c", "4")]);
        assert_eq!(
            merged(form, own),
            fields(&[("a", "9"), ("b", "2"), ("c", "4")])
        );
    }

    #[test]
    fn parts_are_kept_apart_by_what_stands_in_none_of_them() {
        let (boundary, text) = parts(&fields(&[("a\"b", "--proofup-part"), ("c", "d")]));
        assert_eq!(boundary, "proofup-partx");
        assert_eq!(
            text,
            "--proofup-partx\r\nContent-Disposition: form-data; name=\"a%22b\"\r\n\r\n--proofup-part\r\n\
             --proofup-partx\r\nContent-Disposition: form-data; name=\"c\"\r\n\r\nd\r\n--proofup-partx--\r\n"
        );
    }
}
