//! Shapes near a code, drawn from the seed: each is refused or declared, and the right code still works after them (CODE-10).

use proofup_binding::Value;
use proofup_domain::answer::Answer;
use proofup_domain::command::CodeShape;
use proofup_domain::secret::Secret;
use proofup_domain::state::Channel;
use proofup_world::command_runner::CommandRunner;
use proofup_world::persona::case_rng;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value as Json, json};

use super::Measure;
use super::collect::{Sends, Stand, person};
use super::report::{MeasureFinding, MeasureRow, Measured};

/// Shapes that one setup takes at most: the right code has to follow while tries are left.
const SHAPES_OF_A_SETUP: usize = 4;

/// A code in a shape that is not quite it.
struct Shaped {
    what: &'static str,
    /// The word by which a target would declare that it takes such shapes.
    declared: Option<CodeShape>,
    value: Json,
}

/// Submits drawn shapes of right codes, each in a setup of its own time.
pub(super) async fn judge(stand: &Stand<'_>, shapes: usize, only: Option<usize>) -> Measured {
    let mut measured = Measured::new(Measure::CodeShapes.requirement());
    let channels = [Channel::Email, Channel::Sms].map(|channel| (channel, stand.sends(channel)));
    let Some((channel, _)) = channels.iter().find(|(_, sends)| *sends == Sends::Yes) else {
        if channels.iter().any(|(_, sends)| *sends == Sends::Unseen) {
            let why = "the facilities `inbox:email` and `inbox:sms` are missing";
            measured.unable.push(why.to_owned());
        } else {
            measured.not_applicable = Some("codes by mail and by text".to_owned());
        }
        return measured;
    };
    let tries = usize::try_from(stand.context.limits.code_tries).unwrap_or(1);
    let of_a_setup = SHAPES_OF_A_SETUP.min(tries.saturating_sub(1)).max(1);
    let numbers: Vec<usize> = (0..shapes)
        .filter(|number| only.is_none_or(|only| only == *number))
        .collect();
    let setups: Vec<&[usize]> = numbers.chunks(of_a_setup).collect();
    let people = stand.people(setups.len());
    let runner = stand.runner("measure-code-shapes", people, &[]).await;
    let mut runner = match runner {
        Ok(runner) => runner,
        Err(why) => {
            measured.unable.push(format!("shapes of a code: {why}"));
            return measured;
        }
    };
    let mut judging = Judging {
        stand,
        channel: *channel,
        room_for_right: tries > of_a_setup,
        submitted: 0,
        right: 0,
        measured,
    };
    for (at, numbers) in setups.into_iter().take(people).enumerate() {
        let told = judging.setup(&mut runner, &person(at), numbers).await;
        if let Err(why) = told {
            judging
                .measured
                .unable
                .push(format!("shapes of a code: {why}"));
            break;
        }
    }
    runner.tear_down().await;
    judging.conclude()
}

/// What came of the setups so far.
struct Judging<'a, 'e> {
    stand: &'a Stand<'e>,
    channel: Channel,
    room_for_right: bool,
    submitted: usize,
    right: usize,
    measured: Measured,
}

