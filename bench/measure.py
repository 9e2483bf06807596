"""Measures provision on the reference stack: processor time, requests, and round trips where each request takes long.

Terraform is measured beside it where it is installed. The ratio of the two is a fact about this machine and this
emulator, which takes most of the time of a plan; nothing rests on it.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
# How long every request takes in the rows that count round trips; about what AWS takes for a describe call, and longer than
# the emulator needs to carry out all requests that were sent together.
REQUEST_SECONDS = 0.1


class Failed(Exception):
    """A measured command did not succeed."""


def main():
    options = arguments()
    rows = []
    with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as theirs:
        provision = Provision(World(options.endpoint, account()), Path(ours), Path(options.provision).resolve())
        peer = None if options.without_terraform else terraform(options.endpoint, Path(theirs))
        rows += provision.apply()
        rows += peer.apply() if peer else []
        rows += plans(provision, peer, options.rounds)
        rows += provision.adopt()
        rows += provision.destroy()
        rows += peer.destroy() if peer else []
        if options.readme and peer:
            readme(rows, provision, peer)
    report(rows)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--provision", required=True)
    parser.add_argument("--rounds", type=int, default=7, help="how many turns each tool has at planning")
    parser.add_argument("--without-terraform", action="store_true")
    parser.add_argument("--readme", action="store_true", help="write the comparison in README.md anew")
    return parser.parse_args()


def account(offset=0):
    """A world of its own for each measured tool."""
    return f"{int(time.time()) * 10 + offset:012d}"


class World:
    """One account of the emulator."""

    def __init__(self, endpoint, account):
        self.endpoint, self.account = endpoint, account

    def environment(self):
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "TF_CLI_CONFIG_FILE") if name in os.environ}
        return kept | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def calls(self, method="GET"):
        answer = self.control(method, "calls")
        return answer if method == "GET" else None

    def latency(self, seconds):
        self.control("PUT", "settings", {"latency": seconds})

    def control(self, method, page, body=None):
        url = f"{self.endpoint}/_provision/{page}?account={self.account}"
        data = json.dumps(body).encode() if body is not None else None
        with urllib.request.urlopen(urllib.request.Request(url, data=data, method=method)) as answer:
            return json.loads(answer.read())


def seed(world):
    """Builds the cluster's network in the world."""
    command = [ROOT / "localstack" / "seed", "--endpoint-url", world.endpoint, "--account", world.account]
    subprocess.run(command, check=True, capture_output=True)


# Starts the command and says what it took. A process of its own, which is small: to Linux, the memory of a program that starts
# another counts as that one's peak.
LAUNCHER = """
import os, sys, time
before = time.perf_counter()
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
took = (time.perf_counter() - before, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
os.write(int(sys.argv[1]), " ".join(map(str, took)).encode())
sys.exit(os.waitstatus_to_exitcode(status) != 0)
"""


def measured(command, world, folder):
    """Runs a command: its seconds on the clock and on the processor, its peak memory, and the requests that it made. With it count
    the processes that it waited for, such as Terraform's providers."""
    world.calls("DELETE")
    reading, writing = os.pipe()
    program = [shutil.which(str(command[0])), *map(str, command[1:])]
    process = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LAUNCHER, str(writing), *program], cwd=folder, env=world.environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, pass_fds=[writing],
    )
    os.close(writing)
    with open(reading, encoding="ascii") as pipe:
        took = pipe.read()
    if process.returncode != 0:
        raise Failed(f"{command} failed:\n{process.stderr.decode()}")
    seconds, processor, megabytes = map(float, took.split())
    return {"seconds": seconds, "processor": processor, "megabytes": megabytes, "calls": world.calls()["log"]}


def slowly(command, world, folder):
    """Runs a command against requests that take their time: its seconds, its round trips, its longest chain of requests."""
    world.latency(REQUEST_SECONDS)
    try:
        run = measured(command, world, folder)
    finally:
        world.latency(0)
    return {
        "slow_seconds": run["seconds"], "round_trips": round_trips(run["calls"]), "chain": longest_chain(run["calls"]),
    }


