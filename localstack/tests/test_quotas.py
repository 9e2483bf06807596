"""Quotas, what is used of them, and rehearsals."""

from base import Case


class Quotas(Case):
    def test_service_quotas(self):
        def value():
            quota = {"ServiceCode": "vpc", "QuotaCode": "L-E79EC296"}
            return self.client("service-quotas").get_service_quota(**quota)["Quota"]["Value"]

        self.assertEqual(value(), 2500)
        self.page("PUT", "quotas", {"vpc/L-E79EC296": 3})
        self.assertEqual(value(), 3)
        self.page("PUT", "quotas", {})
        self.assertEqual(value(), 2500)
        unknown = {"ServiceCode": "vpc", "QuotaCode": "L-00000000"}
        self.refused("NoSuchResourceException", self.client("service-quotas").get_service_quota, **unknown)
        def vcpus(call):
            return call(ServiceCode="ec2", QuotaCode="L-1216C47A")["Quota"]["Value"]

        service = self.client("service-quotas")
        self.assertEqual((vcpus(service.get_service_quota), vcpus(service.get_aws_default_service_quota)), (640, 5))
        self.assertIn("unknown quota", self.page("PUT", "quotas", {"vpc/x": 1})["error"])
        self.assertIn("number", self.page("PUT", "quotas", {"rds/DBInstances": -1})["error"])

    def test_account_attributes_count_what_is_there(self):
        def quota(name):
            rows = self.rds.describe_account_attributes()["AccountQuotas"]
            row = next(row for row in rows if row["AccountQuotaName"] == name)
            return row["Used"], row["Max"]

        self.assertEqual((quota("DBInstances"), quota("AllocatedStorage")), ((0, 40), (0, 100_000)))
        self.rds.create_db_instance(
            DBInstanceIdentifier="a",
            Engine="postgres",
            DBInstanceClass="db.t4g.medium",
            AllocatedStorage=30,
            MasterUsername="somebody",
            ManageMasterUserPassword=True,
        )
        self.page("PUT", "quotas", {"rds/DBInstances": 1})
        self.assertEqual((quota("DBInstances"), quota("AllocatedStorage")), ((1, 1), (30, 100_000)))

    def test_a_rehearsal_makes_nothing_and_is_counted_apart(self):
        create = {"GroupName": "x", "Description": "d", "VpcId": self.network(), "DryRun": True}
        self.page("POST", "faults", {"operation": "ec2.CreateSecurityGroup.DryRun", "code": "UnauthorizedOperation"})
        self.refused("UnauthorizedOperation", self.ec2.create_security_group, **create)
        self.refused("DryRunOperation", self.ec2.create_security_group, status=412, **create)
        calls = self.page("GET", "calls")["by_operation"]
        self.assertEqual(calls["ec2.CreateSecurityGroup.DryRun"], 2)
        self.assertNotIn("ec2.CreateSecurityGroup", calls)
        groups = self.ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["x"]}])
        self.assertEqual(groups["SecurityGroups"], [])
