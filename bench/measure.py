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
    world = World(options.endpoint, account())
    seed(world)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        measure_provision(rows, world, Path(options.provision).resolve(), Path(folder), options.repeats)
    terraform = shutil.which("terraform")
    if terraform and not options.without_terraform:
        with tempfile.TemporaryDirectory() as folder:
            measure_terraform(rows, World(options.endpoint, account(1)), terraform, Path(folder),
                              options.terraform_repeats)
    else:
        print("terraform: not measured, it is not installed", file=sys.stderr)
    report(rows)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--provision", required=True)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--terraform-repeats", type=int, default=7)
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


def measure(world, folder, tool, what, command, times=1):
    """The row of a command that is run so many times: the medians of its times, the most of its memory."""
    results = [timed(command, world, folder) for _ in range(times)]
    seconds = [result[0] for result in results]
    return {
        "tool": tool, "what": what, "seconds": statistics.median(seconds), "least": min(seconds), "most": max(seconds),
        "megabytes": max(result[1] for result in results), "requests": len(results[-1][2]),
    }


def measure_provision(rows, world, provision, folder, repeats):
    def row(what, command, times=1, chain=None):
        rows.append(measure(world, folder, "provision", what, [provision, *command], times) | (chain or {}))

    row("version", ["--version"], repeats)
    with tempfile.TemporaryDirectory() as other:
        slow = World(world.endpoint, account(2))
        seed(slow)
        chain = in_a_row([provision, "apply", "--auto-approve"], slow, Path(other))
    row("apply", ["apply", "--auto-approve"], chain=chain)
    row("plan, no changes", ["plan"], repeats, in_a_row([provision, "plan"], world, folder))
    (folder / "provision.yaml").write_text(unprotected())
    row("apply, protection off", ["apply", "--auto-approve"])
    row("destroy", ["destroy", "--auto-approve"])
    size = provision.stat().st_size / 1e6
    rows.append({"tool": "provision", "what": "on disk", "megabytes": size})


def unprotected():
    text = (ROOT / "provision.yaml").read_text()
    return text.replace("deletion_protection: true", "deletion_protection: false")


def measure_terraform(rows, world, terraform, folder, repeats):
    seed(world)
    shutil.copy(HERE / "main.tf", folder)
    world.terraform_mirror(folder)
    subprocess.run([terraform, "init", "-input=false"], cwd=folder, env=world.environment(), check=True,
                   stdout=subprocess.DEVNULL)
    for what, command, times in [
        ("apply", ["apply", "-auto-approve", "-input=false"], 1),
        ("plan, no changes", ["plan", "-input=false"], repeats),
        ("destroy", ["destroy", "-auto-approve", "-input=false"], 1),
    ]:
        row = measure(world, folder, "terraform", what, [terraform, *command], times)
        # Only what changes nothing can be run once more.
        chain = in_a_row([terraform, *command], world, folder) if command[0] == "plan" else {}
        rows.append(row | chain)


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
