"""What the tests share: an account of its own for each test, clients, a network, and the control page."""

import functools
import itertools
import json
import os
import random
import time
import unittest
import urllib.error
import urllib.request

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
REGION = "eu-west-1"
SESSION = botocore.session.get_session()
NUMBERS = itertools.count(random.randrange(10**11, 9 * 10**11))

# The clients are made once, being slow to make, and sign with whatever account the running test is in.
SESSION.set_credentials("set by each test", "test")
CREDENTIALS = SESSION.get_credentials()


@functools.cache
def client(service):
    # What the client would refuse by itself is for the service to refuse here.
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    return SESSION.create_client(service, region_name=REGION, endpoint_url=ENDPOINT, config=config)


class Case(unittest.TestCase):
    """A test in an account of its own."""

    def setUp(self):
        CREDENTIALS.access_key = self.account = str(next(NUMBERS))

    def client(self, service):
        return client(service)

    ec2 = property(lambda self: self.client("ec2"))
    efs = property(lambda self: self.client("efs"))
    rds = property(lambda self: self.client("rds"))
    kms = property(lambda self: self.client("kms"))

    def page(self, method, path, body=None):
        request = urllib.request.Request(
            f"{ENDPOINT}/_provision/{path}?account={self.account}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)

    def settings(self, **seconds):
        return self.page("PUT", "settings", seconds)

    def refused(self, code, call, *, status=400, **parameters):
        """The call is refused with this code; returns the error's answer."""
        with self.assertRaises(ClientError) as caught:
            call(**parameters)
        answer = caught.exception.response
        self.assertEqual((answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]), (code, status))
        return answer

    def until(self, expected, read, seconds=5):
        """Reads until it gives what is expected."""
        deadline = time.monotonic() + seconds
        while (value := read()) != expected and time.monotonic() < deadline:
            time.sleep(0.03)
        self.assertEqual(value, expected)

    # -- things that many tests need --

    def network(self, zones="abc", net="10.0"):
        self.vpc = self.ec2.create_vpc(CidrBlock=f"{net}.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"{net}.{number}.0/24", AvailabilityZone=REGION + zone)[
                "Subnet"
            ]["SubnetId"]
            for number, zone in enumerate(zones)
        ]
        return self.vpc

    def group(self, name="one", vpc=None):
        return self.ec2.create_security_group(GroupName=name, Description="d", VpcId=vpc or self.vpc)["GroupId"]

    def default_group(self):
        found = self.ec2.describe_security_groups(
            Filters=[{"Name": "vpc-id", "Values": [self.vpc]}, {"Name": "group-name", "Values": ["default"]}]
        )
        return found["SecurityGroups"][0]["GroupId"]
