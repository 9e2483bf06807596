"""EFS: states that take their time, mount targets, and what hangs on a file system."""

import json

from base import ENDPOINT, REGION, SESSION, Case


class FileSystems(Case):
    def create(self, token="t", **more):
        return self.efs.create_file_system(CreationToken=token, **more)["FileSystemId"]

    def state(self, fs):
        found = self.efs.describe_file_systems()["FileSystems"]
        return next((each["LifeCycleState"] for each in found if each["FileSystemId"] == fs), None)

    def test_states(self):
        self.settings(efs_creating=0.3, efs_updating=0.3, efs_deleting=0.3)
        made = self.efs.create_file_system(CreationToken="t")
        fs = made["FileSystemId"]
        self.assertRegex(fs, "^fs-[0-9a-f]{17}$")
        self.assertEqual(made["LifeCycleState"], "creating")
        self.assertEqual(self.state(fs), "creating")
        self.until("available", lambda: self.state(fs))
        updated = self.efs.update_file_system(FileSystemId=fs, ThroughputMode="elastic")
        self.assertEqual((updated["LifeCycleState"], updated["ThroughputMode"]), ("updating", "elastic"))
        self.until("available", lambda: self.state(fs))
        self.efs.delete_file_system(FileSystemId=fs)
        self.assertEqual(self.state(fs), "deleting")
        self.until(None, lambda: self.state(fs))
        self.refused("FileSystemNotFound", self.efs.describe_file_systems, FileSystemId=fs, status=404)

    def test_no_time_by_default(self):
        fs = self.create()
        self.assertEqual(self.state(fs), "available")
        self.efs.delete_file_system(FileSystemId=fs)
        self.assertIsNone(self.state(fs))
        self.create()

    def test_a_lowered_setting_shortens_what_runs(self):
        self.settings(efs_creating=3600)
        fs = self.create()
        self.assertEqual(self.state(fs), "creating")
        self.settings()
        self.assertEqual(self.state(fs), "available")

    def test_a_token_twice(self):
        fs = self.create()
        answer = self.refused("FileSystemAlreadyExists", self.efs.create_file_system, CreationToken="t", status=409)
        self.assertEqual((answer["FileSystemId"], answer["ErrorCode"]), (fs, "FileSystemAlreadyExists"))

    def test_parameters(self):
        create = self.efs.create_file_system
        self.refused("BadRequest", create, CreationToken="x", ThroughputMode="provisioned")
        self.refused("ValidationException", create, CreationToken="x", PerformanceMode="zzz")
        self.refused("BadRequest", create, CreationToken="x", KmsKeyId="k")
        self.assertEqual(self.efs.describe_file_systems()["FileSystems"], [])

    def test_encryption_names_a_key(self):
        made = self.efs.create_file_system(CreationToken="x", Encrypted=True)
        self.assertRegex(made["KmsKeyId"], f"^arn:aws:kms:{REGION}:{self.account}:key/")

    def test_a_named_key_is_looked_up(self):
        arn = self.kms.create_key()["KeyMetadata"]["Arn"]
        self.kms.create_alias(AliasName="alias/mine", TargetKeyId=arn)
        for number, name in enumerate(("alias/mine", arn, arn.rsplit("/", 1)[1])):
            made = self.efs.create_file_system(CreationToken=f"k{number}", Encrypted=True, KmsKeyId=name)
            self.assertEqual(made["KmsKeyId"], arn)
        create = self.efs.create_file_system
        self.refused("KMSKeyNotAccessibleFault", create, CreationToken="x", Encrypted=True, KmsKeyId="alias/none")

    def test_throughput_rests_after_a_change_and_may_be_raised(self):
        self.settings(efs_throughput_rest=3600)
        fs, update = self.create(), self.efs.update_file_system
        update(FileSystemId=fs, ThroughputMode="provisioned", ProvisionedThroughputInMibps=8)
        update(FileSystemId=fs, ThroughputMode="provisioned", ProvisionedThroughputInMibps=9)
        lowered = {"FileSystemId": fs, "ThroughputMode": "provisioned", "ProvisionedThroughputInMibps": 8}
        self.refused("TooManyRequests", update, status=429, **lowered)
        self.refused("TooManyRequests", update, status=429, FileSystemId=fs, ThroughputMode="elastic")
        self.settings()
        update(FileSystemId=fs, ThroughputMode="elastic")

    def test_paging_and_arns(self):
        made = {self.create(f"t{number}") for number in range(12)}
        self.assertEqual(len(self.efs.describe_file_systems()["FileSystems"]), 12)
        first = self.efs.describe_file_systems(MaxItems=7)
        rest = self.efs.describe_file_systems(MaxItems=7, Marker=first["NextMarker"])
        self.assertNotIn("NextMarker", rest)
        shown = first["FileSystems"] + rest["FileSystems"]
        self.assertEqual({fs["FileSystemId"] for fs in shown}, made)
        arn = shown[0]["FileSystemArn"]
        self.assertEqual(len(self.efs.describe_file_systems(FileSystemId=arn)["FileSystems"]), 1)

    def test_tags_by_id_and_arn_are_the_same(self):
        made = self.efs.create_file_system(CreationToken="x", Tags=[{"Key": "Name", "Value": "n"}])
        fs, arn = made["FileSystemId"], made["FileSystemArn"]
        self.efs.tag_resource(ResourceId=arn, Tags=[{"Key": "a", "Value": "b"}])
        self.efs.untag_resource(ResourceId=fs, TagKeys=["Name"])
        self.assertEqual(self.efs.list_tags_for_resource(ResourceId=arn)["Tags"], [{"Key": "a", "Value": "b"}])
        self.efs.create_tags(FileSystemId=fs, Tags=[{"Key": "c", "Value": "d"}])
        self.assertEqual(len(self.efs.describe_tags(FileSystemId=fs)["Tags"]), 2)
        self.refused("FileSystemNotFound", self.efs.list_tags_for_resource, ResourceId="fs-12345678", status=404)

    def test_lifecycle(self):
        fs = self.create()
        put = self.efs.put_lifecycle_configuration
        policies = [{"TransitionToIA": "AFTER_30_DAYS"}, {"TransitionToPrimaryStorageClass": "AFTER_1_ACCESS"}]
        put(FileSystemId=fs, LifecyclePolicies=policies)
        self.assertEqual(self.efs.describe_lifecycle_configuration(FileSystemId=fs)["LifecyclePolicies"], policies)
        self.refused("ValidationException", put, FileSystemId=fs, LifecyclePolicies=[{"TransitionToIA": "AFTER_2_DAYS"}])
        both = {"TransitionToIA": "AFTER_7_DAYS", "TransitionToArchive": "AFTER_90_DAYS"}
        self.refused("BadRequest", put, FileSystemId=fs, LifecyclePolicies=[both])

    def test_backup_policy(self):
        fs = self.create()
        self.refused("PolicyNotFound", self.efs.describe_backup_policy, FileSystemId=fs, status=404)
        for status in ("ENABLED", "DISABLED"):
            self.efs.put_backup_policy(FileSystemId=fs, BackupPolicy={"Status": status})
            self.assertEqual(self.efs.describe_backup_policy(FileSystemId=fs)["BackupPolicy"]["Status"], status)
        self.refused("FileSystemNotFound", self.efs.describe_backup_policy, FileSystemId="fs-12345678", status=404)

    def test_one_zone_storage_has_backups_and_no_max_io(self):
        create = self.efs.create_file_system
        made = create(CreationToken="z", AvailabilityZoneName=f"{REGION}b")
        self.assertEqual(made["AvailabilityZoneName"], f"{REGION}b")
        policy = self.efs.describe_backup_policy(FileSystemId=made["FileSystemId"])["BackupPolicy"]
        self.assertEqual(policy["Status"], "ENABLED")
        self.assertNotIn("AvailabilityZoneName", create(CreationToken="regional"))
        wrong = {"CreationToken": "x", "AvailabilityZoneName": f"{REGION}b"}
        self.refused("BadRequest", create, **wrong, PerformanceMode="maxIO")
        self.refused("UnsupportedAvailabilityZone", create, **wrong | {"AvailabilityZoneName": f"{REGION}z"})

    def test_one_zone_storage_without_backups(self):
        fs = self.create(AvailabilityZoneName=f"{REGION}a")
        self.efs.put_backup_policy(FileSystemId=fs, BackupPolicy={"Status": "DISABLED"})
        self.assertEqual(self.efs.describe_backup_policy(FileSystemId=fs)["BackupPolicy"]["Status"], "DISABLED")

    def test_a_policy_that_locks_the_caller_out(self):
        fs, put = self.create(), self.efs.put_file_system_policy
        policy = lambda **more: json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "*"} | more]}
        )
        everyone = [{}, {"Principal": "*"}, {"Principal": {"AWS": [self.account]}}, {"Action": ["elasticfilesystem:Put*"]}]
        for locked in everyone:
            self.refused("InvalidPolicyException", put, FileSystemId=fs, Policy=policy(**locked))
        self.refused("PolicyNotFound", self.efs.describe_file_system_policy, FileSystemId=fs, status=404)
        others = [
            {"Principal": {"AWS": "210987654321"}},
            {"Action": "elasticfilesystem:ClientWrite"},
            {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        ]
        for open_to_us in others:
            put(FileSystemId=fs, Policy=policy(**open_to_us))
        put(FileSystemId=fs, Policy=policy(), BypassPolicyLockoutSafetyCheck=True)
        self.refused("ValidationException", put, FileSystemId=fs, Policy=policy(Sid="x" * 20_000))

    def test_policy_and_protection(self):
        fs = self.create()
        put, read = self.efs.put_file_system_policy, self.efs.describe_file_system_policy
        for wrong in ("{}", "{", '{"Statement": [{"Effect": "Allow"}]}'):
            self.refused("InvalidPolicyException", put, FileSystemId=fs, Policy=wrong)
        for empty in ({"Principal": {}}, {"Principal": {"AWS": []}}, {"Action": []}):
            statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "*"} | empty
            wrong = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            self.refused("InvalidPolicyException", put, FileSystemId=fs, Policy=wrong)
        statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["elasticfilesystem:ClientMount"]}
        put(FileSystemId=fs, Policy=json.dumps({"Version": "2012-10-17", "Statement": statement}))
        shown = json.loads(read(FileSystemId=fs)["Policy"])["Statement"]
        arn = self.efs.describe_file_systems(FileSystemId=fs)["FileSystems"][0]["FileSystemArn"]
        self.assertEqual(shown, [statement | {"Action": "elasticfilesystem:ClientMount", "Resource": arn}])
        self.efs.delete_file_system_policy(FileSystemId=fs)
        self.refused("PolicyNotFound", self.efs.describe_file_system_policy, FileSystemId=fs, status=404)
        self.efs.update_file_system_protection(FileSystemId=fs, ReplicationOverwriteProtection="DISABLED")
        shown = self.efs.describe_file_systems(FileSystemId=fs)["FileSystems"][0]["FileSystemProtection"]
        self.assertEqual(shown["ReplicationOverwriteProtection"], "DISABLED")


