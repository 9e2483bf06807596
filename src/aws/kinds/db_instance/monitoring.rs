//! Enhanced Monitoring of a database.

use serde::{Deserialize, Serialize};

use super::keys::MONITORING;
use super::seen::Live;
use super::texts;
use crate::engine::document::Document;
use crate::engine::resource::{Invalid, Need, Property, Shape};

/// The pause between two measurements, and the role by which RDS writes them to CloudWatch Logs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Monitoring {
    /// In seconds; 0 is off.
    interval: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role_arn: Option<String>,
}

/// The parts in the stack file.
pub(super) const PARTS: &[Property] = &[
    Property {
        name: "interval",
        doc: "The seconds between two measurements; 0 turns them off.",
        shape: Shape::OneOfWhole { all: texts::INTERVALS, is: "0, 1, 5, 10, 15, 30 or 60 seconds" },
        need: Need::Required,
    },
    Property {
        name: "role_arn",
        doc: "The role by which RDS writes them to CloudWatch Logs.",
        shape: Shape::Text(texts::ROLE_ARN),
        need: Need::Optional,
    },
];

impl Monitoring {
    /// The two members of a request. They go together: RDS takes no interval without its role.
    pub(super) fn members(self) -> (Option<i32>, Option<String>) {
        (Some(self.interval), self.role_arn)
    }

    /// The monitoring that RDS shows. A role is left over where it was turned off.
    pub(super) fn of(live: &Live) -> Option<Self> {
        let interval = live.now.monitoring_interval?;
        let role_arn = live.now.monitoring_role_arn.clone().filter(|_| interval > 0);
        Some(Self { interval, role_arn })
    }
}

/// An interval needs a role, and a role an interval (CreateDBInstance, MonitoringInterval and MonitoringRoleArn).
pub(super) fn check(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let Some(Monitoring { interval, role_arn }) = MONITORING.of(wanted) else { return Vec::new() };
    let invalid = |message: &str, remedy: &str| vec![Invalid::new(MONITORING.name, message).remedy(remedy)];
    match (interval, role_arn) {
        (0, Some(_)) => invalid("has a `role_arn`, and is off", "leave `role_arn` out, or raise `interval`"),
        (1.., None) => invalid(
            "needs a `role_arn`: RDS writes the measurements by that role",
            "name a role with the policy AmazonRDSEnhancedMonitoringRole, or set `interval: 0`",
        ),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::sample;
    use super::*;

    #[test]
    fn an_interval_and_a_role_need_each_other() {
        let role = "arn:aws:iam::123456789012:role/monitoring";
        for (written, fits) in [
            (json!({ "interval": 0 }), true),
            (json!({ "interval": 60, "role_arn": role }), true),
            (json!({ "interval": 60 }), false),
            (json!({ "interval": 0, "role_arn": role }), false),
        ] {
            let wanted = sample::with(json!({ "monitoring": written }));
            assert_eq!(check(&wanted, None).is_empty(), fits, "{written}");
        }
        assert_eq!(check(&sample::database(), None), []);
    }
}
