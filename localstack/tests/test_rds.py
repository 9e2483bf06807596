"""RDS: a PostgreSQL instance from its creation to its end."""

import datetime
import json

from base import REGION, Case

NAME = "gitlab-pgsql"


class Database(Case):
    """An account with a network, a subnet group and a security group."""

    def setUp(self):
        super().setUp()
        self.network()
        self.sg = self.group("gitlab-pgsql")
        self.subnet_group("grp")

    def subnet_group(self, name):
        return self.rds.create_db_subnet_group(
            DBSubnetGroupName=name, DBSubnetGroupDescription="d", SubnetIds=self.subnets[:2]
        )

    def wanted(self, **more):
        return {
            "DBInstanceIdentifier": NAME,
            "Engine": "postgres",
            "EngineVersion": "16.9",
            "DBInstanceClass": "db.t3.medium",
            "AllocatedStorage": 50,
            "StorageType": "gp3",
            "DBName": "gitlab",
            "MasterUsername": "gitlab",
            "MasterUserPassword": "correct-horse",
            "MultiAZ": True,
            "DBSubnetGroupName": "grp",
            "VpcSecurityGroupIds": [self.sg],
            "PreferredBackupWindow": "04:00-04:30",
            "PreferredMaintenanceWindow": "sun:04:30-sun:05:30",
            "BackupRetentionPeriod": 7,
        } | more

    def create(self, **more):
        return self.rds.create_db_instance(**self.wanted(**more))["DBInstance"]

    def modify(self, **changes):
        return self.rds.modify_db_instance(DBInstanceIdentifier=NAME, **changes)["DBInstance"]

    def now(self, name=NAME):
        return self.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]

    def status(self):
        found = self.rds.describe_db_instances()["DBInstances"]
        return found[0]["DBInstanceStatus"] if found else None

    def interfaces(self):
        return self.ec2.describe_network_interfaces()["NetworkInterfaces"]