class Replications(Case):
    OTHER = "eu-central-1"

    def setUp(self):
        super().setUp()
        self.fs = self.efs.create_file_system(CreationToken="t", Encrypted=True)["FileSystemId"]

    def elsewhere(self):
        return SESSION.create_client("efs", region_name=self.OTHER, endpoint_url=ENDPOINT)

    def replicate(self, **there):
        return self.efs.create_replication_configuration(SourceFileSystemId=self.fs, Destinations=[there])

    def status(self):
        try:
            found = self.efs.describe_replication_configurations(FileSystemId=self.fs)["Replications"]
        except self.efs.exceptions.ReplicationNotFound:
            return None
        return found[0]["Destinations"][0]["Status"]

    def protection(self, efs, fs):
        found = efs.describe_file_systems(FileSystemId=fs)["FileSystems"][0]
        return found["FileSystemProtection"]["ReplicationOverwriteProtection"]

    def test_to_a_new_file_system_of_another_region(self):
        self.settings(replication_enabling=0.3, replication_deleting=0.3)
        made = self.replicate(Region=self.OTHER)
        self.assertEqual((made["Destinations"][0]["Status"], self.status()), ("ENABLING", "ENABLING"))
        self.until("ENABLED", self.status)
        other, copy = self.elsewhere(), made["Destinations"][0]["FileSystemId"]
        shown = other.describe_file_systems(FileSystemId=copy)["FileSystems"][0]
        self.assertEqual((shown["Encrypted"], shown["NumberOfMountTargets"]), (True, 0))
        self.assertEqual(self.protection(other, copy), "REPLICATING")
        self.assertEqual(len(other.describe_replication_configurations(FileSystemId=copy)["Replications"]), 1)
        self.refused("BadRequest", self.efs.create_replication_configuration, SourceFileSystemId=self.fs, Destinations=[{"Region": self.OTHER}])
        self.refused("FileSystemInUse", self.efs.delete_file_system, FileSystemId=self.fs, status=409)
        self.efs.delete_replication_configuration(SourceFileSystemId=self.fs)
        self.assertEqual(self.status(), "DELETING")
        self.until(None, self.status)
        self.assertEqual(self.protection(other, copy), "ENABLED")
        self.efs.delete_file_system(FileSystemId=self.fs)
        self.refused("ReplicationNotFound", self.efs.delete_replication_configuration, SourceFileSystemId=self.fs, status=404)

    def test_to_a_zone(self):
        copy = self.replicate(Region=self.OTHER, AvailabilityZoneName=f"{self.OTHER}a")["Destinations"][0]["FileSystemId"]
        shown = self.elsewhere().describe_file_systems(FileSystemId=copy)["FileSystems"][0]
        self.assertEqual(shown["AvailabilityZoneName"], f"{self.OTHER}a")

    def test_to_one_that_is_there(self):
        other = self.elsewhere()
        there = other.create_file_system(CreationToken="there", Encrypted=True)["FileSystemId"]
        plain = other.create_file_system(CreationToken="plain")["FileSystemId"]
        create = self.efs.create_replication_configuration
        wanted = lambda fs: {"SourceFileSystemId": self.fs, "Destinations": [{"Region": self.OTHER, "FileSystemId": fs}]}
        self.refused("BadRequest", create, **wanted(there))
        for fs in (there, plain):
            other.update_file_system_protection(FileSystemId=fs, ReplicationOverwriteProtection="DISABLED")
        self.refused("ConflictException", create, status=409, **wanted(plain))
        self.refused("FileSystemNotFound", create, status=404, **wanted("fs-12345678"))
        create(**wanted(there))
        self.assertEqual(self.protection(other, there), "REPLICATING")
        for protection in ("ENABLED", "DISABLED"):
            change = {"FileSystemId": there, "ReplicationOverwriteProtection": protection}
            self.refused("ReplicationAlreadyExists", other.update_file_system_protection, status=409, **change)


