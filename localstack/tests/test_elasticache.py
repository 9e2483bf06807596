"""ElastiCache: replication groups, subnet groups, parameter groups."""

from base import Case


class Caches(Case):
    def setUp(self):
        super().setUp()
        self.network()
        self.caches.create_cache_subnet_group(
            CacheSubnetGroupName="grp", CacheSubnetGroupDescription="d", SubnetIds=self.subnets[:2]
        )

    caches = property(lambda self: self.client("elasticache"))

    def wanted(self, **more):
        return {
            "ReplicationGroupId": "cache",
            "ReplicationGroupDescription": "d",
            "Engine": "valkey",
            "EngineVersion": "8.1",
            "CacheNodeType": "cache.t4g.small",
            "NumCacheClusters": 2,
            "AutomaticFailoverEnabled": True,
            "MultiAZEnabled": True,
            "TransitEncryptionEnabled": True,
            "CacheSubnetGroupName": "grp",
        } | more

    def make(self, **more):
        return self.caches.create_replication_group(**self.wanted(**more))["ReplicationGroup"]

    def refuse(self, code, **more):
        self.refused(code, self.caches.create_replication_group, **self.wanted(**more))

    def group(self):
        return self.caches.describe_replication_groups(ReplicationGroupId="cache")["ReplicationGroups"][0]

    def node(self):
        return self.caches.describe_cache_clusters()["CacheClusters"][0]

    def modify(self, **more):
        return self.caches.modify_replication_group(ReplicationGroupId="cache", **more)

    def test_create(self):
        self.settings(cache_creating=60)
        made = self.make(Tags=[{"Key": "a", "Value": "b"}], AuthToken="a" * 16)
        self.assertEqual((made["Status"], made["MemberClusters"]), ("creating", ["cache-001", "cache-002"]))
        self.assertNotIn("PrimaryEndpoint", made["NodeGroups"][0])
        self.settings()
        group = self.group()
        self.assertEqual((group["Status"], group["AuthTokenEnabled"], group["AtRestEncryptionEnabled"]), ("available", True, True))
        self.assertTrue(group["NodeGroups"][0]["PrimaryEndpoint"]["Address"].startswith("master.cache."))
        self.assertEqual(self.node()["EngineVersion"], "8.1.0")
        tags = self.caches.list_tags_for_resource(ResourceName=group["ARN"])["TagList"]
        self.assertEqual(tags, [{"Key": "a", "Value": "b"}])
        self.refuse("ReplicationGroupAlreadyExists")
        calls = self.page("GET", "calls")["log"]
        self.assertIn("***", [call["parameters"].get("AuthToken") for call in calls])

    def test_refusals(self):
        for code, more in [
            ("InvalidParameterCombination", {"NumCacheClusters": 1}),
            ("InvalidParameterCombination", {"AutomaticFailoverEnabled": False}),
            ("InvalidParameterCombination", {"EngineVersion": "7.1"}),
            ("InvalidParameterCombination", {"TransitEncryptionEnabled": False, "AuthToken": "a" * 16}),
            ("InvalidParameterCombination", {"CacheParameterGroupName": "default.valkey7"}),
            ("InvalidParameterValue", {"AuthToken": "short"}),
            ("InvalidParameterValue", {"CacheNodeType": "cache.none"}),
            ("InvalidParameterValue", {"ReplicationGroupId": "a--b"}),
            ("InvalidParameterValue", {"PreferredMaintenanceWindow": "sun:05:00-sun:05:30"}),
            ("InvalidParameterValue", {"SecurityGroupIds": ["sg-12345678"]}),
            ("CacheSubnetGroupNotFoundFault", {"CacheSubnetGroupName": "none"}),
        ]:
            with self.subTest(more=more):
                self.refuse(code, **more)

    def test_changes_wait_for_the_window_and_are_seen_in_the_nodes(self):
        self.make()
        self.modify(CacheNodeType="cache.t4g.medium")
        self.assertEqual(self.group()["CacheNodeType"], "cache.t4g.small")
        self.assertEqual(self.node()["PendingModifiedValues"], {"CacheNodeType": "cache.t4g.medium"})
        self.assertEqual(self.page("POST", "advance_window"), {"applied": 1})
        self.assertEqual(self.group()["CacheNodeType"], "cache.t4g.medium")
        self.modify(AutomaticFailoverEnabled=False, MultiAZEnabled=False)
        self.assertEqual(self.group()["PendingModifiedValues"], {"AutomaticFailoverStatus": "disabled"})
        self.modify(ApplyImmediately=True, EngineVersion="8.2")
        self.assertEqual((self.group()["AutomaticFailover"], self.node()["EngineVersion"]), ("disabled", "8.2.0"))
        self.refused("InvalidParameterCombination", self.modify, EngineVersion="8.0", ApplyImmediately=True)

    def test_one_change_at_a_time(self):
        self.make()
        self.settings(cache_modifying=60)
        self.modify(ReplicationGroupDescription="other", ApplyImmediately=True)
        self.refused("InvalidReplicationGroupState", self.modify, ReplicationGroupDescription="third")
        self.settings()
        self.assertEqual(self.group()["Description"], "other")

    def test_replicas_come_and_go(self):
        self.make()
        count = self.caches.increase_replica_count
        self.refused("InvalidParameterValue", count, ReplicationGroupId="cache", NewReplicaCount=2, ApplyImmediately=False)
        count(ReplicationGroupId="cache", NewReplicaCount=2, ApplyImmediately=True)
        self.assertEqual(len(self.group()["MemberClusters"]), 3)
        less = self.caches.decrease_replica_count
        self.refused("InvalidParameterCombination", less, ReplicationGroupId="cache", NewReplicaCount=0, ApplyImmediately=True)
        less(ReplicationGroupId="cache", NewReplicaCount=1, ApplyImmediately=True)
        self.assertEqual(len(self.group()["MemberClusters"]), 2)

    def test_encryption_in_transit_comes_in_two_steps(self):
        self.make(TransitEncryptionEnabled=False)
        self.refused("InvalidParameterCombination", self.modify, TransitEncryptionEnabled=True, ApplyImmediately=True)
        self.modify(TransitEncryptionEnabled=True, TransitEncryptionMode="preferred", ApplyImmediately=True)
        self.assertEqual(self.group()["TransitEncryptionMode"], "preferred")
        self.modify(TransitEncryptionMode="required", ApplyImmediately=True)
        self.refused("InvalidParameterCombination", self.modify, TransitEncryptionEnabled=False, ApplyImmediately=True)

    def test_what_is_used_is_not_deleted(self):
        group = self.group_of_ec2 = super().group("one")
        self.caches.create_cache_parameter_group(
            CacheParameterGroupName="own-valkey8", CacheParameterGroupFamily="valkey8", Description="d"
        )
        self.make(SecurityGroupIds=[group], CacheParameterGroupName="own-valkey8")
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=group)
        self.refused("CacheSubnetGroupInUse", self.caches.delete_cache_subnet_group, CacheSubnetGroupName="grp")
        self.refused("InvalidCacheParameterGroupState", self.caches.delete_cache_parameter_group, CacheParameterGroupName="own-valkey8")
        self.caches.delete_replication_group(ReplicationGroupId="cache", FinalSnapshotIdentifier="last")
        self.refused("ReplicationGroupNotFoundFault", self.caches.describe_replication_groups, status=404, ReplicationGroupId="cache")
        self.assertEqual(self.caches.describe_snapshots()["Snapshots"][0]["SnapshotName"], "last")
        self.make()
        self.refused("SnapshotAlreadyExistsFault", self.caches.delete_replication_group, ReplicationGroupId="cache", FinalSnapshotIdentifier="last")
        self.ec2.delete_security_group(GroupId=group)
        self.caches.delete_cache_parameter_group(CacheParameterGroupName="own-valkey8")

    def test_parameters(self):
        make = self.caches.create_cache_parameter_group
        named = {"CacheParameterGroupName": "own-valkey8"}
        make(CacheParameterGroupFamily="valkey8", Description="d", **named)
        self.refused("CacheParameterGroupAlreadyExists", make, CacheParameterGroupFamily="valkey8", Description="d", **named)
        self.make(CacheParameterGroupName="own-valkey8")

        def change(name, value):
            self.caches.modify_cache_parameter_group(
                ParameterNameValues=[{"ParameterName": name, "ParameterValue": value}], **named
            )

        change("maxmemory-policy", "noeviction")
        self.assertEqual(self.node()["CacheParameterGroup"]["ParameterApplyStatus"], "in-sync")
        change("databases", "32")
        self.assertEqual(self.node()["CacheParameterGroup"]["ParameterApplyStatus"], "pending-reboot")
        rows = self.caches.describe_cache_parameters(Source="user", **named)["Parameters"]
        self.assertEqual([row["ParameterName"] for row in rows], ["databases", "maxmemory-policy"])
        with self.assertRaisesRegex(Exception, "InvalidParameterValue"):
            change("maxmemory-policy", "never")
        self.caches.reset_cache_parameter_group(
            ResetAllParameters=False, ParameterNameValues=[{"ParameterName": "databases", "ParameterValue": ""}], **named
        )
        self.assertEqual(len(self.caches.describe_cache_parameters(Source="user", **named)["Parameters"]), 1)

    def test_the_catalogue(self):
        versions = self.caches.describe_cache_engine_versions(Engine="valkey")["CacheEngineVersions"]
        self.assertIn(("8.1", "valkey8"), [(row["EngineVersion"], row["CacheParameterGroupFamily"]) for row in versions])
        self.make()
        allowed = self.caches.list_allowed_node_type_modifications(ReplicationGroupId="cache")
        self.assertIn("cache.t4g.medium", allowed["ScaleUpModifications"])
