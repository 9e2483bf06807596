//! Checks that a class can be ordered as a database wants it: with its version, storage and standby, in its zones.

use std::collections::BTreeSet;

use aws_sdk_rds::types::OrderableDbInstanceOption as Offer;
use serde::Deserialize;

use super::version::is_within;
use crate::aws::checks::finding::{Verdict, list};

/// The inputs of a database that are held against what RDS offers.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Desired {
    pub engine_version: String,
    pub instance_class: String,
    storage_type: String,
    allocated_storage: i32,
    multi_az: bool,
    storage_encrypted: bool,
    #[serde(default)]
    performance_insights_enabled: bool,
    #[serde(default)]
    iam_database_authentication_enabled: bool,
    #[serde(default)]
    max_allocated_storage: i32,
    #[serde(default)]
    monitoring: Monitoring,
    #[serde(default)]
    pub ca_cert_identifier: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Monitoring {
    #[serde(default)]
    interval: i32,
}

/// The fields that an offer has to have besides.
pub(super) const FEATURES: &[&str] = &[
    "performance_insights_enabled",
    "iam_database_authentication_enabled",
    "max_allocated_storage",
    "monitoring",
];

/// A feature that not every class has.
struct Feature {
    name: &'static str,
    /// The line of the stack file that turns it off.
    off: &'static str,
    /// The mark of an offer that has it.
    has: fn(&Offer) -> Option<bool>,
}

const PERFORMANCE_INSIGHTS: Feature = Feature {
    name: "Performance Insights",
    off: "performance_insights_enabled: false",
    has: Offer::supports_performance_insights,
};
const LOGIN_BY_IAM: Feature = Feature {
    name: "the login by IAM",
    off: "iam_database_authentication_enabled: false",
    has: Offer::supports_iam_database_authentication,
};
const GROWING: Feature = Feature {
    name: "storage that grows by itself",
    off: "max_allocated_storage: 0",
    has: Offer::supports_storage_autoscaling,
};
const MONITORING: Feature = Feature {
    name: "Enhanced Monitoring",
    off: "monitoring: { interval: 0 }",
    has: Offer::supports_enhanced_monitoring,
};

impl Desired {
    /// The features that are wanted.
    fn features(&self) -> impl Iterator<Item = Feature> {
        let all = [
            (self.performance_insights_enabled, PERFORMANCE_INSIGHTS),
            (self.iam_database_authentication_enabled, LOGIN_BY_IAM),
            (self.max_allocated_storage > 0, GROWING),
            (self.monitoring.interval > 0, MONITORING),
        ];
        all.into_iter().filter_map(|(wanted, feature)| wanted.then_some(feature))
    }
}

/// The instance that is to be ordered.
pub(super) struct Wish<'a> {
    pub desired: &'a Desired,
    /// The version that it will have, or a prefix of it.
    pub version: &'a str,
    /// The zones of its subnets.
    pub zones: BTreeSet<String>,
    pub region: &'a str,
}

