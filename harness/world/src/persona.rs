//! The people of a case: names, addresses, numbers, passwords and answers, drawn from the seed and the case's id.
//!
//! Addresses stand on `example.*` domains and carry the case's own subdomain, so no two cases share an inbox. Numbers are
//! the example numbers of the phone metadata: real in form, given to nobody.

use std::collections::BTreeSet;

use fake::Fake;
use fake::faker::company::en::CompanyName;
use fake::faker::name::en::{FirstName, LastName};
use phonenumber::metadata::DATABASE;
use phonenumber::{Mode, PhoneNumber, Type, country};
use proofup_domain::command::{AddressRef, Dialled, Name, PhoneRef};
use proofup_domain::method::{Method, Role};
use proofup_domain::secret::Secret;
use proofup_scenario::UserSpec;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest as _, Sha256};

/// Lists the regions that people come from where a file names none: in each, the metadata tells mobile from fixed.
pub const REGIONS: [&str; 12] = [
    "NL", "GB", "DE", "FR", "ES", "SE", "JP", "BR", "NO", "AU", "ZA", "PL",
];

/// Draws everything that is random in a case.
///
/// The seed and the case's id decide every draw, never the order in which cases finish (decision 16).
#[must_use]
pub fn case_rng(seed: u64, case: &str) -> ChaCha8Rng {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(case.as_bytes());
    ChaCha8Rng::from_seed(hash.finalize().into())
}

/// The organisation of a case.
#[derive(Debug, Clone)]
pub struct Organisation {
    /// The tenant's id, unique among all that use the target.
    pub tenant: String,
    /// Its display name.
    pub display_name: String,
    /// Its verified domain.
    pub domain: String,
    /// Where its people have their private mail.
    pub private_domain: String,
}

impl Organisation {
    /// Founds the organisation of a case, under a tenant id that is made of the case's name.
    pub fn draw(case: &str, tenant_id: impl Fn(&str) -> String, rng: &mut ChaCha8Rng) -> Self {
        let stem: String = case
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() {
                    c.to_ascii_lowercase()
                } else {
                    '-'
                }
            })
            .collect();
        let stem = stem.trim_matches('-');
        let digest = Sha256::digest(case.as_bytes());
        let tag = format!(
            "{:02x}{:02x}{:02x}{:02x}",
            digest[0], digest[1], digest[2], digest[3]
        );
        let stem: String = stem.chars().take(40).collect();
        let tenant = tenant_id(&format!("{}-{tag}", stem.trim_matches('-')));
        Self {
            display_name: CompanyName().fake_with_rng(rng),
            domain: format!("{tenant}.example.com"),
            private_domain: format!("{tenant}.example.org"),
            tenant,
        }
    }
}

/// A number as a person would give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// What the person picks.
    pub region: String,
    /// What the person types.
    pub typed: String,
    /// The one normal form, where it has one.
    pub e164: String,
}

/// One person.
#[derive(Debug, Clone)]
pub struct Persona {
    /// The scenario's name for them.
    pub name: Name,
    /// The role in the tenant.
    pub role: Role,
    /// Blocked by the administrator.
    pub blocked: bool,
    /// Whether the account is provisioned at all.
    pub exists: bool,
    /// The sign-in address.
    pub user_principal_name: String,
    /// The password now.
    pub password: Secret,
    /// The password before the last reset.
    pub previous_password: Option<Secret>,
    /// The private address.
    pub own: String,
    /// Another private address.
    pub second: String,
    mobile: Number,
    second_mobile: Number,
    office: Number,
    second_office: Number,
    answer_tag: String,
    display_name: String,
}

