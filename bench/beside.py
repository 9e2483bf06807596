"""Writes docs/beside-terraform.md: the plans of the same ten changes of the reference stack, by provision and by Terraform, as both print them."""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import HERE, ROOT, Failed, World, account, seed

PAGE = ROOT / "docs" / "beside-terraform.md"

# The name of a change, a sentence on it, the edits of provision.yaml, and those of main.tf.
CHANGES = (
    ("A larger class", "A database gets more memory: in the maintenance window, since nothing says otherwise.",
     [("instance_class: db.t4g.medium", "instance_class: db.t4g.large")],
     [('"db.t4g.medium"', '"db.t4g.large"')]),
    ("A major upgrade", "PostgreSQL 16 becomes 17.",
     [('engine_version: "16" ', 'engine_version: "17" ')],
     [('engine_version              = "16"', 'engine_version              = "17"\n  allow_major_version_upgrade = true')]),
    ("Backups off", "A retention of 0 days deletes all automated backups.",
     [("backup_retention_period: 30", "backup_retention_period: 0")],
     [("backup_retention_period     = 30", "backup_retention_period     = 0")]),
    ("A source of access less", "The masters of the cluster are not to reach the database any more: their connections are cut off.",
     [("access: [nodes, masters]         # the machines that may connect to it", "access: [nodes]")],
     [("security_groups = [for group in data.aws_security_group.cluster : group.id]",
       'security_groups = [for name, group in data.aws_security_group.cluster : group.id if name == "nodes" || each.value == 2049]')]),
    ("Another port", "The database and its group move to port 5433.",
     [("port: 5432", "port: 5433")],
     [('"gitlab-pgsql" = 5432', '"gitlab-pgsql" = 5433'), ("  multi_az ", "  port                        = 5433\n  multi_az ")]),
    ("Another performance mode", "EFS cannot change it: a new file system takes the place of the old one, which holds data.",
     [("performance_mode: generalPurpose", "performance_mode: maxIO"), ("throughput_mode: elastic ", "throughput_mode: bursting ")],
     [('throughput_mode = "elastic"', 'throughput_mode  = "bursting"\n  performance_mode = "maxIO"')]),
    ("Sooner to cheaper storage", "A file moves after 7 days instead of 30.",
     [("AFTER_30_DAYS", "AFTER_7_DAYS")], [("AFTER_30_DAYS", "AFTER_7_DAYS")]),
    ("A tag on everything", "team = platform.",
     [("# tags: { team: platform }", "tags: { team: platform }")],
     [('provider "aws" {', 'provider "aws" {\n  default_tags {\n    tags = { team = "platform" }\n  }')]),
    ("More storage", "50 GiB become 100.",
     [("allocated_storage: 50 ", "allocated_storage: 100 ")], [("allocated_storage           = 50", "allocated_storage           = 100")]),
    ("A database that is not wanted any more", "It is taken out of the file, with its group.",
     [("\ndatabases:\n", "\ndatabases: {}\nREST:\n")],
     [("\nresource \"aws_db_subnet_group\"", "\nREST"), (', "gitlab-pgsql" = 5432', "")]),
)

# A plan is printed for a terminal of this width, without colours.
COLUMNS = 100


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--provision", required=True)
    options = parser.parse_args()
    terraform = shutil.which("terraform")
    if not terraform:
        sys.exit("beside.py: terraform is not installed")
    with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as theirs:
        provision = Tool(options.endpoint, 3, ours, "provision.yaml", ROOT / "provision.yaml", Path(options.provision).resolve())
        peer = Tool(options.endpoint, 4, theirs, "main.tf", HERE / "main.tf", terraform)
        peer.run("init", "-input=false")
        provision.run("apply", "--auto-approve")
        peer.run("apply", "-auto-approve", "-input=false")
        sections = [section(number, change, provision, peer) for number, change in enumerate(CHANGES, 1)]
        version = peer.run("version").splitlines()[0]
    PAGE.write_text(HEAD.format(version=version, columns=COLUMNS) + "".join(sections))


HEAD = """# Beside Terraform: the plans of ten changes

The reference stack stands, and one thing is changed in its file. Below is all that each tool prints for that on a terminal of {columns} columns, without colours: `provision plan`, and
`terraform plan` of {version} with the AWS provider 5.100 (`bench/main.tf` has the stack). Only ids are replaced. `bench/beside` writes this page. OpenTofu prints
its plans as Terraform does; it was not installed where this page was made.

"""


def section(number, change, provision, peer):
    name, sentence, ours, theirs = change
    plan = provision.changed(ours, "plan")
    other = peer.changed(theirs, "plan", "-input=false", "-no-color")
    return (f"## {number}. {name}\n\n{sentence}\n\n`provision plan`, {len(plan.splitlines())} lines:\n\n```text\n{plan}\n```\n\n"
            f"`terraform plan`, {len(other.splitlines())} lines:\n\n```text\n{other}\n```\n\n")


class Tool:
    """A tool in a folder with its stack, in an account of its own."""

    def __init__(self, endpoint, offset, folder, file, base, command):
        self.world, self.folder, self.command = World(endpoint, account(offset)), Path(folder), command
        self.file, self.base = self.folder / file, base.read_text()
        seed(self.world)
        self.file.write_text(self.base)

    def changed(self, edits, *arguments):
        text = self.base
        for before, after in edits:
            if before not in text:
                raise Failed(f"{self.file.name} has no {before!r}")
            text = text.replace(before, after)
        self.file.write_text(text.split("REST", 1)[0])
        try:
            return tidy(self.run(*arguments), self.world.account)
        finally:
            self.file.write_text(self.base)

    def run(self, *arguments):
        """All that it prints on a terminal, standard error last."""
        command = " ".join(["stty", "cols", str(COLUMNS), "rows", "50;", str(self.command), *arguments])
        environment = self.world.environment() | {"NO_COLOR": "1", "TERM": "xterm"}
        process = subprocess.run(
            ["script", "--quiet", "--command", command, "/dev/null"], cwd=self.folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL,
        )
        return process.stdout.replace("\r\n", "\n")


def tidy(text, of):
    """The text with no id of this one run."""
    text = text.replace(of, "123456789012")
    text = re.sub(r"\b(vpc|subnet|sg|fs|fsmt|db)-(?!pgsql)([0-9a-f]{8,}|[0-9A-Z]{20,})\b", r"\1-0…", text)
    text = re.sub(r"(Digest |--expect )[0-9a-f]{12}", r"\g<1>0123456789ab", text)
    lines = [line.rstrip() for line in text.splitlines()]
    kept = [line for line in lines if "Refreshing state" not in line and "Reading..." not in line and "Read complete" not in line]
    return "\n".join(kept).strip("\n")


if __name__ == "__main__":
    main()