def longest_chain(calls):
    """The seconds of the longest chain of calls that ran one after the other."""
    ends = []
    for call in sorted(calls, key=lambda call: call["at"]):
        before = max((length for end, length in ends if end <= call["at"]), default=0.0)
        ends.append((call["ended"], before + call["ended"] - call["at"]))
    return max((length for _, length in ends), default=0.0)


def round_trips(calls):
    """How many calls the longest chain of calls has."""
    ends = []
    for call in sorted(calls, key=lambda call: call["at"]):
        before = max((length for end, length in ends if end <= call["at"]), default=0)
        ends.append((call["ended"], before + 1))
    return max((length for _, length in ends), default=0)


class Tool:
    """A tool with a world and a folder of its own, in which the reference stack is or will be."""

    PLAN = ["plan"]
    # How many plans a turn has: as many more as they are shorter.
    PLANS = 1

    def __init__(self, name, world, folder, command):
        self.name, self.world, self.folder, self.command = name, world, folder, command
        seed(world)

    def measured(self, *arguments):
        return measured([self.command, *arguments], self.world, self.folder)

    def slowly(self, *arguments):
        return slowly([self.command, *arguments], self.world, self.folder)

    def row(self, what, runs, **more):
        """A row of the table: the medians of the times, the most of the memory, the requests of the last run."""
        seconds = [run["seconds"] for run in runs]
        return {
            "tool": self.name, "what": what, "seconds": statistics.median(seconds), "least": min(seconds),
            "most": max(seconds), "processor": statistics.median(run["processor"] for run in runs),
            "megabytes": max(run["megabytes"] for run in runs), "requests": len(runs[-1]["calls"]), **more,
        }

    def plan(self):
        return [self.measured(*self.PLAN) for _ in range(self.PLANS)]

    def instructions(self):
        return {}