impl Persona {
    /// Draws the `index`th person of a case.
    pub fn draw(
        spec: &UserSpec,
        index: usize,
        organisation: &Organisation,
        rng: &mut ChaCha8Rng,
    ) -> Self {
        let first: String = FirstName().fake_with_rng(rng);
        let last: String = LastName().fake_with_rng(rng);
        let local = format!("{}.{}.{}", plain(&first), plain(&last), index + 1);
        let home = home_region(spec, index);
        let other = other_region(home, index);
        Self {
            name: spec.name.clone(),
            role: spec.role,
            blocked: spec.blocked,
            exists: spec.exists,
            user_principal_name: format!("{local}@{}", organisation.domain),
            password: draw_password(rng),
            previous_password: None,
            own: format!("{local}@{}", organisation.private_domain),
            second: format!("{local}.second@{}", organisation.private_domain),
            mobile: example(home, LineType::Mobile),
            second_mobile: example(other, LineType::Mobile),
            office: example(home, LineType::Fixed),
            second_office: example(other, LineType::Fixed),
            answer_tag: format!("{}{}", plain(&last), rng.random_range(1000..10_000)),
            display_name: format!("{first} {last}"),
        }
    }

    /// A person who is not drawn: load runs need thousands, with the numbers of a range.
    ///
    /// The numbers are the first and second mobile one, and the first and second office one.
    #[must_use]
    pub fn given(
        name: Name,
        user_principal_name: &str,
        own: &str,
        display_name: String,
        password: Secret,
        [mobile, second_mobile, office, second_office]: [Number; 4],
    ) -> Self {
        Self {
            role: Role::Member,
            blocked: false,
            exists: true,
            user_principal_name: user_principal_name.to_owned(),
            password,
            previous_password: None,
            own: own.to_owned(),
            second: own.replacen('@', ".second@", 1),
            mobile,
            second_mobile,
            office,
            second_office,
            answer_tag: name.0.clone(),
            name,
            display_name,
        }
    }

    /// Returns the address that a role names.
    #[must_use]
    pub fn address(&self, role: &AddressRef) -> String {
        match role {
            AddressRef::Own => self.own.clone(),
            AddressRef::Second => self.second.clone(),
            AddressRef::Mistyped => self.own.replacen('@', "x@", 1),
            AddressRef::Work => self.user_principal_name.clone(),
            AddressRef::WorkInCapitals => {
                format!("NEWS.{}", self.user_principal_name.to_uppercase())
            }
            AddressRef::Text(text) => text.clone(),
        }
    }

    /// Returns the number that a role names.
    #[must_use]
    pub fn phone(&self, role: &PhoneRef) -> Number {
        match role {
            PhoneRef::Mobile => self.mobile.clone(),
            PhoneRef::SecondMobile => self.second_mobile.clone(),
            PhoneRef::Office => self.office.clone(),
            PhoneRef::SecondOffice => self.second_office.clone(),
            PhoneRef::MobileRespelt => Number {
                typed: respelt(&self.mobile.e164),
                ..self.mobile.clone()
            },
            PhoneRef::OfficeWithExtension => Number {
                typed: format!("{} x 123", self.office.typed),
                ..self.office.clone()
            },
            PhoneRef::Dialled(dialled) => self.dialled(dialled),
        }
    }

    fn dialled(&self, dialled: &Dialled) -> Number {
        let parsed = dialled
            .region
            .parse::<country::Id>()
            .ok()
            .and_then(|region| phonenumber::parse(Some(region), &dialled.number).ok());
        let e164 = parsed.map_or_else(
            || dialled.number.clone(),
            |number| number.format().mode(Mode::E164).to_string(),
        );
        Number {
            region: dialled.region.clone(),
            typed: dialled.number.clone(),
            e164,
        }
    }

