//! The accounts of a load run: addresses and numbers of their own, thousands of them, drawn from the seed and a number.

use proofup_domain::secret::Secret;
use proofup_world::persona::{case_rng, draw_password};
use rand_chacha::ChaCha8Rng;

/// What one account is made of.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// The sign-in address.
    pub(crate) user_principal_name: String,
    /// The password now.
    pub(crate) password: Secret,
    /// The private address.
    pub(crate) address: String,
    /// What the person types for their mobile number, and its normal form.
    pub(crate) mobile: Line,
    /// The same of the office number.
    pub(crate) office: Line,
    /// First and last name.
    pub(crate) display_name: String,
    /// Where notifications to the person's device go.
    pub(crate) push_token: String,
    rng: ChaCha8Rng,
}

/// A phone number.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// What the person types.
    pub(crate) typed: String,
    /// The normal form.
    pub(crate) e164: String,
}

/// The region of all numbers: a Dutch number range holds ten million, and the metadata tells mobile from fixed.
pub(crate) const REGION: &str = "NL";

/// How many numbers there are of each sort, and so how many accounts a run can have over all its shards.
pub(crate) const ACCOUNTS_MAX: u32 = 5_000_000;

impl Account {
    /// Makes the account of a number, alike in every run with the seed.
    pub(crate) fn new(seed: u64, number: u32, tenant: &str) -> Self {
        let mut rng = case_rng(seed, &format!("load/{number}"));
        // Other seeds have other numbers: a target that keeps its users may give each number to one of them only.
        let place = (u64::from(number) + shift(seed)) % u64::from(ACCOUNTS_MAX);
        let line = |prefix: u64| {
            let digits = prefix + place;
            Line {
                typed: format!("0{digits}"),
                e164: format!("+31{digits}"),
            }
        };
        Self {
            user_principal_name: format!("user{number}@{tenant}.example.com"),
            password: draw_password(&mut rng),
            address: format!("user{number}@{tenant}.example.org"),
            mobile: line(610_000_000),
            office: line(102_000_000),
            display_name: format!("User {number}"),
            push_token: format!("{tenant}-device-{number}"),
            rng,
        }
    }

    /// Draws another password.
    pub(crate) fn fresh_password(&mut self) -> Secret {
        draw_password(&mut self.rng)
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

    use super::*;

    #[test]
    fn every_number_is_valid_and_of_its_sort() {
        for number in [0, 1, 9_999, 123_456, 1_999_999, 4_999_999] {
            let account = Account::new(1, number, "t");
            for (line, sort) in [
                (&account.mobile, phonenumber::Type::Mobile),
                (&account.office, phonenumber::Type::FixedLine),
            ] {
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
            let accounts = (0..1_000).map(|number| Account::new(seed, number, "t"));
            accounts.map(|account| account.mobile.e164).collect()
        };
        assert_eq!(numbers(1).len(), 1_000);
        assert!(numbers(1).is_disjoint(&numbers(2)));
    }
}
