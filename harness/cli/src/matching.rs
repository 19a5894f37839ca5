//! Words that people type, against words that there are.

/// Says whether a text matches a pattern in which `*` stands for anything, without minding case.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_uppercase(), text.to_uppercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        last = Some(part);
        let Some(found) = rest.find(part) else {
            return false;
        };
        rest = &rest[found + part.len()..];
    }
    match last {
        None => rest.is_empty(),
        Some(last) => last.is_empty() || text.ends_with(last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, holds) in [
            ("DEF-4", "DEF-4", true),
            ("def-4", "DEF-4", true),
            ("DEF-4", "DEF-41", false),
            ("DEF-*", "DEF-11", true),
            ("*-4", "DEF-4", true),
            ("*-4", "DEF-41", false),
            ("D*-1*", "DEF-11", true),
            ("*", "DEF-4", true),
            ("CODE-*", "DEF-4", false),
        ] {
            assert_eq!(matches(pattern, text), holds, "{pattern} {text}");
        }
    }
}
