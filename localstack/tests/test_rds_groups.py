"""RDS: DB subnet groups, the catalogue, paging."""

from base import Case


class SubnetGroups(Case):
    def setUp(self):
        super().setUp()
        self.network()

    def create(self, name="grp", subnets=slice(0, 2), **more):
        return {
            "DBSubnetGroupName": name,
            "DBSubnetGroupDescription": "d",
            "SubnetIds": self.subnets[subnets],
        } | more

    def refuse(self, code, **parameters):
        self.refused(code, self.rds.create_db_subnet_group, **parameters)

    def ids(self, name="grp"):
        (group,) = self.rds.describe_db_subnet_groups(DBSubnetGroupName=name)["DBSubnetGroups"]
        return [subnet["SubnetIdentifier"] for subnet in group["Subnets"]]

    def test_create(self):
        tags = [{"Key": "a", "Value": "b"}]
        made = self.rds.create_db_subnet_group(**self.create("Grp", Tags=tags))["DBSubnetGroup"]
        self.assertEqual(made["DBSubnetGroupName"], "grp")
        self.assertEqual(self.rds.list_tags_for_resource(ResourceName=made["DBSubnetGroupArn"])["TagList"], tags)
        self.refuse("DBSubnetGroupAlreadyExists", **self.create())

    def test_refusals(self):
        self.refuse("DBSubnetGroupDoesNotCoverEnoughAZs", **self.create(subnets=slice(0, 1)))
        self.refuse("InvalidSubnet", **self.create(SubnetIds=[self.subnets[0], "subnet-12345678"]))
        self.refuse("InvalidParameterValue", **self.create("default"))
        self.refuse("InvalidParameterValue", **self.create("a/b"))
        here = self.subnets
        self.network(net="10.1")
        self.refuse("InvalidSubnet", **self.create(SubnetIds=[here[0], self.subnets[1]]))

    def test_modify(self):
        self.rds.create_db_subnet_group(**self.create())
        modify = self.rds.modify_db_subnet_group
        modify(DBSubnetGroupName="grp", SubnetIds=self.subnets, DBSubnetGroupDescription="new")
        self.assertEqual(self.ids(), self.subnets)
        missing = {"DBSubnetGroupName": "none", "SubnetIds": self.subnets}
        self.refused("DBSubnetGroupNotFoundFault", modify, status=404, **missing)
        one = {"DBSubnetGroupName": "grp", "SubnetIds": self.subnets[:1]}
        self.refused("DBSubnetGroupDoesNotCoverEnoughAZs", modify, **one)
        self.network(net="10.1")
        self.refused("InvalidParameterValue", modify, DBSubnetGroupName="grp", SubnetIds=self.subnets)

    def test_delete(self):
        self.rds.create_db_subnet_group(**self.create())
        self.rds.delete_db_subnet_group(DBSubnetGroupName="grp")
        gone = self.rds.delete_db_subnet_group
        self.refused("DBSubnetGroupNotFoundFault", gone, status=404, DBSubnetGroupName="grp")

    def test_paging(self):
        names = {f"g{number:02}" for number in range(25)}
        for name in names:
            self.rds.create_db_subnet_group(**self.create(name))
        first = self.rds.describe_db_subnet_groups(MaxRecords=20)
        rest = self.rds.describe_db_subnet_groups(MaxRecords=20, Marker=first["Marker"])
        shown = [group["DBSubnetGroupName"] for page in (first, rest) for group in page["DBSubnetGroups"]]
        self.assertEqual((set(shown), len(shown)), (names, 25))
        for operation in ("describe_db_subnet_groups", "describe_db_instances", "describe_db_engine_versions"):
            self.refused("InvalidParameterValue", getattr(self.rds, operation), MaxRecords=5)


class Catalogue(Case):
    def versions(self, **parameters):
        found = self.rds.describe_db_engine_versions(Engine="postgres", **parameters)["DBEngineVersions"]
        return {version["EngineVersion"]: version for version in found}

    def test_versions(self):
        self.assertGreater(len(self.versions()), 10)
        self.assertEqual(set(self.versions(EngineVersion="16.9")), {"16.9"})
        self.assertEqual({version.split(".")[0] for version in self.versions(EngineVersion="16")}, {"16"})
        targets = self.versions(EngineVersion="16.9")["16.9"]["ValidUpgradeTarget"]
        steps = {target["EngineVersion"]: target["IsMajorVersionUpgrade"] for target in targets}
        self.assertEqual((steps["16.10"], steps["17.6"], "16.8" in steps), (False, True, False))
        self.assertEqual(len(self.versions(DefaultOnly=True)), 1)

    def test_classes(self):
        ask = self.rds.describe_orderable_db_instance_options
        found = ask(Engine="postgres", EngineVersion="16.9", DBInstanceClass="db.t3.medium")
        options = found["OrderableDBInstanceOptions"]
        self.assertEqual({option["StorageType"] for option in options}, {"gp2", "gp3", "io1"})
        self.assertTrue(all(option["MultiAZCapable"] and len(option["AvailabilityZones"]) > 1 for option in options))
        nothing = ask(Engine="postgres", EngineVersion="16.9", DBInstanceClass="db.t2.micro")
        self.assertEqual(nothing["OrderableDBInstanceOptions"], [])
