//! The code that a role names, chosen among those that a person knows: a file never holds a code.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proofup_domain::command::{CodeRole, CodeShape, Name, WellKnownCode};
use proofup_domain::secret::Secret;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::apps::OathAccount;

/// What a person knows of codes when they are to type one.
#[derive(Debug)]
pub struct KnownCodes<'a> {
    /// Who types.
    pub user: &'a Name,
    /// The codes that were sent for what asks for one, oldest first.
    pub sent: &'a [Secret],
    /// The newest code that was sent before, for the same use and method.
    pub sent_before: Option<&'a Secret>,
    /// The newest code that was sent at all.
    pub last_sent: Option<&'a Secret>,
    /// The code that was accepted last.
    pub used: Option<&'a Secret>,
    /// The account in an authenticator that is about what asks for a code.
    pub account: Option<&'a OathAccount>,
    /// All accounts of the person.
    pub accounts: &'a [OathAccount],
    /// Every secret that was met: none of them is typed as a wrong code.
    pub met: &'a BTreeSet<Secret>,
    /// The target's time.
    pub now: Timestamp,
    /// How many digits a code is declared to have.
    pub digits: u32,
}

impl KnownCodes<'_> {
    /// Chooses the code that a role names; none for the role that is no code at all.
    ///
    /// # Errors
    /// If the person knows no such code.
    pub fn choose(&self, role: &CodeRole, rng: &mut ChaCha8Rng) -> Result<Option<Secret>, String> {
        let code = match role {
            CodeRole::Missing => return Ok(None),
            CodeRole::LastSent | CodeRole::Expired | CodeRole::Of(_) => self.newest_sent()?,
            CodeRole::Previous => self.previous()?,
            CodeRole::Used => self
                .used
                .cloned()
                .ok_or_else(|| format!("no code of {} was accepted before", self.user))?,
            CodeRole::Wrong => self.wrong(rng),
            CodeRole::Current => self.shown(0)?,
            CodeRole::Drift(steps) => self.shown(*steps)?,
            CodeRole::Shape(shape) => {
                let right = self
                    .sent
                    .last()
                    .cloned()
                    .map_or_else(|| self.shown(0), Ok)?;
                Secret::new(shaped(right.expose(), *shape))
            }
            CodeRole::WellKnown(guess) => self.well_known(*guess)?,
        };
        Ok(Some(code))
    }

    fn newest_sent(&self) -> Result<Secret, String> {
        let newest = self.sent.last().cloned();
        newest.ok_or_else(|| format!("no code was sent to {}", self.user))
    }

    /// Returns the code before the newest: of the same use, else the newest of what came before it. A code that was sent again
    /// unchanged has none before it, because both are the newest.
    fn previous(&self) -> Result<Secret, String> {
        let newest = self.sent.last();
        let mut own = self.sent.iter().rev();
        let own = own.find(|code| newest != Some(code));
        let before = own.or_else(|| self.sent_before.filter(|code| newest != Some(*code)));
        before.cloned().ok_or_else(|| {
            let again = self.sent.len() > 1 || self.sent_before.is_some();
            if again {
                "the code that was sent again is the one before; once is chance, more is told under CODE-5"
            } else {
                "no code was sent before for the same use and method"
            }
            .to_owned()
        })
    }

    /// Computes what an authenticator of the person shows, so many steps from now.
    fn shown(&self, drift: i32) -> Result<Secret, String> {
        let account = self
            .account
            .ok_or_else(|| format!("{} has no authenticator that could show a code", self.user))?;
        account
            .code(self.now, drift)
            .map_err(|error| format!("the authenticator could not compute a code: {error}"))
    }

    /// Makes up a code in the shape of the right one that was never sent and that no authenticator shows.
    fn wrong(&self, rng: &mut ChaCha8Rng) -> Secret {
        let shape = self.right_shape();
        loop {
            let code = Secret::new(alike(shape.expose(), rng));
            if !self.may_be_right(&code) && !self.met.contains(&code) {
                return code;
            }
        }
    }

    /// Writes a code that everybody would guess first. One in a million times it is the right one, and then proves nothing.
    fn well_known(&self, guess: WellKnownCode) -> Result<Secret, String> {
        let code = Secret::new(guessed(guess, self.digits));
        if self.may_be_right(&code) {
            return Err("the code that everybody would guess is by chance a right one".to_owned());
        }
        Ok(code)
    }

    /// Returns whether a code was sent for the same thing, was accepted before, or is shown by an authenticator about now.
    fn may_be_right(&self, code: &Secret) -> bool {
        self.sent.contains(code) || self.used == Some(code) || self.is_shown_about_now(code)
    }

    /// Finds a code whose shape a wrong one takes: the one that was sent or is shown for the same thing, else the last one
    /// that was sent at all, else as many digits as are declared.
    fn right_shape(&self) -> Secret {
        let own = self.sent.last().cloned().or_else(|| self.shown(0).ok());
        own.or_else(|| self.last_sent.cloned())
            .filter(|code| has_room(code.expose()))
            .unwrap_or_else(|| {
                let digits = usize::try_from(self.digits).unwrap_or(6);
                Secret::new("0".repeat(digits.max(1)))
            })
    }

    fn is_shown_about_now(&self, code: &Secret) -> bool {
        self.accounts.iter().any(|account| {
            (-3..=3).any(|drift| {
                account
                    .code(self.now, drift)
                    .is_ok_and(|shown| shown == *code)
            })
        })
    }
}

