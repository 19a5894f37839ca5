//! What a voice provider understands of a call's document: the words said, and where pressed keys go.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// What the provider does in a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CallScript {
    /// Where the first `Gather` sends the keys.
    pub(super) action: String,
    /// Everything that is said, in order, separated by spaces.
    pub(super) said: String,
}

/// Reads `<Response><Gather action=…><Say>…</Say></Gather></Response>`; other verbs are passed over.
pub(super) fn read(document: &str) -> Result<CallScript, String> {
    let mut reader = Reader::from_str(document);
    let mut action = None;
    let mut said = String::new();
    let mut path: Vec<String> = Vec::new();
    loop {
        let saying = path.last().is_some_and(|name| name == "Say");
        match reader.read_event() {
            Ok(Event::Start(element)) => {
                open(&element, &path, &mut action)?;
                if element.name().as_ref() == "Say" && !said.is_empty() {
                    said.push(' ');
                }
                path.push(element.name().as_ref().to_owned());
            }
            Ok(Event::Empty(element)) => open(&element, &path, &mut action)?,
            Ok(Event::End(_)) => {
                path.pop();
            }
            Ok(Event::Text(text)) if saying => said.push_str(&text.xml10_content()),
            Ok(Event::CData(text)) if saying => said.push_str(&text.xml10_content()),
            Ok(Event::GeneralRef(reference)) if saying => {
                let resolved = match reference.resolve_char_ref() {
                    Ok(Some(character)) => character,
                    _ => match reference.xml10_content().as_ref() {
                        "amp" => '&',
                        "lt" => '<',
                        "gt" => '>',
                        "quot" => '"',
                        "apos" => '\'',
                        _ => return Err("an unknown entity".to_owned()),
                    },
                };
                said.push(resolved);
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(_) => return Err(format!("at byte {}", reader.error_position())),
        }
    }
    if !path.is_empty() {
        return Err(format!("<{}> is not closed", path.join("><")));
    }
    match action {
        Some(action) => Ok(CallScript { action, said }),
        None => Err("no <Gather> with an action".to_owned()),
    }
}

/// Looks at an opened element: the root must be `Response`; the first `Gather` names the action.
fn open(
    element: &BytesStart<'_>,
    path: &[String],
    action: &mut Option<String>,
) -> Result<(), String> {
    let name = element.name();
    if path.is_empty() && name.as_ref() != "Response" {
        return Err("the root is not <Response>".to_owned());
    }
    if name.as_ref() != "Gather" || action.is_some() {
        return Ok(());
    }
    if attribute(element, "method")?.is_some_and(|method| !method.eq_ignore_ascii_case("post")) {
        return Err("a <Gather> that is not posted".to_owned());
    }
    *action = attribute(element, "action")?;
    Ok(())
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, String> {
    let found = element
        .try_get_attribute(name)
        .map_err(|_| format!("the attributes of <{}>", element.name().as_ref()))?;
    found
        .map(|attribute| {
            attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map(std::borrow::Cow::into_owned)
                .map_err(|_| format!("the attribute `{name}`"))
        })
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_action_and_the_words_are_found() {
        let document = r##"<?xml version="1.0" encoding="UTF-8"?>
            <Response>
              <Gather numDigits="1" finishOnKey="" action="http://t/d?secret=a&amp;x=1">
                <Say voice="alice">Caf&#233; &amp; Co: press <![CDATA[#]]></Say><Pause length="1"/>
                <Say>Thank you</Say>
              </Gather>
            </Response>"##;
        let script = read(document).unwrap();
        assert_eq!(script.action, "http://t/d?secret=a&x=1");
        assert_eq!(script.said, "Café & Co: press # Thank you");
    }

    #[test]
    fn what_is_no_call_is_refused_with_a_reason() {
        for (document, reason) in [
            ("<Gather/>", "root"),
            ("<Response><Say>hi</Say></Response>", "no <Gather>"),
            ("<Response><Gather action='http://t'>", "not closed"),
            (
                "<Response><Gather action='http://t' method='GET'/></Response>",
                "posted",
            ),
            ("<Response></Gather>", "byte"),
            ("", "no <Gather>"),
        ] {
            let error = read(document).unwrap_err();
            assert!(error.contains(reason), "{document}: {error}");
        }
    }
}
