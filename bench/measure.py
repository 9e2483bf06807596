"""Times provision and Terraform on the reference stack, counts their requests, and prints a table of ratios."""

import argparse
import json
import os
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
# How long every call takes where it is told which calls ran beside each other: the emulator alone is so fast, and so much
# one thread, that calls which were sent together follow one another in its log.
CALL_SECONDS = 0.1


def main():
    options = arguments()
    terraform = None if options.without_terraform else shutil.which("terraform")
    if not terraform:
        print("terraform: not measured, it is not installed or not wanted", file=sys.stderr)
    rows = []
    with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as theirs:
        provision = Provision(World(options.endpoint, account()), Path(ours), Path(options.provision).resolve())
        peer = Terraform(World(options.endpoint, account(1)), Path(theirs), terraform) if terraform else None
        rows += provision.apply()
        rows += peer.apply() if peer else []
        rows += plans(provision, peer, options.rounds)
        rows += provision.destroy()
        rows += peer.destroy() if peer else []
    report(rows)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--provision", required=True)
    parser.add_argument("--rounds", type=int, default=7, help="how many turns each tool has at planning")
    parser.add_argument("--without-terraform", action="store_true")
    return parser.parse_args()


def account(offset=0):
    """A world of its own for each measured tool."""
    return f"{int(time.time()) * 10 + offset:012d}"


class World:
    """One account of the emulator."""

    def __init__(self, endpoint, account):
        self.endpoint, self.account, self.extra = endpoint, account, {}

    def terraform_mirror(self, folder):
        """Lets Terraform take its provider from the folder that TERRAFORM_MIRROR names, if it does."""
        mirror = os.environ.get("TERRAFORM_MIRROR")
        if mirror:
            config = folder / "terraform.rc"
            config.write_text(f'provider_installation {{ filesystem_mirror {{ path = {json.dumps(mirror)} }} }}\n')
            self.extra = {"TF_CLI_CONFIG_FILE": str(config)}

    def environment(self):
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        return kept | self.extra | {
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


def timed(command, world, folder):
    """Runs a command: seconds, peak memory in MB, and the calls that it made."""
    world.calls("DELETE")
    before = time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command], cwd=folder, env=world.environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - before
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{command} failed:\n{errors.decode()}")
    return seconds, usage.ru_maxrss / 1024, world.calls()["log"]


def in_a_row(command, world, folder):
    """Runs a command against calls that take their time: seconds, calls in a row, and the seconds of the longest chain."""
    world.latency(CALL_SECONDS)
    try:
        seconds, _, calls = timed(command, world, folder)
    finally:
        world.latency(0)
    return {"slow_seconds": seconds, "round_trips": round_trips(calls), "chain": longest_chain(calls)}


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

    def timed(self, *arguments):
        return timed([self.command, *arguments], self.world, self.folder)

    def row(self, what, results, **more):
        """A row of the table: the medians of the times, the most of the memory."""
        seconds = [result[0] for result in results]
        return {
            "tool": self.name, "what": what, "seconds": statistics.median(seconds), "least": min(seconds),
            "most": max(seconds), "megabytes": max(result[1] for result in results), "requests": len(results[-1][2]),
            **more,
        }

    def in_a_row(self, *arguments):
        return in_a_row([self.command, *arguments], self.world, self.folder)

    def plan(self):
        return [self.timed(*self.PLAN) for _ in range(self.PLANS)]


class Provision(Tool):
    PLANS = 5

    def __init__(self, *arguments):
        super().__init__("provision", *arguments)

    def apply(self):
        yield self.row("version", [self.timed("--version") for _ in range(20)])
        with tempfile.TemporaryDirectory() as other:
            slow = Tool(self.name, World(self.world.endpoint, account(2)), Path(other), self.command)
            chain = slow.in_a_row("apply", "--auto-approve")
        yield self.row("apply", [self.timed("apply", "--auto-approve")], **chain)

    def destroy(self):
        (self.folder / "provision.yaml").write_text(unprotected())
        yield self.row("apply, protection off", [self.timed("apply", "--auto-approve")])
        yield self.row("destroy", [self.timed("destroy", "--auto-approve")])
        yield {"tool": self.name, "what": "on disk", "megabytes": self.command.stat().st_size / 1e6}


class Terraform(Tool):
    PLAN = ["plan", "-input=false"]

    def __init__(self, *arguments):
        super().__init__("terraform", *arguments)
        shutil.copy(HERE / "main.tf", self.folder)
        self.world.terraform_mirror(self.folder)
        self.timed("init", "-input=false")

    def apply(self):
        yield self.row("apply", [self.timed("apply", "-auto-approve", "-input=false")])

    def destroy(self):
        yield self.row("destroy", [self.timed("destroy", "-auto-approve", "-input=false")])


def plans(provision, peer, rounds):
    """Plans without changes, by turns: a machine that grows slower or faster meanwhile does so for both."""
    tools = [tool for tool in (provision, peer) if tool]
    results = {tool.name: [] for tool in tools}
    for _ in range(rounds):
        for tool in tools:
            results[tool.name] += tool.plan()
    for tool in tools:
        yield tool.row("plan, no changes", results[tool.name], **tool.in_a_row(*tool.PLAN))


def unprotected():
    text = (ROOT / "provision.yaml").read_text()
    return text.replace("deletion_protection: true", "deletion_protection: false")


def report(rows):
    print(f"{'tool':<10} {'what':<22} {'time':>10} {'least':>10} {'most':>10} {'memory':>9} {'requests':>9} {'in a row':>9} {'chain':>9}")
    for row in rows:
        def cell(name, form, factor=1):
            return form.format(row[name] * factor) if name in row else ""
        print(f"{row['tool']:<10} {row['what']:<22} {cell('seconds', '{:.1f} ms', 1000):>10} "
              f"{cell('least', '{:.1f} ms', 1000):>10} {cell('most', '{:.1f} ms', 1000):>10} "
              f"{cell('megabytes', '{:.1f} MB'):>9} {cell('requests', '{}'):>9} {cell('round_trips', '{}'):>9} "
              f"{cell('chain', '{:.1f} ms', 1000):>9}")
    both = {}
    for row in rows:
        both.setdefault(row["what"], {})[row["tool"]] = row
    for what, tools in both.items():
        if len(tools) == 2:
            ratio = tools["terraform"]["seconds"] / tools["provision"]["seconds"]
            print(f"{what}: provision is {ratio:.0f} times faster than terraform")
    apply = both.get("apply", {}).get("provision")
    if apply:
        times = apply["slow_seconds"] / apply["chain"]
        print(f"apply takes {times:.2f} times the longest chain of its own calls, where each takes {CALL_SECONDS} s")


if __name__ == "__main__":
    main()
