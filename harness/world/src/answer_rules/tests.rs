use bytes::Bytes;
use http::Response;
use proofup_binding::RawResponse;
use proofup_domain::refusal::Refusal;

use super::*;

const CODE: &str = "482913";
const PASSWORD: &str = "horse-battery-7";
const ANSWER: &str = "grandmother's street";
const APP_SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const NUMBER: &str = "31610000001";

fn wanted() -> Wanted {
    let secrets = |texts: &[&str]| texts.iter().map(|text| Secret::new(*text)).collect();
    Wanted {
        codes: secrets(&[CODE]),
        passwords: secrets(&[PASSWORD]),
        answers: secrets(&[ANSWER]),
        app_secrets: BTreeSet::from([APP_SECRET.to_owned()]),
        destinations: BTreeSet::from([NUMBER.to_owned()]),
        secrets: secrets(&[PASSWORD, "a-session-token"]),
        provider_fails: false,
    }
}

fn seen(operation: &str, status: u16, refusal: Option<Refusal>, body: &str) -> Seen {
    let response = Response::builder()
        .status(status)
        .body(Bytes::from(body.to_owned()))
        .expect("the response is well formed");
    Seen {
        operation: operation.to_owned(),
        response: RawResponse::of(response),
        refusal,
        exchange: 0,
    }
}

/// Lists the rules that an answer breaks, and where.
fn broken(wanted: &Wanted, seen: &Seen) -> Vec<(ExchangeRule, String)> {
    let mut found = Vec::new();
    let mut looked = BTreeMap::new();
    look(wanted, seen, &mut looked, &mut |rule, place, _| {
        found.push((rule, place))
    });
    for (rule, _) in &found {
        assert!(
            looked.contains_key(rule),
            "{rule:?} is broken and was not held"
        );
    }
    found
}

fn holding(text: &str) -> String {
    format!(r#"{{"value":["x","{text}"]}}"#)
}

#[test]
fn each_rule_is_broken_by_its_answer_and_kept_by_its_neighbour() {
    use ExchangeRule as R;
    let value = || "$.value[*]".to_owned();
    let refused = Some(Refusal::WrongCode);
    let table = [
        (
            seen("openAccount", 500, None, ""),
            Some((R::NoServerError, "status 500".to_owned())),
        ),
        (seen("openAccount", 503, None, ""), None),
        (
            seen("sendCode", 500, Some(Refusal::GatewayFailed), ""),
            None,
        ),
        (
            seen("openAccount", 405, None, ""),
            Some((R::AllowWith405, "header:allow".to_owned())),
        ),
        (
            seen("changeMethod", 200, None, &holding(CODE)),
            Some((R::NoCode, value())),
        ),
        (seen("changeMethod", 200, None, &holding("14829130")), None),
        (
            seen("listMethods", 200, None, &holding(PASSWORD)),
            Some((R::NoSecret, value())),
        ),
        (
            seen("submitCode", 422, refused, &holding("a-session-token")),
            Some((R::NoSecret, value())),
        ),
        (seen("signIn", 200, None, &holding("a-session-token")), None),
        (
            seen("readEnrollment", 200, None, &holding(ANSWER)),
            Some((R::NoQuestionAnswer, value())),
        ),
        (
            seen("listMethods", 200, None, &holding(APP_SECRET)),
            Some((R::AppSecretInSetupOnly, value())),
        ),
        (
            seen("beginEnrollment", 200, None, &holding(APP_SECRET)),
            None,
        ),
        (
            seen("beginReset", 200, None, &holding("+31610000001")),
            Some((R::MaskedDestination, value())),
        ),
        (
            seen("beginReset", 200, None, &holding("+** ** ***01")),
            None,
        ),
        (
            seen("beginEnrollment", 200, None, &holding("+31610000001")),
            None,
        ),
    ];
    for (seen, expected) in &table {
        let found = broken(&wanted(), seen);
        let name = format!("{} {}", seen.operation, seen.response.status);
        assert_eq!(found.first(), expected.as_ref(), "{name}");
    }
}

#[test]
fn a_server_error_is_right_while_a_provider_fails() {
    let wanted = Wanted {
        provider_fails: true,
        ..wanted()
    };
    assert_eq!(broken(&wanted, &seen("sendCode", 500, None, "")), []);
}

fn sighting(code: Option<&str>) -> Sighting {
    Sighting {
        rule: ExchangeRule::NoCode,
        operation: "listMethods".to_owned(),
        place: "$.value[*].id".to_owned(),
        code: code.map(Secret::new),
        repeat: None,
        exchange: None,
    }
}

#[test]
fn six_digits_count_where_two_different_codes_stood() {
    let rules = AnswerRules::default();
    let looked = BTreeMap::from([(ExchangeRule::NoCode, 1)]);
    rules.add("b", &looked, vec![sighting(Some(CODE))]);
    rules.add("c", &looked, vec![sighting(Some(CODE))]);
    assert!(rules.broken().is_empty());
    rules.add("a", &looked, vec![sighting(Some("135790"))]);
    let broken = rules.broken();
    assert_eq!(broken.len(), 1, "one place is one finding");
    assert_eq!((broken[0].case.as_str(), broken[0].cases), ("a", 3));
    assert_eq!(rules.looked(ExchangeRule::NoCode), 3);
}

#[test]
fn a_code_that_is_sent_again_counts_from_the_second_time_and_playing_a_case_again_is_none() {
    let repeated = |nth| Sighting {
        rule: ExchangeRule::NewCodeEachTime,
        repeat: Some(nth),
        ..sighting(None)
    };
    let looked = BTreeMap::from([(ExchangeRule::NewCodeEachTime, 3)]);
    let rules = AnswerRules::default();
    rules.add("a", &looked, vec![repeated(1)]);
    rules.add("a", &looked, vec![repeated(1)]);
    assert!(rules.broken().is_empty(), "one may be chance");
    rules.add("b", &looked, vec![repeated(1)]);
    assert_eq!(rules.broken().len(), 1);
    let rules = AnswerRules::default();
    rules.add("a", &looked, vec![repeated(1), repeated(2)]);
    assert_eq!(rules.broken().len(), 1, "one case may be enough");
}
