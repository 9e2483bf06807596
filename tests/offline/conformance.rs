//! The rules that every kind must keep for the engine, checked for all kinds of the registry alike.

use std::collections::BTreeSet;

use provision::aws::kinds::registry;
use provision::engine::document::Document;
use provision::engine::kind::Manager;
use serde_json::json;

use crate::samples::sample;

fn every_kind(hold: impl Fn(&dyn Manager, &Document)) {
    let registry = registry();
    assert!(registry.all_managed().next().is_some(), "there are kinds");
    for kind in registry.all_managed() {
        hold(kind, &sample(kind.kind()));
    }
}

#[test]
fn a_kind_has_one_row_for_each_field() {
    every_kind(|kind, sample| {
        let table: Vec<&str> = kind.fields().iter().map(|field| field.name).collect();
        let names: BTreeSet<String> = table.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(names.len(), table.len(), "{} lists a field twice", kind.kind());
        assert_eq!(names, sample.keys().cloned().collect(), "the sample of {} is not whole", kind.kind());
    });
}

#[test]
fn inputs_that_the_kind_has_written_stay_as_they_are() {
    every_kind(|kind, sample| {
        assert_eq!(kind.normalise(sample).expect("the sample fits"), *sample, "{}", kind.kind());
    });
}

#[test]
fn what_is_desired_is_met_by_itself() {
    every_kind(|kind, sample| {
        let desired = kind.normalise(sample).expect("the sample fits");
        for field in kind.fields() {
            let value = &desired[field.name];
            assert!((field.met)(value, value), "{}: {}", kind.kind(), field.name);
        }
    });
}

#[test]
fn the_samples_are_what_aws_would_take() {
    every_kind(|kind, sample| {
        assert_eq!(kind.check(sample, None).expect("the sample fits"), [], "{}", kind.kind());
        assert_eq!(kind.check(sample, Some(sample)).expect("the sample fits"), [], "{}", kind.kind());
    });
}

#[test]
fn natural_keys_are_fields() {
    every_kind(|kind, sample| {
        for field in kind.natural_key() {
            assert!(sample.contains_key(*field), "{}: {field}", kind.kind());
        }
    });
}

#[test]
fn what_holds_data_can_be_protected() {
    every_kind(|kind, sample| {
        assert!(!kind.holds_data() || sample.contains_key("deletion_protection"), "{}", kind.kind());
    });
}

#[test]
fn what_aws_writes_in_lower_case_is_compared_in_lower_case() {
    let registry = registry();
    let kind = registry.managing("aws_db_instance").expect("a kind of the registry");
    let mut shouted = sample("aws_db_instance");
    for (field, value) in [
        ("identifier", "GitLab-PgSQL"),
        ("engine", "Postgres"),
        ("maintenance_window", "Sun:04:30-Sun:05:30"),
    ] {
        shouted[field] = value.into();
    }
    assert_eq!(kind.normalise(&shouted).expect("it fits"), sample("aws_db_instance"));
}

