//! Changes that others make to a machine, its volume and its address.

use aws_sdk_ec2::primitives::Blob;
use aws_sdk_ec2::types::{Address, AttributeValue, Instance, SecureBlobAttributeValue, Volume};

use super::{Hand, OWNERSHIP};

fn is_ours(tags: &[aws_sdk_ec2::types::Tag]) -> bool {
    tags.iter().any(|tag| tag.key() == Some(OWNERSHIP[0]))
}

impl Hand<'_> {
    /// The machines of the stack that are there.
    pub fn machines(&self) -> Vec<Instance> {
        let all = self.cloud.run(self.cloud.ec2.describe_instances().send()).expect("machines can be read");
        let all = all.reservations().iter().flat_map(|one| one.instances().to_vec());
        let state = |one: &Instance| one.state()?.name().map(|name| name.as_str().to_owned());
        let is_there = |one: &Instance| {
            state(one).is_some_and(|state| state != "terminated" && state != "shutting-down")
        };
        all.filter(|one| is_ours(one.tags()) && is_there(one)).collect()
    }

    pub fn machine(&self) -> Option<String> {
        self.machines().first()?.instance_id().map(str::to_owned)
    }

    fn the_machine(&self) -> String {
        self.machine().expect("it was looked for before")
    }

    /// The volume of the stack: the one that a machine keeps when it is replaced.
    pub fn volume(&self) -> Option<Volume> {
        let all = self.cloud.run(self.cloud.ec2.describe_volumes().send()).expect("volumes can be read");
        let is_of_data = |one: &&Volume| {
            let tag = one.tags().iter().find(|tag| tag.key() == Some(OWNERSHIP[1]));
            tag.and_then(|tag| tag.value()).is_some_and(|address| address.starts_with("aws_ebs_volume."))
        };
        all.volumes().iter().find(is_of_data).cloned()
    }

    fn the_volume(&self) -> String {
        self.volume().and_then(|one| one.volume_id).expect("it was looked for before")
    }

    pub fn address(&self) -> Option<Address> {
        let all = self.cloud.run(self.cloud.ec2.describe_addresses().send()).expect("addresses can be read");
        all.addresses().iter().find(|one| is_ours(one.tags())).cloned()
    }

    fn the_address(&self) -> Address {
        self.address().expect("it was looked for before")
    }

    /// EC2 goes from one state of a machine to the next while it is looked at.
    fn waits(&self) {
        for _ in 0..3 {
            self.cloud.run(self.cloud.ec2.describe_instances().send()).expect("machines can be read");
        }
    }

    pub fn terminates_machine(&self) {
        let call = self.cloud.ec2.terminate_instances().instance_ids(self.the_machine());
        self.cloud.run(call.send()).expect("it can be terminated");
        self.waits();
    }

    pub fn stops_machine(&self) {
        let call = self.cloud.ec2.stop_instances().instance_ids(self.the_machine());
        self.cloud.run(call.send()).expect("it can be stopped");
        self.waits();
    }

    pub fn gives_machine_another_type(&self) {
        self.stops_machine();
        let another = AttributeValue::builder().value("t3.small").build();
        let call = self.cloud.ec2.modify_instance_attribute().instance_id(self.the_machine());
        self.cloud.run(call.instance_type(another).send()).expect("it can be changed");
    }

    pub fn gives_machine_another_user_data(&self) {
        self.stops_machine();
        // The emulator decodes it twice.
        let text = aws_smithy_types::base64::encode("#!/bin/sh\necho of others\n");
        let another = SecureBlobAttributeValue::builder().value(Blob::new(text)).build();
        let call = self.cloud.ec2.modify_instance_attribute().instance_id(self.the_machine());
        self.cloud.run(call.user_data(another).send()).expect("it can be changed");
    }

    pub fn detaches_volume(&self) {
        let call = self.cloud.ec2.detach_volume().volume_id(self.the_volume());
        // One that a stopped run was to attach is free.
        let _ = self.cloud.run(call.send());
    }

    pub fn deletes_volume(&self) -> String {
        self.detaches_volume();
        let id = self.the_volume();
        self.cloud.run(self.cloud.ec2.delete_volume().volume_id(&id).send()).expect("it can be deleted");
        id
    }

    /// A machine of others, beside the stack's.
    pub fn makes_another_machine(&self, subnet: &str) -> String {
        let image = self.machines().first().and_then(|one| one.image_id().map(str::to_owned));
        let call = self.cloud.ec2.run_instances().set_image_id(image).min_count(1).max_count(1);
        let made = self.cloud.run(call.subnet_id(subnet).send()).expect("it can be made");
        self.waits();
        made.instances().first().and_then(|one| one.instance_id()).expect("it has an id").to_owned()
    }

    /// Puts the volume on a machine of others, in its zone.
    pub fn takes_volume(&self, subnet: &str) {
        let machine = self.makes_another_machine(subnet);
        self.detaches_volume();
        let call = self.cloud.ec2.attach_volume().volume_id(self.the_volume()).instance_id(machine);
        self.cloud.run(call.device("/dev/sdf").send()).expect("it can be attached");
    }

    /// Puts the address on a machine of others.
    pub fn takes_address(&self, subnet: &str) {
        let machine = self.makes_another_machine(subnet);
        let call = self.cloud.ec2.associate_address().instance_id(machine).allow_reassociation(true);
        let call = call.set_allocation_id(self.the_address().allocation_id);
        self.cloud.run(call.send()).expect("it can be moved");
    }

    pub fn takes_address_off(&self) {
        // One that a stopped run was to put there is free.
        if let Some(association) = self.the_address().association_id {
            let call = self.cloud.ec2.disassociate_address().association_id(association);
            self.cloud.run(call.send()).expect("it can be taken off");
        }
    }

    pub fn releases_address(&self) {
        self.takes_address_off();
        let call = self.cloud.ec2.release_address().set_allocation_id(self.the_address().allocation_id);
        self.cloud.run(call.send()).expect("it can be released");
    }
}
