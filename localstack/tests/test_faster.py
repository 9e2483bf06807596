"""What is written in a straight way is, byte for byte and value for value, what the libraries make of it."""

import sys
import unittest
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

sys.path.append(str(Path(__file__).resolve().parent.parent / "plugin"))

from botocore.utils import parse_timestamp
from localstack.aws import forwarder
from localstack.aws.protocol.serializer import EC2ResponseSerializer, QueryResponseSerializer
from localstack.aws.spec import load_service
from localstack.http import Response
from moto.core.responses import ActionResult
from moto.core.serialize import EC2Serializer, QuerySerializer
from moto.core.utils import get_service_model
from provision_localstack import faster, query_xml, straight
from werkzeug import datastructures

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


class Written(unittest.TestCase):
    """LocalStack's XML."""

    def both(self, serializer, service, operation, answer):
        model = load_service(service).operation_model(operation)

        def write(body):
            return body(serializer(), answer, model.output_shape, model, "text/xml", "an <id>")

        library = QueryResponseSerializer._serialize_body_params
        query_xml.install()
        try:
            ours = QueryResponseSerializer._serialize_body_params
            self.assertEqual(write(ours), write(library))
        finally:
            QueryResponseSerializer._serialize_body_params = library
        return write(library)

    def test_ec2(self):
        group = {
            "GroupId": "sg-1",
            "Description": "less < more & \"quoted\" > 'é' \U0001f600",
            "GroupName": "",
            "VpcId": None,
            "IpPermissions": [
                {"FromPort": 0, "IpRanges": [{"CidrIp": "10.0.0.0/8"}, None], "Ipv6Ranges": []},
                {},
            ],
            "Tags": [{"Key": "Name", "Value": "two\nlines"}],
        }
        text = self.both(EC2ResponseSerializer, "ec2", "DescribeSecurityGroups", {"SecurityGroups": [group]})
        self.assertIn(b"less &lt; more &amp;", text)

    def test_an_answer_without_anything(self):
        self.both(EC2ResponseSerializer, "ec2", "DescribeVpcs", {})
        self.both(QueryResponseSerializer, "rds", "DescribeDBInstances", {})
        self.both(QueryResponseSerializer, "rds", "AddTagsToResource", {})

    def test_rds(self):
        database = {
            "DBInstanceIdentifier": "records",
            "InstanceCreateTime": NOW,
            "MultiAZ": True,
            "StorageEncrypted": False,
            "AllocatedStorage": 50,
            "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1", "Status": "active"}],
            "PendingModifiedValues": {},
            "EnabledCloudwatchLogsExports": ["postgresql"],
        }
        text = self.both(QueryResponseSerializer, "rds", "DescribeDBInstances", {"DBInstances": [database], "Marker": "2"})
        self.assertIn(b"<DescribeDBInstancesResult>", text)

    def test_what_is_unusual_is_left_to_the_library(self):
        unknown = {"Vpcs": [{"VpcId": "vpc-1", "NoSuchMember": "x"}]}
        with self.assertLogs("localstack.aws.protocol.serializer", "WARNING"):
            self.both(EC2ResponseSerializer, "ec2", "DescribeVpcs", unknown)
        attributes = {"Attributes": {"a key": "a value"}}
        self.both(QueryResponseSerializer, "sns", "GetTopicAttributes", attributes)


