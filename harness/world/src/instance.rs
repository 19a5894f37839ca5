//! What keeps two processes apart that use one target at the same time.

/// A word that no other process has, for the names of tenants.
///
/// All that a case draws comes from the seed, so two runs with one seed would make the same tenants and take each other's
/// down. Where tenants can be made, their ids and domains end in this word, and with them the addresses of their people, and
/// the seed from which the target draws tokens and ids for them. What is shown of all that is shown without it, so
/// transcripts and reports stay equal for equal seeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// What names end in, as it is sent and as somebody types it in capitals.
    endings: [String; 2],
}

/// Letters that make no words, and no digits: a code could stand among those by chance.
const LETTERS: &[u8; 16] = b"bcdfghjklmnpqrst";

/// The letters of a word: 40 bits, and short enough for a DNS label to hold the name of a case, too.
const LENGTH: u32 = 10;

impl Instance {
    /// Spells a number that was drawn from the operating system.
    #[must_use]
    pub fn new(number: u64) -> Self {
        let letters = (0..LENGTH).map(|place| {
            let index = usize::try_from((number >> (4 * place)) & 15).unwrap_or(0);
            char::from(LETTERS[index])
        });
        let ending: String = std::iter::once('-').chain(letters).collect();
        Self {
            endings: [ending.to_uppercase(), ending],
        }
    }

    /// Returns a name that only this process gives.
    #[must_use]
    pub fn name(&self, name: &str) -> String {
        format!("{name}{}", self.endings[1])
    }

    /// Lists what is left out of everything that is shown.
    pub(crate) fn endings(&self) -> impl Iterator<Item = &str> {
        self.endings.iter().map(String::as_str)
    }

    /// Returns a text as every process with the seed would have it.
    pub(crate) fn left_out(&self, text: &str) -> String {
        self.endings()
            .fold(text.to_owned(), |text, ending| text.replace(ending, ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_instance_adds_can_be_left_out_in_either_case() {
        let [one, other] = [Instance::new(1), Instance::new(2)];
        assert_ne!(one.name("case"), other.name("case"));
        let address = format!("NEWS.ALICE@{}.EXAMPLE.COM", one.name("case").to_uppercase());
        assert_eq!(one.left_out(&address), "NEWS.ALICE@CASE.EXAMPLE.COM");
        assert_eq!(one.left_out(&one.name("case")), "case");
        assert_ne!(one.left_out(&other.name("case")), "case");
    }
}
