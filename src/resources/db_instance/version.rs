//! Engine versions: what a written version asks for, and which live ones will do.
//! Knows nothing of databases.

use serde_json::Value;

use crate::resource::Invalid;

/// `16`, `16.4`, `9.6.24`, or `11.22-rds.20240418` under extended support.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version<'a> {
    numbers: Vec<u32>,
    /// What follows the numbers; ordered as text, because it ends in a date.
    suffix: Option<&'a str>,
}

impl<'a> Version<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (numbers, suffix) = match text.split_once('-') {
            Some((numbers, suffix)) => (numbers, Some(suffix)),
            None => (text, None),
        };
        // Digits alone: `parse` would take a sign.
        let number =
            |part: &str| part.parse().ok().filter(|_| part.bytes().all(|byte| byte.is_ascii_digit()));
        let numbers: Vec<u32> = numbers.split('.').map(number).collect::<Option<_>>()?;
        (numbers.len() <= 3).then_some(Self { numbers, suffix })
    }

    /// The numbers that only a major upgrade changes: one since PostgreSQL 10, two before.
    fn major(&self) -> &[u32] {
        let count = if self.numbers[0] < 10 { 2 } else { 1 };
        &self.numbers[..count.min(self.numbers.len())]
    }

    /// Whether this live version will do where `desired` is written: within it, or newer in the same major.
    fn meets(&self, desired: &Self) -> bool {
        let within = desired.suffix.is_none() && self.numbers.starts_with(&desired.numbers);
        within || (self.major() == desired.major() && self >= desired)
    }
}

/// Whether the observed version will do. It is never changed for an older one: RDS moves ahead by itself.
pub(super) fn met(desired: &Value, observed: &Value) -> bool {
    match (desired.as_str().and_then(Version::parse), observed.as_str().and_then(Version::parse)) {
        (Some(desired), Some(observed)) => observed.meets(&desired),
        _ => desired == observed,
    }
}

/// What RDS would refuse of a written version, and of the way to it from the live one.
pub(super) fn check(desired: &str, observed: Option<&str>) -> Option<Invalid> {
    let invalid = |message: String| Some(Invalid::new("engine_version", message));
    let Some(wanted) = Version::parse(desired) else {
        return invalid(format!("must be a PostgreSQL version such as `16` or `16.4`, not `{desired}`"));
    };
    let observed = observed?;
    let live = Version::parse(observed)?;
    if live.meets(&wanted) {
        None
    } else if live.major() > wanted.major() {
        invalid(format!("cannot go back from {observed} to {desired}: RDS does not downgrade"))
    } else if live.major() < wanted.major() {
        invalid(format!(
            "cannot go from {observed} to {desired} in place: a major upgrade is not supported yet"
        ))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_version_is_met_by_itself_by_what_it_is_a_prefix_of_and_by_anything_newer_in_its_major() {
        for (desired, observed, expected) in [
            ("16", "16.4", true),
            ("16.4", "16.4", true),
            ("16.4", "16.40", true),
            ("16.40", "16.4", false),
            ("16.4", "16.6", true),
            ("16.6", "16.4", false),
            ("16.10", "16.9", false),
            ("16", "15.9", false),
            ("16", "17.1", false),
            ("9.6", "9.6.24", true),
            ("9.5", "9.6.24", false),
            ("9.6.3", "9.6.24", true),
            ("11.22", "11.22-rds.20240418", true),
            ("11.22-rds.20240509", "11.22-rds.20240418", false),
            ("11.22-rds.20240418", "11.22-rds.20240509", true),
            ("11.22-rds.20240418", "11.22", false),
            ("odd", "odd", true),
            ("odd", "16", false),
        ] {
            assert_eq!(met(&json!(desired), &json!(observed)), expected, "{desired} by {observed}");
        }
    }

    #[test]
    fn only_a_step_within_the_major_is_allowed() {
        for (desired, observed, word) in [
            ("16", None, None),
            ("16.4", Some("16.3"), None),
            ("16.4", Some("16.6"), None),
            ("15", Some("16.3"), Some("downgrade")),
            ("17", Some("16.3"), Some("major upgrade")),
            ("9.6", Some("9.5.2"), Some("major upgrade")),
            ("latest", None, Some("must be a PostgreSQL version")),
            ("16.", None, Some("must be a PostgreSQL version")),
            ("1.2.3.4", None, Some("must be a PostgreSQL version")),
            ("", None, Some("must be a PostgreSQL version")),
            ("+16", None, Some("must be a PostgreSQL version")),
        ] {
            let found = check(desired, observed);
            match word {
                None => assert_eq!(found, None, "{desired} from {observed:?}"),
                Some(word) => {
                    let message = found.unwrap_or_else(|| panic!("{desired} from {observed:?}")).message;
                    assert!(message.contains(word), "{message}");
                }
            }
        }
    }
}