class AccessPoints(Case):
    def setUp(self):
        super().setUp()
        self.fs = self.efs.create_file_system(CreationToken="t")["FileSystemId"]

    def create(self, token="t", **more):
        return {"FileSystemId": self.fs, "ClientToken": token, "PosixUser": {"Uid": 998, "Gid": 998}} | more

    def state(self):
        found = self.efs.describe_access_points(FileSystemId=self.fs)["AccessPoints"]
        return found[0]["LifeCycleState"] if found else None

    def test_states(self):
        self.settings(access_point_creating=0.3, access_point_deleting=0.3)
        made = self.efs.create_access_point(**self.create())
        self.assertRegex(made["AccessPointId"], "^fsap-[0-9a-f]{17}$")
        self.assertEqual((made["LifeCycleState"], self.state()), ("creating", "creating"))
        self.until("available", self.state)
        self.efs.delete_access_point(AccessPointId=made["AccessPointId"])
        self.assertEqual(self.state(), "deleting")
        self.until(None, self.state)
        delete = self.efs.delete_access_point
        self.refused("AccessPointNotFound", delete, AccessPointId=made["AccessPointId"], status=404)

    def test_a_token_twice(self):
        made = self.efs.create_access_point(**self.create())
        answer = self.refused("AccessPointAlreadyExists", self.efs.create_access_point, status=409, **self.create())
        self.assertEqual(answer["AccessPointId"], made["AccessPointId"])

    def test_what_was_asked_for_is_shown(self):
        root = {"Path": "/git-data", "CreationInfo": {"OwnerUid": 998, "OwnerGid": 998, "Permissions": "0755"}}
        self.efs.create_access_point(**self.create(RootDirectory=root, Tags=[{"Key": "Name", "Value": "n"}]))
        (shown,) = self.efs.describe_access_points(FileSystemId=self.fs)["AccessPoints"]
        self.assertEqual((shown["RootDirectory"], shown["Name"]), (root, "n"))
        self.efs.tag_resource(ResourceId=shown["AccessPointId"], Tags=[{"Key": "Name", "Value": "m"}])
        (shown,) = self.efs.describe_access_points()["AccessPoints"]
        self.assertEqual(shown["Tags"], [{"Key": "Name", "Value": "m"}])

    def test_parameters(self):
        create = self.efs.create_access_point
        for path in ("a", "/a/b/c/d/e", "/..", "/a*"):
            self.refused("ValidationException", create, **self.create(RootDirectory={"Path": path}))
        made = {"OwnerUid": 1, "OwnerGid": 1, "Permissions": "0788"}
        self.refused("ValidationException", create, **self.create(RootDirectory={"Path": "/a", "CreationInfo": made}))
        self.refused("ValidationException", create, **self.create(PosixUser={"Uid": -1, "Gid": 0}))
        self.refused("FileSystemNotFound", create, status=404, **self.create(FileSystemId="fs-12345678"))
        read = self.efs.describe_access_points
        self.refused("FileSystemNotFound", read, status=404, FileSystemId="fs-12345678")
        self.refused("BadRequest", read, FileSystemId=self.fs, AccessPointId="fsap-12345678")
        self.assertIsNone(self.state())

    def test_the_file_system_must_be_available_and_pages_are_whole(self):
        for number in range(5):
            self.efs.create_access_point(**self.create(f"t{number}"))
        first = self.efs.describe_access_points(FileSystemId=self.fs, MaxResults=3)
        rest = self.efs.describe_access_points(FileSystemId=self.fs, MaxResults=3, NextToken=first["NextToken"])
        ids = {point["AccessPointId"] for point in first["AccessPoints"] + rest["AccessPoints"]}
        self.assertEqual((len(ids), "NextToken" in rest), (5, False))
        self.settings(efs_creating=60)
        fs = self.efs.create_file_system(CreationToken="u")["FileSystemId"]
        create = self.efs.create_access_point
        self.refused("IncorrectFileSystemLifeCycleState", create, status=409, **self.create("x", FileSystemId=fs))


