"""The control page: settings, calls, faults."""

import threading
import time

from base import Case
from botocore.exceptions import ClientError


class Control(Case):
    def test_settings(self):
        shown = self.settings(db_creating=1.5)
        self.assertEqual((shown["db_creating"], shown["efs_creating"]), (1.5, 0))
        self.assertEqual(self.page("GET", "settings"), shown)
        self.assertIn("unknown setting", self.settings(db_creation=1)["error"])
        self.assertIn("seconds", self.settings(db_creating=-1)["error"])

    def test_calls(self):
        self.ec2.describe_vpcs()
        self.client("sts").get_caller_identity()
        self.network()
        refused = {"DBInstanceIdentifier": "x", "Engine": "postgres", "MasterUserPassword": "secret-word"}
        with self.assertRaises(ClientError):
            self.rds.create_db_instance(**refused)
        page = self.page("GET", "calls")
        counted = {"ec2.DescribeVpcs": 1, "sts.GetCallerIdentity": 1, "ec2.CreateVpc": 1, "ec2.CreateSubnet": 3}
        self.assertEqual(page["by_operation"], counted | {"rds.CreateDBInstance": 1})
        self.assertEqual(page["total"], 7)
        last = page["log"][-1]
        self.assertEqual((last["service"], last["operation"], last["status"]), ("rds", "CreateDBInstance", 400))
        self.assertLessEqual(last["at"], last["ended"])
        self.assertEqual(last["parameters"], refused | {"MasterUserPassword": "***"})
        self.page("DELETE", "calls")
        self.assertEqual(self.page("GET", "calls")["total"], 0)

    def test_recovery_points(self):
        arn = f"arn:aws:elasticfilesystem:eu-west-1:{self.account}:file-system/fs-0a1b2c3d"
        backup = self.client("backup")
        self.assertEqual(backup.list_recovery_points_by_resource(ResourceArn=arn)["RecoveryPoints"], [])
        for hours in (30, 6):
            self.page("POST", "recovery_point", {"arn": arn, "hours": hours})
        points = backup.list_recovery_points_by_resource(ResourceArn=arn)["RecoveryPoints"]
        self.assertEqual([point["Status"] for point in points], ["COMPLETED"] * 2)
        self.assertGreater(points[0]["CreationDate"], points[1]["CreationDate"])
        first = backup.list_recovery_points_by_resource(ResourceArn=arn, MaxResults=1)
        second = backup.list_recovery_points_by_resource(ResourceArn=arn, MaxResults=1, NextToken=first["NextToken"])
        self.assertEqual(first["RecoveryPoints"] + second["RecoveryPoints"], points)
        self.refused("InvalidParameterValueException", backup.list_recovery_points_by_resource, ResourceArn="fs-1")
        self.assertIn("ARN", self.page("POST", "recovery_point", {"arn": "fs-1"})["error"])

    def test_latency(self):
        self.ec2.describe_vpcs()
        self.settings(latency=0.3)
        begun = time.monotonic()
        self.ec2.describe_vpcs()
        self.assertGreaterEqual(time.monotonic() - begun, 0.3)

    def test_calls_wait_side_by_side(self):
        self.settings(latency=0.3)
        callers = [threading.Thread(target=self.ec2.describe_vpcs) for _ in range(5)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        log = self.page("GET", "calls")["log"]
        self.assertEqual(len(log), 5)
        self.assertLess(max(call["at"] for call in log), min(call["ended"] for call in log))

    def test_a_fault_instead_of_acting(self):
        fault = {"operation": "efs.CreateFileSystem", "code": "ThrottlingException", "status": 429, "times": 2}
        self.page("POST", "faults", fault)
        for _ in range(2):
            self.refused("ThrottlingException", self.efs.create_file_system, status=429, CreationToken="t")
        self.assertEqual(self.efs.describe_file_systems()["FileSystems"], [])
        self.efs.create_file_system(CreationToken="t")

    def test_a_fault_after_acting(self):
        self.page("POST", "faults", {"operation": "ec2.CreateSecurityGroup", "after": True})
        create = {"GroupName": "x", "Description": "d", "VpcId": self.network()}
        self.refused("InternalFailure", self.ec2.create_security_group, status=500, **create)
        self.refused("InvalidGroup.Duplicate", self.ec2.create_security_group, **create)

    def test_faults_are_taken_back(self):
        self.page("POST", "faults", {"operation": "ec2.DescribeVpcs"})
        self.assertEqual(len(self.page("GET", "faults")["faults"]), 1)
        self.page("DELETE", "faults")
        self.ec2.describe_vpcs()
        self.assertIn("operation", self.page("POST", "faults", {"op": "x"})["error"])

    def test_accounts_are_apart(self):
        self.efs.create_file_system(CreationToken="t")
        self.settings(efs_deleting=60)
        Case.setUp(self)
        self.assertEqual(self.efs.describe_file_systems()["FileSystems"], [])
        self.assertEqual(self.page("GET", "settings")["efs_deleting"], 0)
