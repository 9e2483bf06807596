//! Changes that others make to a file system, its mount targets and its access points.

use aws_sdk_efs::types::{AccessPointDescription, FileSystemDescription, MountTargetDescription, Tag};

use super::{ANOTHER_LINEAGE, Hand, OWNERSHIP};
use crate::world::eventually;

impl Hand<'_> {
    fn file_system(&self) -> FileSystemDescription {
        self.cloud.file_systems().into_iter().next().expect("it was looked for before")
    }

    fn target(&self) -> MountTargetDescription {
        self.cloud.mount_targets().into_iter().next().expect("it was looked for before")
    }

    /// The access points of the stack.
    pub(super) fn points(&self) -> Vec<AccessPointDescription> {
        let mut all = self.cloud.access_points();
        all.retain(|point| point.tags().iter().any(|tag| tag.key() == OWNERSHIP[0]));
        all
    }

    /// Deletes the stack's file system with everything in it; its id.
    pub fn deletes_file_system(&self) -> String {
        let id = self.file_system().file_system_id;
        self.removes_file_system(&id);
        id
    }

    fn removes_file_system(&self, id: &str) {
        let efs = &self.cloud.efs;
        // EFS deletes none that is in a replication.
        let is_replicated = || {
            let read = efs.describe_replication_configurations().file_system_id(id).send();
            self.cloud.run(read).is_ok_and(|answer| !answer.replications().is_empty())
        };
        if is_replicated() {
            let call = efs.delete_replication_configuration().source_file_system_id(id);
            self.cloud.run(call.send()).expect("a replication can be ended");
            eventually("the replication is gone", || !is_replicated());
        }
        let points = self.cloud.run(efs.describe_access_points().file_system_id(id).send());
        for point in points.expect("access points can be read").access_points() {
            let call = efs.delete_access_point().set_access_point_id(point.access_point_id.clone());
            self.cloud.run(call.send()).expect("an access point can be deleted");
        }
        for target in self.targets_of(id) {
            self.removes_target(&target);
        }
        eventually("the mount targets are gone", || self.targets_of(id).is_empty());
        self.cloud.run(efs.delete_file_system().file_system_id(id).send()).expect("it can be deleted");
    }

    fn targets_of(&self, id: &str) -> Vec<MountTargetDescription> {
        let answer = self.cloud.run(self.cloud.efs.describe_mount_targets().file_system_id(id).send());
        answer.expect("mount targets can be read").mount_targets.unwrap_or_default()
    }

    fn removes_target(&self, target: &MountTargetDescription) {
        let call = self.cloud.efs.delete_mount_target().mount_target_id(target.mount_target_id());
        self.cloud.run(call.send()).expect("a mount target can be deleted");
    }

    /// Deletes the file system and makes another one; the id of the first. What is restored from a backup has the tags
    /// of the old one, and a token of its own (AWS Backup developer guide, "Restore an Amazon EFS file system").
    pub fn remakes_file_system(&self, with_tags: bool) -> String {
        let old = self.file_system();
        let gone = self.deletes_file_system();
        let name = Tag::builder().key("Name").value(old.name().unwrap_or("files")).build();
        let name = name.expect("it has both parts");
        let tags = if with_tags { old.tags.clone() } else { vec![name] };
        let call = self.cloud.efs.create_file_system().creation_token("by-hand").encrypted(true);
        self.cloud.run(call.set_tags(Some(tags)).send()).expect("a file system can be made");
        gone
    }

    pub fn deletes_target(&self) {
        self.removes_target(&self.target());
    }

    /// Deletes a mount target and makes another one in the same subnet, with the same groups.
    pub fn remakes_target(&self) {
        let old = self.target();
        let groups = self.cloud.groups_of(&old);
        self.removes_target(&old);
        let id = old.file_system_id().to_owned();
        let is_there = |target: &MountTargetDescription| target.mount_target_id() == old.mount_target_id();
        eventually("the old one is gone", || !self.targets_of(&id).iter().any(is_there));
        let call = self.cloud.efs.create_mount_target().file_system_id(&id).subnet_id(old.subnet_id());
        let made = self.cloud.run(call.set_security_groups(Some(groups)).send());
        made.expect("a mount target can be made");
    }

    pub fn deletes_point(&self) {
        let point = self.points().into_iter().next().expect("it was looked for before");
        let call = self.cloud.efs.delete_access_point().set_access_point_id(point.access_point_id);
        self.cloud.run(call.send()).expect("an access point can be deleted");
    }

    /// Deletes an access point and makes one like it, without tags.
    pub fn remakes_point(&self) {
        let old = self.points().into_iter().next().expect("it was looked for before");
        let call = self.cloud.efs.delete_access_point().set_access_point_id(old.access_point_id.clone());
        self.cloud.run(call.send()).expect("an access point can be deleted");
        let call = self.cloud.efs.create_access_point().client_token("by-hand");
        let call = call.set_file_system_id(old.file_system_id).set_posix_user(old.posix_user);
        let made = self.cloud.run(call.set_root_directory(old.root_directory).send());
        made.expect("an access point can be made");
    }

    pub fn untags_file_system(&self) {
        self.untags_of_efs(self.file_system().file_system_id());
    }

    pub fn takes_the_lineage_of_the_file_system(&self) {
        let call = self.cloud.efs.untag_resource().resource_id(self.file_system().file_system_id());
        self.cloud.run(call.tag_keys(OWNERSHIP[2]).send()).expect("tags can be taken away");
    }

    pub fn untags_point(&self) {
        let point = self.points().into_iter().next().expect("it was looked for before");
        self.untags_of_efs(point.access_point_id().unwrap_or_default());
    }

    fn untags_of_efs(&self, id: &str) {
        let call = self.cloud.efs.untag_resource().resource_id(id);
        let call = call.set_tag_keys(Some(OWNERSHIP.map(str::to_owned).to_vec()));
        self.cloud.run(call.send()).expect("tags can be taken away");
    }

    /// Another state has taken the file system over.
    pub fn takes_file_system_over(&self) {
        let tag = Tag::builder().key(OWNERSHIP[2]).value(ANOTHER_LINEAGE).build();
        let call = self.cloud.efs.tag_resource().resource_id(self.file_system().file_system_id());
        let call = call.tags(tag.expect("it has both parts"));
        self.cloud.run(call.send()).expect("tags can be written");
    }

    pub(super) fn removes_file_systems(&self) {
        let all = self.cloud.run(self.cloud.efs.describe_file_systems().send()).expect("they can be read");
        for one in all.file_systems() {
            self.removes_file_system(one.file_system_id());
        }
    }
}
