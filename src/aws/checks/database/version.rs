//! Checks that a written version is on offer, and that RDS goes there from the live one.

use aws_sdk_rds::types::DbEngineVersion;

use crate::aws::checks::finding::{Verdict, list};
use crate::stack::postgres::Version;

/// The major of a version that has passed as one: `16`, `9.6`.
pub(super) fn major(version: &str) -> String {
    Version::parse(version).map(|version| version.major_text()).unwrap_or_default()
}

/// True if the written version is this full version, or a prefix of it.
pub(super) fn is_within(version: &str, written: &str) -> bool {
    match (Version::parse(version), Version::parse(written)) {
        (Some(version), Some(written)) => version.is_of(&written),
        _ => version == written,
    }
}

/// The newest version on offer within the written one.
pub(super) fn newest<'a>(written: &str, versions: &'a [DbEngineVersion]) -> Option<&'a str> {
    on_offer(versions).into_iter().rfind(|version| is_within(version, written))
}

/// The versions on offer, the newest last.
fn on_offer(versions: &[DbEngineVersion]) -> Vec<&str> {
    let offered =
        versions.iter().filter(|version| version.status().is_none_or(|status| status == "available"));
    sorted(offered.filter_map(DbEngineVersion::engine_version))
}

fn sorted<'a>(versions: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut versions: Vec<&str> = versions.collect();
    versions.sort_by_key(|version| Version::parse(version));
    versions.dedup();
    versions
}

/// Checks that a new database can have the written version.
pub(super) fn offered(written: &str, versions: &[DbEngineVersion], region: &str) -> Verdict {
    if let Some(newest) = newest(written, versions) {
        return Verdict::passed(format!("PostgreSQL {written} is on offer in {region}, up to {newest}"));
    }
    let others = on_offer(versions);
    let others: Vec<&str> =
        others.into_iter().filter(|version| is_within(version, &major(written))).collect();
    match others.last() {
        Some(newest) => Verdict::error(format!(
            "PostgreSQL {written} is not on offer in {region}: of {} there are {}",
            major(written),
            list(&others)
        ))
        .hint(format!("write `engine_version: \"{newest}\"` into the stack file")),
        None => Verdict::error(format!("PostgreSQL {written} is not on offer in {region}")).hint(format!(
            "aws rds describe-db-engine-versions --engine postgres --region {region} \
             --query 'DBEngineVersions[].EngineVersion'"
        )),
    }
}

/// The newest version within the written one that RDS upgrades the live one to. RDS itself would take its default version within a
/// shortened one, and refuses that where it is no target (terraform-aws-modules/terraform-aws-rds#627).
pub(super) fn target<'a>(live: &str, written: &str, versions: &'a [DbEngineVersion]) -> Option<&'a str> {
    targets(live, versions)?.into_iter().rfind(|target| is_within(target, written))
}

/// The versions that RDS upgrades the live one to, the newest last.
pub(super) fn targets<'a>(live: &str, versions: &'a [DbEngineVersion]) -> Option<Vec<&'a str>> {
    let row = versions.iter().find(|version| version.engine_version() == Some(live))?;
    Some(sorted(row.valid_upgrade_target().iter().filter_map(|target| target.engine_version())))
}

/// Checks that an authority signs the certificates of a version.
pub(super) fn signs(authority: &str, version: &str, versions: &[DbEngineVersion]) -> Option<Verdict> {
    let row = versions.iter().rfind(|row| row.engine_version().is_some_and(|row| is_within(row, version)))?;
    let known = row.supported_ca_certificate_identifiers();
    // An answer that names none says nothing.
    let is_known = known.is_empty() || known.iter().any(|known| known == authority);
    (!is_known).then(|| {
        Verdict::error(format!("no certificate of PostgreSQL {version} is signed by {authority}"))
            .hint(format!("write one of these as `ca_cert_identifier`: {}", list(known)))
    })
}