impl Wish<'_> {
    /// The offers that fit.
    ///
    /// # Errors
    /// The first thing that none of them has.
    pub(super) fn order<'a>(&self, offers: &'a [Offer]) -> Result<Vec<&'a Offer>, Verdict> {
        let Desired { instance_class, storage_type, allocated_storage, .. } = self.desired;
        let Self { version, region, .. } = self;
        let of_class =
            offers.iter().filter(|offer| offer.db_instance_class() == Some(instance_class)).collect();
        let fitting = keep(
            of_class,
            |offer| offer.engine_version().is_some_and(|offered| is_within(offered, version)),
            |_| {
                let message =
                    format!("{instance_class} cannot be ordered with PostgreSQL {version} in {region}");
                Verdict::error(message).hint(self.classes())
            },
        )?;
        let fitting = keep(
            fitting,
            |offer| offer.storage_type() == Some(storage_type),
            |rest| {
                let types: BTreeSet<&str> = rest.iter().filter_map(|offer| offer.storage_type()).collect();
                let types: Vec<&str> = types.into_iter().collect();
                Verdict::error(format!("{instance_class} cannot be ordered with {storage_type} storage"))
                    .hint(format!("its storage can be {}: write one as `storage_type`", list(&types)))
            },
        )?;
        let fitting = keep(
            fitting,
            |offer| {
                let size = *allocated_storage;
                offer.min_storage_size().is_none_or(|least| size >= least)
                    && offer.max_storage_size().is_none_or(|most| size <= most)
            },
            |rest| {
                let least =
                    rest.iter().filter_map(|offer| offer.min_storage_size()).min().unwrap_or_default();
                let most = rest.iter().filter_map(|offer| offer.max_storage_size()).max().unwrap_or_default();
                Verdict::error(format!(
                    "{instance_class} cannot be ordered with {allocated_storage} GiB of {storage_type} storage"
                ))
                .hint(format!("it can have {least} to {most} GiB: write that as `allocated_storage`"))
            },
        )?;
        let fitting = keep(
            fitting,
            |offer| !self.desired.multi_az || offer.multi_az_capable() != Some(false),
            |_| {
                Verdict::error(format!("{instance_class} cannot be ordered with a standby in another zone"))
                    .hint("write another `instance_class`, or `multi_az: false`")
            },
        )?;
        let fitting = keep(
            fitting,
            |offer| !self.desired.storage_encrypted || offer.supports_storage_encryption() != Some(false),
            |_| {
                Verdict::error(format!("{instance_class} cannot be ordered with encrypted storage"))
                    .hint(self.classes())
            },
        )?;
        self.desired.features().try_fold(fitting, |fitting, Feature { name: what, off, has }| {
            keep(
                fitting,
                |offer| has(offer) != Some(false),
                |_| {
                    Verdict::error(format!("{instance_class} cannot be ordered with {what}"))
                        .hint(format!("write another `instance_class`, or `{off}`"))
                },
            )
        })
    }

    /// Checks that the class can be ordered.
    pub(super) fn orderable(&self) -> Verdict {
        let Desired { instance_class, storage_type, multi_az, .. } = self.desired;
        let standby = if *multi_az { " and a standby" } else { "" };
        let Self { version, .. } = self;
        Verdict::passed(format!(
            "{instance_class} can be ordered with PostgreSQL {version}, {storage_type} storage{standby}"
        ))
    }

    /// Checks that the class is there in enough of the zones of the subnets.
    pub(super) fn zones(&self, fitting: &[&Offer]) -> Verdict {
        let class = &self.desired.instance_class;
        let offered: BTreeSet<&str> = fitting
            .iter()
            .flat_map(|offer| offer.availability_zones())
            .filter_map(|zone| zone.name())
            .collect();
        if self.zones.is_empty() || offered.is_empty() {
            return Verdict::cannot_be_checked(&format!("zones of {class}"), "AWS names none");
        }
        let (there, lacking): (Vec<&str>, Vec<&str>) =
            self.zones.iter().map(String::as_str).partition(|zone| offered.contains(zone));
        let needed = if self.desired.multi_az { 2 } else { 1 };
        if there.len() >= needed {
            return Verdict::passed(format!("{class} is there in {}", list(&there)));
        }
        let message = match there.as_slice() {
            [] => format!("{class} is there in none of the subnets' zones, which are {}", list(&lacking)),
            _ => format!(
                "{class} is there in {} alone of the subnets' zones, and a standby needs a second one",
                list(&there)
            ),
        };
        Verdict::error(message).hint(self.classes())
    }

    fn classes(&self) -> String {
        let Self { version, region, .. } = self;
        format!(
            "aws rds describe-orderable-db-instance-options --engine postgres --engine-version {version} \
             --region {region} --query 'OrderableDBInstanceOptions[].[DBInstanceClass,StorageType]' --output text"
        )
    }
}