/// Draws a code alike in shape: digits for digits, letters for letters of the same case, everything else as it is.
fn alike(code: &str, rng: &mut ChaCha8Rng) -> String {
    code.chars()
        .map(|c| {
            let (first, count) = match c {
                'a'..='z' => (b'a', 26u8),
                'A'..='Z' => (b'A', 26),
                '0'..='9' => (b'0', 10),
                other => return other,
            };
            char::from(first + rng.random_range(0..count))
        })
        .collect()
}

/// Returns whether there are enough codes of this shape for one to be wrong by more than chance.
fn has_room(code: &str) -> bool {
    code.chars().filter(char::is_ascii_alphanumeric).count() >= SHAPE_MIN
}

/// The fewest letters and digits of a code that another can be drawn like.
const SHAPE_MIN: usize = 4;

/// Writes a code that everybody would guess first, in so many digits.
fn guessed(guess: WellKnownCode, digits: u32) -> String {
    let pattern = match guess {
        WellKnownCode::Zeros => "0",
        WellKnownCode::Ones => "1",
        WellKnownCode::Nines => "9",
        WellKnownCode::Ascending => "1234567890",
        WellKnownCode::AscendingFromZero => "0123456789",
        WellKnownCode::Repeating => "123",
        WellKnownCode::Descending => {
            let ascending = guessed(WellKnownCode::Ascending, digits);
            return ascending.chars().rev().collect();
        }
    };
    let digits = usize::try_from(digits).unwrap_or(6);
    pattern.chars().cycle().take(digits).collect()
}

/// Brings a code into a shape that is not quite it.
fn shaped(code: &str, shape: CodeShape) -> String {
    let shifted = |zero: char| -> String {
        code.chars()
            .map(|c| {
                c.to_digit(10)
                    .and_then(|digit| char::from_u32(zero as u32 + digit))
                    .unwrap_or(c)
            })
            .collect()
    };
    match shape {
        CodeShape::SurroundingSpace => format!(" {code} "),
        CodeShape::InnerSpace => {
            let middle = code.chars().count() / 2;
            code.chars()
                .enumerate()
                .flat_map(|(i, c)| (i == middle).then_some(' ').into_iter().chain([c]))
                .collect()
        }
        CodeShape::FullWidthDigits => shifted('\u{FF10}'),
        CodeShape::ArabicIndicDigits => shifted('\u{0660}'),
        CodeShape::PlusSign => format!("+{code}"),
        CodeShape::MinusSign => format!("-{code}"),
        CodeShape::DecimalPoint => format!("{code}.0"),
        CodeShape::MissingDigit => code.chars().skip(1).collect(),
        CodeShape::ExtraZero => format!("0{code}"),
        CodeShape::TrailingNewline => format!("{code}\n"),
        CodeShape::TrailingNul => format!("{code}\0"),
        CodeShape::TenThousandCharacters => code.chars().cycle().take(10_000).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_names_one_of_the_known_codes() {
        let user = Name("alice".to_owned());
        let [first, second, before, used] =
            ["111111", "222222", "333333", "444444"].map(Secret::new);
        let sent = [first.clone(), second.clone()];
        let nine_of_ten: BTreeSet<Secret> =
            (0..9).map(|digit| Secret::new(digit.to_string())).collect();
        let known = KnownCodes {
            user: &user,
            sent: &sent,
            sent_before: Some(&before),
            last_sent: None,
            used: Some(&used),
            account: None,
            accounts: &[],
            met: &nine_of_ten,
            now: Timestamp::UNIX_EPOCH,
            digits: 1,
        };
        let mut rng = crate::persona::case_rng(7, "roles");
        let mut choose = |known: &KnownCodes<'_>, role: CodeRole| known.choose(&role, &mut rng);
        assert_eq!(choose(&known, CodeRole::Missing), Ok(None));
        assert_eq!(choose(&known, CodeRole::LastSent), Ok(Some(second.clone())));
        assert_eq!(choose(&known, CodeRole::Expired), Ok(Some(second)));
        assert_eq!(choose(&known, CodeRole::Previous), Ok(Some(first)));
        assert_eq!(choose(&known, CodeRole::Used), Ok(Some(used.clone())));
        assert!(choose(&known, CodeRole::Current).is_err());
        let once = KnownCodes {
            sent: &sent[1..],
            ..known
        };
        assert_eq!(choose(&once, CodeRole::Previous), Ok(Some(before.clone())));
        let never = KnownCodes { sent: &[], ..once };
        assert!(choose(&never, CodeRole::LastSent).is_err());
        let nine = Secret::new("9");
        assert_eq!(choose(&never, CodeRole::Wrong), Ok(Some(nine)));
    }

    #[test]
    fn a_wrong_code_keeps_the_shape_of_the_right_one() {
        let mut rng = crate::persona::case_rng(7, "codes");
        for right in ["482913", "XK4-92B", "ab12 cd34", "0000-0000"] {
            let shape = |code: &str| -> String {
                code.chars()
                    .map(|c| match c {
                        'a'..='z' => 'a',
                        'A'..='Z' => 'A',
                        '0'..='9' => '0',
                        other => other,
                    })
                    .collect()
            };
            let wrong = alike(right, &mut rng);
            assert_ne!(wrong, right);
            assert_eq!(shape(&wrong), shape(right));
        }
        assert!(has_room("4829") && !has_room("----12"));
    }

    #[test]
    fn no_shape_is_the_code_itself() {
        for shape in CodeShape::ALL {
            assert_ne!(shaped("482913", *shape), "482913", "{shape}");
        }
        assert_eq!(shaped("482913", CodeShape::FullWidthDigits), "４８２９１３");
        assert_eq!(shaped("482913", CodeShape::InnerSpace), "482 913");
        assert_eq!(
            shaped("482913", CodeShape::TenThousandCharacters).len(),
            10_000
        );
    }
}
