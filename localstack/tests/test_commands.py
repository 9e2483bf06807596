"""The commands seed, up and down."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from unittest import mock

from base import ENDPOINT, Case

HOME = Path(__file__).resolve().parent.parent
sys.path.append(str(HOME))

import runner


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

    def test_an_interrupted_start_leaves_no_instance(self):
        up = subprocess.Popen([HOME / "up", "--free"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        port = int(re.search(r"port (\d+)", up.stderr.readline())[1])
        self.until(True, lambda: runner.process_of(port) is not None)
        up.send_signal(signal.SIGTERM)
        printed, _ = up.communicate(timeout=30)
        self.assertEqual((up.returncode, printed, runner.process_of(port)), (143, "", None))

    def test_a_script_that_is_interrupted_leaves_no_instance(self):
        script = "set -e; source localstack/alongside.sh; emulator_start; sleep 60; emulator_await"
        started = subprocess.Popen(
            ["bash", "-c", script], cwd=HOME.parent, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        port = int(re.search(r"port (\d+)", started.stderr.readline())[1])
        self.until(True, lambda: runner.process_of(port) is not None)
        # As a terminal does at Ctrl-C.
        os.killpg(started.pid, signal.SIGINT)
        started.communicate(timeout=30)
        self.assertEqual((started.returncode, runner.process_of(port)), (130, None))

    def test_a_chosen_port_that_another_program_takes_meanwhile_is_replaced(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            taken, free = other.getsockname()[1], runner.free_port()
            self.addCleanup(runner.shutil.rmtree, runner.run_dir(taken), ignore_errors=True)
            self.addCleanup(runner.shutil.rmtree, runner.run_dir(free), ignore_errors=True)
            start = runner.start
            with mock.patch.multiple(
                runner,
                free_port=mock.Mock(side_effect=[taken, free]),
                start=lambda port: start(port) if port == taken else None,
            ):
                self.assertEqual(runner.start_on_free_port(), free)

    def test_down_on_an_idle_port(self):
        for arguments in (["--port", "1"], ["http://127.0.0.1:1"]):
            done = run("down", *arguments)
            self.assertEqual((done.returncode, done.stderr), (0, "Nothing runs on port 1.\n"))

    def test_down_of_a_foreign_endpoint(self):
        done = run("down", "https://example.com:443")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no endpoint of `up`", done.stderr)
