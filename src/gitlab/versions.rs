//! The needs of GitLab's versions: a table kept as data, to be changed here alone.
//!
//! Sources: GitLab documentation, install/requirements ("PostgreSQL requirements", "Redis") and update/versions; charts/gitlab
//! doc/installation/version_mappings; tags of sameersbn/docker-gitlab.

/// The needs of one major version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// GitLab's major version.
    pub major: u32,
    /// The oldest and the newest PostgreSQL, the first with its minor version.
    pub postgres: (Version, u32),
    /// The oldest Redis.
    pub redis: Version,
    /// The oldest Valkey, where it takes that.
    pub valkey: Option<Version>,
}

/// Two numbers of a version.
pub type Version = (u32, u32);

/// Every major version, the oldest first.
pub const NEEDS: [Needs; 4] = [
    Needs { major: 16, postgres: ((13, 6), 15), redis: (6, 0), valkey: None },
    Needs { major: 17, postgres: ((14, 14), 16), redis: (6, 0), valkey: None },
    Needs { major: 18, postgres: ((16, 5), 17), redis: (6, 0), valkey: None },
    Needs { major: 19, postgres: ((17, 0), 17), redis: (7, 0), valkey: Some((7, 2)) },
];

/// The newest tag of docker-gitlab for each version that it has, the oldest first.
pub const IMAGES: [(Version, &str); 8] = [
    ((17, 11), "17.11.7"),
    ((18, 2), "18.2.8"),
    ((18, 5), "18.5.7"),
    ((18, 8), "18.8.11"),
    ((18, 11), "18.11.7"),
    ((19, 0), "19.0.4"),
    ((19, 1), "19.1.2"),
    ((19, 2), "19.2.0"),
];

/// The image of docker-gitlab for a version, `18.11` or with a patch that is written.
pub fn image(version: &str) -> Option<String> {
    const REPOSITORY: &str = "sameersbn/gitlab";
    let numbers: Vec<u32> = version.split('.').filter_map(|number| number.parse().ok()).collect();
    match numbers.as_slice() {
        [_, _, _] => Some(format!("{REPOSITORY}:{version}")),
        [major, minor] => {
            let tag = IMAGES.iter().find(|(of, _)| of == &(*major, *minor))?.1;
            Some(format!("{REPOSITORY}:{tag}"))
        }
        _ => None,
    }
}

/// The needs of a major version, where they are known.
pub fn needs(major: u32) -> Option<&'static Needs> {
    NEEDS.iter().find(|needs| needs.major == major)
}

/// The first two numbers of a version; one that is not written is `None`.
pub fn numbers(version: &str) -> Option<(u32, Option<u32>)> {
    let mut parts = version.split('.');
    let major = parts.next()?.parse().ok()?;
    Some((major, parts.next().and_then(|minor| minor.parse().ok())))
}

/// The judgement of a version against the oldest and the newest that are taken: the sentence on what is wrong, after the version.
pub fn misfit(version: &str, least: Version, most: Option<u32>) -> Option<String> {
    let (major, minor) = numbers(version)?;
    let is_older = match minor {
        Some(minor) => (major, minor) < least,
        // A major version alone is its newest minor one.
        None => major < least.0,
    };
    let oldest = match least {
        (major, 0) => major.to_string(),
        (major, minor) => format!("{major}.{minor}"),
    };
    match most {
        _ if is_older => Some(format!("is older than {oldest}")),
        Some(most) if major > most => Some(format!("is newer than {most}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_the_order_of_versions() {
        assert!(NEEDS.windows(2).all(|pair| pair[0].major < pair[1].major));
        assert!(IMAGES.is_sorted());
        for ((major, minor), tag) in IMAGES {
            assert!(tag.starts_with(&format!("{major}.{minor}.")), "{tag}");
        }
    }

    #[test]
    fn a_version_without_its_patch_is_the_newest_image_and_one_with_it_is_that() {
        assert_eq!(image("18.11").as_deref(), Some("sameersbn/gitlab:18.11.7"));
        assert_eq!(image("18.9.1").as_deref(), Some("sameersbn/gitlab:18.9.1"));
        assert_eq!(image("18.9"), None);
    }

    #[test]
    fn a_version_is_judged_by_as_much_of_it_as_is_written() {
        let of_18 = needs(18).expect("it is known").postgres;
        for (version, expected) in [
            ("16", None),
            ("16.5", None),
            ("17.2", None),
            ("16.4", Some("is older than 16.5")),
            ("15", Some("is older than 16.5")),
            ("9.6.24", Some("is older than 16.5")),
            ("18.1", Some("is newer than 17")),
        ] {
            assert_eq!(misfit(version, of_18.0, Some(of_18.1)).as_deref(), expected, "{version}");
        }
        assert_eq!(misfit("16.14", (17, 0), Some(17)).as_deref(), Some("is older than 17"));
    }
}
