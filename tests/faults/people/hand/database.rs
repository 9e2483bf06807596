//! Changes that others make to a database, its subnet group and its parameter group.

use std::fmt::Debug;

use aws_sdk_ec2::types::SecurityGroup;
use aws_sdk_rds::error::ProvideErrorMetadata;
use aws_sdk_rds::types::{DbInstance, Tag};

use super::{ANOTHER_LINEAGE, Hand, OWNERSHIP};

/// The lists that are read before an account is taken to be clear.
const LOOKS: usize = 10;

impl Hand<'_> {
    fn database(&self) -> DbInstance {
        self.cloud.databases().into_iter().next().expect("it was looked for before")
    }

    fn name(&self) -> String {
        self.database().db_instance_identifier.expect("a database has a name")
    }

    /// The parameter group of the stack, by its name.
    pub(super) fn parameter_group(&self) -> Option<String> {
        let all = self.cloud.run(self.cloud.rds.describe_db_parameter_groups().send());
        let all = all.expect("they can be read").db_parameter_groups.unwrap_or_default();
        all.into_iter()
            .filter(|group| {
                let arn = group.db_parameter_group_arn().unwrap_or_default();
                self.cloud.rds_tags(arn).contains_key(OWNERSHIP[0])
            })
            .find_map(|group| group.db_parameter_group_name)
    }

    pub fn renames_database(&self, to: &str) {
        let call = self.cloud.rds.modify_db_instance().db_instance_identifier(self.name());
        let call = call.new_db_instance_identifier(to).apply_immediately(true);
        self.cloud.run(call.send()).expect("a database can be renamed");
    }

    /// Gives a database the default group of its network in the place of this one; the database's id.
    pub fn gives_another_group(&self, name: &str, group: &str) -> String {
        let (ec2, rds) = (&self.cloud.ec2, &self.cloud.rds);
        let groups = self.cloud.run(ec2.describe_security_groups().send()).expect("groups can be read");
        let groups = groups.security_groups();
        let one = groups.iter().find(|one| one.group_id() == Some(group)).expect("the group is there");
        let is_default =
            |other: &&SecurityGroup| other.group_name() == Some("default") && other.vpc_id() == one.vpc_id();
        let default = groups.iter().find(is_default).and_then(|other| other.group_id());
        let call = rds.modify_db_instance().db_instance_identifier(name).apply_immediately(true);
        let call = call.vpc_security_group_ids(default.expect("every network has a default group"));
        let changed = self.cloud.run(call.send()).expect("a database can be given another group");
        let id = changed.db_instance.and_then(|database| database.dbi_resource_id);
        id.expect("a database has an id")
    }

    /// Deletes the stack's database; its id.
    pub fn deletes_database(&self) -> String {
        let database = self.database();
        self.removes_database(database.db_instance_identifier().unwrap_or_default());
        database.dbi_resource_id.expect("a database has an id")
    }

    fn removes_database(&self, name: &str) {
        let call = self.cloud.rds.modify_db_instance().db_instance_identifier(name);
        // Refused where there is no protection to be turned off.
        let _ = self.cloud.run(call.deletion_protection(false).apply_immediately(true).send());
        let call = self.cloud.rds.delete_db_instance().db_instance_identifier(name);
        is_gone(self.cloud.run(call.skip_final_snapshot(true).send()));
    }

    /// Makes a database with the name and the groups of the stack's own, which is gone by now.
    pub fn makes_database_like(&self, old: &DbInstance) {
        let call = self.cloud.rds.create_db_instance().engine("postgres");
        let call = call.set_db_instance_identifier(old.db_instance_identifier.clone());
        let call = call.db_instance_class("db.t4g.medium").allocated_storage(50).storage_encrypted(true);
        let call = call.master_username("somebody").manage_master_user_password(true);
        let call = call.db_subnet_group_name(subnet_group_of(old)).set_vpc_security_group_ids(groups_of(old));
        self.cloud.run(call.send()).expect("a database can be made");
    }

    /// Deletes the database and makes another one, with the same name; the id of the first.
    pub fn remakes_database(&self) -> String {
        let old = self.database();
        let gone = self.deletes_database();
        self.makes_database_like(&old);
        gone
    }

    /// The usual recovery: a snapshot is restored under the old name, and the old database keeps another one.
    pub fn restores_database(&self, with_tags: bool) {
        let old = self.database();
        let name = old.db_instance_identifier().unwrap_or_default();
        let snapshot = self.cloud.rds.create_db_snapshot().db_instance_identifier(name);
        let made = self.cloud.run(snapshot.db_snapshot_identifier("by-hand").send());
        made.expect("a snapshot can be made");
        self.renames_database(&format!("{name}-old"));
        let call = self.cloud.rds.restore_db_instance_from_db_snapshot().db_snapshot_identifier("by-hand");
        let call = call.db_instance_identifier(name).db_instance_class("db.t4g.medium");
        let call = call.db_subnet_group_name(subnet_group_of(&old)).multi_az(true);
        let call = call.set_vpc_security_group_ids(groups_of(&old));
        let tags = if with_tags { old.tag_list.clone() } else { None };
        self.cloud.run(call.set_tags(tags).send()).expect("a snapshot can be restored");
    }

    pub fn untags_database(&self) {
        self.untags(self.database().db_instance_arn().unwrap_or_default());
    }

    /// Takes the one tag away that proves whose it is.
    pub fn takes_the_lineage_of_the_database(&self) {
        let call = self.cloud.rds.remove_tags_from_resource().tag_keys(OWNERSHIP[2]);
        let call = call.resource_name(self.database().db_instance_arn().unwrap_or_default());
        self.cloud.run(call.send()).expect("tags can be taken away");
    }

    pub fn untags_subnet_group(&self) {
        let group = self.cloud.subnet_groups().into_iter().next().expect("it was looked for before");
        self.untags(group.db_subnet_group_arn().unwrap_or_default());
    }

    pub fn untags_parameter_group(&self) {
        let name = self.parameter_group().expect("it was looked for before");
        let call = self.cloud.rds.describe_db_parameter_groups().db_parameter_group_name(name);
        let answer = self.cloud.run(call.send()).expect("it can be read");
        let arn = answer.db_parameter_groups().first().and_then(|group| group.db_parameter_group_arn());
        self.untags(arn.unwrap_or_default());
    }

    fn untags(&self, arn: &str) {
        let call = self.cloud.rds.remove_tags_from_resource().resource_name(arn);
        let call = call.set_tag_keys(Some(OWNERSHIP.map(str::to_owned).to_vec()));
        self.cloud.run(call.send()).expect("tags can be taken away");
    }

    /// Another state has taken the database over.
    pub fn takes_database_over(&self) {
        let tag = Tag::builder().key(OWNERSHIP[2]).value(ANOTHER_LINEAGE).build();
        let call = self.cloud.rds.add_tags_to_resource().tags(tag);
        let call = call.resource_name(self.database().db_instance_arn().unwrap_or_default());
        self.cloud.run(call.send()).expect("tags can be written");
    }

    /// Deletes the parameter group, after the database was given the default one.
    pub fn deletes_parameter_group(&self) {
        let name = self.parameter_group().expect("it was looked for before");
        for database in self.cloud.databases() {
            let id = database.db_instance_identifier().unwrap_or_default();
            let call = self.cloud.rds.modify_db_instance().db_instance_identifier(id);
            let call = call.db_parameter_group_name("default.postgres16").apply_immediately(true);
            self.cloud.run(call.send()).expect("a database can be given another group");
            // The old group is in use until then.
            let _ = self.cloud.run(self.cloud.rds.reboot_db_instance().db_instance_identifier(id).send());
        }
        let call = self.cloud.rds.delete_db_parameter_group().db_parameter_group_name(name);
        self.cloud.run(call.send()).expect("a parameter group can be deleted");
    }

    pub(super) fn removes_databases(&self) {
        let rds = &self.cloud.rds;
        // A list may be older than a change of a name or a deletion: then the next one is right.
        for _ in 0..LOOKS {
            let all = self.cloud.run(rds.describe_db_instances().send()).expect("they can be read");
            for one in all.db_instances() {
                self.removes_database(one.db_instance_identifier().unwrap_or_default());
            }
            if all.db_instances().is_empty() {
                break;
            }
        }
        for _ in 0..LOOKS {
            let all = self.cloud.run(rds.describe_db_snapshots().snapshot_type("manual").send());
            let Ok(all) = all else { continue };
            for one in all.db_snapshots() {
                let name = one.db_snapshot_identifier.clone();
                is_gone(self.cloud.run(rds.delete_db_snapshot().set_db_snapshot_identifier(name).send()));
            }
            break;
        }
        let all = self.cloud.run(rds.describe_db_subnet_groups().send()).expect("they can be read");
        for one in all.db_subnet_groups() {
            let call =
                rds.delete_db_subnet_group().set_db_subnet_group_name(one.db_subnet_group_name.clone());
            is_gone(self.cloud.run(call.send()));
        }
        let all = self.cloud.run(rds.describe_db_parameter_groups().send()).expect("they can be read");
        let names = all.db_parameter_groups().iter().filter_map(|one| one.db_parameter_group_name());
        for name in names.filter(|name| !name.starts_with("default.")) {
            let call = rds.delete_db_parameter_group().db_parameter_group_name(name);
            is_gone(self.cloud.run(call.send()));
        }
    }
}

/// What was to be deleted is deleted now or was before: lists may be older than a deletion.
fn is_gone<T: Debug, E: ProvideErrorMetadata + Debug>(answer: Result<T, E>) {
    let Err(refused) = answer else { return };
    let was_gone = refused.code().is_some_and(|code| code.contains("NotFound"));
    assert!(was_gone, "a deletion was refused: {refused:?}");
}

fn subnet_group_of(database: &DbInstance) -> String {
    let group = database.db_subnet_group().and_then(|group| group.db_subnet_group_name());
    group.unwrap_or_default().to_owned()
}

fn groups_of(database: &DbInstance) -> Option<Vec<String>> {
    let groups = database.vpc_security_groups().iter();
    Some(groups.filter_map(|group| group.vpc_security_group_id.clone()).collect())
}
