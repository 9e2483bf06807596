//! The cures of a database that waiting does not mend, as commands with its real names.

use super::super::restore;
use crate::engine::remedy::{Remedy, Way};
use crate::engine::resource::Object;
use crate::stack::postgres::Version;

/// `aws rds ACTION --db-instance-identifier X … --region R`
fn rds(object: &Object<'_>, action: &str, options: &[&str]) -> Remedy {
    let named = [action, "--db-instance-identifier", object.text("identifier")];
    Remedy::aws(["rds"].iter().chain(&named).chain(options).chain(&["--region", object.region]).copied())
}

fn start_it(object: &Object<'_>) -> Remedy {
    rds(object, "start-db-instance", &[])
}

pub(super) fn start(object: &Object<'_>) -> Vec<Way> {
    vec![Way::of([start_it(object)])]
}

/// A tenth more is the least that RDS takes, and it takes it only at once.
pub(super) fn grow(object: &Object<'_>) -> Vec<Way> {
    let size = object.number("allocated_storage");
    let options = [
        ("allocated_storage", (size + (size + 9) / 10).to_string()),
        ("apply_immediately", "true".to_owned()),
    ];
    let options = options.map(|(option, value)| (option.to_owned(), value));
    vec![Way::of([Remedy::Write { address: object.address.clone(), options: options.into() }, Remedy::Apply])]
}

/// The key in its own region, which its ARN names.
fn enable_key(object: &Object<'_>) -> Remedy {
    Remedy::aws(["kms", "enable-key", "--key-id", object.text("kms_key_id"), "--region", object.region])
}

pub(super) fn give_key_back(object: &Object<'_>) -> Vec<Way> {
    let cancel =
        ["kms", "cancel-key-deletion", "--key-id", object.text("kms_key_id"), "--region", object.region];
    vec![
        Way::of([enable_key(object), start_it(object)]),
        Way::to(
            "where the key waits for its deletion",
            [Remedy::aws(cancel), enable_key(object), start_it(object)],
        ),
    ]
}

pub(super) fn mend_network(object: &Object<'_>) -> Vec<Way> {
    let group = object.text("db_subnet_group_name");
    let what = format!("free addresses in the subnets of the DB subnet group {group}, or add a subnet to it");
    vec![Way::of([Remedy::by_hand(what), start_it(object)])]
}

pub(super) fn reset_options(object: &Object<'_>) -> Vec<Way> {
    let major = Version::parse(object.text("engine_version")).map(|version| version.family());
    let major = major.unwrap_or_default().replace("postgres", "postgres-");
    let default = format!("default:{major}");
    vec![Way::of([rds(
        object,
        "modify-db-instance",
        &["--option-group-name", &default, "--apply-immediately"],
    )])]
}

pub(super) fn mend_parameters(object: &Object<'_>) -> Vec<Way> {
    let reboot = rds(object, "reboot-db-instance", &[]);
    match object.text("parameter_group_name") {
        "" => {
            let what = "mend the parameters of its DB parameter group (the event RDS-EVENT-0035 names them)";
            vec![Way::of([Remedy::by_hand(what), reboot])]
        }
        group => {
            let what = format!(
                "mend the `parameters` in the stack file that {group} is made of (RDS-EVENT-0035 names them)"
            );
            vec![Way::of([Remedy::by_hand(what), Remedy::Apply, reboot])]
        }
    }
}

pub(super) fn restore(object: &Object<'_>) -> Vec<Way> {
    vec![Way::of(restored(object))]
}

pub(super) fn restore_with_key(object: &Object<'_>) -> Vec<Way> {
    let steps = std::iter::once(enable_key(object)).chain(restored(object));
    vec![Way::of(steps)]
}

/// The name of what is restored beside the lost one: an identifier has at most 63 characters.
fn restored_name(object: &Object<'_>) -> String {
    let kept: String = object.text("identifier").chars().take(54).collect();
    format!("{}-restored", kept.trim_end_matches('-'))
}

