//! The people of a load run: addresses and numbers of their own, thousands of them, drawn from the seed and a number.

use proofup_domain::command::Name;
use proofup_world::persona::{Number, Persona, case_rng, draw_password};
use rand_chacha::ChaCha8Rng;

use super::flow::USER;

/// Someone who takes part in a load run.
#[derive(Debug, Clone)]
pub(crate) struct DrawnUser {
    /// Who they are.
    pub(crate) persona: Persona,
    /// Where notifications to their device go.
    pub(crate) push_token: String,
    /// Draws what they make up later.
    pub(crate) rng: ChaCha8Rng,
}

/// The region of all numbers: a Dutch number range holds ten million, and the metadata tells mobile from fixed.
const REGION: &str = "NL";

/// How many numbers there are of each sort, and so how many accounts a run can have over all its shards.
pub(crate) const ACCOUNTS_MAX: u32 = 5_000_000;

/// The ranges of first and second mobile numbers, and of first and second office numbers.
const RANGES: [u64; 4] = [610_000_000, 620_000_000, 102_000_000, 202_000_000];

impl DrawnUser {
    /// Makes the user of a number, alike in every run with the seed.
    pub(crate) fn new(seed: u64, number: u32, tenant: &str) -> Self {
        let mut rng = case_rng(seed, &format!("load/{number}"));
        // Other seeds have other numbers: a target that keeps its users may give each number to one of them only.
        let place = (u64::from(number) + shift(seed)) % u64::from(ACCOUNTS_MAX);
        let numbers = RANGES.map(|range| {
            let digits = range + place;
            Number {
                region: REGION.to_owned(),
                typed: format!("0{digits}"),
                e164: format!("+31{digits}"),
            }
        });
        let persona = Persona::given(
            Name(USER.to_owned()),
            &format!("user{number}@{tenant}.example.com"),
            &format!("user{number}@{tenant}.example.org"),
            format!("User {number}"),
            draw_password(&mut rng),
            numbers,
        );
        Self {
            persona,
            push_token: format!("{tenant}-device-{number}"),
            rng,
        }
    }
}

/// Returns where among the numbers the people of a seed begin.
const fn shift(seed: u64) -> u64 {
    seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use phonenumber::country::Id;
    use phonenumber::metadata::DATABASE;
    use proofup_domain::command::PhoneRef;

    use super::*;

    #[test]
    fn every_number_is_valid_and_of_its_sort() {
        for number in [0, 1, 9_999, 123_456, 1_999_999, 4_999_999] {
            let persona = DrawnUser::new(1, number, "t").persona;
            for (role, sort) in [
                (PhoneRef::Mobile, phonenumber::Type::Mobile),
                (PhoneRef::SecondMobile, phonenumber::Type::Mobile),
                (PhoneRef::Office, phonenumber::Type::FixedLine),
                (PhoneRef::SecondOffice, phonenumber::Type::FixedLine),
            ] {
                let line = persona.phone(&role);
                let parsed = phonenumber::parse(Some(Id::NL), &line.typed)
                    .expect("what a person types can be read");
                assert!(parsed.is_valid(), "{}", line.e164);
                assert_eq!(parsed.number_type(&DATABASE), sort, "{}", line.e164);
                let e164 = parsed.format().mode(phonenumber::Mode::E164).to_string();
                assert_eq!(e164, line.e164);
            }
        }
    }

    #[test]
    fn people_of_one_seed_share_no_number_and_those_of_another_have_others() {
        let numbers = |seed| -> BTreeSet<String> {
            let users = (0..1_000).map(|number| DrawnUser::new(seed, number, "t"));
            users
                .map(|user| user.persona.phone(&PhoneRef::Mobile).e164)
                .collect()
        };
        assert_eq!(numbers(1).len(), 1_000);
        assert!(numbers(1).is_disjoint(&numbers(2)));
    }
}