impl Judging<'_, '_> {
    /// Begins a setup, submits the shapes, then the code itself.
    async fn setup(
        &mut self,
        runner: &mut CommandRunner<'_>,
        user: &str,
        numbers: &[usize],
    ) -> Result<(), String> {
        let begin = match self.channel {
            Channel::Email => json!({ "do": "beginEnrollment", "user": user, "method": "email" }),
            Channel::Sms | Channel::Voice | Channel::Push => {
                json!({ "do": "beginEnrollment", "user": user, "method": "mobilePhone", "kind": "textMessage" })
            }
        };
        runner
            .demand(json!({ "do": "signIn", "user": user }))
            .await?;
        runner.demand(begin).await?;
        let code = runner.code(user).await?;
        let mut before = Vec::new();
        for number in numbers {
            let mut rng = case_rng(self.stand.context.session.seed, &format!("shape {number}"));
            let shaped = draw(code.expose(), *number, &mut rng);
            let value = value_of(&shaped.value);
            let accepted = &self.stand.capabilities.code_shapes_accepted;
            if shaped
                .declared
                .is_some_and(|shape| accepted.contains(&shape))
                || runner.makes_no_difference(user, &code, value.clone())
            {
                continue;
            }
            if let Value::Secret(secret) = &value {
                runner.learn(secret.clone());
            }
            let submitted = runner.submit(user, value).await?;
            self.submitted += 1;
            before.push(shaped.what);
            let wrong = match &submitted.answered {
                Some(Answer::Refused { .. }) => continue,
                // What else the file does not know may be any answer; only a failure of the server is none.
                Some(Answer::Unrecognised { status, .. })
                    if (400..500).contains(status)
                        || (*status < 500 && !self.stand.bounds.makes_tenants()) =>
                {
                    continue;
                }
                Some(Answer::Success(_)) => "accepted, and not declared".to_owned(),
                _ => format!("neither refused nor accepted: {}", submitted.told()),
            };
            self.find(
                *number,
                format!("the right code: {}", shaped.what),
                wrong,
                submitted.exchange,
            );
            if matches!(submitted.answered, Some(Answer::Success(_))) {
                return Ok(());
            }
        }
        if self.room_for_right {
            self.then_right(runner, user, &code, numbers, &before)
                .await?;
        }
        Ok(())
    }

    async fn then_right(
        &mut self,
        runner: &mut CommandRunner<'_>,
        user: &str,
        code: &Secret,
        numbers: &[usize],
        before: &[&'static str],
    ) -> Result<(), String> {
        let submitted = runner.submit(user, Value::Secret(code.clone())).await?;
        self.right += 1;
        if !matches!(submitted.answered, Some(Answer::Success(_))) {
            let sent = format!("the right code itself, after {}", before.join(", "));
            let wrong = format!("refused though tries were left: {}", submitted.told());
            let number = numbers.first().copied().unwrap_or_default();
            self.find(number, sent, wrong, submitted.exchange);
        }
        Ok(())
    }

    fn find(
        &mut self,
        number: usize,
        sent: String,
        wrong: String,
        exchange: proofup_binding::exchange::Exchange,
    ) {
        let finding = MeasureFinding {
            number,
            place: sent.clone(),
            sent,
            wrong,
            exchange: Some(exchange),
        };
        self.measured.find(finding);
    }

    fn conclude(mut self) -> Measured {
        let wrong = self.measured.findings.len() + self.measured.findings_left_out;
        if self.submitted + self.right > 0 {
            let channel = self.channel;
            self.measured.rows.push(MeasureRow {
                what: format!(
                    "{channel}: shapes near the code, and {} times the code after them",
                    self.right
                ),
                samples: self.submitted,
                statistic: format!("{wrong} answered wrongly"),
                threshold: "none".to_owned(),
                false_alarm: None,
                holds: wrong == 0,
            });
        }
        self.measured
    }
}

/// A text is a secret; anything else is masked by the name of its variable.
fn value_of(value: &Json) -> Value {
    match value {
        Json::String(text) => Value::Secret(Secret::new(text.clone())),
        other => Value::Plain(other.clone()),
    }
}

/// Draws a shape of a code; each number has its kind, so that few numbers see every kind.
fn draw(code: &str, number: usize, rng: &mut ChaCha8Rng) -> Shaped {
    match number % 14 {
        kind @ 0..3 => spaced(code, kind, rng),
        kind @ 3..6 => as_a_number(code, kind, rng),
        kind @ 6..10 => cut_and_joined(code, kind, rng),
        10 => Shaped::text("with letters that look like digits", homoglyphs(code)),
        11 => Shaped {
            what: "as another JSON type",
            declared: None,
            value: retyped(code, rng),
        },
        12 => encoded(code, rng),
        _ => as_a_pattern(code, rng),
    }
}

impl Shaped {
    /// Makes a shape that no word declares.
    fn text(what: &'static str, text: String) -> Self {
        Self {
            what,
            declared: None,
            value: Json::from(text),
        }
    }

