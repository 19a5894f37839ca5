//! Phone numbers: a country or region and a number as people write it, made E.164.
//!
//! The data are libphonenumber's, from the `phonenumber` crate. Its parser is not used: it strips the national prefix twice
//! (so that 8 812 … in Russia is refused), matches patterns by their beginning, and guesses at words. What is here follows
//! libphonenumber's own steps on the same data, over input that is refused unless it looks like one number.
//!
//! **Invariant:** a [`PhoneNumber`] is valid for the region it was given with.

mod region;
mod spelling;

use std::sync::Arc;

use region::Region;

/// A number that its region's metadata calls valid, without an extension.
///
/// Two numbers are equal if they reach the same line. `Debug` shows it masked.
#[derive(Clone)]
pub struct PhoneNumber {
    e164: Arc<str>,
    code_digits: usize,
    can_be_mobile: bool,
    typed: Arc<str>,
}

/// The reason why a number is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// The region is not an ISO 3166-1 code (two letters) that has phone numbers.
    #[error("the country or region is not known; give its two-letter code")]
    UnknownRegion,
    /// The number is not one of that region.
    #[error("the number is not valid in that country or region; give it with its area code")]
    InvalidNumber,
}

impl PhoneNumber {
    /// Reads a number of a region, in national or international spelling.
    ///
    /// Digits of any width, the usual punctuation and `tel:` are understood; an extension is dropped; a number of another
    /// region is refused even with its country code. Requirements: `CALL-1`, `CALL-7`.
    ///
    /// # Errors
    /// [`PhoneError`]; [`PhoneError::UnknownRegion`] comes first.
    pub fn parse(region: &str, number: &str) -> Result<Self, PhoneError> {
        let region = Region::find(region).ok_or(PhoneError::UnknownRegion)?;
        let spelling = spelling::read(number).ok_or(PhoneError::InvalidNumber)?;
        let national = region
            .candidates(&spelling)
            .into_iter()
            .find(|candidate| region.is_valid(candidate))
            .ok_or(PhoneError::InvalidNumber)?;
        let code = region.code();
        Ok(Self {
            e164: format!("+{code}{national}").into(),
            code_digits: code.len(),
            can_be_mobile: region.can_be_mobile(&national),
            typed: number.into(),
        })
    }

    /// Returns whether the number begins with this country code.
    #[must_use]
    pub fn has_code(&self, code: &str) -> bool {
        self.e164[1..=self.code_digits] == *code
    }

    /// Returns whether an extension was typed, which is not part of the number.
    #[must_use]
    pub fn had_extension(&self) -> bool {
        let end = self
            .typed
            .trim_end_matches(|character: char| character.is_ascii_digit());
        end.contains(|character: char| character.is_alphabetic() || character == '#')
            && !self.typed.starts_with("tel:")
    }

    /// Keeps the spelling in place of the number, as a service without E.164 would.
    #[must_use]
    pub fn as_typed(mut self) -> Self {
        let typed = self.typed.chars().filter(char::is_ascii);
        let typed: String = typed.collect();
        self.e164 = format!("{}{typed}", &self.e164[..=self.code_digits]).into();
        self
    }

    /// Writes the number as gateways take it: a plus and at most fifteen digits.
    #[must_use]
    pub fn e164(&self) -> &str {
        &self.e164
    }

    /// Returns whether the number's type is mobile, or cannot be told from mobile. Texts go only to such numbers.
    #[must_use]
    pub fn can_be_mobile(&self) -> bool {
        self.can_be_mobile
    }

    /// Writes the country code and the last two digits; the number of stars reveals nothing.
    #[must_use]
    pub fn masked(&self) -> String {
        let (code, national) = self.e164.split_at(1 + self.code_digits);
        let shown = &national[national.len().saturating_sub(2)..];
        format!("{code} ******{shown}")
    }
}

impl PartialEq for PhoneNumber {
    fn eq(&self, other: &Self) -> bool {
        self.e164 == other.e164
    }
}

impl Eq for PhoneNumber {}

impl PartialOrd for PhoneNumber {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PhoneNumber {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.e164.cmp(&other.e164)
    }
}

impl std::fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

/// Loads the metadata, which the first number would otherwise wait for (about 0.1 s optimised, 1 s not).
pub fn warm() {
    region::load();
}

#[cfg(test)]
mod tests {
    use phonenumber::Type;
    use phonenumber::metadata::DATABASE;

    use super::*;

    const REGIONS: [&str; 24] = [
        "AR", "AU", "BR", "CA", "CI", "DE", "FR", "GB", "IE", "IN", "IT", "JE", "JP", "KR", "KZ",
        "MX", "NL", "NO", "NZ", "RU", "SG", "US", "VA", "ZA",
    ];

