"""RDS: parameter groups, and the instances that use them."""

from base import Case
from test_rds import NAME, Database


class Groups(Case):
    def create(self, name="grp-postgres16", family="postgres16"):
        return self.rds.create_db_parameter_group(
            DBParameterGroupName=name, DBParameterGroupFamily=family, Description="d", Tags=[{"Key": "a", "Value": "b"}]
        )["DBParameterGroup"]

    def set(self, name="grp-postgres16", method="immediate", **values):
        parameters = [{"ParameterName": key, "ParameterValue": value, "ApplyMethod": method} for key, value in values.items()]
        return self.rds.modify_db_parameter_group(DBParameterGroupName=name, Parameters=parameters)

    def user(self, name="grp-postgres16"):
        found = self.rds.describe_db_parameters(DBParameterGroupName=name, Source="user")["Parameters"]
        return {each["ParameterName"]: each["ParameterValue"] for each in found}

    def test_create(self):
        made = self.create("Grp-Postgres16")
        self.assertEqual(made["DBParameterGroupName"], "grp-postgres16")
        tags = self.rds.list_tags_for_resource(ResourceName=made["DBParameterGroupArn"])["TagList"]
        self.assertEqual(tags, [{"Key": "a", "Value": "b"}])
        again = {"DBParameterGroupName": "grp-postgres16", "DBParameterGroupFamily": "postgres16", "Description": "d"}
        self.refused("DBParameterGroupAlreadyExists", self.rds.create_db_parameter_group, **again)
        for change in ({"DBParameterGroupName": "a--b"}, {"DBParameterGroupName": "b", "DBParameterGroupFamily": "mysql8.0"}):
            self.refused("InvalidParameterValue", self.rds.create_db_parameter_group, **again | change)

    def test_parameters(self):
        self.create()
        pages = self.rds.get_paginator("describe_db_parameters").paginate(DBParameterGroupName="grp-postgres16")
        every = [each for page in pages for each in page["Parameters"]]
        self.assertGreater(len(every), 100)
        self.assertEqual(self.user(), {})
        self.refused("InvalidParameterValue", self.set, work_mem="1")
        self.set(work_mem="1024", log_statement="ddl")
        self.set(method="pending-reboot", max_connections="100")
        self.assertEqual(self.user(), {"work_mem": "1024", "log_statement": "ddl", "max_connections": "100"})
        wanted = [{"Name": "parameter-name", "Values": ["max_connections", "none"]}]
        found = self.rds.describe_db_parameters(DBParameterGroupName="grp-postgres16", Filters=wanted)["Parameters"]
        self.assertEqual([(each["ParameterName"], each["ApplyType"]) for each in found], [("max_connections", "static")])
        self.rds.reset_db_parameter_group(
            DBParameterGroupName="grp-postgres16",
            ResetAllParameters=False,
            Parameters=[{"ParameterName": "work_mem", "ApplyMethod": "immediate"}],
        )
        self.assertEqual(self.user(), {"log_statement": "ddl", "max_connections": "100"})

    def test_the_oldest_tls_is_no_newer_than_the_newest(self):
        self.create()
        self.set(ssl_min_protocol_version="TLSv1", ssl_max_protocol_version="TLSv1.1")
        newer = {"ssl_min_protocol_version": "TLSv1.2", "ssl_max_protocol_version": "TLSv1.3"}
        with self.assertRaises(self.rds.exceptions.ClientError):
            self.set(ssl_min_protocol_version="TLSv1.2")
        self.set(**newer)
        self.assertEqual(self.user(), newer)

    def test_refusals(self):
        self.create()
        modify = self.rds.modify_db_parameter_group
        one = {"ParameterName": "max_connections", "ParameterValue": "1", "ApplyMethod": "immediate"}
        for code, parameters in (
            ("InvalidParameterCombination", [one]),
            ("InvalidParameterValue", [one | {"ParameterName": "no_such"}]),
            ("InvalidParameterValue", [one | {"ParameterName": "port"}]),
            ("InvalidParameterValue", [one | {"ParameterName": "work_mem"}] * 21),
            ("InvalidParameterValue", []),
        ):
            with self.subTest(parameters):
                self.refused(code, modify, DBParameterGroupName="grp-postgres16", Parameters=parameters)
        for call in (self.rds.describe_db_parameters, self.rds.describe_db_parameter_groups, self.rds.delete_db_parameter_group):
            self.refused("DBParameterGroupNotFound", call, status=404, DBParameterGroupName="none")


class Instances(Database):
    create_group, set = Groups.create, Groups.set

    def attached(self):
        (group,) = self.now()["DBParameterGroups"]
        return group["DBParameterGroupName"], group["ParameterApplyStatus"]

    def delete(self, name):
        return self.rds.delete_db_parameter_group(DBParameterGroupName=name)

    def test_a_group_in_use_stays_and_static_parameters_wait_for_a_reboot(self):
        self.create_group()
        self.create(DBParameterGroupName="grp-postgres16")
        self.assertEqual(self.attached(), ("grp-postgres16", "in-sync"))
        self.refused("InvalidDBParameterGroupState", self.rds.delete_db_parameter_group, DBParameterGroupName="grp-postgres16")
        self.set(work_mem="1024")
        self.assertEqual(self.attached(), ("grp-postgres16", "in-sync"))
        self.set(method="pending-reboot", max_connections="100")
        self.assertEqual(self.attached(), ("grp-postgres16", "pending-reboot"))
        self.rds.reboot_db_instance(DBInstanceIdentifier=NAME)
        self.assertEqual(self.attached(), ("grp-postgres16", "in-sync"))
        self.modify(DBParameterGroupName="default.postgres16")
        self.assertEqual(self.attached(), ("default.postgres16", "pending-reboot"))
        self.delete("grp-postgres16")

    def test_a_major_upgrade_wants_a_group_of_its_family_and_keeps_the_old_one_until_it_is_done(self):
        self.create_group()
        self.create_group("grp-postgres17", "postgres17")
        self.create(DBParameterGroupName="grp-postgres16")
        self.refused("InvalidParameterCombination", self.modify, DBParameterGroupName="grp-postgres17")
        upgrade = {"EngineVersion": "17.6", "AllowMajorVersionUpgrade": True}
        self.refused("InvalidParameterCombination", self.modify, **upgrade)
        self.modify(DBParameterGroupName="grp-postgres17", **upgrade)
        self.assertEqual(self.attached(), ("grp-postgres17", "pending-database-upgrade"))
        in_use = self.rds.delete_db_parameter_group
        for name in ("grp-postgres16", "grp-postgres17"):
            self.refused("InvalidDBParameterGroupState", in_use, DBParameterGroupName=name)
        self.page("POST", "advance_window", {})
        self.assertEqual((self.now()["EngineVersion"], self.attached()), ("17.6", ("grp-postgres17", "in-sync")))
        self.delete("grp-postgres16")