    /// Returns the name of the role of a destination, so that a transcript can say who was reached without saying how.
    #[must_use]
    pub fn role_of(&self, destination: &str) -> Option<&'static str> {
        let addresses = [
            (AddressRef::Own, "own"),
            (AddressRef::Second, "second"),
            (AddressRef::Mistyped, "mistyped"),
            (AddressRef::Work, "work"),
            (AddressRef::WorkInCapitals, "workInCapitals"),
        ];
        let numbers = [
            (&self.mobile, "mobile"),
            (&self.second_mobile, "secondMobile"),
            (&self.office, "office"),
            (&self.second_office, "secondOffice"),
        ];
        addresses
            .into_iter()
            .find(|(role, _)| self.address(role) == destination)
            .map(|(_, word)| word)
            .or_else(|| {
                numbers
                    .into_iter()
                    .find(|(number, _)| number.e164 == destination)
                    .map(|(_, word)| word)
            })
    }

    /// Returns this person's answer to a question: always the same one, different for each question and person.
    #[must_use]
    pub fn answer(&self, question: &str) -> Secret {
        let digest = Sha256::digest(question.as_bytes());
        Secret::new(format!(
            "straße {} {:02x}{:02x}",
            self.answer_tag, digest[0], digest[1]
        ))
    }

    /// Returns first and last name.
    #[must_use]
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// Draws for this person numbers that nobody in `taken` has, and takes them; where a region has too few, the example numbers
    /// stay.
    ///
    /// A target that all cases of a run share may take each number for one person only.
    pub fn renumber(&mut self, taken: &mut BTreeSet<String>, rng: &mut ChaCha8Rng) {
        for number in [
            &mut self.mobile,
            &mut self.second_mobile,
            &mut self.office,
            &mut self.second_office,
        ] {
            if let Some(fresh) = like(number, taken, rng) {
                taken.insert(fresh.e164.clone());
                *number = fresh;
            }
        }
    }

    /// Takes a new password into use.
    pub fn change_password(&mut self, password: Secret) {
        self.previous_password = Some(std::mem::replace(&mut self.password, password));
    }
}

/// Draws a password of 16 letters and digits with a sign in front, as most rules want it.
pub fn draw_password(rng: &mut ChaCha8Rng) -> Secret {
    let letters: String = (0..16)
        .map(|_| char::from(PASSWORD_LETTERS[rng.random_range(0..PASSWORD_LETTERS.len())]))
        .collect();
    Secret::new(format!("+{letters}"))
}

/// Lists the letters and digits that nobody confuses.
const PASSWORD_LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

fn plain(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase()
}

/// Returns where a person lives: where the file says, else in a region of their own.
fn home_region(spec: &UserSpec, index: usize) -> &str {
    let drawn = REGIONS[(2 * index) % REGIONS.len()];
    spec.region.as_deref().unwrap_or(drawn)
}

/// Returns whether the office number of a person could be a mobile one by its range, as in North America.
#[must_use]
pub(crate) fn office_takes_texts(spec: &UserSpec, index: usize) -> bool {
    let number = example(home_region(spec, index), LineType::Fixed);
    let region = number.region.parse::<country::Id>().ok();
    region
        .and_then(|region| phonenumber::parse(Some(region), &number.typed).ok())
        .is_some_and(|number| number.number_type(&DATABASE) == Type::FixedLineOrMobile)
}

/// Draws a number of the same region and type whose last digits are others; none where no such number is free.
fn like(number: &Number, taken: &BTreeSet<String>, rng: &mut ChaCha8Rng) -> Option<Number> {
    let region: country::Id = number.region.parse().ok()?;
    let parsed = phonenumber::parse(Some(region), &number.e164).ok()?;
    let kind = parsed.number_type(&DATABASE);
    // Fewer digits where ranges are narrow.
    for digits in [6, 6, 6, 4, 4, 3] {
        for _ in 0..DRAWS {
            let keep = number.e164.len().checked_sub(digits)?;
            let mut drawn = number.e164[..keep].to_owned();
            drawn.extend((0..digits).map(|_| char::from(b'0' + rng.random_range(0..10u8))));
            let Ok(fresh) = phonenumber::parse(Some(region), &drawn) else {
                continue;
            };
            let e164 = fresh.format().mode(Mode::E164).to_string();
            if fresh.is_valid() && fresh.number_type(&DATABASE) == kind && !taken.contains(&e164) {
                return Some(Number {
                    region: number.region.clone(),
                    typed: fresh.format().mode(Mode::National).to_string(),
                    e164,
                });
            }
        }
    }
    None
}

