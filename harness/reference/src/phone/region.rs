//! What the metadata say of one country or region.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use phonenumber::metadata::{DATABASE, Descriptor, Metadata};
use regex::{Regex, RegexBuilder};

use super::spelling::Spelling;

/// One region's country code and, once a number of it was read, its patterns.
///
/// The crate keeps its hundred latest regular expressions behind one lock; with two hundred regions of ten patterns they would
/// be compiled over and over. Here each region compiles its own once.
pub(super) struct Region {
    metadata: &'static Metadata,
    code: String,
    patterns: OnceLock<Patterns>,
}

struct Patterns {
    general: NumberPattern,
    mobile: Option<NumberPattern>,
    others: Vec<NumberPattern>,
    /// What one dials before a foreign country code.
    international_prefix: Option<Regex>,
    /// What one dials at home before an area code, at times with a carrier or a local number to be completed.
    national_prefix: Option<Regex>,
    /// How a match of the national prefix becomes the beginning of a number, where it is not just cut off.
    transform: Option<String>,
}

/// The numbers of one type: their lengths and their pattern.
struct NumberPattern {
    lengths: Vec<u16>,
    pattern: Regex,
}

static REGIONS: LazyLock<BTreeMap<String, Region>> = LazyLock::new(|| {
    let regions = DATABASE.iter().filter(|metadata| metadata.id() != WORLD);
    regions
        .map(|metadata| {
            let region = Region {
                metadata,
                code: metadata.country_code().to_string(),
                patterns: OnceLock::new(),
            };
            (metadata.id().to_owned(), region)
        })
        .collect()
});

/// The id of numbers that belong to no region.
const WORLD: &str = "001";

/// Loads the metadata of all regions.
pub(super) fn load() {
    LazyLock::force(&REGIONS);
}

impl Region {
    /// Finds a region by its ISO 3166-1 alpha-2 code, in either case.
    pub(super) fn find(id: &str) -> Option<&'static Self> {
        REGIONS.get(&id.to_ascii_uppercase())
    }

    /// Returns the country code's digits.
    pub(super) fn code(&self) -> &str {
        &self.code
    }

    /// Lists the national numbers that a spelling can mean, the likeliest first.
    pub(super) fn candidates(&self, spelling: &Spelling) -> Vec<String> {
        let digits = spelling.digits.as_str();
        let after_code = |digits: &str| digits.strip_prefix(self.code()).map(str::to_owned);
        let readings = if spelling.international {
            vec![after_code(digits)]
        } else {
            vec![
                self.after_international_prefix(digits).and_then(after_code),
                Some(digits.to_owned()),
                after_code(digits),
            ]
        };
        let mut candidates = Vec::new();
        for reading in readings.into_iter().flatten() {
            candidates.extend(self.without_national_prefix(&reading));
            candidates.push(reading);
        }
        candidates
    }

    /// Returns whether a national number is of any known type.
    pub(super) fn is_valid(&self, national: &str) -> bool {
        let patterns = self.patterns();
        let mut kinds = patterns.mobile.iter().chain(&patterns.others);
        patterns.general.includes(national) && kinds.any(|kind| kind.includes(national))
    }

    /// Returns whether a national number has the pattern of mobile ones; in some regions fixed lines have it too.
    pub(super) fn can_be_mobile(&self, national: &str) -> bool {
        let mobile = &self.patterns().mobile;
        mobile.as_ref().is_some_and(|kind| kind.includes(national))
    }

    /// Cuts the international prefix off, unless a zero follows, with which no country code begins.
    fn after_international_prefix<'a>(&self, digits: &'a str) -> Option<&'a str> {
        let prefix = self.patterns().international_prefix.as_ref()?;
        let rest = &digits[prefix.find(digits)?.end()..];
        (!rest.starts_with('0')).then_some(rest)
    }

    /// Cuts the national prefix off, or writes what stands in its place.
    fn without_national_prefix(&self, digits: &str) -> Option<String> {
        let patterns = self.patterns();
        let captures = patterns.national_prefix.as_ref()?.captures(digits)?;
        let whole = captures.get(0)?;
        let rest = &digits[whole.end()..];
        let last_group = captures.get(captures.len() - 1);
        match &patterns.transform {
            Some(transform) if captures.len() > 1 && last_group.is_some() => {
                let mut transformed = String::new();
                captures.expand(transform, &mut transformed);
                Some(transformed + rest)
            }
            _ => Some(rest.to_owned()),
        }
    }

    fn patterns(&self) -> &Patterns {
        self.patterns.get_or_init(|| Patterns::of(self.metadata))
    }
}

impl Patterns {
    fn of(metadata: &Metadata) -> Self {
        let kinds = metadata.descriptors();
        let others = [
            kinds.fixed_line(),
            kinds.toll_free(),
            kinds.premium_rate(),
            kinds.shared_cost(),
            kinds.personal_number(),
            kinds.voip(),
            kinds.pager(),
            kinds.uan(),
            kinds.voicemail(),
        ];
        Self {
            general: NumberPattern::of(kinds.general()),
            mobile: kinds.mobile().map(NumberPattern::of),
            others: others
                .into_iter()
                .flatten()
                .map(NumberPattern::of)
                .collect(),
            international_prefix: metadata
                .international_prefix()
                .map(|pattern| compile(&format!("^(?:{})", pattern.as_str()))),
            national_prefix: metadata
                .national_prefix_for_parsing()
                .map(|pattern| pattern.as_str())
                .or(metadata.national_prefix())
                .map(|pattern| compile(&format!("^(?:{pattern})"))),
            transform: metadata
                .national_prefix_transform_rule()
                .map(|rule| GROUP.replace_all(rule, "$${$1}").into_owned()),
        }
    }
}

/// Finds a group in a transform rule: one digit, where this crate would read `$15` as the fifteenth.
static GROUP: LazyLock<Regex> = LazyLock::new(|| compile(r"\$(\d)"));

impl NumberPattern {
    fn of(descriptor: &Descriptor) -> Self {
        Self {
            lengths: descriptor.possible_length().to_vec(),
            pattern: compile(&format!("^(?:{})$", descriptor.national_number().as_str())),
        }
    }

    fn includes(&self, national: &str) -> bool {
        let known_length = self.lengths.is_empty()
            || self
                .lengths
                .iter()
                .any(|length| usize::from(*length) == national.len());
        known_length && self.pattern.is_match(national)
    }
}

/// Compiles a pattern of the metadata for ASCII digits.
fn compile(pattern: &str) -> Regex {
    RegexBuilder::new(pattern)
        .ignore_whitespace(true)
        .unicode(false)
        .build()
        .expect("the crate checked the patterns of its metadata")
}