    /// Makes a shape that a target may declare to take.
    fn declared(what: &'static str, declared: impl Into<Option<CodeShape>>, text: String) -> Self {
        Self {
            declared: declared.into(),
            ..Self::text(what, text)
        }
    }
}

/// Cuts a code in two, neither part empty where it has two characters.
fn parts<'a>(code: &'a str, rng: &mut ChaCha8Rng) -> (&'a str, &'a str) {
    let place = rng.random_range(1..code.len().max(2));
    code.split_at(code.floor_char_boundary(place))
}

fn spaced(code: &str, kind: usize, rng: &mut ChaCha8Rng) -> Shaped {
    let spaces = [" ", "\t", "\u{a0}", "\u{2003}", "\u{3000}", "\r\n"];
    let space = pick(rng, &spaces);
    match kind {
        0 => {
            let (left, right) = pick(rng, &[(1, 0), (0, 1), (1, 1), (3, 2)]);
            let text = format!("{}{code}{}", space.repeat(left), space.repeat(right));
            Shaped::declared("with space around it", CodeShape::SurroundingSpace, text)
        }
        1 => {
            let (head, tail) = parts(code, rng);
            let text = format!("{head}{space}{tail}");
            Shaped::declared("with space inside", CodeShape::InnerSpace, text)
        }
        _ => other_digits(code, rng),
    }
}

fn as_a_number(code: &str, kind: usize, rng: &mut ChaCha8Rng) -> Shaped {
    const SIGNS: [(&str, Option<CodeShape>); 4] = [
        ("+", Some(CodeShape::PlusSign)),
        ("-", Some(CodeShape::MinusSign)),
        ("\u{2212}", None),
        ("\u{ff0b}", None),
    ];
    const ENDS: [(&str, Option<CodeShape>); 7] = [
        (".0", Some(CodeShape::DecimalPoint)),
        (",0", None),
        (".", None),
        ("e0", None),
        ("L", None),
        ("n", None),
        (";", None),
    ];
    match kind {
        3 => {
            let (sign, declared) = pick(rng, &SIGNS);
            Shaped::declared("with a sign", declared, format!("{sign}{code}"))
        }
        4 => {
            let zeros = "0".repeat(rng.random_range(1..=12));
            let text = format!("{zeros}{code}");
            Shaped::declared("with zeros in front", CodeShape::ExtraZero, text)
        }
        _ => {
            let (end, declared) = pick(rng, &ENDS);
            Shaped::declared("with what numbers end in", declared, format!("{code}{end}"))
        }
    }
}

fn cut_and_joined(code: &str, kind: usize, rng: &mut ChaCha8Rng) -> Shaped {
    const CONTROLS: [(&str, Option<CodeShape>); 5] = [
        ("\n", Some(CodeShape::TrailingNewline)),
        ("\0", Some(CodeShape::TrailingNul)),
        ("\r", None),
        ("\u{8}", None),
        ("\u{1b}[0m", None),
    ];
    const JOINERS: [&str; 8] = [
        "\u{200b}", "\u{200d}", "\u{feff}", "\u{2060}", "\u{301}", "-", "_", ".",
    ];
    let (head, tail) = parts(code, rng);
    match kind {
        6 if rng.random_bool(0.5) => Shaped::text("only its first digits", head.to_owned()),
        6 => {
            let what = "only its last digits";
            Shaped::declared(what, CodeShape::MissingDigit, tail.to_owned())
        }
        7 => {
            let between = pick(rng, &["", ",", " ", "|", "&code="]);
            Shaped::text("twice", format!("{code}{between}{code}"))
        }
        8 => {
            let (behind, declared) = pick(rng, &CONTROLS);
            let what = "with a control character behind it";
            Shaped::declared(what, declared, format!("{code}{behind}"))
        }
        _ => {
            let joiner = pick(rng, &JOINERS);
            Shaped::text("with a joiner inside", format!("{head}{joiner}{tail}"))
        }
    }
}