/// Checks that RDS goes from the live version to the written one.
pub(super) fn upgrade(live: &str, written: &str, versions: &[DbEngineVersion]) -> Verdict {
    let Some(targets) = targets(live, versions) else {
        let what = format!("whether RDS upgrades {live} to {written}");
        return Verdict::cannot_be_checked(&what, &format!("it does not list {live}"));
    };
    if let Some(target) = target(live, written, versions) {
        return Verdict::passed(format!("RDS upgrades {live} to {target}"));
    }
    let (own, wanted) = (major(live), major(written));
    let of = |major: &str| -> Vec<&str> {
        targets.iter().copied().filter(|target| is_within(target, major)).collect()
    };
    let write = |version: &str| match major(version) == own {
        true => format!("write `engine_version: \"{version}\"` into the stack file"),
        false => format!(
            "write `engine_version: \"{version}\"` and `allow_major_version_upgrade: true` into the stack file"
        ),
    };
    if own == wanted {
        // A minor version that is misspelt is no wish for another major one.
        let verdict = Verdict::error(format!("RDS does not upgrade {live} to {written}"));
        let minors = of(&own);
        return match minors.last() {
            Some(newest) => {
                verdict.hint(format!("of {own} it goes from {live} to {}: {}", list(&minors), write(newest)))
            }
            None => verdict.hint(format!(
                "{live} is the newest of {own} that RDS has for it: {}, which keeps it",
                write(&own)
            )),
        };
    }
    let number = |version: &str| version.parse::<u32>().unwrap_or_default();
    let verdict = Verdict::error(if number(&wanted) < number(&own) {
        format!("cannot go back from {live} to {written}: RDS does not downgrade")
    } else {
        format!("RDS does not upgrade {live} to {written} in one step")
    });
    let wished = of(&wanted);
    match (wished.last(), targets.is_empty()) {
        (Some(newest), _) => {
            verdict.hint(format!("of {wanted} it goes from {live} to {}: {}", list(&wished), write(newest)))
        }
        (None, false) => verdict.hint(format!(
            "{}, which keeps {live}; or write one of those that it goes to: {}",
            write(&own),
            list(&targets)
        )),
        (None, true) => {
            verdict.hint(format!("{}, which keeps {live}: there is no upgrade of it", write(&own)))
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::types::UpgradeTarget;

    use super::*;
    use crate::engine::plan::Level;

    fn versions(rows: &[(&str, &str, &[&str])]) -> Vec<DbEngineVersion> {
        rows.iter()
            .map(|(version, status, targets)| {
                let targets =
                    targets.iter().map(|target| UpgradeTarget::builder().engine_version(*target).build());
                DbEngineVersion::builder()
                    .engine_version(*version)
                    .status(*status)
                    .set_valid_upgrade_target(Some(targets.collect()))
                    .build()
            })
            .collect()
    }

    fn sixteen() -> Vec<DbEngineVersion> {
        versions(&[
            ("16.10", "available", &[]),
            ("16.1", "deprecated", &["16.9", "16.10"]),
            ("16.3", "available", &["16.9", "16.10", "17.5"]),
            ("16.9", "available", &["16.10", "17.5"]),
        ])
    }

    #[test]
    fn a_version_is_on_offer_by_itself_or_by_what_it_is_a_prefix_of() {
        for (written, expected) in [
            ("16", Some("16.10")),
            ("16.3", Some("16.3")),
            ("16.1", None),
            ("16.99", None),
            ("1", None),
            ("17", None),
        ] {
            assert_eq!(newest(written, &sixteen()), expected, "{written}");
            let level = offered(written, &sixteen(), "eu-west-1").level;
            assert_eq!(level == Level::Passed, expected.is_some(), "{written}");
        }
    }

    #[test]
    fn a_version_that_is_not_on_offer_comes_with_those_that_are() {
        let verdict = offered("16.1", &sixteen(), "eu-west-1");
        assert_eq!(
            verdict.message,
            "PostgreSQL 16.1 is not on offer in eu-west-1: of 16 there are 16.3, 16.9 and 16.10"
        );
        assert_eq!(verdict.hint.as_deref(), Some("write `engine_version: \"16.10\"` into the stack file"));
        let unheard_of = offered("99", &[], "eu-west-1");
        assert!(unheard_of.hint.is_some_and(|hint| hint.contains("describe-db-engine-versions")));
    }

    #[test]
    fn an_upgrade_goes_where_rds_says_that_it_goes() {
        for (live, written, level) in [
            ("16.3", "16.9", Level::Passed),
            ("16.3", "17", Level::Passed),
            ("16.3", "16.8", Level::Error),
            ("16.1", "17", Level::Error),
            ("16.10", "16.11", Level::Error),
            ("15.2", "16", Level::NotChecked),
        ] {
            assert_eq!(upgrade(live, written, &sixteen()).level, level, "{live} to {written}");
        }
        let refused = upgrade("16.1", "17", &sixteen());
        assert_eq!(
            refused.hint.as_deref(),
            Some(
                "write `engine_version: \"16\"` into the stack file, which keeps 16.1; or write one of those that it goes to: \
                 16.9 and 16.10"
            )
        );
        let back = upgrade("16.10", "15", &sixteen()).hint.expect("a remedy");
        assert_eq!(
            back,
            "write `engine_version: \"16\"` into the stack file, which keeps 16.10: there is no upgrade of it"
        );
        let major = upgrade("16.3", "17.55", &sixteen()).hint.expect("a remedy");
        assert!(
            major.ends_with(
                "write `engine_version: \"17.5\"` and `allow_major_version_upgrade: true` into the stack file"
            ),
            "{major}"
        );
    }

    #[test]
    fn an_authority_has_to_sign_for_the_version() {
        let row = |version: &str, authority: &str| {
            let row = DbEngineVersion::builder().engine_version(version);
            row.supported_ca_certificate_identifiers(authority).build()
        };
        let versions = [row("16.9", "rds-ca-rsa2048-g1"), row("17.5", "rds-ca-ecc384-g1")];
        assert_eq!(signs("rds-ca-rsa2048-g1", "16.9", &versions), None);
        assert_eq!(signs("rds-ca-ecc384-g1", "17", &versions), None);
        let refused = signs("rds-ca-2019", "16", &versions).expect("it does not sign");
        assert_eq!(refused.level, Level::Error);
        assert!(refused.hint.is_some_and(|hint| hint.ends_with("rds-ca-rsa2048-g1")));
        assert_eq!(signs("rds-ca-2019", "16.3", &sixteen()), None, "nothing is said");
    }

    #[test]
    fn the_target_is_the_newest_within_what_is_written() {
        let versions = versions(&[("16.13", "available", &["17.9", "16.14", "17.10", "18.3", "18.2"])]);
        for (written, expected) in [
            ("16", Some("16.14")),
            ("17", Some("17.10")),
            ("17.9", Some("17.9")),
            ("17.1", None),
            ("18", Some("18.3")),
            ("19", None),
        ] {
            assert_eq!(target("16.13", written, &versions), expected, "{written}");
        }
        assert_eq!(target("16.12", "17", &versions), None, "RDS does not list it");
    }

    #[test]
    fn a_misspelt_minor_version_is_answered_with_those_of_the_same_major() {
        let mut versions = sixteen();
        versions.extend(self::versions(&[
            ("16.11", "available", &["17.5", "17.6"]),
            ("15.10", "available", &["15.12", "16.10", "17.5"]),
        ]));
        for (live, written, expected) in [
            ("16.3", "16.8", "of 16 it goes from 16.3 to 16.9 and 16.10: write `engine_version: \"16.10\"`"),
            // Only a major upgrade is on offer, and it was not asked for.
            (
                "16.11",
                "16.99",
                "16.11 is the newest of 16 that RDS has for it: write `engine_version: \"16\"`",
            ),
            ("16.11", "17.7", "of 17 it goes from 16.11 to 17.5 and 17.6: write `engine_version: \"17.6\"`"),
            ("15.10", "16.11", "of 16 it goes from 15.10 to 16.10: write `engine_version: \"16.10\"`"),
        ] {
            let hint = upgrade(live, written, &versions).hint.expect("a remedy");
            assert!(hint.starts_with(expected), "{live} to {written}: {hint}");
        }
    }

    #[test]
    fn majors_have_one_number_since_ten() {
        for (version, expected) in
            [("16", "16"), ("16.4", "16"), ("9.6.3", "9.6"), ("9", "9"), ("11.22-rds.20240418", "11")]
        {
            assert_eq!(major(version), expected);
        }
        assert!(is_within("11.22-rds.20240418", "11.22") && !is_within("16.40", "16.4"));
    }
}
