//! Codes by their roles: a file never holds a code, it says which.

use proofup_domain::command::{CodeRole, CodeShape, Name};
use proofup_domain::secret::Secret;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

use proofup_gateways::message::Message;

use super::{StepError, World};

impl World<'_> {
    /// Finds the code that a role names; none for the role that is no code at all.
    pub(super) async fn code(
        &mut self,
        user: &Name,
        handle: usize,
        role: &CodeRole,
    ) -> Result<Option<Secret>, StepError> {
        let code = match role {
            CodeRole::Missing => return Ok(None),
            CodeRole::LastSent | CodeRole::Expired => self.sent_code(handle, 0).await?,
            CodeRole::Previous => self.previous_code(handle).await?,
            CodeRole::Used => self.used.get(user).cloned().ok_or_else(|| {
                StepError::Unready(format!("no code of {user} was accepted before"))
            })?,
            CodeRole::Wrong => self.wrong_code(user, handle).await,
            CodeRole::Current => self.shown_code(user, handle, 0)?,
            CodeRole::Drift(steps) => self.shown_code(user, handle, *steps)?,
            CodeRole::Of(name) => {
                let other = self
                    .handles
                    .named(name)
                    .or_else(|| self.handles.latest_with_codes(name));
                let other = other
                    .ok_or_else(|| StepError::Unready(format!("`{name}` was sent no code")))?;
                self.sent_code(other, 0).await?
            }
            CodeRole::Shape(shape) => {
                let code = if self.handles.get(handle).destination.is_some() {
                    self.sent_code(handle, 0).await?
                } else {
                    self.shown_code(user, handle, 0)?
                };
                Secret::new(shaped(code.expose(), *shape))
            }
        };
        self.secrets.insert(code.clone());
        if !self.codes.contains(&code) {
            self.codes.push(code.clone());
        }
        Ok(Some(code))
    }

    /// Reads the newest code of a thing, or one further back.
    async fn sent_code(&mut self, handle: usize, back: usize) -> Result<Secret, StepError> {
        let about = self.handles.get(handle);
        let (channel, destination) = about.destination.clone().ok_or_else(|| {
            StepError::unready("nothing is sent for this; there is no code to read")
        })?;
        let since = about.since;
        if self.messages_of(handle).is_empty() {
            // A stranger may still be sending; the reference has sent before it answers.
            let settle = self.context.session.target.settle();
            let _ = self
                .gateways
                .inboxes()
                .wait(since, channel, &destination, settle)
                .await;
        }
        let pattern = self.context.session.target.code_pattern(channel);
        let mut codes: Vec<Secret> = self
            .messages_of(handle)
            .iter()
            .filter_map(|message| message.code(pattern))
            .collect();
        codes.dedup();
        self.secrets.extend(codes.iter().cloned());
        self.last_code = codes.last().cloned().or_else(|| self.last_code.take());
        codes
            .into_iter()
            .rev()
            .nth(back)
            .ok_or_else(|| StepError::unready(format!("no code reached the {channel} inbox")))
    }

    /// Reads the code before the newest: of the same thing, else the newest of the thing before it.
    async fn previous_code(&mut self, handle: usize) -> Result<Secret, StepError> {
        if let Ok(code) = self.sent_code(handle, 1).await {
            return Ok(code);
        }
        let before = self.handles.predecessor(handle).ok_or_else(|| {
            StepError::unready("no code was sent before for the same use and method")
        })?;
        self.sent_code(before, 0).await
    }

    /// Lists what reached a thing's destination while the thing was the latest to send there, in order of sending.
    pub(super) fn messages_of(&self, handle: usize) -> Vec<Arc<Message>> {
        let about = self.handles.get(handle);
        let Some((channel, destination)) = &about.destination else {
            return Vec::new();
        };
        let mut messages = self
            .gateways
            .inboxes()
            .since(about.since, *channel, destination);
        messages.retain(|message| {
            message.seq > about.since.0 && about.until.is_none_or(|until| message.seq <= until.0)
        });
        messages.sort_by_key(|message| message.seq);
        messages
    }

    /// Makes up a code in the shape of the right one that was never sent and that no authenticator shows.
    async fn wrong_code(&mut self, user: &Name, handle: usize) -> Secret {
        let taken = self.codes_about_now(user);
        let shape = self.right_shape(user, handle).await;
        loop {
            let code = Secret::new(alike(shape.expose(), &mut self.rng));
            if !taken.contains(&code) && !self.secrets.contains(&code) {
                return code;
            }
        }
    }

    /// Finds a code whose shape a wrong one takes: the one that was sent or is shown for the same thing, else the last one
    /// that was sent at all, else as many digits as are declared.
    async fn right_shape(&mut self, user: &Name, handle: usize) -> Secret {
        let digits = usize::try_from(self.limits.code_length).unwrap_or(6);
        let own = if self.handles.get(handle).destination.is_some() {
            self.sent_code(handle, 0).await
        } else {
            self.shown_code(user, handle, 0)
        };
        own.ok()
            .or_else(|| self.last_code.clone())
            .filter(|code| has_room(code.expose()))
            .unwrap_or_else(|| Secret::new("0".repeat(digits.max(1))))
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
