//! Places in HTML: what a CSS selector finds, and what a form holds.

use scraper::{ElementRef, Html, Selector};

use crate::problem::Mistake;

/// Points to elements, or to an attribute of theirs.
#[derive(Debug, Clone)]
pub(super) struct HtmlSource {
    selector: Selector,
    attribute: Option<String>,
}

impl HtmlSource {
    /// Reads `CSS@attribute`, or `CSS` for the text of the element.
    pub(super) fn parse(text: &str) -> Result<Self, Mistake> {
        let is_name = |name: &str| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_:".contains(c))
        };
        let (css, attribute) = match text.rsplit_once('@') {
            Some((css, name)) if is_name(name) => (css, Some(name.to_ascii_lowercase())),
            _ => (text, None),
        };
        Ok(Self {
            selector: selector(css)?,
            attribute,
        })
    }

    /// Selects texts; an element without the attribute has none.
    pub(super) fn select(&self, body: &str) -> Vec<String> {
        let page = Html::parse_document(body);
        let found = page.select(&self.selector);
        found
            .filter_map(|element| match &self.attribute {
                Some(name) => element.attr(name).map(str::to_owned),
                None => Some(text_of(&element)),
            })
            .collect()
    }
}

fn selector(css: &str) -> Result<Selector, Mistake> {
    Selector::parse(css).map_err(|error| Mistake::BadSource {
        written: css.to_owned(),
        reason: error.to_string(),
    })
}

/// Points to a form.
#[derive(Debug, Clone)]
pub(crate) struct FormSelector {
    css: String,
    selector: Selector,
}

/// What a browser would send of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    /// GET or POST.
    pub(crate) is_get: bool,
    /// Where it goes, as the page writes it; empty means the page's own address.
    pub(crate) action: String,
    /// It is sent as `multipart/form-data`.
    pub(crate) multipart: bool,
    /// The names and values of its successful controls, in the order of the page.
    pub(crate) fields: Vec<(String, String)>,
}

impl FormSelector {
    /// Reads a CSS selector.
    pub(crate) fn parse(css: &str) -> Result<Self, Mistake> {
        Ok(Self {
            css: css.to_owned(),
            selector: selector(css)?,
        })
    }

    /// Returns the selector as the file writes it.
    pub(crate) fn css(&self) -> &str {
        &self.css
    }

    /// Reads the first form that the selector finds.
    pub(crate) fn find(&self, body: &str) -> Option<Form> {
        let page = Html::parse_document(body);
        let form = page.select(&self.selector).next()?;
        let word = |name: &str| form.attr(name).unwrap_or_default().to_ascii_lowercase();
        let controls = Selector::parse("input, select, textarea").ok()?;
        Some(Form {
            is_get: word("method") != "post",
            action: form.attr("action").unwrap_or_default().trim().to_owned(),
            multipart: word("enctype") == "multipart/form-data",
            fields: form
                .select(&controls)
                .flat_map(|one| values(&one))
                .collect(),
        })
    }
}

/// Lists what a control sends: nothing where it has no name, is disabled or is not checked, and no button, because none is
/// pressed.
fn values(control: &ElementRef<'_>) -> Vec<(String, String)> {
    let name = control.attr("name").unwrap_or_default();
    if name.is_empty() || control.attr("disabled").is_some() {
        return Vec::new();
    }
    let pair = |value: &str| vec![(name.to_owned(), value.to_owned())];
    match control.value().name() {
        "textarea" => pair(&control.text().collect::<String>()),
        "select" => chosen(control)
            .iter()
            .flat_map(|value| pair(value))
            .collect(),
        _ => {
            let kind = control.attr("type").unwrap_or("text").to_ascii_lowercase();
            match kind.as_str() {
                "submit" | "button" | "image" | "reset" | "file" => Vec::new(),
                "checkbox" | "radio" if control.attr("checked").is_none() => Vec::new(),
                "checkbox" | "radio" => pair(control.attr("value").unwrap_or("on")),
                _ => pair(control.attr("value").unwrap_or_default()),
            }
        }
    }
}

/// Lists the chosen options; of a plain list without a choice the first, as browsers do.
fn chosen(list: &ElementRef<'_>) -> Vec<String> {
    let Ok(options) = Selector::parse("option") else {
        return Vec::new();
    };
    let value = |option: &ElementRef<'_>| {
        option
            .attr("value")
            .map_or_else(|| text_of(option), str::to_owned)
    };
    let enabled: Vec<ElementRef<'_>> = list
        .select(&options)
        .filter(|option| option.attr("disabled").is_none())
        .collect();
    let selected: Vec<String> = enabled
        .iter()
        .filter(|option| option.attr("selected").is_some())
        .map(value)
        .collect();
    if selected.is_empty() && list.attr("multiple").is_none() {
        return enabled.first().map(value).into_iter().collect();
    }
    selected
}

/// Returns the text of an element, white space as a page shows it.
fn text_of(element: &ElementRef<'_>) -> String {
    let text: String = element.text().collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<html><body>
        <p class="error">  The code is
            <b>wrong</b>. </p>
        <form id="other"><input name="x" value="1"></form>
        <form id="setup" method="POST" action="/us-setup?a=1&amp;b=2">
            <input type="hidden" name="csrf_token" value="c&amp;1">
            <input name="phone"> <input name="gone" disabled value="1"> <input value="nameless">
            <input type="checkbox" name="remember"> <input type="checkbox" name="agree" checked>
            <input type="radio" name="way" value="sms" checked><input type="radio" name="way" value="mail">
            <select name="region"><option value="NL">Netherlands</option><option selected>GB</option></select>
            <select name="first"><option>one</option><option>two</option></select>
            <select name="none" multiple><option>one</option></select>
            <textarea name="note">hello</textarea>
            <input type="submit" name="go" value="Go"><button name="b">B</button>
        </form></body></html>"#;

    #[test]
    fn places_are_found_by_this_table() {
        let table: [(&str, &[&str]); 6] = [
            ("input[name=csrf_token]@value", &["c&1"]),
            ("p.error", &["The code is wrong ."]),
            ("form@id", &["other", "setup"]),
            ("#setup select option@value", &["NL"]),
            ("p.missing", &[]),
            ("p@href", &[]),
        ];
        for (text, expected) in table {
            let source = HtmlSource::parse(text).expect("the selector is well formed");
            let found = source.select(PAGE);
            let found: Vec<String> = found.iter().map(|one| one.replace(" .", ".")).collect();
            let expected: Vec<String> = expected.iter().map(|one| one.replace(" .", ".")).collect();
            assert_eq!(found, expected, "{text}");
        }
        assert!(HtmlSource::parse("p[").is_err());
    }

    #[test]
    fn a_form_holds_what_a_browser_would_send() {
        let form = FormSelector::parse("form#setup").expect("a selector");
        let form = form.find(PAGE).expect("the form is there");
        let fields: Vec<(&str, &str)> = form
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            fields,
            [
                ("csrf_token", "c&1"),
                ("phone", ""),
                ("agree", "on"),
                ("way", "sms"),
                ("region", "GB"),
                ("first", "one"),
                ("note", "hello"),
            ]
        );
        assert_eq!((form.is_get, form.multipart), (false, false));
        assert_eq!(form.action, "/us-setup?a=1&b=2");
        let other = FormSelector::parse("#other").expect("a selector");
        assert!(
            other
                .find(PAGE)
                .is_some_and(|form| form.is_get && form.action.is_empty())
        );
        assert!(other.find("{}").is_none());
    }
}
