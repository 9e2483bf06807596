"""Run Command: agents, commands with the answers that the page sets, and pairs that are watched."""

import time

from base import Case


class Commands(Case):
    def setUp(self):
        super().setUp()
        name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
        image = self.ssm.get_parameter(Name=name)["Parameter"]["Value"]
        run = self.ec2.run_instances(ImageId=image, MinCount=2, MaxCount=2, InstanceType="t3.large")
        self.a, self.b = (one["InstanceId"] for one in run["Instances"])

    ssm = property(lambda self: self.client("ssm"))

    def send(self, on=None, command="uptime", **more):
        wanted = {
            "InstanceIds": [on or self.a],
            "DocumentName": "AWS-RunShellScript",
            "Parameters": {"commands": ["set -e", command]},
        }
        return self.ssm.send_command(**wanted | more)["Command"]["CommandId"]

    def shown(self, command, on=None):
        return self.ssm.get_command_invocation(CommandId=command, InstanceId=on or self.a)

    def pings(self):
        rows = self.ssm.describe_instance_information(Filters=[{"Key": "InstanceIds", "Values": [self.a, self.b]}])
        return {one["InstanceId"]: one["PingStatus"] for one in rows["InstanceInformationList"]}

    def test_agents(self):
        self.assertEqual(self.pings(), {self.a: "Online", self.b: "Online"})
        self.page("POST", "agent", {"id": self.a, "status": "ConnectionLost"})
        self.page("POST", "agent", {"id": self.b, "status": "none"})
        self.assertEqual(self.pings(), {self.a: "ConnectionLost"})
        self.refused("InvalidInstanceId", self.send, on=self.b)
        self.page("POST", "agent", {"id": self.b, "status": "Online"})
        self.ec2.stop_instances(InstanceIds=[self.b])
        self.assertEqual(self.pings()[self.b], "ConnectionLost")
        self.ec2.terminate_instances(InstanceIds=[self.b])
        self.refused("InvalidInstanceId", self.send, on=self.b)

    def test_answers(self):
        self.page("POST", "answer", {"command": "lag", "output": "12\n"})
        self.page("POST", "answer", {"command": "lag", "id": self.b, "status": "Failed", "code": 3, "error": "no copy"})
        one = self.shown(self.send(command="pair lag"))
        self.assertEqual((one["StatusDetails"], one["ResponseCode"], one["StandardOutputContent"]), ("Success", 0, "12\n"))
        two = self.shown(self.send(self.b, "pair lag"), self.b)
        self.assertEqual((two["Status"], two["ResponseCode"], two["StandardErrorContent"]), ("Failed", 3, "no copy"))

    def test_time(self):
        self.settings(ssm_showing=60, ssm_running=60)
        command = self.send(Comment="mine")
        self.refused("InvocationDoesNotExist", self.shown, command=command)
        self.assertEqual(self.ssm.list_commands(InstanceId=self.a)["Commands"], [])
        self.settings(ssm_running=60)
        self.assertEqual(self.shown(command)["StatusDetails"], "In Progress")
        listed = self.ssm.list_commands(InstanceId=self.a, Filters=[{"key": "InvokedAfter", "value": "2020-01-01T00:00:00Z"}])
        self.assertEqual([(one["Comment"], one["Status"]) for one in listed["Commands"]], [("mine", "InProgress")])
        self.settings()
        self.assertEqual(self.shown(command)["Status"], "Success")

    def test_delivery(self):
        self.page("POST", "agent", {"id": self.a, "status": "ConnectionLost"})
        self.settings(ssm_delivery=60)
        late, early = self.send(), self.send()
        self.assertEqual(self.shown(early)["StatusDetails"], "Delayed")
        self.page("POST", "agent", {"id": self.a, "status": "Online"})
        self.assertEqual(self.shown(early)["Status"], "Success")
        self.page("POST", "agent", {"id": self.a, "status": "ConnectionLost"})
        self.settings()
        shown = self.shown(late)
        self.assertEqual((shown["Status"], shown["StatusDetails"], shown["ResponseCode"]), ("TimedOut", "Delivery Timed Out", -1))
        self.page("POST", "agent", {"id": self.a, "status": "Online"})
        self.assertEqual(self.shown(late)["StatusDetails"], "Delivery Timed Out")

    def test_refused(self):
        for code, more in (
            ("InvalidDocument", {"DocumentName": "Nothing"}),
            ("ValidationException", {"Comment": "x" * 101}),
            ("ValidationException", {"TimeoutSeconds": 29}),
            ("InvalidParameters", {"Parameters": {}}),
            ("InvalidInstanceId", {"InstanceIds": ["i-0123456789abcdef0"]}),
        ):
            self.refused(code, self.send, **more)

    def test_image(self):
        self.settings(image_creating=60)
        self.ec2.stop_instances(InstanceIds=[self.a])
        specifications = [{"ResourceType": one, "Tags": [{"Key": "k", "Value": one}]} for one in ("image", "snapshot")]
        made = self.ec2.create_image(InstanceId=self.a, Name="web-1", TagSpecifications=specifications)["ImageId"]
        wanted = {"Owners": ["self"], "Filters": [{"Name": "name", "Values": ["web-1"]}]}
        image = self.ec2.describe_images(**wanted)["Images"][0]
        self.assertEqual((image["ImageId"], image["State"], image["Tags"]), (made, "pending", [{"Key": "k", "Value": "image"}]))
        self.refused("InvalidAMIName.Duplicate", self.ec2.create_image, InstanceId=self.b, Name="web-1")
        self.refused("InvalidAMIName.Malformed", self.ec2.create_image, InstanceId=self.b, Name="a*")
        self.settings()
        self.assertEqual(self.ec2.describe_images(**wanted)["Images"][0]["State"], "available")

    def test_pair(self):
        group = self.ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
        self.page("POST", "pair", {"machines": [self.a, self.b], "open": "sg-none", "region": "eu-west-1", "serves": self.a})
        self.page("POST", "answer", {"command": "start", "serves": True})
        self.page("POST", "answer", {"command": "stop", "serves": False})
        self.shown(self.send(command="pair stop"))
        self.shown(self.send(self.b, "pair start"), self.b)
        time.sleep(0.01)
        self.assertEqual(self.page("GET", "pair")["violations"], [])
        self.shown(self.send(command="pair start"))
        self.assertIn("can write", self.page("GET", "pair")["violations"][0])
        self.page("POST", "pair", {"machines": [self.a, self.b], "open": group, "region": "eu-west-1", "serves": self.a})
        self.ec2.stop_instances(InstanceIds=[self.a])
        self.assertEqual(self.page("GET", "pair")["serves"], {self.a: False})
