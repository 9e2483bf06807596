"""EC2's machines, volumes and addresses: tokens, states and refusals."""

import base64
import unittest

from base import Case

PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


class Machines(Case):
    def setUp(self):
        super().setUp()
        self.image = self.client("ssm").get_parameter(Name=PARAMETER)["Parameter"]["Value"]
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = lambda zone, n: self.ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=zone)
        self.subnet = subnet("eu-west-1a", 1)["Subnet"]["SubnetId"]
        self.group = self.ec2.create_security_group(GroupName="one", Description="one", VpcId=vpc)["GroupId"]

    def run_one(self, **more):
        root = {"VolumeType": "gp3", "Encrypted": True, "DeleteOnTermination": True}
        parameters = {
            "ImageId": self.image,
            "InstanceType": "t3.large",
            "MinCount": 1,
            "MaxCount": 1,
            "SubnetId": self.subnet,
            "SecurityGroupIds": [self.group],
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": root}],
        }
        return self.ec2.run_instances(**(parameters | more))["Instances"][0]

    def machine(self, id_):
        return self.ec2.describe_instances(InstanceIds=[id_])["Reservations"][0]["Instances"][0]

    def state(self, id_):
        return self.machine(id_)["State"]["Name"]

    def volume(self, **more):
        return self.ec2.create_volume(**({"AvailabilityZone": "eu-west-1a", "Size": 10, "VolumeType": "gp3"} | more))["VolumeId"]

    def shown(self, volume):
        return self.ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]

    def test_the_same_token_makes_one_machine_and_another_request_with_it_is_refused(self):
        first = self.run_one(ClientToken="one")["InstanceId"]
        self.assertEqual(self.run_one(ClientToken="one")["InstanceId"], first)
        self.assertNotEqual(self.run_one(ClientToken="two")["InstanceId"], first)
        self.refused("IdempotentParameterMismatch", self.run_one, ClientToken="one", InstanceType="t3.small")
        self.ec2.terminate_instances(InstanceIds=[first])
        self.assertEqual(self.state(first), "terminated")
        self.assertEqual(self.run_one(ClientToken="one")["State"]["Name"], "terminated")

    def test_an_image_and_a_profile_have_to_be_there(self):
        self.refused("InvalidAMIID.NotFound", self.run_one, ImageId="ami-00000000")
        self.refused("InvalidParameterValue", self.run_one, IamInstanceProfile={"Name": "none"})

    def test_an_image_has_the_architecture_of_its_name_and_a_machine_that_of_its_image(self):
        arm = self.client("ssm").get_parameter(Name=PARAMETER.replace("x86_64", "arm64"))["Parameter"]["Value"]
        shown = [self.ec2.describe_images(ImageIds=[image])["Images"][0]["Architecture"] for image in (self.image, arm)]
        self.assertEqual(shown, ["x86_64", "arm64"])
        answer = self.refused("InvalidParameterValue", self.run_one, ImageId=arm)
        self.assertIn("does not match the architecture", answer["Error"]["Message"])
        self.run_one(ImageId=arm, InstanceType="m7g.large")

    def test_a_machine_shows_its_cores_and_threads(self):
        id_ = self.run_one(InstanceType="t3.xlarge")["InstanceId"]
        self.assertEqual(self.machine(id_)["CpuOptions"], {"CoreCount": 2, "ThreadsPerCore": 2})

    def test_user_data_is_shown_as_it_was_sent_and_the_root_is_that_of_the_image(self):
        id_ = self.run_one(UserData="#!/bin/sh\n", BlockDeviceMappings=[])["InstanceId"]
        shown = self.ec2.describe_instance_attribute(InstanceId=id_, Attribute="userData")["UserData"]["Value"]
        self.assertEqual(base64.b64decode(shown), b"#!/bin/sh\n")
        one = self.machine(id_)
        self.assertEqual([each["DeviceName"] for each in one["BlockDeviceMappings"]], [one["RootDeviceName"]])

    def test_states_take_their_time(self):
        self.settings(machine_starting=60, machine_checking=60, machine_stopping=60, machine_terminating=60)
        id_ = self.run_one()["InstanceId"]
        self.assertEqual(self.state(id_), "pending")
        self.settings(machine_checking=60, machine_stopping=60, machine_terminating=60)
        self.assertEqual(self.state(id_), "running")
        status = lambda: self.ec2.describe_instance_status(InstanceIds=[id_])["InstanceStatuses"][0]["InstanceStatus"]["Status"]
        self.assertEqual(status(), "initializing")
        self.settings(machine_stopping=60, machine_terminating=60)
        self.assertEqual(status(), "ok")
        self.ec2.stop_instances(InstanceIds=[id_])
        self.assertEqual(self.state(id_), "stopping")
        self.refused("IncorrectInstanceState", self.ec2.start_instances, InstanceIds=[id_])
        self.settings(machine_terminating=60)
        self.assertEqual(self.state(id_), "stopped")
        self.ec2.terminate_instances(InstanceIds=[id_])
        self.assertEqual(self.state(id_), "shutting-down")
        self.settings()
        self.assertEqual(self.state(id_), "terminated")

    def test_one_attribute_a_call_and_a_type_when_it_is_stopped(self):
        id_ = self.run_one(DisableApiTermination=True)["InstanceId"]
        modify = self.ec2.modify_instance_attribute
        self.refused("InvalidParameterCombination", modify, InstanceId=id_, DisableApiTermination={"Value": False}, Groups=[self.group])
        self.refused("IncorrectInstanceState", modify, InstanceId=id_, InstanceType={"Value": "t3.small"})
        self.refused("OperationNotPermitted", self.ec2.terminate_instances, InstanceIds=[id_])
        shown = lambda: self.ec2.describe_instance_attribute(InstanceId=id_, Attribute="disableApiTermination")
        self.assertTrue(shown()["DisableApiTermination"]["Value"])
        modify(InstanceId=id_, DisableApiTermination={"Value": False})
        self.assertFalse(shown()["DisableApiTermination"]["Value"])
        self.ec2.stop_instances(InstanceIds=[id_])
        self.assertEqual(self.state(id_), "stopped")
        modify(InstanceId=id_, InstanceType={"Value": "t3.small"})
        self.assertEqual(self.machine(id_)["InstanceType"], "t3.small")

    def test_a_machine_that_goes_leaves_its_later_volumes_and_no_interface(self):
        id_ = self.run_one()["InstanceId"]
        self.state(id_)
        root = self.machine(id_)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
        volume = self.volume()
        self.shown(volume)
        self.ec2.attach_volume(VolumeId=volume, InstanceId=id_, Device="/dev/sdf")
        self.refused("VolumeInUse", self.ec2.delete_volume, VolumeId=volume)
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=self.group)
        self.ec2.terminate_instances(InstanceIds=[id_])
        self.assertEqual(self.shown(volume)["State"], "available")
        self.refused("InvalidVolume.NotFound", self.ec2.modify_volume, VolumeId=root, Size=9)
        self.ec2.delete_security_group(GroupId=self.group)

    def test_volumes_are_attached_in_their_zone_once_and_detached_in_time(self):
        self.settings(volume_attaching=60)
        id_ = self.run_one()["InstanceId"]
        self.state(id_)
        here, there = self.volume(), self.volume(AvailabilityZone="eu-west-1b")
        attach = self.ec2.attach_volume
        self.shown(here)
        self.refused("InvalidVolume.ZoneMismatch", attach, VolumeId=there, InstanceId=id_, Device="/dev/sdf")
        attach(VolumeId=here, InstanceId=id_, Device="/dev/sdf")
        self.refused("VolumeInUse", attach, VolumeId=here, InstanceId=id_, Device="/dev/sdg")
        self.settings()
        self.ec2.detach_volume(VolumeId=here, InstanceId=id_)
        self.assertEqual(self.shown(here)["State"], "available")
        self.refused("IncorrectState", self.ec2.detach_volume, VolumeId=here)

    def test_a_volume_grows_and_takes_another_change_when_the_last_one_is_over(self):
        self.settings(volume_modifying=60, volume_optimizing=120)
        volume = self.volume(Size=10)
        self.assertEqual(self.shown(volume)["Throughput"], 125)
        self.refused("InvalidParameterValue", self.ec2.modify_volume, VolumeId=volume, Size=9)
        self.ec2.modify_volume(VolumeId=volume, Size=20)
        self.assertEqual(self.shown(volume)["Size"], 10)
        state = lambda: self.ec2.describe_volumes_modifications(VolumeIds=[volume])["VolumesModifications"][-1]["ModificationState"]
        self.assertEqual(state(), "modifying")
        self.settings(volume_optimizing=120)
        self.assertEqual(self.shown(volume)["Size"], 20)
        self.assertEqual(state(), "optimizing")
        self.refused("IncorrectModificationState", self.ec2.modify_volume, VolumeId=volume, Size=30)
        self.settings()
        self.assertEqual(state(), "completed")
        self.ec2.modify_volume(VolumeId=volume, Size=30)

    def test_the_same_token_makes_one_volume(self):
        one = self.volume(ClientToken="one")
        self.assertEqual(self.volume(ClientToken="one"), one)
        self.refused("IdempotentParameterMismatch", self.volume, ClientToken="one", Size=11)

    def test_an_address_moves_only_where_that_is_allowed_and_is_released_when_it_is_free(self):
        one, other = self.run_one()["InstanceId"], self.run_one()["InstanceId"]
        self.state(one)
        tags = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "Name", "Value": "x"}]}]
        address = self.ec2.allocate_address(Domain="vpc", TagSpecifications=tags)["AllocationId"]
        associate = self.ec2.associate_address
        associate(AllocationId=address, InstanceId=one, AllowReassociation=False)
        self.refused("Resource.AlreadyAssociated", associate, AllocationId=address, InstanceId=other, AllowReassociation=False)
        self.refused("InvalidIPAddress.InUse", self.ec2.release_address, AllocationId=address)
        associate(AllocationId=address, InstanceId=other)
        found = self.ec2.describe_addresses(Filters=[{"Name": "tag:Name", "Values": ["x"]}])["Addresses"]
        self.assertEqual([each["InstanceId"] for each in found], [other])
        self.ec2.terminate_instances(InstanceIds=[other])
        self.ec2.release_address(AllocationId=address)
        self.refused("InvalidAllocationID.NotFound", self.ec2.release_address, AllocationId=address)

    def test_a_snapshot_is_pending_for_a_while(self):
        self.settings(snapshot_creating=60)
        volume = self.volume()
        snapshot = self.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        state = lambda: self.ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["State"]
        self.assertEqual(state(), "pending")
        self.settings()
        self.assertEqual(state(), "completed")


if __name__ == "__main__":
    unittest.main()
