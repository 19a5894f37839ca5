//! The catalogue of requirements, read from its file.

use std::collections::BTreeSet;

use proofup_domain::requirement::{Catalogue, RequirementId};

/// Why a text is no catalogue.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// It is no TOML, or not of the catalogue's form.
    #[error("the catalogue cannot be read: {0}")]
    Form(#[from] toml::de::Error),
    /// An id is there twice; ids are never reused.
    #[error("the requirement `{0}` comes twice")]
    Twice(RequirementId),
    /// An id is not an area's name, a hyphen and a number.
    #[error(
        "`{0}` does not begin with the id of an area; write an area's id, a hyphen and a number"
    )]
    NoId(RequirementId),
    /// A source is none of the documents.
    #[error(
        "the requirement `{id}` names the unknown source `{source_name}`; sources are S0 to S4, C, B and D"
    )]
    UnknownSource {
        /// The requirement.
        id: RequirementId,
        /// The source that nobody knows.
        source_name: String,
    },
    /// Nothing says where it comes from.
    #[error("the requirement `{0}` names no source")]
    NoSource(RequirementId),
}

/// Returns the catalogue that was built in.
#[must_use]
pub fn embedded_catalogue() -> Catalogue {
    catalogue_from(EMBEDDED).expect("a test reads the embedded catalogue")
}

/// Reads a catalogue.
///
/// # Errors
///
/// What is wrong with its form, or with the first entry that breaks a rule.
pub fn catalogue_from(text: &str) -> Result<Catalogue, CatalogueError> {
    let catalogue: Catalogue = toml::from_str(text)?;
    let mut seen = BTreeSet::new();
    for requirement in &catalogue.requirements {
        let id = &requirement.id;
        let known = id.0.rsplit_once('-').is_some_and(|(area, number)| {
            catalogue.areas.iter().any(|known| known.id == area) && number.parse::<u32>().is_ok()
        });
        if !known {
            return Err(CatalogueError::NoId(id.clone()));
        }
        if !seen.insert(id) {
            return Err(CatalogueError::Twice(id.clone()));
        }
        if requirement.source.is_empty() {
            return Err(CatalogueError::NoSource(id.clone()));
        }
        for source in &requirement.source {
            if !SOURCES.contains(&source.as_str()) {
                return Err(CatalogueError::UnknownSource {
                    id: id.clone(),
                    source_name: source.clone(),
                });
            }
        }
    }
    Ok(catalogue)
}

const EMBEDDED: &str = include_str!("../../../fixtures/requirements.toml");

const SOURCES: [&str; 8] = ["S0", "S1", "S2", "S3", "S4", "C", "B", "D"];

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "[[areas]]\nid = \"DEF\"\ntitle = \"Deferral\"\n[[requirements]]\nid = \"DEF-1\"\n\
                         level = \"must\"\ntitle = \"t\"\nsource = [\"S0\"]\nsays = \"s\"\n";

    #[test]
    fn the_embedded_catalogue_holds() {
        let catalogue = embedded_catalogue();
        assert!(catalogue.requirements.len() > 100);
    }

    #[test]
    fn an_id_is_never_used_twice() {
        let twice = format!("{ENTRY}{}", &ENTRY[ENTRY.find("[[req").unwrap()..]);
        assert!(catalogue_from(ENTRY).is_ok());
        assert!(matches!(
            catalogue_from(&twice),
            Err(CatalogueError::Twice(_))
        ));
    }

    #[test]
    fn an_id_belongs_to_an_area() {
        let stray = ENTRY.replace("DEF-1", "DEV-1");
        assert!(matches!(
            catalogue_from(&stray),
            Err(CatalogueError::NoId(_))
        ));
    }

    #[test]
    fn a_source_is_one_of_the_documents() {
        let stray = ENTRY.replace("S0", "S9");
        assert!(matches!(
            catalogue_from(&stray),
            Err(CatalogueError::UnknownSource { .. })
        ));
    }
}
