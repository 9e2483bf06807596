"""RDS: what a restore keeps of the old instance, and what it does not."""

import datetime

from test_rds import NAME, Database

SNAPSHOT = "before"
EVERYTHING = {
    "MultiAZ": True,
    "StorageEncrypted": True,
    "DeletionProtection": True,
    "CopyTagsToSnapshot": True,
    "EnableIAMDatabaseAuthentication": True,
    "EnableCloudwatchLogsExports": ["postgresql"],
    "MaxAllocatedStorage": 100,
    "EnablePerformanceInsights": True,
    "MonitoringInterval": 60,
    "MonitoringRoleArn": "arn:aws:iam::123456789012:role/monitoring",
    "Port": 5433,
    "Tags": [{"Key": "of", "Value": "the original"}],
}
# What both calls take. The others are set afterwards.
KEPT = {
    "MultiAZ": True,
    "DeletionProtection": True,
    "CopyTagsToSnapshot": True,
    "EnableIAMDatabaseAuthentication": True,
    "EnableCloudwatchLogsExports": ["postgresql"],
    "DBSubnetGroupName": "grp",
    "AllocatedStorage": 60,
    "DBInstanceClass": "db.m5.large",
    "Port": 5434,
    "Tags": [{"Key": "of", "Value": "the copy"}],
}