    fn e164(region: &str, number: &str) -> Result<String, PhoneError> {
        PhoneNumber::parse(region, number).map(|number| number.e164().to_owned())
    }

    /// The metadata's own example of a type, national and with its country code.
    fn example(region: &str, kind: Type) -> Option<(String, String)> {
        let metadata = DATABASE.by_id(region)?;
        let national = metadata.descriptors().get(kind)?.example()?;
        Some((
            national.to_owned(),
            format!("+{}{national}", metadata.country_code()),
        ))
    }

    #[test]
    fn every_regions_examples_are_numbers_in_both_spellings() {
        let mut seen = 0;
        for metadata in DATABASE.iter().filter(|metadata| metadata.id() != "001") {
            for kind in [Type::FixedLine, Type::Mobile] {
                let Some((national, international)) = example(metadata.id(), kind) else {
                    continue;
                };
                seen += 1;
                for spelling in [&national, &international] {
                    assert_eq!(
                        e164(metadata.id(), spelling).as_deref(),
                        Ok(international.as_str()),
                        "{} {kind:?} {spelling}",
                        metadata.id()
                    );
                }
            }
        }
        assert!(seen > 400, "{seen}");
    }

    #[test]
    fn a_national_prefix_may_be_written() {
        for region in REGIONS {
            let metadata = DATABASE.by_id(region).expect("the region has metadata");
            let Some(prefix) = metadata.national_prefix() else {
                continue;
            };
            for kind in [Type::FixedLine, Type::Mobile] {
                // An Argentine mobile is dialled with 15 behind the area code, not with the prefix and 9.
                if (region, kind) == ("AR", Type::Mobile) {
                    continue;
                }
                let (national, international) = example(region, kind).expect("there is an example");
                assert_eq!(
                    e164(region, &format!("{prefix}{national}")).as_deref(),
                    Ok(international.as_str()),
                    "{region} {kind:?}"
                );
            }
        }
    }

    #[test]
    fn mobile_examples_can_be_mobile() {
        for region in REGIONS {
            let (national, _) = example(region, Type::Mobile).expect("there is an example");
            let number = PhoneNumber::parse(region, &national).expect("an example is valid");
            assert!(number.can_be_mobile(), "{region} {national}");
        }
    }

    #[test]
    fn a_fixed_line_is_not_mobile_where_they_can_be_told_apart() {
        for (region, number, mobile) in [
            ("NL", "020 123 4567", false),
            ("NL", "06 12345678", true),
            ("GB", "0121 234 5678", false),
            ("GB", "07400 123456", true),
            ("DE", "030 123456", false),
            ("DE", "01512 3456789", true),
            ("RU", "8 (812) 123-45-67", false),
            ("RU", "8 912 345-67-89", true),
            ("FR", "01 23 45 67 89", false),
            ("IT", "02 1234 5678", false),
            ("IT", "312 345 6789", true),
            ("US", "(201) 555-0123", true),
            ("CA", "506-234-5678", true),
            ("US", "800-234-5678", false),
        ] {
            let parsed = PhoneNumber::parse(region, number).expect("the number is valid");
            assert_eq!(parsed.can_be_mobile(), mobile, "{region} {number}");
        }
    }

    #[test]
    fn spelled_variants_are_one_number() {
        let plain = PhoneNumber::parse("NL", "0612345678").expect("the number is valid");
        for spelling in [
            "612345678",
            "06-12345678",
            "06 12 34 56 78",
            "(06) 12345678",
            "06.12.34.56.78",
            "06/12345678",
            "+31612345678",
            "+31 6 12345678",
            "+31 (0)6 12345678",
            "+31-6-1234-5678",
            "(+31) 612345678",
            "0031 6 12345678",
            "31612345678",
            "tel:+31-6-12345678",
            "TEL:0612345678",
            "　０６‐１２３４５６７８ ",
            "＋31612345678",
            "٠٦١٢٣٤٥٦٧٨",
            "06\u{a0}12\u{2009}34\u{202f}56\u{2011}78",
            "06–12345678",
            "06 12345678 ext. 9",
        ] {
            let variant = PhoneNumber::parse("nl", spelling);
            assert_eq!(variant.as_ref(), Ok(&plain), "{spelling}");
            assert_eq!(
                variant.map(|number| number.cmp(&plain)),
                Ok(std::cmp::Ordering::Equal)
            );
        }
        let other = PhoneNumber::parse("NL", "0612345679").expect("the number is valid");
        assert!(other != plain && other > plain);
    }

