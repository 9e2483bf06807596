"""The commands seed and up."""

import json
import os
import socket
import subprocess
from pathlib import Path

from base import ENDPOINT, Case

HOME = Path(__file__).resolve().parent.parent


def run(command, *arguments):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPYCACHEPREFIX"}
    return subprocess.run([HOME / command, *arguments], capture_output=True, text=True, env=environment)


class Seed(Case):
    def seed(self, *arguments):
        done = run("seed", "--account", self.account, *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def tags(self, resource):
        found = self.ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [resource]}])["Tags"]
        return {tag["Key"]: tag["Value"] for tag in found}

    def test_public_and_again(self):
        first = self.seed("--json")
        made = json.loads(first)
        self.assertEqual(self.seed("--json"), first)
        self.assertEqual(self.seed(), made["vpc_id"] + "\n")
        self.assertEqual([subnet["type"] for subnet in made["subnets"]], ["Public"] * 3)
        self.assertEqual(len({subnet["zone"] for subnet in made["subnets"]}), 3)
        tags = self.tags(made["subnets"][0]["id"])
        self.assertEqual(tags["Name"], "eu-west-1a.k8s.myzone.net")
        self.assertEqual(tags["SubnetType"], "Public")
        self.assertEqual(tags["kubernetes.io/cluster/k8s.myzone.net"], "owned")
        hostnames = self.ec2.describe_vpc_attribute(VpcId=made["vpc_id"], Attribute="enableDnsHostnames")
        self.assertTrue(hostnames["EnableDnsHostnames"]["Value"])
        nodes = self.ec2.describe_security_groups(GroupIds=[made["security_groups"]["nodes"]])["SecurityGroups"]
        self.assertEqual(nodes[0]["GroupName"], "nodes.k8s.myzone.net")

    def test_private(self):
        made = json.loads(self.seed("--json", "--topology", "private", "--zones", "2"))
        self.assertEqual([subnet["type"] for subnet in made["subnets"]], ["Private"] * 2 + ["Utility"] * 2)
        self.assertEqual(len(made["route_tables"]), 3)

    def test_shared(self):
        made = json.loads(self.seed("--json", "--topology", "shared-vpc"))
        self.assertEqual(self.tags(made["vpc_id"]), {})
        tags = self.tags(made["subnets"][0]["id"])
        self.assertEqual(tags["kubernetes.io/cluster/k8s.myzone.net"], "shared")
        self.assertNotIn("Name", tags)
        self.assertEqual(json.loads(self.seed("--json", "--topology", "shared-vpc")), made)

    def test_others(self):
        self.assertEqual(len(json.loads(self.seed("--json", "--topology", "one-zone"))["subnets"]), 1)
        Case.setUp(self)
        made = self.seed("--json", "--topology", "multi-subnet")
        self.assertEqual(len(json.loads(made)["subnets"]), 7)
        self.assertEqual(self.seed("--json", "--topology", "multi-subnet"), made)
        Case.setUp(self)
        self.assertEqual(len(self.seed("--two-clusters").split()), 2)
        Case.setUp(self)
        made = json.loads(self.seed("--json", "--legacy-tags", "--no-dns"))
        self.assertEqual(set(self.tags(made["vpc_id"])), {"Name", "KubernetesCluster"})


class Up(Case):
    def test_again(self):
        done = run("up", "--port", ENDPOINT.rsplit(":", 1)[1])
        self.assertEqual((done.returncode, done.stdout), (0, ENDPOINT + "\n"))

    def test_a_taken_port(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            done = run("up", "--port", str(other.getsockname()[1]))
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("--port", done.stderr)

    def test_down_on_an_idle_port(self):
        self.assertEqual(run("down", "--port", "1").returncode, 0)
