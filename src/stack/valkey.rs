//! Engines and versions of caches as ElastiCache writes them.

/// `8`, `8.1`, `7.1.0`, `6.x`. Ordered by age.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    numbers: Vec<u32>,
}

impl Version {
    /// Reads a version, whole or shortened. `6.x` is any 6.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix(".x").unwrap_or(text);
        // Digits alone: `parse` would take a sign.
        let number =
            |part: &str| part.parse().ok().filter(|_| part.bytes().all(|byte| byte.is_ascii_digit()));
        let numbers: Vec<u32> = text.split('.').map(number).collect::<Option<_>>()?;
        (numbers.len() <= 3).then_some(Self { numbers })
    }

    /// The number of a whole upgrade.
    pub fn major(&self) -> u32 {
        self.numbers[0]
    }

    /// True if this version is `whole`, which may be shortened, or one of it.
    pub fn is_of(&self, whole: &Self) -> bool {
        self.numbers.starts_with(&whole.numbers)
    }

    /// True if this live version will do where `desired` is written: one of it, or newer in the same major.
    pub fn meets(&self, desired: &Self) -> bool {
        self.is_of(desired) || (self.major() == desired.major() && self >= desired)
    }

    /// The version as ElastiCache takes it: with major and minor, without a patch ("Supported engines and versions", ElastiCache User
    /// Guide; `9.0.0` is refused at creation).
    pub fn to_send(&self) -> String {
        let numbers: Vec<String> = self.numbers.iter().take(2).map(u32::to_string).collect();
        numbers.join(".")
    }

    /// The family of parameter groups for it (DescribeCacheEngineVersions, CacheParameterGroupFamily): `valkey8`, `redis7`, `redis6.x`.
    pub fn family(&self, engine: &str) -> String {
        match (engine, self.major()) {
            ("redis", 6) => "redis6.x".to_owned(),
            (engine, major) => format!("{engine}{major}"),
        }
    }
}

/// The name of a parameter group without the family that it ends with: `gitlab-cache` of `gitlab-cache-valkey8`.
pub fn without_family(name: &str) -> &str {
    let stem = |engine: &str| {
        let at = name.rfind(&format!("-{engine}"))?;
        let version = &name[at + 1 + engine.len()..];
        let version = version.strip_suffix("-x").unwrap_or(version);
        let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
        (at > 0 && is_version).then_some(&name[..at])
    };
    ["valkey", "redis"].into_iter().find_map(stem).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::blueprint::in_family;

    fn version(text: &str) -> Version {
        Version::parse(text).expect("a version")
    }

    #[test]
    fn a_version_is_met_by_what_it_is_a_prefix_of_and_by_anything_newer_in_its_major() {
        for (desired, live, expected) in [
            ("8", "8.1.0", true),
            ("8.1", "8.1.0", true),
            ("8.1", "8.2.0", true),
            ("8.2", "8.1.0", false),
            ("8.1", "9.0.0", false),
            ("6.x", "6.2.6", true),
        ] {
            assert_eq!(version(live).meets(&version(desired)), expected, "{desired} by {live}");
        }
        assert_eq!(Version::parse("newest"), None);
        assert_eq!(version("9.0.0").to_send(), "9.0");
    }

    #[test]
    fn a_version_belongs_to_a_family_and_a_group_is_named_after_it() {
        for (engine, text, family) in
            [("valkey", "8.1", "valkey8"), ("redis", "6.2", "redis6.x"), ("redis", "7.1", "redis7")]
        {
            let found = version(text).family(engine);
            assert_eq!(found, family);
            let name = in_family("gitlab-cache", &found);
            assert_eq!(without_family(&name), "gitlab-cache", "{name}");
        }
        assert_eq!(without_family("a-valkey-main"), "a-valkey-main");
        assert_eq!(without_family("valkey8"), "valkey8");
    }
}