/// How often a number of so many other digits is drawn.
const DRAWS: usize = 20;

/// Picks the region of the second numbers: never the home region, and never one that another person lives in.
fn other_region(home: &str, index: usize) -> &'static str {
    let other = REGIONS[(2 * index + 1) % REGIONS.len()];
    if other == home {
        REGIONS[(2 * index + 3) % REGIONS.len()]
    } else {
        other
    }
}

#[derive(Clone, Copy)]
enum LineType {
    Mobile,
    Fixed,
}

/// Returns the metadata's example number of a region; a region it does not know gives a number that is none.
///
/// It is put together from the metadata, and written as people write it only where that is read back as the same number: the
/// crate's parser takes a number of Réunion or Kazakhstan that begins like the country code for one that holds the code.
fn example(region: &str, line: LineType) -> Number {
    let known = DATABASE.by_id(region).and_then(|metadata| {
        let descriptors = metadata.descriptors();
        let descriptor = match line {
            LineType::Mobile => descriptors.mobile(),
            LineType::Fixed => descriptors.fixed_line(),
        };
        let national = descriptor?.example()?;
        Some((national, format!("+{}{national}", metadata.country_code())))
    });
    let Some((national, e164)) = known else {
        return Number {
            region: region.to_owned(),
            typed: "1".to_owned(),
            e164: "1".to_owned(),
        };
    };
    let id = region.parse::<country::Id>().ok();
    let reads = |text: &str| phonenumber::parse(id, text).ok();
    let same = |number: &PhoneNumber| number.format().mode(Mode::E164).to_string() == e164;
    let written = reads(&e164)
        .filter(same)
        .map(|number| number.format().mode(Mode::National).to_string())
        .filter(|written| reads(written).is_some_and(|number| same(&number)));
    Number {
        region: region.to_owned(),
        typed: written.unwrap_or_else(|| national.to_owned()),
        e164,
    }
}

/// Spells an E.164 number with the signs that people put between digits.
fn respelt(e164: &str) -> String {
    let mut spelt = String::new();
    for (index, digit) in e164.chars().enumerate() {
        if index > 3 && index % 3 == 0 {
            spelt.push(if index % 2 == 0 { '-' } else { ' ' });
        }
        spelt.push(digit);
    }
    spelt
}

/// Returns the address that a person registers, or changes to, where a command names none.
#[must_use]
pub const fn usual_address(changes: bool) -> AddressRef {
    if changes {
        AddressRef::Second
    } else {
        AddressRef::Own
    }
}

/// Returns the number that a person registers, or changes to, where a command names none.
#[must_use]
pub fn usual_phone(method: Method, changes: bool) -> PhoneRef {
    match (method == Method::OfficePhone, changes) {
        (false, false) => PhoneRef::Mobile,
        (false, true) => PhoneRef::SecondMobile,
        (true, false) => PhoneRef::Office,
        (true, true) => PhoneRef::SecondOffice,
    }
}

#[cfg(test)]
mod tests {
    use proofup_domain::method::Role;

    use super::*;

    fn spec(name: &str) -> UserSpec {
        UserSpec {
            name: Name(name.to_owned()),
            role: Role::Member,
            blocked: false,
            exists: true,
            region: None,
            methods: Vec::new(),
        }
    }

    fn people(seed: u64) -> Vec<Persona> {
        let mut rng = case_rng(seed, "some-case[2019-02-13]");
        let organisation = Organisation::draw("some-case[2019-02-13]", str::to_owned, &mut rng);
        ["alice", "bob", "carol"]
            .iter()
            .enumerate()
            .map(|(index, name)| Persona::draw(&spec(name), index, &organisation, &mut rng))
            .collect()
    }

