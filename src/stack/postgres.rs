//! Versions of PostgreSQL as RDS writes them, and how long it supports them.

use jiff::civil::Date;

/// The last day of standard support of each major version ("RDS for PostgreSQL release calendar", RDS for PostgreSQL release
/// notes). DescribeDBMajorEngineVersions says the same, and would be a request of every plan.
const ENDS: &[(&str, (i16, i8, i8))] = &[
    ("11", (2024, 2, 29)),
    ("12", (2025, 2, 28)),
    ("13", (2026, 2, 28)),
    ("14", (2027, 2, 28)),
    ("15", (2028, 2, 29)),
    ("16", (2029, 2, 28)),
    ("17", (2030, 2, 28)),
    ("18", (2031, 2, 28)),
];

/// The last day of RDS's standard support of a version; Extended Support is charged from then on.
pub fn standard_support_ends(version: &Version) -> Option<Date> {
    let major = version.major_text();
    let (_, (year, month, day)) = ENDS.iter().find(|(ending, _)| *ending == major)?;
    Date::new(*year, *month, *day).ok()
}

/// `16`, `16.4`, `9.6.24`, or `11.22-rds.20240418` under extended support. Ordered by age.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    numbers: Vec<u32>,
    /// The text after the numbers; ordered as text, because it ends in a date.
    suffix: Option<String>,
}

impl Version {
    /// Reads a version, whole or shortened.
    pub fn parse(text: &str) -> Option<Self> {
        let (numbers, suffix) = match text.split_once('-') {
            Some((numbers, suffix)) => (numbers, Some(suffix.to_owned())),
            None => (text, None),
        };
        // Digits alone: `parse` would take a sign.
        let number =
            |part: &str| part.parse().ok().filter(|_| part.bytes().all(|byte| byte.is_ascii_digit()));
        let numbers: Vec<u32> = numbers.split('.').map(number).collect::<Option<_>>()?;
        (numbers.len() <= 3).then_some(Self { numbers, suffix })
    }

    /// The numbers that only a major upgrade changes: one since PostgreSQL 10, two before.
    pub fn major(&self) -> &[u32] {
        let count = if self.numbers[0] < 10 { 2 } else { 1 };
        &self.numbers[..count.min(self.numbers.len())]
    }

    /// The major as it is written: `16`, `9.6`.
    pub fn major_text(&self) -> String {
        let major: Vec<String> = self.major().iter().map(u32::to_string).collect();
        major.join(".")
    }

    /// True if this version is `whole`, which may be shortened, or one of it: 16.4 is one of 16, and not of 16.40.
    pub fn is_of(&self, whole: &Self) -> bool {
        self == whole || (whole.suffix.is_none() && self.numbers.starts_with(&whole.numbers))
    }

    /// True if this live version will do where `desired` is written: one of it, or newer in the same major.
    pub fn meets(&self, desired: &Self) -> bool {
        self.is_of(desired) || (self.major() == desired.major() && self >= desired)
    }

    /// The family of parameter groups for it: `postgres16` (DescribeDBEngineVersions, DBParameterGroupFamily).
    pub fn family(&self) -> String {
        format!("postgres{}", self.major_text())
    }
}

/// The name of a parameter group without the family that it ends with: `gitlab-pgsql` of `gitlab-pgsql-postgres9-6`.
pub fn without_family(name: &str) -> &str {
    let parts = name.rfind("-postgres").map(|at| (&name[..at], &name[at + "-postgres".len()..]));
    let is_version = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_digit() || c == '-')
    };
    match parts {
        Some((stem, version)) if !stem.is_empty() && is_version(version) => stem,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_belongs_to_the_family_of_its_major() {
        for (version, family) in [
            ("16", "postgres16"),
            ("16.10", "postgres16"),
            ("9.6.24", "postgres9.6"),
            ("11.22-rds.20240418", "postgres11"),
        ] {
            assert_eq!(Version::parse(version).map(|version| version.family()).as_deref(), Some(family));
        }
    }

    #[test]
    fn the_name_of_a_group_is_told_from_the_family_that_it_ends_with() {
        for (name, stem) in [
            ("gitlab-pgsql-postgres16", "gitlab-pgsql"),
            ("old-postgres9-6", "old"),
            ("a-postgres16-postgres17", "a-postgres16"),
            ("a-postgres-main", "a-postgres-main"),
            ("postgres16", "postgres16"),
        ] {
            assert_eq!(without_family(name), stem, "{name}");
        }
    }
}