class Creation(Database):
    def test_groups_that_were_just_made_are_unknown_for_a_while(self):
        self.settings(unknown=600)
        self.subnet_group("new")
        self.rds.create_db_parameter_group(
            DBParameterGroupName="new", DBParameterGroupFamily="postgres16", Description="d"
        )
        group = self.group("new")
        create = self.rds.create_db_instance
        for changed, code, status in (
            ({"DBSubnetGroupName": "new"}, "DBSubnetGroupNotFoundFault", 404),
            ({"DBParameterGroupName": "new"}, "DBParameterGroupNotFound", 404),
            ({"VpcSecurityGroupIds": [group]}, "InvalidParameterValue", 400),
        ):
            self.refused(code, create, status=status, **self.wanted(**changed))
        self.settings()
        create(**self.wanted(DBSubnetGroupName="new", DBParameterGroupName="new", VpcSecurityGroupIds=[group]))

    def test_a_directory_is_joined_with_its_role_and_left(self):
        made = self.create(Domain="d-0123456789", DomainIAMRoleName="directory")
        self.assertEqual([one["Domain"] for one in made["DomainMemberships"]], ["d-0123456789"])
        self.until("available", lambda: self.now()["DBInstanceStatus"])
        self.refused("DomainNotFoundFault", self.modify, status=404, Domain="corp", DomainIAMRoleName="directory")
        self.refused("InvalidParameterValue", self.modify, Domain="d-9876543210")
        self.modify(Domain="none")
        self.assertEqual(len(self.now()["DomainMemberships"]), 1, "it waits for the window, unseen")
        self.modify(Domain="none", ApplyImmediately=True)
        self.until([], lambda: self.now()["DomainMemberships"])

    def test_states(self):
        self.settings(db_creating=0.3)
        made = self.create()
        self.assertEqual((made["DBInstanceStatus"], "Endpoint" in made), ("creating", False))
        self.refused("InvalidDBInstanceState", self.modify, DBInstanceClass="db.m5.large")
        self.until("available", self.status)
        self.assertEqual(self.now()["Endpoint"]["Port"], 5432)

    def test_what_it_shows(self):
        made = self.create(EngineVersion="16", StorageEncrypted=True, Tags=[{"Key": "a", "Value": "b"}])
        self.assertRegex(made["EngineVersion"], r"^16\.\d+$")
        self.assertRegex(made["DbiResourceId"], "^db-[A-Z0-9]{26}$")
        self.assertRegex(made["KmsKeyId"], f"^arn:aws:kms:{REGION}:{self.account}:key/")
        self.assertEqual(made["DBParameterGroups"][0]["DBParameterGroupName"], "default.postgres16")
        self.assertEqual((made["Iops"], made["StorageThroughput"]), (3000, 125))
        self.assertEqual(made["LicenseModel"], "postgresql-license")
        self.assertEqual({made["AvailabilityZone"], made["SecondaryAvailabilityZone"]}, {REGION + "a", REGION + "b"})
        self.assertEqual(made["TagList"], [{"Key": "a", "Value": "b"}])
        self.assertEqual(made["PendingModifiedValues"], {})
        other = self.create(DBInstanceIdentifier="other", MultiAZ=False)
        self.assertNotEqual(other["DbiResourceId"], made["DbiResourceId"])
        self.assertNotIn("SecondaryAvailabilityZone", other)

    def test_interfaces_hold_back_deletions(self):
        self.create()
        self.assertEqual([eni["Description"] for eni in self.interfaces()], ["RDSNetworkInterface"] * 2)
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=self.sg)
        new = self.group("new")
        self.modify(VpcSecurityGroupIds=[new])
        self.ec2.delete_security_group(GroupId=self.sg)
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=new)

    def refuse(self, code, status=400, **changes):
        self.refused(code, self.rds.create_db_instance, status=status, **self.wanted(**changes))

    def test_a_users_name_is_as_long_as_postgresql_s(self):
        self.assertEqual(self.create(MasterUsername="a" * 63)["MasterUsername"], "a" * 63)

    def test_values_are_checked(self):
        for changes in (
            {"MasterUserPassword": "short"},
            {"MasterUserPassword": "with/slash"},
            {"MasterUsername": "admin"},
            {"MasterUsername": "a" * 64},
            {"DBName": "1bad-"},
            {"DBInstanceClass": "t3.medium"},
            {"AllocatedStorage": 1},
            {"StorageType": "fast"},
            {"BackupRetentionPeriod": 99},
            {"Port": 80},
            {"PreferredBackupWindow": "04:00-04:10"},
            {"PreferredMaintenanceWindow": "sun:04:15-sun:05:15"},
            {"VpcSecurityGroupIds": ["sg-12345678"]},
            {"DBInstanceIdentifier": "a--b"},
        ):
            with self.subTest(changes):
                self.refuse("InvalidParameterValue", **changes)
        self.assertIsNone(self.status())

    def test_combinations_are_checked(self):
        for changes in (
            {"DBInstanceClass": "db.t2.micro"},
            {"EngineVersion": "99.9"},
            {"Iops": 5000},
            {"StorageType": "io1", "AllocatedStorage": 100},
            {"AvailabilityZone": REGION + "a"},
            {"ManageMasterUserPassword": True},
            {"VpcSecurityGroupIds": [self.other_group()]},
        ):
            with self.subTest(changes):
                self.refuse("InvalidParameterCombination", **changes)

    def other_group(self):
        self.network(net="10.1")
        return self.group("elsewhere")

    def test_other_things_must_be_there(self):
        self.refuse("DBSubnetGroupNotFoundFault", 404, DBSubnetGroupName="none")
        self.create()
        self.refuse("DBInstanceAlreadyExists", DBInstanceIdentifier=NAME.upper())

    def test_managed_password(self):
        wanted = self.wanted(ManageMasterUserPassword=True)
        del wanted["MasterUserPassword"]
        made = self.rds.create_db_instance(**wanted)["DBInstance"]
        listed = self.client("secretsmanager").list_secrets()["SecretList"]
        self.assertEqual([secret["ARN"] for secret in listed], [made["MasterUserSecret"]["SecretArn"]])
        value = self.client("secretsmanager").get_secret_value(SecretId=made["MasterUserSecret"]["SecretArn"])
        self.assertEqual(json.loads(value["SecretString"])["username"], "gitlab")
        self.refused("InvalidParameterCombination", self.modify, MasterUserPassword="correct-horse")
        self.refused("InvalidParameterCombination", self.modify, ManageMasterUserPassword=False)
        self.modify(ManageMasterUserPassword=False, MasterUserPassword="correct-horse")
        self.assertNotIn("MasterUserSecret", self.now())

    def test_tags(self):
        arn = self.create()["DBInstanceArn"]
        tags = [{"Key": "a", "Value": "b"}]
        self.rds.add_tags_to_resource(ResourceName=arn, Tags=tags)
        self.assertEqual(self.rds.list_tags_for_resource(ResourceName=arn)["TagList"], tags)
        missing = {"ResourceName": arn + "x"}
        self.refused("DBInstanceNotFound", self.rds.list_tags_for_resource, status=404, **missing)