    #[test]
    fn equal_seeds_draw_equal_people() {
        let [one, two] = [people(7), people(7)];
        assert_eq!(one[0].own, two[0].own);
        assert_eq!(one[2].password.expose(), two[2].password.expose());
        assert_ne!(one[0].password.expose(), people(8)[0].password.expose());
    }

    #[test]
    fn no_two_people_share_an_address_or_a_number() {
        let people = people(7);
        let mut seen = BTreeSet::new();
        for person in &people {
            for role in [
                PhoneRef::Mobile,
                PhoneRef::SecondMobile,
                PhoneRef::Office,
                PhoneRef::SecondOffice,
            ] {
                assert!(
                    seen.insert(person.phone(&role).e164),
                    "{role:?} of {} is taken",
                    person.name
                );
            }
            for role in [
                AddressRef::Own,
                AddressRef::Second,
                AddressRef::Mistyped,
                AddressRef::Work,
            ] {
                assert!(
                    seen.insert(person.address(&role)),
                    "{role:?} of {} is taken",
                    person.name
                );
            }
        }
    }

    #[test]
    fn every_region_tells_mobile_from_fixed_and_both_are_valid() {
        for region in REGIONS {
            for line in [LineType::Mobile, LineType::Fixed] {
                let number = example(region, line);
                let id: country::Id = region.parse().expect("a region of the list");
                let parsed = phonenumber::parse(Some(id), &number.typed)
                    .expect("what a person types can be read");
                assert!(parsed.is_valid(), "{region} {}", number.e164);
                let expected = match line {
                    LineType::Mobile => Type::Mobile,
                    LineType::Fixed => Type::FixedLine,
                };
                assert_eq!(
                    parsed.number_type(&DATABASE),
                    expected,
                    "{region} {}",
                    number.e164
                );
                assert_eq!(parsed.format().mode(Mode::E164).to_string(), number.e164);
            }
        }
    }

    #[test]
    fn a_number_that_begins_like_its_country_code_is_not_cut() {
        for (region, line, e164) in [
            ("RE", LineType::Fixed, "+262262161234"),
            ("GP", LineType::Fixed, "+590590201234"),
            ("KZ", LineType::Mobile, "+77710009998"),
            ("NL", LineType::Mobile, "+31612345678"),
        ] {
            let number = example(region, line);
            assert_eq!(number.e164, e164, "{region}");
            let digits: String = number.typed.chars().filter(char::is_ascii_digit).collect();
            assert!(
                digits.ends_with(&e164[e164.len() - 9..]),
                "{}",
                number.typed
            );
        }
    }

    #[test]
    fn a_shared_target_sees_each_number_once_and_every_number_is_valid() {
        let mut taken = BTreeSet::new();
        let mut rng = case_rng(7, "numbers");
        for round in 0..30 {
            for mut person in people(round) {
                let before = taken.len();
                let was = person.clone();
                person.renumber(&mut taken, &mut rng);
                assert_eq!(taken.len(), before + 4, "{:?}", person.mobile);
                for (is, was) in [(&person.mobile, &was.mobile), (&person.office, &was.office)] {
                    let id: country::Id = is.region.parse().expect("a region of the list");
                    let [one, other] = [is, was].map(|number| {
                        phonenumber::parse(Some(id), &number.typed).expect("it can be typed")
                    });
                    assert!(one.is_valid(), "{}", is.e164);
                    assert_eq!(one.number_type(&DATABASE), other.number_type(&DATABASE));
                }
            }
        }
    }

    #[test]
    fn another_spelling_is_the_same_number() {
        let person = &people(7)[0];
        let respelt = person.phone(&PhoneRef::MobileRespelt);
        let plain = person.phone(&PhoneRef::Mobile);
        assert_ne!(respelt.typed, plain.typed);
        let id: country::Id = plain.region.parse().expect("a known region");
        let parsed = phonenumber::parse(Some(id), &respelt.typed).expect("people spell so");
        assert_eq!(parsed.format().mode(Mode::E164).to_string(), plain.e164);
    }
}
