//! Maintenance that RDS has pending of a database: what it is, and when it is applied.

use schemars::JsonSchema;
use serde::Serialize;

/// One pending maintenance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Maintenance {
    /// The action as RDS names it: `system-update`.
    pub action: String,
    /// The same in words; absent for an action that is not known.
    pub means: Option<String>,
    /// RDS's own description.
    pub description: Option<String>,
    /// It is applied in the first maintenance window after this: UTC, RFC 3339.
    pub window_after: Option<String>,
    /// It is applied then, whatever the maintenance window is.
    pub forced: Option<String>,
    /// The date in force, by all of these and by what was asked of RDS.
    pub applied: Option<String>,
    /// The kind of consent that RDS was given: `next-maintenance`.
    pub opted_in: Option<String>,
}

/// An action with its meaning.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    pub name: &'static str,
    pub means: &'static str,
}

/// The actions (API model, PendingMaintenanceAction; "Maintaining a DB instance", RDS User Guide).
pub const ACTIONS: &[Action] = &[
    Action { name: "ca-certificate-rotation", means: "it gets a certificate of a newer authority" },
    Action { name: "db-upgrade", means: "it gets a newer version of the engine" },
    Action { name: "hardware-maintenance", means: "the hardware below it is maintained" },
    Action { name: "os-upgrade", means: "it gets a newer operating system" },
    Action { name: "system-update", means: "its operating system is patched" },
];

impl Maintenance {
    /// One of this action.
    pub fn of(action: &str) -> Self {
        let known = ACTIONS.iter().find(|known| known.name == action);
        Self {
            action: action.to_owned(),
            means: known.map(|known| known.means.to_owned()),
            ..Self::default()
        }
    }

    /// The action as it is read: `system-update (its operating system is patched)`.
    pub fn title(&self) -> String {
        match &self.means {
            Some(means) => format!("{} ({means})", self.action),
            None => self.action.clone(),
        }
    }

    /// The command by which it is applied in the next maintenance window of a database.
    pub fn to_apply(&self, arn: &str, region: &str) -> Option<String> {
        let is_plain = |text: &str| {
            let is_taken = |one: char| one.is_ascii_alphanumeric() || ":-".contains(one);
            !text.is_empty() && text.chars().all(is_taken)
        };
        (is_plain(arn) && is_plain(&self.action)).then(|| {
            format!(
                "aws rds apply-pending-maintenance-action --resource-identifier {arn} --apply-action {} --opt-in-type next-maintenance --region {region}",
                self.action
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_that_is_not_known_is_named_and_one_with_other_characters_is_in_no_command() {
        assert_eq!(
            Maintenance::of("system-update").title(),
            "system-update (its operating system is patched)"
        );
        assert_eq!(Maintenance::of("new-thing").title(), "new-thing");
        let arn = "arn:aws:rds:eu-west-1:123456789012:db:records";
        let command = Maintenance::of("os-upgrade").to_apply(arn, "eu-west-1").expect("it is plain");
        assert!(command.contains("--apply-action os-upgrade --opt-in-type next-maintenance"), "{command}");
        assert_eq!(Maintenance::of("x; rm").to_apply(arn, "eu-west-1"), None);
        assert_eq!(Maintenance::of("os-upgrade").to_apply("", "eu-west-1"), None);
    }
}
