//! The statuses of a database: one row each.
//!
//! The list grows. A status that is not in it is taken for one that passes by itself, and is shown by its name.

mod cure;

use crate::engine::resource::Status;

/// Amazon RDS User Guide; where nothing else is said, the row is what this page says.
const GUIDE: &str = "RDS User Guide, Viewing Amazon RDS DB instance status";
/// The statuses that StartDBInstance takes are in its refusal: "stopped, inaccessible-encryption-credentials-recoverable,
/// incompatible-network (only valid for non-SqlServer instances)".
const START: &str = "RDS User Guide, Viewing Amazon RDS DB instance status; the refusal of StartDBInstance names what it takes";
const DELETE: &str = "RDS User Guide, Viewing Amazon RDS DB instance status; RDS API reference, DeleteDBInstance (SkipFinalSnapshot)";

/// Every status that is documented.
pub static STATUSES: &[Status] = &[
    Status::serves("available", "it serves, and takes changes").rebooting().source(GUIDE),
    // The storage is in use while it is optimised or loaded after a restore, which takes hours.
    Status::serves("storage-optimization", "it serves while RDS optimises its storage after a change").source(GUIDE),
    Status::serves("storage-initialization", "it serves while RDS loads its storage from a backup").source(GUIDE),
    Status::passes("backing-up", "RDS takes a backup of it").source(GUIDE),
    Status::passes("configuring-enhanced-monitoring", "RDS turns enhanced monitoring on or off").source(GUIDE),
    Status::passes("configuring-iam-database-auth", "RDS turns the login with IAM on or off").source(GUIDE),
    Status::passes("configuring-log-exports", "RDS changes which logs it publishes").source(GUIDE),
    Status::passes("converting-to-vpc", "RDS moves it into a VPC").source(GUIDE),
    Status::passes("moving-to-vpc", "RDS moves it to another VPC").source(GUIDE),
    Status::passes("creating", "RDS makes it").without_snapshot().source(DELETE),
    Status::passes("maintenance", "RDS maintains it").source(GUIDE),
    Status::passes("modifying", "RDS changes it").source(GUIDE),
    Status::passes("rebooting", "it restarts").source(GUIDE),
    Status::passes("renaming", "RDS renames it").source(GUIDE),
    Status::passes("resetting-master-credentials", "RDS changes its master password").source(GUIDE),
    Status::passes("starting", "it starts").source(GUIDE),
    Status::passes("stopping", "it stops").source(GUIDE),
    Status::passes("storage-config-upgrade", "RDS changes how its storage is laid out").source(GUIDE),
    Status::passes("upgrading", "RDS upgrades its engine or operating system").source(GUIDE),
    Status::leaving("delete-precheck", "RDS looks whether it can be deleted").source(GUIDE),
    Status::leaving("deleting", "RDS deletes it").source(GUIDE),
    Status::leaving("deleted", "RDS has deleted it").source(GUIDE),
    // "You can't modify a stopped DB instance"; only a parameter or option group can be attached to it.
    Status::held("stopped", "it was stopped, and RDS starts it by itself after 7 days at the latest", cure::start)
        .changing(&["parameter_group_name"])
        .starting()
        .source("RDS User Guide, Stopping an Amazon RDS DB instance temporarily"),
    // Everything else that is asked for at the same time is refused (aws-controllers-k8s/rds-controller, hooks.go).
    Status::held("storage-full", "it takes no more writes, since its storage is full", cure::grow)
        .changing(&["allocated_storage"])
        .source("RDS User Guide, Amazon RDS DB instance running out of storage"),
    Status::held(
        "inaccessible-encryption-credentials-recoverable",
        "it was stopped because RDS cannot use its KMS key, and is lost if that lasts 7 days",
        cure::give_key_back,
    )
    .starting()
    .source(START),
    Status::held(
        "incompatible-network",
        "it was not brought back, because RDS found no free address or no usable subnet for it",
        cure::mend_network,
    )
    .starting()
    .without_snapshot()
    .source(START),
    Status::held("incompatible-option-group", "RDS could not apply a change of its option group", cure::reset_options)
        .source(GUIDE),
    Status::held(
        "incompatible-parameters",
        "PostgreSQL does not start with the parameters of its group",
        cure::mend_parameters,
    )
    .changing(&["parameter_group_name"])
    .rebooting()
    .source("RDS User Guide, Troubleshooting: incompatible-parameters; Amazon RDS event categories, RDS-EVENT-0035"),
    Status::lost("failed", "RDS cannot recover it; its data is in its backups", cure::restore)
        .without_snapshot()
        .source(DELETE),
    Status::lost(
        "inaccessible-encryption-credentials",
        "RDS could not use its KMS key for 7 days; its data is in its backups, and needs that key too",
        cure::restore_with_key,
    )
    .without_snapshot()
    .source(GUIDE),
    Status::lost(
        "incompatible-restore",
        "RDS could not restore it, or not upgrade it with the database that it is a replica of",
        cure::restore,
    )
    .without_snapshot()
    .source(DELETE),
    Status::lost("restore-error", "RDS could not restore it", cure::restore).without_snapshot().source(GUIDE),
    Status::lost("insufficient-capacity", "RDS had no capacity to make it in its class and zones", cure::restore)
        .without_snapshot()
        .never_made()
        .source(GUIDE),
    Status::lost("incompatible-create", "RDS could not finish making it", cure::restore)
        .without_snapshot()
        .never_made()
        .source(GUIDE),
    // The user guide writes it with `_`, CloudFormation's handler (DBInstanceStatus.java) with `-`.
    Status::lost("upgrade_failed", "RDS could not upgrade it, and not take the upgrade back", cure::restore)
        .without_snapshot()
        .source(GUIDE),
    Status::lost("upgrade-failed", "RDS could not upgrade it, and not take the upgrade back", cure::restore)
        .without_snapshot()
        .source("aws-cloudformation/aws-cloudformation-resource-providers-rds, DBInstanceStatus.java"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::engine::resource::{Class, Condition};

    #[test]
    fn every_status_is_there_once_with_its_meaning_and_its_source() {
        let names: BTreeSet<&str> = STATUSES.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), STATUSES.len());
        for row in STATUSES {
            assert!(!row.means.is_empty() && !row.means.ends_with('.') && !row.source.is_empty(), "{row:?}");
        }
    }

    #[test]
    fn a_status_that_waiting_never_ends_is_not_waited_for() {
        let class = |status: &str| match Condition::of(STATUSES, status) {
            Condition::Ready => Class::Serves,
            Condition::Pending(_) => Class::Passes,
            Condition::Held(_) => Class::Held,
            Condition::Lost(_) => Class::Lost,
            Condition::Leaving(_) => Class::Leaving,
        };
        for (status, expected) in [
            ("available", Class::Serves),
            ("storage-optimization", Class::Serves),
            ("storage-initialization", Class::Serves),
            ("creating", Class::Passes),
            ("backing-up", Class::Passes),
            ("configuring-something-new", Class::Passes),
            ("incompatible-something-new", Class::Passes),
            ("storage-full", Class::Held),
            ("stopped", Class::Held),
            ("incompatible-network", Class::Held),
            ("incompatible-parameters", Class::Held),
            ("incompatible-option-group", Class::Held),
            ("inaccessible-encryption-credentials-recoverable", Class::Held),
            ("inaccessible-encryption-credentials", Class::Lost),
            ("failed", Class::Lost),
            ("incompatible-restore", Class::Lost),
            ("insufficient-capacity", Class::Lost),
            ("upgrade-failed", Class::Lost),
            ("deleting", Class::Leaving),
            ("delete-precheck", Class::Leaving),
        ] {
            assert_eq!(class(status), expected, "{status}");
        }
    }
}