class Headers(unittest.TestCase):
    """Werkzeug's headers."""

    CHANGES = (
        lambda headers: headers.add("x-two", "second"),
        lambda headers: headers.set("X-Two", "third"),
        lambda headers: headers.__setitem__(0, ("Other", "fourth")),
        lambda headers: headers.extend({"one": "fifth"}),
        lambda headers: headers.remove("X-TWO"),
        lambda headers: headers.clear(),
    )

    def setUp(self):
        library = {name: datastructures.Headers.__dict__[name] for name in ("get", "__contains__")}
        faster.look_headers_up()

        def as_it_was():
            for name, function in library.items():
                setattr(datastructures.Headers, name, function)
                delattr(datastructures.EnvironHeaders, name)

        self.addCleanup(as_it_was)
        self.library = library

    def test_they_are_found_whatever_was_changed(self):
        headers = datastructures.Headers([("One", "first"), ("X-Two", "")])
        for change in self.CHANGES:
            change(headers)
            for name in ("one", "X-Two", "other", "Content-Type"):
                self.assertEqual(headers.get(name, "none"), self.library["get"](headers, name, "none"))
                self.assertEqual(name in headers, self.library["__contains__"](headers, name))

    def test_a_number_is_still_read_as_one(self):
        headers = datastructures.Headers([("Content-Length", "42"), ("Age", "old")])
        self.assertEqual((headers.get("content-length", type=int), headers.get("age", 1, int)), (42, 1))

    def test_those_of_an_environment_have_no_list(self):
        headers = datastructures.EnvironHeaders({"HTTP_X_ONE": "first"})
        self.assertEqual((headers.get("x-one"), "X-Two" in headers), ("first", False))


class SecurityGroup:
    """As moto's objects are: names in snake case, and more than what is asked for."""

    def __init__(self, **values):
        self.__dict__.update(values)

    @property
    def description(self):
        return "less < more & 'é'"


class Read(unittest.TestCase):
    """What LocalStack has of moto's answers."""

    TRANSFORMERS = {"Vpc.VpcId": str.upper, "Vpcs.Vpc.CidrBlock": lambda _: None}

    def both(self, serializer, service, operation, result, transformers=None):
        model = get_service_model(service).operation_model(operation)
        response = SimpleNamespace(RESPONSE_KEY_PATH_TO_TRANSFORMER=transformers or {})
        context = SimpleNamespace(
            operation_model=model, serializer_class=serializer, response=response, service_model=model.service_model
        )
        ours = straight.answer_of(context).structure(result)
        status, headers, body = ActionResult(result).execute_result(context)
        operation = load_service(service).operation_model(operation)
        protocol = operation.service_model.protocol
        self.assertEqual(ours, dict(forwarder.parse_response(operation, protocol, Response(body, status, headers), False)))
        # The class of the response decides which transformers there are; the next test has others.
        model.provision_places.clear()
        return ours

    def test_objects(self):
        permission = {"FromPort": "22", "IpRanges": [{"CidrIp": "10.0.0.0/8"}], "UserIdGroupPairs": []}
        group = SecurityGroup(id="sg-1", name="files", vpc_id=None, ip_permissions=[permission], tags=[])
        found = self.both(EC2Serializer, "ec2", "DescribeSecurityGroups", {"SecurityGroups": [group]})
        self.assertEqual(found["SecurityGroups"][0]["IpPermissions"][0]["FromPort"], 22)

    def test_two_classes_at_one_place(self):
        groups = [SecurityGroup(id="sg-1", name="a"), {"GroupId": "sg-2", "group_name": "b"}, SecurityGroup(group_id="sg-3")]
        self.both(EC2Serializer, "ec2", "DescribeSecurityGroups", {"SecurityGroups": groups})

    def test_transformers(self):
        vpcs = [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "IsDefault": "false"}]
        found = self.both(EC2Serializer, "ec2", "DescribeVpcs", {"Vpcs": vpcs}, self.TRANSFORMERS)
        self.assertEqual(found["Vpcs"], [{"VpcId": "VPC-1", "IsDefault": False}])

    def test_databases(self):
        database = {
            "DBInstanceIdentifier": "records",
            "InstanceCreateTime": NOW,
            "MultiAZ": True,
            "AllocatedStorage": "50",
            "PendingModifiedValues": {},
            "EnabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        }
        self.both(QuerySerializer, "rds", "DescribeDBInstances", {"DBInstances": [database, None], "Marker": None})

    def test_moments(self):
        for text in ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.678901Z", "Fri, 02 Jan 2026 03:04:05 GMT", "1767323045"):
            self.assertEqual(straight.timestamp(text), parse_timestamp(text))

    def test_what_xml_would_change_is_left_to_the_library(self):
        with self.assertRaises(straight.Unusual):
            self.both(EC2Serializer, "ec2", "DescribeVpcs", {"Vpcs": [{"VpcId": "two\nlines"}]})