class MountTargets(Case):
    def setUp(self):
        super().setUp()
        self.network()
        self.fs = self.efs.create_file_system(CreationToken="t")["FileSystemId"]
        self.sg = self.group("efs")

    def create(self, subnet=0, **more):
        return {"FileSystemId": self.fs, "SubnetId": self.subnets[subnet], "SecurityGroups": [self.sg]} | more

    def refuse(self, code, status=400, **parameters):
        self.refused(code, self.efs.create_mount_target, status=status, **parameters)

    def state(self):
        found = self.efs.describe_mount_targets(FileSystemId=self.fs)["MountTargets"]
        return found[0]["LifeCycleState"] if found else None

    def test_states(self):
        self.settings(mount_target_creating=0.3, mount_target_deleting=0.3)
        made = self.efs.create_mount_target(**self.create())
        target = made["MountTargetId"]
        self.assertEqual((made["LifeCycleState"], self.state()), ("creating", "creating"))
        read = self.efs.describe_mount_target_security_groups
        self.refused("IncorrectMountTargetState", read, MountTargetId=target, status=409)
        self.until("available", self.state)
        self.assertEqual(read(MountTargetId=target)["SecurityGroups"], [self.sg])
        self.refused("FileSystemInUse", self.efs.delete_file_system, FileSystemId=self.fs, status=409)
        self.efs.delete_mount_target(MountTargetId=target)
        self.assertEqual(self.state(), "deleting")
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=self.sg)
        self.refused("FileSystemInUse", self.efs.delete_file_system, FileSystemId=self.fs, status=409)
        self.until(None, self.state)
        self.ec2.delete_security_group(GroupId=self.sg)
        self.efs.delete_file_system(FileSystemId=self.fs)

    def test_the_file_system_must_be_available(self):
        self.settings(efs_creating=60)
        fs = self.efs.create_file_system(CreationToken="u")["FileSystemId"]
        self.refuse("IncorrectFileSystemLifeCycleState", 409, **self.create(FileSystemId=fs))

    def test_a_refusal_leaves_no_trace(self):
        groups = [self.group(f"g{number}") for number in range(6)]
        self.refuse("SecurityGroupLimitExceeded", **self.create(SecurityGroups=groups))
        self.page("PUT", "quotas", {"vpc/L-2AFB9258": 6})
        other = self.efs.create_file_system(CreationToken="more")["FileSystemId"]
        self.efs.create_mount_target(**self.create(FileSystemId=other, SecurityGroups=groups))
        self.refuse("SecurityGroupNotFound", **self.create(SecurityGroups=["sg-12345678"]))
        self.refuse("SubnetNotFound", **self.create(SubnetId="subnet-12345678"))
        self.refuse("BadRequest", **self.create(IpAddress="1.2.3.4"))
        self.assertIsNone(self.state())
        made = self.efs.create_mount_target(**self.create(IpAddress="10.0.0.77"))
        self.assertEqual(made["IpAddress"], "10.0.0.77")
        other = self.efs.create_file_system(CreationToken="u")["FileSystemId"]
        self.refuse("IpAddressInUse", 409, **self.create(FileSystemId=other, IpAddress="10.0.0.77"))

    def test_ipv6_needs_a_subnet_that_has_it_and_the_type_is_not_shown(self):
        self.refuse("BadRequest", **self.create(IpAddressType="DUAL_STACK"))
        self.ec2.associate_subnet_cidr_block(SubnetId=self.subnets[0], Ipv6CidrBlock="2001:db8:1234:1a00::/64")
        made = self.efs.create_mount_target(**self.create(IpAddressType="IPV6_ONLY"))
        self.assertEqual(("IpAddress" in made, "IpAddressType" in made), (False, False))
        self.assertTrue(made["Ipv6Address"].startswith("2001:db8:1234:1a00:"))

    def test_one_a_zone_in_one_network(self):
        self.efs.create_mount_target(**self.create())
        self.refuse("MountTargetConflict", 409, **self.create())
        self.network(net="10.1")
        self.refuse("MountTargetConflict", 409, **self.create(1, SecurityGroups=[self.group("x")]))

    def test_one_zone_storage_has_a_mount_target_in_its_zone_alone(self):
        made = self.efs.create_file_system(CreationToken="z", AvailabilityZoneName=f"{REGION}b")
        self.refuse("AvailabilityZonesMismatch", **self.create(0, FileSystemId=made["FileSystemId"]))
        self.efs.create_mount_target(**self.create(1, FileSystemId=made["FileSystemId"]))
        self.refuse("MountTargetConflict", 409, **self.create(1, FileSystemId=made["FileSystemId"]))

    def test_groups_of_another_network(self):
        own = self.subnets
        self.network(net="10.1")
        elsewhere, self.subnets = self.group("elsewhere"), own
        self.refuse("SecurityGroupNotFound", **self.create(SecurityGroups=[elsewhere]))

    def test_the_default_group(self):
        made = self.efs.create_mount_target(FileSystemId=self.fs, SubnetId=self.subnets[0])
        groups = self.efs.describe_mount_target_security_groups(MountTargetId=made["MountTargetId"])
        self.assertEqual(groups["SecurityGroups"], [self.default_group()])

    def test_the_interface(self):
        made = self.efs.create_mount_target(**self.create())
        (eni,) = self.ec2.describe_network_interfaces()["NetworkInterfaces"]
        self.assertEqual(eni["NetworkInterfaceId"], made["NetworkInterfaceId"])
        self.assertEqual(eni["Description"], f"EFS mount target for {self.fs} ({made['MountTargetId']})")
        self.assertEqual((eni["InterfaceType"], eni["RequesterManaged"]), ("efs", True))
        self.refused("DependencyViolation", self.ec2.delete_subnet, SubnetId=self.subnets[0])

    def test_changing_groups(self):
        target = self.efs.create_mount_target(**self.create())["MountTargetId"]
        modify, new = self.efs.modify_mount_target_security_groups, self.group("new")
        modify(MountTargetId=target, SecurityGroups=[new])
        self.ec2.delete_security_group(GroupId=self.sg)
        self.refused("SecurityGroupNotFound", modify, MountTargetId=target, SecurityGroups=["sg-12345678"])
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=new)