class Modification(Database):
    def test_what_waits(self):
        self.create()
        shown = self.modify(DBInstanceClass="db.m5.large", EngineVersion="16.10", AllocatedStorage=100)
        pending = {"DBInstanceClass": "db.m5.large", "EngineVersion": "16.10", "AllocatedStorage": 100}
        self.assertEqual((shown["PendingModifiedValues"], shown["DBInstanceStatus"]), (pending, "available"))
        self.assertEqual(self.now()["DBInstanceClass"], "db.t3.medium")
        self.modify(DBInstanceClass="db.t3.medium")
        del pending["DBInstanceClass"]
        self.assertEqual(self.now()["PendingModifiedValues"], pending)
        self.assertEqual(self.page("POST", "advance_window"), {"applied": 1})
        shown = self.now()
        self.assertEqual((shown["EngineVersion"], shown["AllocatedStorage"]), ("16.10", 100))
        self.assertEqual(shown["PendingModifiedValues"], {})

    def test_a_network_type_waits_and_is_not_shown(self):
        self.create()
        self.assertEqual(self.now()["NetworkType"], "IPV4")
        change = {"DBInstanceIdentifier": NAME, "NetworkType": "DUAL"}
        self.refused("NetworkTypeNotSupported", self.rds.modify_db_instance, **change)
        for number, subnet in enumerate(self.subnets):
            block = f"2001:db8:0:{number}::/64"
            self.ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=block)
        shown = self.modify(NetworkType="DUAL")
        self.assertEqual((shown["PendingModifiedValues"], shown["NetworkType"]), ({}, "IPV4"))
        self.assertEqual(self.page("POST", "advance_window"), {"applied": 1})
        self.assertEqual(self.now()["NetworkType"], "DUAL")

    def test_what_does_not_wait(self):
        self.create()
        shown = self.modify(BackupRetentionPeriod=14, DeletionProtection=True, PreferredBackupWindow="02:00-02:30")
        self.assertEqual(shown["PendingModifiedValues"], {})
        self.assertEqual((shown["BackupRetentionPeriod"], shown["DeletionProtection"]), (14, True))
        self.modify(BackupRetentionPeriod=0)
        self.assertEqual(self.now()["PendingModifiedValues"], {"BackupRetentionPeriod": 0})

    def test_at_once_takes_what_waits_along(self):
        self.settings(db_modify_lag=0.3, db_modifying=0.4)
        self.create()
        self.modify(MultiAZ=False)
        shown = self.modify(AllocatedStorage=100, ApplyImmediately=True)
        self.assertEqual(shown["PendingModifiedValues"], {"MultiAZ": False, "AllocatedStorage": 100})
        self.assertEqual(self.status(), "available")
        self.until("modifying", self.status)
        self.refused("InvalidDBInstanceState", self.modify, MultiAZ=True)
        self.until("available", self.status)
        shown = self.now()
        self.assertEqual((shown["MultiAZ"], shown["AllocatedStorage"]), (False, 100))
        self.assertNotIn("SecondaryAvailabilityZone", shown)
        self.assertEqual(len(self.interfaces()), 1)

    def test_the_port_never_waits(self):
        self.create()
        self.modify(DBPortNumber=5555)
        self.assertEqual(self.now()["Endpoint"]["Port"], 5555)

    def test_the_password_is_masked(self):
        self.settings(db_modifying=60)
        self.create()
        shown = self.modify(MasterUserPassword="another-horse")
        self.assertEqual(shown["PendingModifiedValues"], {"MasterUserPassword": "****"})

    def test_refusals(self):
        self.create(AllocatedStorage=100)
        self.subnet_group("second")
        for code, changes in (
            ("InvalidParameterCombination", {"AllocatedStorage": 50}),
            ("InvalidParameterCombination", {"EngineVersion": "16.4"}),
            ("InvalidParameterCombination", {"EngineVersion": "17.6"}),
            ("InvalidParameterCombination", {"DBInstanceClass": "db.t2.micro"}),
            ("InvalidParameterCombination", {}),
            ("InvalidParameterValue", {"VpcSecurityGroupIds": ["sg-12345678"]}),
            ("InvalidParameterValue", {"PreferredBackupWindow": "05:00-05:30"}),
            ("InvalidVPCNetworkStateFault", {"DBSubnetGroupName": "second"}),
        ):
            with self.subTest(changes):
                self.refused(code, self.modify, **changes)

    def test_versions(self):
        self.create()
        self.assertEqual(self.modify(EngineVersion="16", ApplyImmediately=True)["PendingModifiedValues"], {"EngineVersion": "16.10"})
        # A shortened version stands for the default within it, which is no target here.
        upgrade = {"AllowMajorVersionUpgrade": True, "ApplyImmediately": True}
        self.refused("InvalidParameterCombination", self.modify, EngineVersion="17", **upgrade)
        self.modify(EngineVersion="17.6", **upgrade)
        shown = self.now()
        self.assertEqual(shown["EngineVersion"], "17.6")
        self.assertEqual(shown["DBParameterGroups"][0]["DBParameterGroupName"], "default.postgres17")

    def test_growth_is_a_tenth_at_least(self):
        self.create(AllocatedStorage=100)
        self.assertEqual(self.modify(AllocatedStorage=101)["PendingModifiedValues"], {"AllocatedStorage": 110})

    def test_storage_is_optimised_after_a_change_and_takes_no_other(self):
        self.settings(db_optimizing=0.6)
        self.create()
        self.modify(AllocatedStorage=100, ApplyImmediately=True)
        self.assertEqual((self.status(), self.now()["AllocatedStorage"]), ("storage-optimization", 100))
        self.refused("InvalidParameterCombination", self.modify, AllocatedStorage=200)
        self.assertTrue(self.modify(DeletionProtection=True)["DeletionProtection"])
        self.until("available", self.status)
        self.modify(AllocatedStorage=200)

    def test_growing_by_itself(self):
        self.create(AllocatedStorage=100, MaxAllocatedStorage=200)
        self.assertEqual(self.now()["MaxAllocatedStorage"], 200)
        self.refused("InvalidParameterCombination", self.modify, MaxAllocatedStorage=109)
        self.modify(MaxAllocatedStorage=100)
        self.assertNotIn("MaxAllocatedStorage", self.now())

    def test_performance_insights_keep_their_key(self):
        self.create()
        own = "arn:aws:kms:eu-west-1:123456789012:key/1"
        on = {"EnablePerformanceInsights": True}
        self.modify(PerformanceInsightsKMSKeyId=own, **on)
        shown = self.now()
        self.assertEqual((shown["PerformanceInsightsKMSKeyId"], shown["PerformanceInsightsRetentionPeriod"]), (own, 7))
        # Left out, the key counts as the default one.
        self.refused("InvalidParameterCombination", self.modify, PerformanceInsightsRetentionPeriod=93, **on)
        self.modify(PerformanceInsightsRetentionPeriod=93, PerformanceInsightsKMSKeyId=own, **on)
        self.assertEqual(self.now()["PerformanceInsightsRetentionPeriod"], 93)
        self.refused("InvalidParameterValue", self.modify, PerformanceInsightsRetentionPeriod=94)
        self.modify(EnablePerformanceInsights=False)
        self.assertFalse(self.now()["PerformanceInsightsEnabled"])

    def test_log_exports(self):
        self.create(EnableCloudwatchLogsExports=["upgrade"])
        export = lambda **change: self.modify(CloudwatchLogsExportConfiguration=change)  # noqa: E731
        export(EnableLogTypes=["postgresql"], DisableLogTypes=["upgrade"])
        self.assertEqual(self.now()["EnabledCloudwatchLogsExports"], ["postgresql"])
        wrong = {"CloudwatchLogsExportConfiguration": {"EnableLogTypes": ["error"]}}
        self.refused("InvalidParameterCombination", self.modify, **wrong)

    def test_large_gp3(self):
        self.create()
        self.modify(AllocatedStorage=400, ApplyImmediately=True)
        self.assertEqual((self.now()["Iops"], self.now()["StorageThroughput"]), (12000, 500))

    def test_rename(self):
        self.create()
        self.modify(NewDBInstanceIdentifier="renamed", ApplyImmediately=True)
        self.assertEqual(self.now("renamed")["DBInstanceIdentifier"], "renamed")
        self.refused("DBInstanceNotFound", self.now, status=404)

    def test_failover(self):
        before = self.create()
        self.rds.reboot_db_instance(DBInstanceIdentifier=NAME, ForceFailover=True)
        self.assertEqual(self.now()["AvailabilityZone"], before["SecondaryAvailabilityZone"])
        events = self.rds.describe_events(SourceType="db-instance", SourceIdentifier=NAME)["Events"]
        words = ["Multi-AZ instance failover started.", "DB instance restarted", "Multi-AZ instance failover completed"]
        self.assertEqual([event["Message"] for event in events], words)
        later = events[-1]["Date"] + datetime.timedelta(minutes=1)
        self.assertEqual(self.rds.describe_events(StartTime=later)["Events"], [])

    def test_a_failover_changes_the_zones_at_its_end(self):
        before = self.create()
        self.settings(db_rebooting=0.5)
        self.rds.reboot_db_instance(DBInstanceIdentifier=NAME, ForceFailover=True)
        during = self.now()
        self.assertEqual((during["DBInstanceStatus"], during["AvailabilityZone"]), ("rebooting", before["AvailabilityZone"]))
        self.settings()
        self.assertEqual(self.now()["SecondaryAvailabilityZone"], before["AvailabilityZone"])

    def test_the_certificate_ends(self):
        shown = self.create()
        self.assertGreater(self.now()["CertificateDetails"]["ValidTill"], shown["InstanceCreateTime"])