/// The documentation of the statuses, as their tables say it.
fn statuses_as_documentation() -> String {
    use std::fmt::Write;

    use provision::engine::address::Address;
    use provision::engine::remedy::Way;
    use provision::engine::resource::{Changes, Class, Data, Deletion, Id, Object, Status};

    let takes = |row: &Status| -> String {
        let changes = match row.changes {
            Changes::All => "every change".to_owned(),
            Changes::Only(fields) => format!("`{}` at once", fields.join("`, `")),
            Changes::None => String::new(),
        };
        let deletion = match row.deletion {
            Deletion::Any => "deletion",
            Deletion::WithoutSnapshot => "deletion without a final snapshot",
            Deletion::Refused => "",
        };
        let start = if row.starts { "a start" } else { "" };
        let reboot = if row.reboots { "a reboot" } else { "" };
        let all: Vec<&str> =
            [changes.as_str(), start, reboot, deletion].into_iter().filter(|one| !one.is_empty()).collect();
        if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
    };
    let mut page = String::from(
        "# What each status of AWS means, and what to type\n\n\
         `provision plan` says the same of an object in one of these statuses, with its real names. A status that is not listed \
         is taken for one that passes by itself: it is shown by its name, and never an error.\n\n\
         - **serves**: it takes changes.\n\
         - **passes by itself**: apply waits for it.\n\
         - **held**: waiting never ends it. What AWS does not take meanwhile is left out of a plan, all else is done, and apply \
         ends with exit code 1 and the command. With nothing to change it is a warning.\n\
         - **lost**: AWS gave it up. Its data comes from a backup; it is made anew with `--replace` only where it never held \
         any. Deletion protection is turned off by a change, which AWS does not take of a lost database: only AWS Support can.\n\
         - **going**: it is being deleted.\n\n\
         Options that are only recorded (`final_snapshot`, `deletion_protection` of a file system) are applied in every status.\n",
    );
    for (kind, rows) in provision::aws::kinds::statuses() {
        let inputs = sample(kind);
        let outputs = json!({ "destination_region": "eu-central-1", "arn": "arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-0123456789abcdef0" });
        let (name, id) = match kind {
            "aws_db_instance" => (Address::new(kind, "gitlab-pgsql"), "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
            "aws_efs_file_system" => (Address::new(kind, "gitlab-nfs"), "fs-0123456789abcdef0"),
            "aws_efs_mount_target" => {
                (Address::member(kind, "gitlab-nfs", "eu-west-1a"), "fsmt-0123456789abcdef0")
            }
            "aws_efs_replication_configuration" => {
                (Address::new(kind, "gitlab-nfs"), "fs-0123456789abcdef0/replication-configuration")
            }
            "aws_elasticache_replication_group" => (Address::new(kind, "gitlab-cache"), "gitlab-cache"),
            "aws_instance" => (Address::new(kind, "web"), "i-0123456789abcdef0"),
            "aws_ebs_volume" => (Address::member(kind, "web", "data"), "vol-0123456789abcdef0"),
            _ => (Address::member(kind, "gitlab-nfs", "data"), "fsap-0123456789abcdef0"),
        };
        write!(page, "\n## `{kind}`\n").expect("a string takes everything");
        for (class, title) in [
            (Class::Serves, "Serves"),
            (Class::Passes, "Passes by itself"),
            (Class::Held, "Held"),
            (Class::Lost, "Lost"),
            (Class::Leaving, "Going"),
        ] {
            let rows: Vec<&Status> = rows.iter().filter(|row| row.class == class).collect();
            if rows.is_empty() {
                continue;
            }
            write!(page, "\n**{title}**\n\n").expect("a string takes everything");
            for row in rows {
                let object = Object {
                    address: &name,
                    id: &Id::new(id),
                    region: "eu-west-1",
                    inputs: &inputs,
                    outputs: outputs.as_object().expect("an object"),
                };
                let never_made = class == Class::Lost && row.data == Data::Never;
                writeln!(page, "- `{}`: {}. AWS takes {}. _{}_", row.name, row.means, takes(row), row.source)
                    .expect("a string takes everything");
                for Way { aim, steps } in row.ways(&object, never_made, false) {
                    writeln!(page, "  - {}", aim.map_or("the cure:".to_owned(), |aim| format!("{aim}:")))
                        .expect("a string takes everything");
                    for (number, step) in steps.iter().enumerate() {
                        let (number, step) = (number + 1, step.to_string());
                        let is_command = ["aws ", "provision "].iter().any(|start| step.starts_with(start));
                        let step = if is_command { format!("`{step}`") } else { step };
                        writeln!(page, "    {number}. {step}").expect("a string takes everything");
                    }
                }
            }
        }
    }
    page.push_str(
        "\n## Maintenance of databases\n\n\
         `provision status` shows what RDS has pending of a database, with RDS's own description and its dates: the first window in which it is applied, and the \
         day on which it is applied whatever the window is. A day that is less than 28 days ahead is at risk, unless a window takes it before. \
         _RDS API reference, PendingMaintenanceAction; RDS User Guide, Maintaining a DB instance_\n\n",
    );
    for action in provision::recovery::maintenance::ACTIONS {
        writeln!(page, "- `{}`: {}.", action.name, action.means).expect("a string takes everything");
    }
    page
}

#[test]
fn the_documentation_of_the_statuses_is_their_tables() {
    documented("docs/statuses.md", &statuses_as_documentation());
}

/// Holds that a page is what the sources say, or writes it where that is asked for.
pub fn documented(page: &str, expected: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    if std::env::var_os("PROVISION_WRITE_DOCS").is_some() {
        std::fs::write(&path, expected).expect("the page can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == expected,
        "{page} is not what the sources say: PROVISION_WRITE_DOCS=1 cargo test --test offline"
    );
}