class Provision(Tool):
    PLANS = 5

    def __init__(self, *arguments):
        super().__init__("provision", *arguments)
        shutil.copy(ROOT / "provision.yaml", self.folder)

    def apply(self):
        yield self.row("version", [self.measured("--version") for _ in range(20)])
        with tempfile.TemporaryDirectory() as other:
            slow = Provision(World(self.world.endpoint, account(2)), Path(other), self.command)
            trips = slow.slowly("apply", "--auto-approve")
        yield self.row("apply", [self.measured("apply", "--auto-approve")], **trips)

    def instructions(self, arguments=None):
        """The instructions of a command, or of a plan: a number that other programs on the machine do not change."""
        valgrind = shutil.which("valgrind")
        if not valgrind:
            print("instructions: not counted, valgrind is not installed", file=sys.stderr)
            return {}
        command = [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null", self.command, *(arguments or self.PLAN)]
        run = subprocess.run(
            [str(part) for part in command], cwd=self.folder, env=self.world.environment(), capture_output=True, text=True
        )
        found = re.search(r"Collected : (\d+)", run.stderr)
        if run.returncode or not found:
            raise Failed(f"{command} failed:\n{run.stderr}")
        return {"instructions": int(found[1])}

    def adopt(self):
        """A state of Terraform with 1,000 resources, read and matched: nothing is asked for."""
        (self.folder / "pulled.json").write_text(json.dumps(pulled(100)))
        read = ["import", "--terraform", "pulled.json", "--json"]
        yield self.row("1,000 of Terraform", [self.measured(*read) for _ in range(5)], **self.instructions(read))

    def destroy(self):
        (self.folder / "provision.yaml").write_text(unprotected())
        yield self.row("apply, protection off", [self.measured("apply", "--auto-approve")])
        yield self.row("destroy", [self.measured("destroy", "--auto-approve")])
        yield {"tool": self.name, "what": "on disk", "megabytes": self.command.stat().st_size / 1e6}


class Terraform(Tool):
    PLAN = ["plan", "-input=false"]

    def __init__(self, *arguments):
        super().__init__("terraform", *arguments)
        shutil.copy(HERE / "main.tf", self.folder)
        self.measured("init", "-input=false")

    def version(self):
        """Terraform with its provider, by their versions."""
        command = [self.command, "version", "-json"]
        said = json.loads(subprocess.run(command, cwd=self.folder, check=True, capture_output=True, text=True).stdout)
        provider = "".join(said["provider_selections"].values())
        return f"Terraform {said['terraform_version']}, AWS provider {provider}"

    def on_disk(self):
        """The program and its provider."""
        providers = self.folder.glob(".terraform/providers/**/terraform-provider-*")
        folders = self.folder.glob(".terraform/providers/*/*/*/*/*")
        files = {path.resolve() for folder in folders for path in folder.iterdir() if path.is_file()}
        files |= {path.resolve() for path in providers if path.is_file()}
        return on_disk([shutil.which(self.command), *(path for path in files if path.name.startswith("terraform-provider-"))])

    def apply(self):
        yield self.row("apply", [self.measured("apply", "-auto-approve", "-input=false")])

    def destroy(self):
        yield self.row("destroy", [self.measured("destroy", "-auto-approve", "-input=false")])


def terraform(endpoint, folder):
    """Terraform, where it and its AWS provider can be had from here."""
    command = shutil.which("terraform")
    if not command:
        print("terraform: not measured, it is not installed", file=sys.stderr)
        return None
    try:
        return Terraform(World(endpoint, account(1)), folder, command)
    except Failed as error:
        print(f"terraform: not measured\n{error}", file=sys.stderr)
        return None


def plans(provision, peer, rounds):
    """Plans without changes, by turns: a machine that grows slower or faster meanwhile does so for both."""
    tools = [tool for tool in (provision, peer) if tool]
    results = {tool.name: [] for tool in tools}
    for _ in range(rounds):
        for tool in tools:
            results[tool.name] += tool.plan()
    for tool in tools:
        # The least of three: other programs on the machine make none of them faster.
        slow = min((tool.slowly(*tool.PLAN) for _ in range(3)), key=lambda run: run["slow_seconds"])
        more = slow | tool.instructions()
        yield tool.row("plan, no changes", results[tool.name], **more)


def pulled(databases):
    """A state of Terraform: ten resources for each database."""
    place = "eu-west-1:123456789012"

    def one(module, kind, name, attributes):
        return {
            "module": f"module.{module}", "mode": "managed", "type": kind, "name": name,
            "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
            "instances": [{"schema_version": 0, "attributes": attributes}],
        }

    def of(number):
        module, name, group, files = f"m{number}", f"records-{number}", f"sg-{number:08x}", f"fs-{number:08x}"
        database = {
            "id": f"db-{number:026X}", "identifier": name, "engine": "postgres", "password": "none", "db_subnet_group_name": name,
            "parameter_group_name": name, "vpc_security_group_ids": [group], "arn": f"arn:aws:rds:{place}:db:{name}",
        }
        return [
            one(module, "aws_db_instance", "this", database),
            one(module, "aws_db_instance", "replica", database | {"identifier": f"{name}-r", "replicate_source_db": name}),
            one(module, "aws_db_subnet_group", "this", {"id": name}),
            one(module, "aws_db_parameter_group", "this", {"id": name}),
            one(module, "aws_efs_file_system", "this", {"id": files, "arn": f"arn:aws:elasticfilesystem:{place}:file-system/{files}"}),
            one(module, "aws_efs_mount_target", "this", {"id": f"fsmt-{number:08x}", "file_system_id": files, "security_groups": [group]}),
            one(module, "aws_efs_backup_policy", "this", {"id": files, "file_system_id": files}),
            one(module, "aws_security_group", "this", {"id": group, "name": "records"}),
            one(module, "aws_security_group_rule", "this", {"id": f"sgrule-{number}", "security_group_id": group}),
            one(module, "aws_kms_key", "this", {"id": f"k-{number}"}),
        ]

    resources = [resource for number in range(databases) for resource in of(number)]
    return {"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "bench", "outputs": {}, "resources": resources}


def unprotected():
    text = (ROOT / "provision.yaml").read_text()
    return text.replace("deletion_protection: true", "deletion_protection: false")


# Between these lines of README.md stands the comparison.
BEGIN, END = "<!-- measured: bench/run --readme writes it -->\n", "<!-- end -->\n"


def readme(rows, provision, peer):
    """Writes the comparison of plans without changes into README.md."""
    ours, theirs = ({row["what"]: row for row in rows if row["tool"] == tool.name} for tool in (provision, peer))
    ours, theirs = ours["plan, no changes"], theirs["plan, no changes"]
    table = [
        ("plan without changes, where a request takes 100 ms", *(f"{row['slow_seconds']:.1f} s" for row in (ours, theirs))),
        ("its requests", ours["requests"], theirs["requests"]),
        ("its round trips, one after the other", ours["round_trips"], theirs["round_trips"]),
        ("its processor time", *(f"{row['processor']:.2f} s" for row in (ours, theirs))),
        ("its memory", *(f"{row['megabytes']:.0f} MB" for row in (ours, theirs))),
        ("on disk", f"{on_disk([provision.command]):.0f} MB", f"{peer.on_disk():.0f} MB"),
        ("lines that describe the stack", lines(ROOT / "provision.yaml"), lines(HERE / "main.tf")),
    ]
    build = "debug build" if "debug" in provision.command.parts else "release build"
    text = f"| the storage of a GitLab | provision, {build} | {peer.version()} |\n|---|---|---|\n"
    text += "".join(f"| {what} | {one} | {other} |\n" for what, one, other in table)
    page = ROOT / "README.md"
    before, rest = page.read_text().split(BEGIN)
    page.write_text(before + BEGIN + text + END + rest.split(END)[1])


def lines(path):
    """The lines of a file that say something."""
    return sum(1 for line in path.read_text().splitlines() if line.strip() and not line.strip().startswith("#"))


def on_disk(paths):
    return sum(Path(path).stat().st_size for path in paths) / 1e6


# The columns: a heading, the name of the value, how it is written, and in which unit.
COLUMNS = (
    ("processor", "processor", "{:.1f} ms", 1000),
    ("time", "seconds", "{:.1f} ms", 1000),
    ("least", "least", "{:.1f} ms", 1000),
    ("most", "most", "{:.1f} ms", 1000),
    ("memory", "megabytes", "{:.1f} MB", 1),
    ("requests", "requests", "{}", 1),
    ("round trips", "round_trips", "{}", 1),
    (f"at {REQUEST_SECONDS * 1000:.0f} ms", "slow_seconds", "{:.0f} ms", 1000),
    ("instructions", "instructions", "{:.1f} M", 1e-6),
)


def report(rows):
    print(f"{'tool':<10} {'what':<22}" + "".join(f" {heading:>12}" for heading, *_ in COLUMNS))
    for row in rows:
        cells = (form.format(row[name] * unit) if name in row else "" for _, name, form, unit in COLUMNS)
        print(f"{row['tool']:<10} {row['what']:<22}" + "".join(f" {cell:>12}" for cell in cells))
    apply = next(row for row in rows if row["what"] == "apply" and row["tool"] == "provision")
    print(f"apply takes {apply['slow_seconds'] / apply['chain']:.2f} times the longest chain of its own requests, "
          f"where each takes {REQUEST_SECONDS * 1000:.0f} ms")
    both = {}
    for row in rows:
        if "seconds" in row:
            both.setdefault(row["what"], {})[row["tool"]] = row
    for what, tools in both.items():
        if len(tools) == 2:
            ours, theirs = tools["provision"], tools["terraform"]
            print(f"{what}: terraform took {theirs['seconds'] / ours['seconds']:.1f} times as long as provision on this emulator, "
                  f"and {theirs['processor'] / ours['processor']:.0f} times the processor time")


if __name__ == "__main__":
    try:
        main()
    except Failed as error:
        sys.exit(str(error))