fn keep<'a>(
    offers: Vec<&'a Offer>,
    fits: impl Fn(&Offer) -> bool,
    otherwise: impl Fn(&[&'a Offer]) -> Verdict,
) -> Result<Vec<&'a Offer>, Verdict> {
    let fitting: Vec<&Offer> = offers.iter().copied().filter(|offer| fits(offer)).collect();
    if fitting.is_empty() { Err(otherwise(&offers)) } else { Ok(fitting) }
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::types::AvailabilityZone;
    use serde_json::json;

    use super::*;
    use crate::engine::plan::Level;

    fn offer(version: &str, storage: &str, zones: &[&str]) -> Offer {
        let zones = zones.iter().map(|zone| AvailabilityZone::builder().name(*zone).build()).collect();
        Offer::builder()
            .db_instance_class("db.t4g.medium")
            .engine_version(version)
            .storage_type(storage)
            .multi_az_capable(storage != "standard")
            .supports_storage_encryption(true)
            .min_storage_size(20)
            .max_storage_size(1000)
            .set_availability_zones(Some(zones))
            .build()
    }

    fn desired(replaced: serde_json::Value) -> Desired {
        let mut document = json!({
            "identifier": "a", "engine": "postgres", "engine_version": "16", "instance_class": "db.t4g.medium",
            "allocated_storage": 50, "storage_type": "gp3", "username": "x", "password": "managed",
            "password_version": 1, "multi_az": true, "port": 5432, "db_subnet_group_name": "a",
            "vpc_security_group_ids": [], "publicly_accessible": false, "backup_retention_period": 1,
            "storage_encrypted": true, "auto_minor_version_upgrade": true, "deletion_protection": false,
            "final_snapshot": false, "apply_immediately": false, "tags": {},
        });
        for (field, value) in replaced.as_object().expect("fields") {
            document[field] = value.clone();
        }
        serde_json::from_value(document).expect("a database")
    }

    fn verdict(desired: &Desired, zones: &[&str], offers: &[Offer]) -> Verdict {
        let zones = zones.iter().map(|zone| (*zone).to_owned()).collect();
        let wish = Wish { desired, version: &desired.engine_version, zones, region: "eu-west-1" };
        wish.order(offers).map_or_else(|verdict| verdict, |fitting| wish.zones(&fitting))
    }

    #[test]
    fn a_feature_that_no_offer_has_is_named_with_what_turns_it_off() {
        let small = Offer::builder()
            .db_instance_class("db.t4g.medium")
            .engine_version("16.4")
            .storage_type("gp3")
            .supports_performance_insights(false)
            .supports_iam_database_authentication(false)
            .supports_storage_autoscaling(false)
            .supports_enhanced_monitoring(false)
            .build();
        for (changed, word) in [
            (json!({ "performance_insights_enabled": true }), "`performance_insights_enabled: false`"),
            (
                json!({ "iam_database_authentication_enabled": true }),
                "`iam_database_authentication_enabled: false`",
            ),
            (json!({ "max_allocated_storage": 100 }), "`max_allocated_storage: 0`"),
            (
                json!({ "monitoring": { "interval": 60, "role_arn": "arn:x" } }),
                "`monitoring: { interval: 0 }`",
            ),
        ] {
            let refused = verdict(&desired(changed), &[], std::slice::from_ref(&small));
            assert_eq!(refused.level, Level::Error);
            assert!(refused.hint.as_deref().is_some_and(|hint| hint.ends_with(word)), "{refused:?}");
        }
        let off =
            json!({ "performance_insights_enabled": false, "max_allocated_storage": 0, "multi_az": false });
        let desired = desired(off);
        let wish = Wish { desired: &desired, version: "16", zones: BTreeSet::new(), region: "eu-west-1" };
        assert!(wish.order(&[small]).is_ok());
    }

    #[test]
    fn what_no_offer_has_is_named() {
        let offers = [
            offer("16.4", "gp3", &["a", "b", "c"]),
            offer("16.4", "standard", &["a", "b"]),
            offer("17.1", "gp2", &["a"]),
        ];
        for (changed, word) in [
            (json!({}), None),
            (json!({ "instance_class": "db.t9.medium" }), Some("PostgreSQL 16 in eu-west-1")),
            (json!({ "engine_version": "15" }), Some("PostgreSQL 15")),
            (json!({ "storage_type": "io2" }), Some("io2 storage")),
            (json!({ "allocated_storage": 5000 }), Some("5000 GiB")),
            (json!({ "storage_type": "standard" }), Some("a standby")),
            (json!({ "storage_type": "standard", "multi_az": false }), None),
        ] {
            let found = verdict(&desired(changed.clone()), &["a", "b"], &offers);
            match word {
                None => assert_eq!(found.level, Level::Passed, "{changed}: {found:?}"),
                Some(word) => {
                    assert_eq!(found.level, Level::Error, "{changed}");
                    assert!(found.message.contains(word) && found.hint.is_some(), "{found:?}");
                }
            }
        }
    }

    #[test]
    fn a_standby_needs_two_zones_that_have_the_class() {
        let offers = [offer("16.4", "gp3", &["b", "d"])];
        let with = |multi_az: bool| desired(json!({ "multi_az": multi_az }));
        let level = |multi_az, zones: &[&str]| verdict(&with(multi_az), zones, &offers).level;
        assert_eq!(level(true, &["a", "b", "c"]), Level::Error);
        assert_eq!(level(false, &["a", "b", "c"]), Level::Passed);
        assert_eq!(level(false, &["a", "c"]), Level::Error);
        assert_eq!(level(true, &["b", "d"]), Level::Passed);
        assert_eq!(level(true, &[]), Level::NotChecked);
    }
}
