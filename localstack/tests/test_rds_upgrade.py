"""RDS: snapshots on request, upgrades that its check refuses, and blue/green deployments."""

from test_rds import NAME, Database


class Upgrade(Database):
    def test_a_snapshot_is_creating_before_it_is_available(self):
        self.create()
        self.settings(db_snapshot=0.3)
        take = {"DBInstanceIdentifier": NAME, "DBSnapshotIdentifier": "before"}
        self.assertEqual(self.rds.create_db_snapshot(**take)["DBSnapshot"]["Status"], "creating")
        shown = lambda: self.rds.describe_db_snapshots(DBSnapshotIdentifier="before")["DBSnapshots"][0]["Status"]  # noqa: E731
        self.assertEqual(shown(), "creating")
        self.refused("DBSnapshotAlreadyExists", self.rds.create_db_snapshot, **take)
        self.until("available", shown)

    def test_an_upgrade_is_upgrading_and_one_that_is_refused_leaves_everything_as_it_was(self):
        self.create()
        self.settings(db_modifying=0.3)
        self.page("POST", "refuse_upgrade", {"id": NAME, "reason": "prepared transactions"})
        self.modify(EngineVersion="17.6", AllowMajorVersionUpgrade=True, ApplyImmediately=True)
        self.until("upgrading", self.status)
        self.until("available", self.status)
        self.assertEqual(self.now()["EngineVersion"], "16.9")
        events = self.rds.describe_events(SourceType="db-instance", SourceIdentifier=NAME)["Events"]
        self.assertIn("cannot be upgraded: prepared transactions", events[-1]["Message"])
        logs = self.rds.describe_db_log_files(DBInstanceIdentifier=NAME, FilenameContains="pg_upgrade")["DescribeDBLogFiles"]
        self.assertEqual(len(logs), 1)
        self.modify(EngineVersion="17.6", AllowMajorVersionUpgrade=True, ApplyImmediately=True)
        self.until("available", self.status)
        self.assertEqual(self.now()["EngineVersion"], "17.6")


class Maintenance(Database):
    def test_what_has_something_pending_is_listed_by_its_arn(self):
        asked = lambda **more: self.rds.describe_pending_maintenance_actions(**more)["PendingMaintenanceActions"]  # noqa: E731
        self.create()
        self.assertEqual(asked(), [])
        update = {"id": NAME, "action": "system-update", "description": "New Operating System update is available"}
        self.page("POST", "maintenance", update | {"window": 3, "forced": 10})
        self.page("POST", "maintenance", {"id": NAME, "action": "hardware-maintenance"})
        [one] = asked()
        self.assertEqual(one["ResourceIdentifier"], self.now()["DBInstanceArn"])
        first, second = one["PendingMaintenanceActionDetails"]
        self.assertEqual((first["Action"], first["Description"]), (update["action"], update["description"]))
        self.assertEqual(first["CurrentApplyDate"], first["AutoAppliedAfterDate"])
        self.assertLess(first["AutoAppliedAfterDate"], first["ForcedApplyDate"])
        self.assertNotIn("CurrentApplyDate", second)
        self.assertEqual(asked(Filters=[{"Name": "db-instance-id", "Values": ["another"]}]), [])
        self.assertEqual(len(asked(Filters=[{"Name": "db-instance-id", "Values": [NAME]}])), 1)
        unknown = {"ResourceIdentifier": "arn:aws:rds:eu-west-1:123456789012:db:none"}
        self.refused("ResourceNotFoundFault", self.rds.describe_pending_maintenance_actions, status=404, **unknown)


