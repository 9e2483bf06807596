"""RDS: read replicas of the same region, what they take of their source, and the end of either."""

from test_rds import NAME, Database

REPLICA = "reports"
OF_SOURCE = {
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
    "AutoMinorVersionUpgrade": False,
    "Tags": [{"Key": "of", "Value": "the source"}],
}
ASKED = {
    "DBInstanceClass": "db.m5.large",
    "Port": 5434,
    "MultiAZ": True,
    "DeletionProtection": True,
    "CopyTagsToSnapshot": True,
    "EnableIAMDatabaseAuthentication": True,
    "EnablePerformanceInsights": True,
    "MaxAllocatedStorage": 200,
    "Tags": [{"Key": "of", "Value": "the replica"}],
}


class Replica(Database):
    def replicate(self, **more):
        asked = {"DBInstanceIdentifier": REPLICA, "SourceDBInstanceIdentifier": NAME} | more
        asked = {name: value for name, value in asked.items() if value is not None}
        return self.rds.create_db_instance_read_replica(**asked)["DBInstance"]

    def status(self, name=REPLICA):
        return self.now(name)["DBInstanceStatus"]

    def refuse(self, code, status=400, **more):
        return self.refused(code, self.replicate, status=status, **more)["Error"]["Message"]

    def delete(self, name, **more):
        return self.rds.delete_db_instance(DBInstanceIdentifier=name, **({"SkipFinalSnapshot": True} | more))

    def test_a_minor_upgrade_of_the_source_is_refused_while_a_replica_is_behind(self):
        old, new = "16.8", "16.9"
        self.create(EngineVersion=old)
        self.replicate()
        self.until("available", self.status)
        upgrade = {"EngineVersion": new, "ApplyImmediately": True}
        said = self.refused("DBUpgradeDependencyFailure", self.modify, status=400, **upgrade)["Error"]["Message"]
        self.assertIn(f"need to be upgraded: {REPLICA}", said)
        self.rds.modify_db_instance(DBInstanceIdentifier=REPLICA, **upgrade)
        self.until(new, lambda: self.now(REPLICA)["EngineVersion"])
        self.modify(**upgrade)
        self.until(new, lambda: self.now()["EngineVersion"])

    def test_it_is_an_instance_of_its_own(self):
        source = self.create()
        self.settings(db_creating=0.3)
        made = self.replicate()
        self.assertEqual((made["DBInstanceStatus"], "Endpoint" in made), ("creating", False))
        self.assertEqual(made["ReadReplicaSourceDBInstanceIdentifier"], NAME)
        self.assertNotEqual(made["DbiResourceId"], source["DbiResourceId"])
        self.assertNotEqual(made["DBInstanceArn"], source["DBInstanceArn"])
        self.assertGreater(made["InstanceCreateTime"], source["InstanceCreateTime"])
        self.until("available", self.status)
        self.assertEqual(self.now()["ReadReplicaDBInstanceIdentifiers"], [REPLICA])
        self.assertNotEqual(self.now(REPLICA)["Endpoint"]["Address"], self.now()["Endpoint"]["Address"])
        self.assertEqual(self.now(REPLICA)["ReadReplicaDBInstanceIdentifiers"], [])
        by_id = [{"Name": "dbi-resource-id", "Values": [made["DbiResourceId"]]}]
        found = self.rds.describe_db_instances(Filters=by_id)["DBInstances"]
        self.assertEqual([one["DBInstanceIdentifier"] for one in found], [REPLICA])

    def test_what_is_not_named_is_of_the_source_or_the_default(self):
        self.create(**OF_SOURCE)
        self.replicate()
        now, source = self.now(REPLICA), self.now()
        names = ("Engine", "EngineVersion", "DBInstanceClass", "AllocatedStorage", "MasterUsername", "DBName", "StorageEncrypted")
        for name in (*names, "KmsKeyId", "AutoMinorVersionUpgrade", "DBParameterGroups", "PreferredMaintenanceWindow", "PreferredBackupWindow"):
            self.assertEqual(now[name], source[name], name)
        self.assertEqual((now["Endpoint"]["Port"], now["BackupRetentionPeriod"]), (5433, 0))
        self.assertEqual(now["DBSubnetGroup"]["DBSubnetGroupName"], "grp")
        # The default group, though the source has another one (VpcSecurityGroupIds).
        self.assertEqual([group["VpcSecurityGroupId"] for group in now["VpcSecurityGroups"]], [self.default_group()])
        for name in ("MultiAZ", "DeletionProtection", "CopyTagsToSnapshot", "IAMDatabaseAuthenticationEnabled", "PerformanceInsightsEnabled", "PubliclyAccessible"):
            self.assertFalse(now[name], name)
        self.assertEqual((now["MonitoringInterval"], now["TagList"], now["StorageType"]), (0, [], "gp3"))
        self.assertEqual(now.get("EnabledCloudwatchLogsExports", []), [])
        self.assertNotIn("MaxAllocatedStorage", now)

    def test_what_is_named_is_so(self):
        self.create(**OF_SOURCE)
        self.replicate(VpcSecurityGroupIds=[self.sg], **ASKED)
        now = self.now(REPLICA)
        for name in ("DBInstanceClass", "MultiAZ", "DeletionProtection", "CopyTagsToSnapshot", "MaxAllocatedStorage"):
            self.assertEqual(now[name], ASKED[name], name)
        self.assertEqual((now["Endpoint"]["Port"], now["TagList"]), (5434, ASKED["Tags"]))
        self.assertTrue(now["IAMDatabaseAuthenticationEnabled"] and now["PerformanceInsightsEnabled"])
        self.assertEqual([group["VpcSecurityGroupId"] for group in now["VpcSecurityGroups"]], [self.sg])

    def test_a_source_that_is_not_fit_is_refused(self):
        self.refuse("DBInstanceNotFound", status=404)
        self.create(BackupRetentionPeriod=0)
        self.assertIn("Automated backups are not enabled", self.refuse("InvalidDBInstanceState"))
        self.modify(BackupRetentionPeriod=1, ApplyImmediately=True)
        self.until(1, lambda: self.now()["BackupRetentionPeriod"])
        self.until("available", lambda: self.status(NAME))
        self.modify(ManageMasterUserPassword=True)
        self.assertIn("ManageMasterUserPassword is enabled", self.refuse("InvalidParameterValue"))
        self.modify(ManageMasterUserPassword=False, MasterUserPassword="correct-horse", ApplyImmediately=True)
        self.until("available", lambda: self.status(NAME))
        self.refuse("DBInstanceAlreadyExists", DBInstanceIdentifier=NAME)
        self.refuse("DBSubnetGroupNotAllowedFault", DBSubnetGroupName="grp")
        self.page("POST", "status", {"id": self.now()["DbiResourceId"], "status": "stopped"})
        self.refuse("InvalidDBInstanceState")

    def test_a_source_keeps_its_backups_and_a_replica_has_the_password_of_its_source(self):
        self.create()
        self.replicate()
        self.refused("InvalidParameterValue", self.modify, BackupRetentionPeriod=0)
        password = {"DBInstanceIdentifier": REPLICA, "MasterUserPassword": "battery-staple"}
        self.refused("InvalidParameterCombination", self.rds.modify_db_instance, **password)
        self.rds.modify_db_instance(DBInstanceIdentifier=REPLICA, DBInstanceClass="db.m5.large", ApplyImmediately=True)
        self.until("db.m5.large", lambda: self.now(REPLICA)["DBInstanceClass"])
        self.assertEqual(self.now()["DBInstanceClass"], "db.t3.medium")

    def test_both_names_may_change(self):
        self.create()
        self.replicate()
        for old, new in ((NAME, "main"), (REPLICA, "copy")):
            self.rds.modify_db_instance(DBInstanceIdentifier=old, NewDBInstanceIdentifier=new, ApplyImmediately=True)
            names = lambda: {one["DBInstanceIdentifier"] for one in self.rds.describe_db_instances()["DBInstances"]}
            self.until(True, lambda: new in names())
        self.assertEqual(self.now("copy")["ReadReplicaSourceDBInstanceIdentifier"], "main")
        self.assertEqual(self.now("main")["ReadReplicaDBInstanceIdentifiers"], ["copy"])

    def test_a_major_upgrade_takes_it_along(self):
        self.create()
        self.replicate()
        self.modify(EngineVersion="17.5", AllowMajorVersionUpgrade=True, ApplyImmediately=True)
        self.until("17.5", lambda: self.now()["EngineVersion"])
        now = self.now(REPLICA)
        self.assertEqual((now["EngineVersion"], now["DBParameterGroups"][0]["DBParameterGroupName"]), ("17.5", "default.postgres17"))

    def test_it_is_deleted_without_a_last_snapshot(self):
        self.create()
        self.replicate(DeletionProtection=True)
        self.refused("InvalidParameterCombination", self.delete, name=REPLICA)
        self.rds.modify_db_instance(DBInstanceIdentifier=REPLICA, DeletionProtection=False)
        last = {"SkipFinalSnapshot": False, "FinalDBSnapshotIdentifier": "last"}
        answer = self.refused("InvalidParameterCombination", self.delete, name=REPLICA, **last)
        self.assertIn("can not be specified when deleting a replica instance", answer["Error"]["Message"])
        self.delete(REPLICA)
        self.until([], lambda: self.now()["ReadReplicaDBInstanceIdentifiers"])

    def test_the_replicas_of_a_source_that_is_deleted_are_promoted(self):
        self.create()
        self.replicate()
        self.delete(NAME)
        self.until(None, lambda: self.now(REPLICA).get("ReadReplicaSourceDBInstanceIdentifier"))
        self.delete(REPLICA, SkipFinalSnapshot=False, FinalDBSnapshotIdentifier="last")

    def test_one_is_promoted_once(self):
        self.create()
        self.replicate()
        promote = self.rds.promote_read_replica
        self.refused("InvalidDBInstanceState", promote, DBInstanceIdentifier=NAME)
        promote(DBInstanceIdentifier=REPLICA)
        self.until("available", self.status)
        now = self.now(REPLICA)
        self.assertEqual((now["BackupRetentionPeriod"], "ReadReplicaSourceDBInstanceIdentifier" in now), (1, False))
        self.assertEqual(self.now()["ReadReplicaDBInstanceIdentifiers"], [])
        self.refused("InvalidDBInstanceState", promote, DBInstanceIdentifier=REPLICA)