class Restore(Database):
    def setUp(self):
        super().setUp()
        self.create(**EVERYTHING)
        self.rds.create_db_snapshot(DBInstanceIdentifier=NAME, DBSnapshotIdentifier=SNAPSHOT)

    def of_snapshot(self, **more):
        asked = {"DBInstanceIdentifier": "again", "DBSnapshotIdentifier": SNAPSHOT} | more
        return self.rds.restore_db_instance_from_db_snapshot(**asked)["DBInstance"]

    def of_time(self, **more):
        asked = {"TargetDBInstanceIdentifier": "again", "SourceDBInstanceIdentifier": NAME, "UseLatestRestorableTime": True}
        asked = {name: value for name, value in (asked | more).items() if value is not None}
        return self.rds.restore_db_instance_to_point_in_time(**asked)["DBInstance"]

    def test_what_is_not_named_is_the_default(self):
        for restore in (self.of_snapshot, self.of_time):
            made = restore()
            self.assertEqual(made["DBInstanceStatus"], "creating")
            now = self.now("again")
            old = self.now()
            for name in ("EngineVersion", "DBInstanceClass", "MasterUsername", "DBName", "AllocatedStorage", "KmsKeyId", "StorageEncrypted", "TagList"):
                self.assertEqual(now[name], old[name], name)
            self.assertEqual((now["Endpoint"]["Port"], now["BackupRetentionPeriod"]), (5433, 7))
            self.assertNotEqual(now["DbiResourceId"], old["DbiResourceId"])
            self.assertNotEqual(now["DBSubnetGroup"]["DBSubnetGroupName"] if "DBSubnetGroup" in now else "default", "grp")
            self.assertNotIn(self.sg, [group["VpcSecurityGroupId"] for group in now["VpcSecurityGroups"]])
            for name in ("MultiAZ", "DeletionProtection", "CopyTagsToSnapshot", "IAMDatabaseAuthenticationEnabled", "PerformanceInsightsEnabled"):
                self.assertFalse(now[name], name)
            self.assertEqual((now["MonitoringInterval"], now.get("EnabledCloudwatchLogsExports", [])), (0, []))
            self.assertNotIn("MaxAllocatedStorage", now)
            self.assertNotEqual(now["PreferredMaintenanceWindow"], old["PreferredMaintenanceWindow"])
            self.rds.delete_db_instance(DBInstanceIdentifier="again", SkipFinalSnapshot=True)

    def test_what_is_named_is_so(self):
        for restore in (self.of_snapshot, self.of_time):
            restore(VpcSecurityGroupIds=[self.sg], **KEPT)
            now = self.now("again")
            for name in ("MultiAZ", "DeletionProtection", "CopyTagsToSnapshot", "AllocatedStorage", "DBInstanceClass"):
                self.assertEqual(now[name], KEPT[name], name)
            self.assertEqual((now["Endpoint"]["Port"], now["IAMDatabaseAuthenticationEnabled"]), (5434, True))
            self.assertEqual(now["DBSubnetGroup"]["DBSubnetGroupName"], "grp")
            self.assertEqual([group["VpcSecurityGroupId"] for group in now["VpcSecurityGroups"]], [self.sg])
            self.assertEqual((now["EnabledCloudwatchLogsExports"], now["TagList"]), (["postgresql"], KEPT["Tags"]))
            self.rds.modify_db_instance(DBInstanceIdentifier="again", DeletionProtection=False)
            self.rds.delete_db_instance(DBInstanceIdentifier="again", SkipFinalSnapshot=True)

    def test_a_snapshot_outlives_its_instance(self):
        self.modify(DeletionProtection=False)
        self.rds.delete_db_instance(DBInstanceIdentifier=NAME, SkipFinalSnapshot=True)
        self.until(None, self.status)
        self.of_snapshot(DBInstanceIdentifier=NAME)
        self.assertEqual(self.now()["MasterUsername"], "gitlab")

    def test_refusals(self):
        self.refused("DBSnapshotNotFound", self.of_snapshot, status=404, DBSnapshotIdentifier="none")
        self.refused("DBInstanceAlreadyExists", self.of_snapshot, DBInstanceIdentifier=NAME)
        self.refused("InvalidParameterValue", self.of_snapshot, AllocatedStorage=49)
        self.refused("InvalidParameterValue", self.of_snapshot, AllocatedStorage=54)
        self.refused("InvalidParameterCombination", self.of_snapshot, ManageMasterUserPassword=True)
        self.refused("DBInstanceNotFound", self.of_time, status=404, SourceDBInstanceIdentifier="none")
        self.refused("InvalidParameterCombination", self.of_time, UseLatestRestorableTime=None)
        now = datetime.datetime.now(datetime.UTC)
        for off in (datetime.timedelta(days=-1), datetime.timedelta(days=1)):
            self.refused("InvalidParameterValue", self.of_time, UseLatestRestorableTime=None, RestoreTime=now + off)
        self.of_time(UseLatestRestorableTime=None, RestoreTime=now)

    def test_retained_backups_outlive_their_instance_and_are_restored_by_its_resource_id(self):
        old = self.now()
        self.rds.modify_db_instance(DBInstanceIdentifier=NAME, DeletionProtection=False, ApplyImmediately=True)
        by_id = {"SourceDBInstanceIdentifier": None, "SourceDbiResourceId": old["DbiResourceId"]}
        self.rds.delete_db_instance(DBInstanceIdentifier=NAME, SkipFinalSnapshot=True, DeleteAutomatedBackups=False)
        [kept] = self.rds.describe_db_instance_automated_backups(DbiResourceId=old["DbiResourceId"])["DBInstanceAutomatedBackups"]
        self.assertEqual(kept["Status"], "retained")
        self.refused("DBInstanceNotFound", self.of_time, status=404)
        self.of_time(**by_id)
        now = self.now("again")
        for name in ("EngineVersion", "DBInstanceClass", "MasterUsername", "DBName", "AllocatedStorage", "TagList"):
            self.assertEqual(now[name], old[name], name)
        self.assertNotEqual(now["DbiResourceId"], old["DbiResourceId"])

    def test_backups_that_went_with_their_instance_are_not_restored(self):
        old = self.now()
        self.rds.modify_db_instance(DBInstanceIdentifier=NAME, DeletionProtection=False, ApplyImmediately=True)
        self.rds.delete_db_instance(DBInstanceIdentifier=NAME, SkipFinalSnapshot=True)
        by_id = {"SourceDBInstanceIdentifier": None, "SourceDbiResourceId": old["DbiResourceId"]}
        self.refused("DBInstanceAutomatedBackupNotFound", self.of_time, status=404, **by_id)

    def test_without_automated_backups_there_is_no_time_to_restore_to(self):
        self.modify(BackupRetentionPeriod=0, ApplyImmediately=True)
        self.until(False, lambda: "LatestRestorableTime" in self.now())
        self.refused("PointInTimeRestoreNotEnabled", self.of_time)