fn encoded(code: &str, rng: &mut ChaCha8Rng) -> Shaped {
    let value: u64 = code.parse().unwrap_or_default();
    let text = match rng.random_range(0..6) {
        0 => format!("0x{value:x}"),
        1 => format!("0o{value:o}"),
        2 => code.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        3 => code.bytes().map(|byte| format!("&#{byte};")).collect(),
        4 => format!("\"{code}\""),
        _ => format!("'{code}'"),
    };
    Shaped::text("encoded", text)
}

fn as_a_pattern(code: &str, rng: &mut ChaCha8Rng) -> Shaped {
    let (head, _) = parts(code, rng);
    let text = match rng.random_range(0..8) {
        0 => "%".to_owned(),
        1 => "_".repeat(code.len()),
        2 => "*".to_owned(),
        3 => format!("{head}*"),
        4 => format!("{head}%"),
        5 => ".*".to_owned(),
        6 => "' OR '1'='1".to_owned(),
        _ => "true".to_owned(),
    };
    Shaped::text("as a pattern", text)
}

fn pick<T: Copy>(rng: &mut ChaCha8Rng, choices: &[T]) -> T {
    choices[rng.random_range(0..choices.len())]
}

/// Writes some or all digits in another script.
fn other_digits(code: &str, rng: &mut ChaCha8Rng) -> Shaped {
    let (zero, declared) = pick(
        rng,
        &[
            ('\u{ff10}', Some(CodeShape::FullWidthDigits)),
            ('\u{660}', Some(CodeShape::ArabicIndicDigits)),
            ('\u{6f0}', None),
            ('\u{966}', None),
            ('\u{e50}', None),
            ('\u{1d7ce}', None),
            ('\u{2080}', None),
        ],
    );
    let all = rng.random_bool(0.5);
    let mut changed = false;
    let written = code.chars().map(|digit| {
        let other = digit
            .to_digit(10)
            .and_then(|value| char::from_u32(u32::from(zero) + value));
        let change = all || !changed || rng.random_bool(0.3);
        changed = true;
        other.filter(|_| change).unwrap_or(digit)
    });
    let text: String = written.collect();
    Shaped {
        what: "with digits of another script",
        declared,
        value: Json::from(text),
    }
}

fn homoglyphs(code: &str) -> String {
    let like: String = code
        .chars()
        .map(|digit| match digit {
            '0' => 'O',
            '1' => 'l',
            '2' => 'Z',
            '3' => 'З',
            '5' => 'S',
            '6' => 'б',
            '8' => 'B',
            other => other,
        })
        .collect();
    if like == code {
        format!("{code}O")
    } else {
        like
    }
}

fn retyped(code: &str, rng: &mut ChaCha8Rng) -> Json {
    let number: u64 = code.parse().unwrap_or_default();
    let shapes = [
        json!([code]),
        json!([code, code]),
        json!(number),
        json!({ "code": code }),
        json!({ "$ne": "" }),
        json!(true),
        json!([[code]]),
    ];
    shapes[rng.random_range(0..shapes.len())].clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_shape_is_the_code_itself() {
        for number in 0..2000 {
            for code in ["482913", "774477", "000000", "90000001"] {
                let mut rng = case_rng(3, &format!("shape {number}"));
                let shaped = draw(code, number, &mut rng);
                assert_ne!(shaped.value, Json::from(code), "{number} {}", shaped.what);
            }
        }
    }

    #[test]
    fn equal_seeds_draw_equal_shapes() {
        let draw = |seed| {
            let mut rng = case_rng(seed, "shape 17");
            draw("482913", 17, &mut rng).value
        };
        assert_eq!(draw(1), draw(1));
        assert!((1..50).any(|seed| draw(seed) != draw(0)));
    }
}