class Deletion(Database):
    def delete(self, **how):
        return self.rds.delete_db_instance(DBInstanceIdentifier=NAME, **how)["DBInstance"]

    def test_states(self):
        self.settings(db_deleting=0.3)
        self.create()
        self.assertEqual(self.delete(FinalDBSnapshotIdentifier="final")["DBInstanceStatus"], "deleting")
        self.assertEqual(self.status(), "deleting")
        self.refused("InvalidDBInstanceState", self.delete, SkipFinalSnapshot=True)
        in_use = {"DBSubnetGroupName": "grp"}
        self.refused("InvalidDBSubnetGroupStateFault", self.rds.delete_db_subnet_group, **in_use)
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=self.sg)
        self.until(None, self.status)
        self.rds.delete_db_subnet_group(**in_use)
        self.ec2.delete_security_group(GroupId=self.sg)
        snapshots = self.rds.describe_db_snapshots()["DBSnapshots"]
        self.assertEqual([snapshot["DBSnapshotIdentifier"] for snapshot in snapshots], ["final"])

    def test_how(self):
        self.create(DeletionProtection=True)
        self.refused("InvalidParameterCombination", self.delete, SkipFinalSnapshot=True)
        self.modify(DeletionProtection=False)
        self.refused("InvalidParameterCombination", self.delete)
        both = {"SkipFinalSnapshot": True, "FinalDBSnapshotIdentifier": "final"}
        self.refused("InvalidParameterCombination", self.delete, **both)
        self.delete(SkipFinalSnapshot=True)
        self.assertIsNone(self.status())

    def test_a_subnet_in_use_stays_in_its_group(self):
        self.create()
        modify = self.rds.modify_db_subnet_group
        self.refused("SubnetAlreadyInUse", modify, DBSubnetGroupName="grp", SubnetIds=self.subnets[1:])
        self.refused("InvalidDBSubnetGroupStateFault", self.rds.delete_db_subnet_group, DBSubnetGroupName="grp")

    def test_restore(self):
        self.create()
        self.page("PUT", "quotas", {"rds/ManualSnapshots": 0})
        self.refused("SnapshotQuotaExceeded", self.delete, FinalDBSnapshotIdentifier="final")
        self.page("PUT", "quotas", {})
        self.delete(FinalDBSnapshotIdentifier="final")
        made = self.rds.restore_db_instance_from_db_snapshot(
            DBInstanceIdentifier="again", DBSnapshotIdentifier="final", DBSubnetGroupName="grp"
        )["DBInstance"]
        self.assertEqual((made["DBInstanceStatus"], made["EngineVersion"]), ("creating", "16.9"))
        self.assertEqual(self.now("again")["DBInstanceStatus"], "available")