    #[test]
    fn what_is_dialled_differently_at_home_is_one_number() {
        for (region, home, abroad) in [
            ("AR", "0343 15 555-1212", "+5493435551212"),
            ("AR", "+54 343 15 555 1212", "+5493435551212"),
            ("BR", "0 31 85 3222-2222", "+558532222222"),
            ("IT", "06 1234 5678", "+390612345678"),
            ("VA", "06 698 12345", "+390669812345"),
            ("SM", "886377", "+3780549886377"),
            ("AG", "464-1234", "+12684641234"),
            ("US", "1 201 555 0123", "+12015550123"),
            ("RU", "8 812 123-45-67", "+78121234567"),
            ("RU", "8 800 123-45-67", "+78001234567"),
            ("CI", "01 23 45 67 89", "+2250123456789"),
        ] {
            assert_eq!(e164(region, home).as_deref(), Ok(abroad), "{region} {home}");
        }
    }

    #[test]
    fn an_extension_is_dropped() {
        for extension in [
            " ext. 1234",
            " ext 1234",
            "ext1234",
            " extn. 12",
            " extension 12",
            " Ext: 12",
            " x12",
            "x12",
            " xtn 12",
            " #12",
            "#12#",
            ";ext=12",
            ", ext 12",
            " доб. 12",
            " (ext 12)",
        ] {
            let number = format!("020 123 4567{extension}");
            assert_eq!(
                e164("NL", &number).as_deref(),
                Ok("+31201234567"),
                "{number}"
            );
        }
    }

    #[test]
    fn a_number_of_another_region_is_refused() {
        for (region, number) in [
            ("NL", "+49 30 123456"),
            ("NL", "0049 30 123456"),
            ("NL", "tel:+49-30-123456"),
            ("DE", "+31612345678"),
            ("US", "+15062345678"),
            ("CA", "+12015550123"),
            ("GB", "+44 1534 456789"),
            ("JE", "+44 121 234 5678"),
            ("IT", "+39 06 698 12345"),
            ("KZ", "+7 812 123 45 67"),
            ("NL", "+800 1234 5678"),
        ] {
            assert_eq!(
                e164(region, number),
                Err(PhoneError::InvalidNumber),
                "{region} {number}"
            );
        }
    }

    #[test]
    fn what_is_no_number_of_the_region_is_refused() {
        for (region, number) in [
            ("NL", ""),
            ("NL", " "),
            ("NL", "+"),
            ("NL", "+31"),
            ("NL", "0"),
            ("NL", "112"),
            ("NL", "061234567"),
            ("NL", "06123456789"),
            ("NL", "123 4567"),
            ("NL", "+31612345678+"),
            ("NL", "06+12345678"),
            ("NL", "++31612345678"),
            ("NL", "0612345678, 0612345679"),
            ("NL", "0612345678\r\nTo: +31600000000"),
            ("NL", "phone 0612345678"),
            ("NL", "*0612345678"),
            ("NL", "06 1234 567B"),
            ("NL", "0612345678 ext"),
            ("NL", "0612345678 ext 12 34 x"),
            ("NL", "tel:0612345678;phone-context=+31"),
            ("NL", "0612345678;isub=1"),
            ("NL", "ext 0612345678"),
            ("NL", "06\u{0}12345678"),
            ("US", "1-800-FLOWERS"),
            ("US", "555-0123"),
            ("US", "(201) 055-0123"),
            ("GB", "+44 7911"),
            ("NL", ";phone-context="),
            ("US", "+dwPAA;phone-context=AA"),
            ("NL", "²³¹612345678"),
        ] {
            assert_eq!(
                e164(region, number),
                Err(PhoneError::InvalidNumber),
                "{region} {number:?}"
            );
        }
        let long = "1".repeat(100_000);
        assert_eq!(e164("NL", &long), Err(PhoneError::InvalidNumber));
    }

    #[test]
    fn an_unknown_region_is_told_from_an_invalid_number() {
        for region in ["", "N", "NLD", "XX", "AQ", "001", "31", "нл", "n l", "ＮＬ"] {
            assert_eq!(
                e164(region, "0612345678"),
                Err(PhoneError::UnknownRegion),
                "{region}"
            );
        }
    }

    #[test]
    fn a_number_is_shown_masked() {
        let number = PhoneNumber::parse("NL", "0612345678").expect("the number is valid");
        assert_eq!(number.masked(), "+31 ******78");
        assert_eq!(format!("{number:?}"), "+31 ******78");
        let number = PhoneNumber::parse("US", "2015550123").expect("the number is valid");
        assert_eq!(number.masked(), "+1 ******23");
    }
}
