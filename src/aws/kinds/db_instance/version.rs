//! Engine versions: which live ones will do, and which steps RDS takes.

use serde_json::Value;

use super::keys::ENGINE_VERSION;
use super::seen::Live;
use crate::engine::document::Document;
use crate::engine::resource::Invalid;
use crate::stack::postgres::Version;

/// True if the observed version will do. It is never changed for an older one: RDS moves ahead by itself.
pub(super) fn met(desired: &Value, observed: &Value) -> bool {
    match (desired.as_str().and_then(Version::parse), observed.as_str().and_then(Version::parse)) {
        (Some(desired), Some(observed)) => observed.meets(&desired),
        _ => desired == observed,
    }
}

/// True if the observed version is the desired one or any newer one.
pub(super) fn reached(desired: &Value, observed: &Value) -> bool {
    match (desired.as_str().and_then(Version::parse), observed.as_str().and_then(Version::parse)) {
        (Some(desired), Some(observed)) => observed >= desired,
        _ => desired == observed,
    }
}

/// Finds what RDS would refuse of a written version, and of the way to it from the live one.
pub(super) fn check(desired: &str, observed: Option<&str>, major_upgrade_allowed: bool) -> Option<Invalid> {
    let invalid = |message: String| Some(Invalid::new("engine_version", message));
    let Some(wanted) = Version::parse(desired) else {
        return invalid(format!("must be a PostgreSQL version such as `16` or `16.4`, not `{desired}`"));
    };
    let observed = observed?;
    let live = Version::parse(observed)?;
    if live.is_of(&wanted) {
        None
    } else if live.meets(&wanted) {
        let message =
            format!("stays at {observed}, newer than {desired}: RDS does not downgrade; write {observed}");
        Some(Invalid::altered("engine_version", message))
    } else if live.major() > wanted.major() {
        let message = format!("cannot go back from {observed} to {desired}: RDS does not downgrade");
        invalid(message).map(|invalid| invalid.instead(format!("\"{observed}\"")))
    } else if live.major() < wanted.major() && !major_upgrade_allowed {
        let option = "allow_major_version_upgrade";
        let message =
            format!("does not go from {observed} to {desired}, a major upgrade, without `{option}: true`");
        invalid(message).map(|invalid| invalid.allowed_by(option, "to upgrade, which cannot be undone"))
    } else {
        None
    }
}

/// True if the observed version is the desired one, or one of it.
pub(super) fn exact(desired: &Value, observed: &Value) -> bool {
    match (desired.as_str().and_then(Version::parse), observed.as_str().and_then(Version::parse)) {
        (Some(desired), Some(observed)) => observed.is_of(&desired),
        _ => desired == observed,
    }
}

/// The version to send for a written one. A queued version that will do is asked for again as it is, and where a queued one is taken
/// back, the one that is in force: within a shortened one RDS would choose anew.
pub(super) fn to_send(written: &str, live: &Live) -> String {
    let queued = live.queued.engine_version.as_deref();
    let queued = queued.filter(|queued| exact(&written.into(), &Value::from(*queued)));
    let in_force = live.now.engine_version.as_deref();
    let in_force = in_force.filter(|now| met(&written.into(), &Value::from(*now)));
    queued.or(in_force).unwrap_or(written).to_owned()
}

/// True if the way from one version to the other is a major upgrade.
pub(super) fn is_major_step(desired: &str, observed: &str) -> bool {
    match (Version::parse(desired), Version::parse(observed)) {
        (Some(desired), Some(observed)) => observed.major() < desired.major(),
        _ => false,
    }
}

/// True if a change of the database is a major upgrade.
pub(super) fn is_major_upgrade(desired: &Document, observed: &Document) -> bool {
    match (ENGINE_VERSION.text(desired), ENGINE_VERSION.text(observed)) {
        (Some(desired), Some(observed)) => is_major_step(desired, observed),
        _ => false,
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
    fn a_step_to_another_major_goes_up_and_is_allowed_by_name() {
        const VERSION: &str = "must be a PostgreSQL version";
        for (desired, observed, allowed, word) in [
            ("16", None, false, None),
            ("16.4", Some("16.3"), false, None),
            ("16.4", Some("16.4"), false, None),
            ("16.4", Some("16.6"), false, Some("stays at 16.6")),
            ("16.4", Some("16.40"), false, Some("stays at 16.40")),
            ("15", Some("16.3"), false, Some("downgrade")),
            ("15", Some("16.3"), true, Some("downgrade")),
            ("16.4", Some("17.1"), true, Some("downgrade")),
            ("17", Some("16.3"), false, Some("allow_major_version_upgrade: true")),
            ("17", Some("16.3"), true, None),
            ("18.1", Some("16.3"), true, None),
            ("9.6", Some("9.5.2"), false, Some("major upgrade")),
            ("9.6", Some("9.5.2"), true, None),
            ("latest", None, false, Some(VERSION)),
            ("16.", None, false, Some(VERSION)),
            ("1.2.3.4", None, false, Some(VERSION)),
            ("", None, false, Some(VERSION)),
            ("+16", None, true, Some(VERSION)),
        ] {
            let found = check(desired, observed, allowed);
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
