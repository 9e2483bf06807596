//! Warns of databases whose PostgreSQL leaves the standard support of RDS: Extended Support is charged from then on.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::finding::Verdict;
use super::scene::Scene;
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::document::Document;
use crate::engine::plan::{Finding, Mode};
use crate::engine::planner::Sighting;
use crate::stack::postgres::{Version, standard_support_ends};

const CHECK: &str = "standard-support";
/// So many days before the end it is said.
const AHEAD: i32 = 180;

pub(super) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    if scene.planning.plan.mode != Mode::Apply {
        return Vec::new();
    }
    let declarations = scene.blueprint.declarations.iter();
    let databases = declarations.filter(|(address, _)| address.kind() == "aws_db_instance");
    databases
        .filter_map(|(address, declaration)| {
            let Declaration::Managed { inputs } = declaration else { return None };
            let is_chosen = inputs.contains_key("engine_lifecycle_support");
            let version = version(scene, address, inputs).filter(|_| !is_chosen)?;
            Some(verdict(&version, scene.now)?.of(CHECK, address))
        })
        .collect()
}

/// The version that the database has once the plan is carried out.
fn version(scene: &Scene<'_>, address: &Address, inputs: &Document) -> Option<Version> {
    let of = |inputs: &Document| Version::parse(inputs.get("engine_version")?.as_str()?);
    let live = scene.sightings.get(address).and_then(Sighting::live);
    of(inputs).max(live.and_then(|(_, live)| of(&live.inputs)))
}

fn verdict(version: &Version, now: Timestamp) -> Option<Verdict> {
    let major = version.major_text();
    let end = standard_support_ends(version)?;
    let today = now.to_zoned(TimeZone::UTC).date();
    let announced = end.saturating_sub(Span::new().days(AHEAD));
    let message = if today > end {
        format!(
            "RDS ended the standard support of PostgreSQL {major} on {end}: Extended Support is charged since then"
        )
    } else if today >= announced {
        format!(
            "RDS ends the standard support of PostgreSQL {major} on {end}: Extended Support is charged from then on"
        )
    } else {
        return None;
    };
    Some(Verdict::warning(message).hint(
        "write a newer `engine_version` and `allow_major_version_upgrade: true`, or say with `engine_lifecycle_support` that it stays",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_standard_support_is_said_half_a_year_ahead() {
        for (version, now, expected) in [
            ("13.22", "2026-11-28", Some("RDS ended the standard support of PostgreSQL 13 on 2026-02-28")),
            ("13", "2026-02-28", Some("RDS ends the standard support of PostgreSQL 13 on 2026-02-28")),
            ("14.19", "2026-11-28", Some("RDS ends the standard support of PostgreSQL 14 on 2027-02-28")),
            ("14.19", "2026-09-01", Some("on 2027-02-28")),
            ("14.19", "2026-08-31", None),
            ("16", "2026-11-28", None),
            ("99", "2026-11-28", None),
        ] {
            let now = format!("{now}T12:00:00Z").parse().expect("a time");
            let said = verdict(&Version::parse(version).expect("a version"), now);
            match (said, expected) {
                (None, None) => {}
                (Some(said), Some(expected)) => assert!(said.message.contains(expected), "{said:?}"),
                (said, expected) => panic!("{version}: {said:?}, and not {expected:?}"),
            }
        }
    }
}