/// The lost database beside its old self, under the protection that restored data needs.
fn restored(object: &Object<'_>) -> Vec<Remedy> {
    let name = restored_name(object);
    let options = restore::options(object);
    let mut words = vec!["rds"];
    let backups = object.number("backup_retention_period") > 0;
    let mut steps = Vec::new();
    if backups {
        words.extend([
            "restore-db-instance-to-point-in-time",
            "--source-dbi-resource-id",
            object.id.as_str(),
        ]);
        words.extend(["--target-db-instance-identifier", &name, "--use-latest-restorable-time"]);
    } else {
        // Without automated backups there are snapshots alone.
        let identifier = object.text("identifier");
        let list = [
            "rds",
            "describe-db-snapshots",
            "--db-instance-identifier",
            identifier,
            "--region",
            object.region,
        ];
        steps.push(Remedy::aws(list));
        words.extend(["restore-db-instance-from-db-snapshot", "--db-snapshot-identifier", "SNAPSHOT"]);
        words.extend(["--db-instance-identifier", &name]);
    }
    words.extend(options.iter().map(String::as_str));
    words.extend(["--deletion-protection", "--region", object.region]);
    steps.push(Remedy::aws(words));
    steps.push(Remedy::aws(restore::wait(&name, object.region)));
    steps.push(Remedy::Import { address: object.address.clone(), id: name });
    steps
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::address::Address;
    use crate::engine::document::Document;
    use crate::engine::remedy::hint_of;
    use crate::engine::resource::Id;

    fn hint(cure: fn(&Object<'_>) -> Vec<Way>, changed: serde_json::Value) -> String {
        let inputs = super::super::super::sample::with(changed);
        let object = Object {
            address: &Address::new("aws_db_instance", "db"),
            id: &Id::new("db-ABC"),
            region: "eu-west-1",
            inputs: &inputs,
            outputs: &Document::new(),
        };
        hint_of(&cure(&object)).expect("a cure")
    }

    #[test]
    fn a_cure_is_a_command_that_can_be_typed_as_it_is() {
        let key = json!({ "kms_key_id": "arn:aws:kms:eu-west-1:123456789012:key/1" });
        for (found, expected) in [
            (
                hint(start, json!({})),
                "aws rds start-db-instance --db-instance-identifier gitlab-pgsql --region eu-west-1",
            ),
            (
                hint(grow, json!({ "allocated_storage": 55 })),
                "write `allocated_storage: 61` and `apply_immediately: true` into the stack file, then: provision apply",
            ),
            (
                hint(reset_options, json!({ "engine_version": "16.4" })),
                "aws rds modify-db-instance --db-instance-identifier gitlab-pgsql --option-group-name default:postgres-16 \
                 --apply-immediately --region eu-west-1",
            ),
        ] {
            assert_eq!(found, expected);
        }
        assert!(hint(give_key_back, key).starts_with(
            "aws kms enable-key --key-id arn:aws:kms:eu-west-1:123456789012:key/1 --region eu-west-1, then: aws rds \
             start-db-instance "
        ));
    }

    #[test]
    fn what_is_lost_is_restored_and_never_deleted() {
        let said = hint(restore, json!({}));
        let places =
            ["restore-db-instance-to-point-in-time", "provision import"].map(|words| said.find(words));
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{said}");
        assert!(said.contains(
            "--source-dbi-resource-id db-ABC --target-db-instance-identifier gitlab-pgsql-restored"
        ));
        assert!(!said.contains("delete-db-instance"), "{said}");
        let without = hint(restore, json!({ "backup_retention_period": 0 }));
        assert!(without.starts_with("aws rds describe-db-snapshots "), "{without}");
    }

    #[test]
    fn a_restore_names_iops_and_throughput_only_where_rds_takes_them() {
        let shown = |kind: &str, size: i32, iops: i32, throughput: i32| json!({ "storage_type": kind, "allocated_storage": size, "iops": iops, "storage_throughput": throughput });
        for (storage, iops, throughput) in [
            // RDS shows what is included with a small gp3, and refuses it in a call.
            (shown("gp3", 50, 3_000, 125), false, false),
            (shown("gp3", 399, 3_000, 125), false, false),
            (shown("gp3", 400, 12_000, 500), true, true),
            (shown("io1", 100, 1_000, 0), true, false),
            (shown("io2", 100, 1_000, 0), true, false),
            (shown("gp2", 500, 1_500, 0), false, false),
            (shown("standard", 500, 0, 0), false, false),
        ] {
            for backups in [7, 0] {
                let mut storage = storage.clone();
                storage["backup_retention_period"] = backups.into();
                let said = hint(restore, storage.clone());
                assert_eq!(said.contains(" --iops "), iops, "{storage}: {said}");
                assert_eq!(said.contains(" --storage-throughput "), throughput, "{storage}: {said}");
            }
        }
    }

    #[test]
    fn the_name_of_a_restored_database_fits() {
        let said = hint(restore, json!({ "identifier": "a".repeat(63) }));
        let name =
            said.split("--target-db-instance-identifier ").nth(1).and_then(|rest| rest.split(' ').next());
        assert!(name.is_some_and(|name| name.len() <= 63), "{said}");
    }
}