class BlueGreen(Database):
    def deployed(self, **more):
        asked = {"BlueGreenDeploymentName": "newer", "Source": self.now()["DBInstanceArn"], "TargetEngineVersion": "16.10"} | more
        return self.rds.create_blue_green_deployment(**asked)["BlueGreenDeployment"]

    def deployment(self, made):
        found = self.rds.describe_blue_green_deployments(BlueGreenDeploymentIdentifier=made["BlueGreenDeploymentIdentifier"])
        return found["BlueGreenDeployments"][0]

    def test_a_copy_has_the_settings_and_takes_the_name(self):
        self.create(DeletionProtection=True, Tags=[{"Key": "of", "Value": "both"}])
        before = self.now()
        made = self.deployed()
        self.assertEqual((made["Status"], "Target" in made), ("PROVISIONING", False))
        now = self.deployment(made)
        green = now["Target"].split(":")[-1]
        self.assertTrue(green.startswith(f"{NAME}-green-"))
        for name in ("MultiAZ", "DeletionProtection", "TagList", "DBInstanceClass", "AllocatedStorage", "PreferredMaintenanceWindow"):
            self.assertEqual(self.now(green)[name], before[name], name)
        self.assertEqual(self.now(green)["EngineVersion"], "16.10")
        identity = made["BlueGreenDeploymentIdentifier"]
        self.refused("InvalidParameterValue", self.rds.switchover_blue_green_deployment, BlueGreenDeploymentIdentifier=identity, SwitchoverTimeout=5)
        self.rds.switchover_blue_green_deployment(BlueGreenDeploymentIdentifier=identity)
        self.assertEqual(self.deployment(made)["Status"], "SWITCHOVER_COMPLETED")
        self.assertEqual(self.now(f"{NAME}-old1")["DbiResourceId"], before["DbiResourceId"])
        self.assertEqual(self.now()["EngineVersion"], "16.10")
        delete = self.rds.delete_blue_green_deployment
        self.refused("InvalidParameterCombination", delete, BlueGreenDeploymentIdentifier=identity, DeleteTarget=True)
        delete(BlueGreenDeploymentIdentifier=identity)
        self.refused("BlueGreenDeploymentNotFoundFault", delete, status=404, BlueGreenDeploymentIdentifier=identity)
        self.assertEqual(self.now(f"{NAME}-old1")["DBInstanceStatus"], "available")

    def test_another_major_version_follows_logically(self):
        self.create()
        self.refused("SourceDatabaseNotSupportedFault", self.deployed, TargetEngineVersion="17.6")
        group = {"DBParameterGroupName": "logical", "DBParameterGroupFamily": "postgres16", "Description": "d"}
        self.rds.create_db_parameter_group(**group)
        parameter = {"ParameterName": "rds.logical_replication", "ParameterValue": "1", "ApplyMethod": "pending-reboot"}
        self.rds.modify_db_parameter_group(DBParameterGroupName="logical", Parameters=[parameter])
        self.modify(DBParameterGroupName="logical", ApplyImmediately=True)
        self.refused("SourceDatabaseNotSupportedFault", self.deployed, TargetEngineVersion="17.6")
        self.rds.reboot_db_instance(DBInstanceIdentifier=NAME)
        self.deployed(TargetEngineVersion="17.6", TargetDBParameterGroupName="default.postgres17")

    def test_what_has_no_copy_is_refused(self):
        wanted = {name: value for name, value in self.wanted().items() if name != "MasterUserPassword"}
        self.rds.create_db_instance(**wanted, ManageMasterUserPassword=True)
        self.refused("SourceDatabaseNotSupportedFault", self.deployed)

    def test_a_copy_that_somebody_deletes_makes_the_deployment_invalid(self):
        self.create()
        made = self.deployed()
        green = self.deployment(made)["Target"].split(":")[-1]
        self.rds.delete_db_instance(DBInstanceIdentifier=green, SkipFinalSnapshot=True)
        self.assertEqual(self.deployment(made)["Status"], "INVALID_CONFIGURATION")
        switch = self.rds.switchover_blue_green_deployment
        self.refused("InvalidBlueGreenDeploymentStateFault", switch, BlueGreenDeploymentIdentifier=made["BlueGreenDeploymentIdentifier"])

    def test_a_switchover_that_is_refused_leaves_both_names(self):
        self.create()
        made = self.deployed()
        identity = made["BlueGreenDeploymentIdentifier"]
        self.page("POST", "refuse_upgrade", {"id": identity, "reason": "too far behind"})
        self.rds.switchover_blue_green_deployment(BlueGreenDeploymentIdentifier=identity)
        now = self.deployment(made)
        self.assertEqual((now["Status"], now["StatusDetails"]), ("SWITCHOVER_FAILED", "too far behind"))
        self.assertEqual(self.now()["EngineVersion"], "16.9")
        # The target goes along where that is asked for, and is not protected.
        self.rds.delete_blue_green_deployment(BlueGreenDeploymentIdentifier=identity, DeleteTarget=True)
        self.assertEqual(len(self.rds.describe_db_instances()["DBInstances"]), 1)
