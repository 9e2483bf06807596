//! All checks: what a finding of a plan can be about, and what ends it. `docs/findings.md` is printed from these rows.
//! A test reads the sources and holds that the list is whole; another one types what each finding says to do.

use super::plan::Level;

/// The common part of all findings of one name.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    pub name: &'static str,
    /// The gravity that its findings can have, but for `not checked` and `passed`, which all have.
    pub levels: &'static [Level],
    /// The statement of its findings.
    pub says: &'static str,
    /// The actions of AWS that are asked for it alone; what a plan asks of the objects themselves serves all checks.
    pub asks: &'static [&'static str],
    /// The way to end it. A finding says the same with the names of its objects.
    pub cure: &'static str,
}

const fn check(
    name: &'static str,
    levels: &'static [Level],
    says: &'static str,
    asks: &'static [&'static str],
    cure: &'static str,
) -> Check {
    Check { name, levels, says, asks, cure }
}

const ERROR: &[Level] = &[Level::Error];
const WARNING: &[Level] = &[Level::Warning];
const EITHER: &[Level] = &[Level::Error, Level::Warning];

/// The check of this name.
pub fn of_name(name: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.name == name)
}

/// The checks, by name.
pub const CHECKS: &[Check] = &[
    check(
        "address",
        EITHER,
        "an option names an address that neither the stack nor the state has",
        &[],
        "Type the nearest address, which the finding names, or leave the option out. `provision state list` shows the addresses that there are.",
    ),
    check(
        "authority",
        ERROR,
        "an authority does not sign certificates for a version",
        &["rds:DescribeDBEngineVersions"],
        "Write one of the authorities that the finding names as `ca_cert_identifier`.",
    ),
    check(
        "circle",
        ERROR,
        "resources refer to each other in a circle",
        &[],
        "Take one of the references between them out of the stack file.",
    ),
    check(
        "credentials",
        WARNING,
        "the credentials end before the run may",
        &[],
        "Log in anew first. Nothing is to be done for a role that renews its credentials by itself.",
    ),
    check(
        "data-loss",
        ERROR,
        "what holds data would be replaced, deleted, overwritten or forgotten, and was not named",
        &[],
        "Undo the edit. To lose the data: `provision apply --replace ADDRESS` for a replacement, `provision destroy --target ADDRESS` for a deletion, \
         `provision apply --allow-data-loss ADDRESS` for backups and copies. To leave the object in AWS, unmanaged: `provision state forget ADDRESS`.",
    ),
    check(
        "engine-version",
        ERROR,
        "a new database or cache cannot have the written version",
        &["rds:DescribeDBEngineVersions", "elasticache:DescribeCacheEngineVersions"],
        "Write one of the versions that the finding names as `engine_version`.",
    ),
    check(
        "fenced",
        ERROR,
        "another state has taken an object over",
        &[],
        "If that state lives, name it with `--state`. To take everything back: `provision state rebuild --take-over LINEAGE`. To leave the object to it, take the entry \
         out of the stack file, then: `provision state forget ADDRESS`.",
    ),
    check(
        "final-snapshot",
        ERROR,
        "AWS takes no final snapshot of what is to be deleted, or its backups would go, and they are wanted",
        &[],
        "Restore the data beside it where that is needed, write `final_snapshot: false` into the stack file, then: `provision apply`. The finding has each step.",
    ),
    check(
        "free-addresses",
        EITHER,
        "a subnet has too few free addresses",
        &["ec2:DescribeSubnets"],
        "Give addresses back in that subnet, or name other subnets with `--subnet-id`.",
    ),
    check(
        "gitlab-version",
        EITHER,
        "GitLab's version does not go with that of its database or its cache",
        &[],
        "Write the `engine_version` that the finding names below the database or the cache, or the version of the GitLab that runs now below `gitlab`.",
    ),
    check(
        "going",
        ERROR,
        "data is being deleted by others, and a new object would be empty",
        &[],
        "When it is gone, restore the newest backup, which the finding names, then: `provision import ADDRESS=ID`. For a new, empty one: \
         `provision apply --replace ADDRESS`.",
    ),
    check(
        "gone",
        EITHER,
        "data was deleted by others, and a new object would be empty",
        &[],
        "Restore the newest backup, which the finding names, then: `provision import ADDRESS=ID`. For a new, empty one: `provision apply --replace ADDRESS`. \
         To do without it: `provision state forget ADDRESS`.",
    ),
    check(
        "held",
        ERROR,
        "AWS refuses a change for now",
        &[],
        "Apply again when that is over, or take the change out of the stack file until then.",
    ),
    check(
        "holders",
        EITHER,
        "what is to be deleted is still used by others",
        &[
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "rds:DescribeDBInstances",
            "elasticfilesystem:DescribeMountTargets",
            "elasticfilesystem:DescribeAccessPoints",
            "s3:ListBucketVersions",
            "ec2:DescribeIamInstanceProfileAssociations",
        ],
        "Give the holder, which the finding names, another group or delete it; then run the same command again.",
    ),
    check(
        "image",
        ERROR,
        "an image of a new machine is not there, cannot be used yet, or is for other processors than those of its type",
        &[],
        "Write the id of another image as `ami`, or a parameter of Systems Manager (`ami: { ssm: PARAMETER }`); `aws ec2 describe-images --owners self` lists the account's own.",
    ),
    check(
        "inputs",
        EITHER,
        "AWS would refuse an input, or make something else of it",
        &[],
        "Write another value of the option that the finding names. `provision schema stack` prints every option with its values.",
    ),
    check(
        "instance-class",
        ERROR,
        "a database cannot be ordered like this, or a cache cannot have such nodes",
        &["rds:DescribeOrderableDBInstanceOptions", "elasticache:ListAllowedNodeTypeModifications"],
        "Write another `instance_class` or `node_type`. `aws rds describe-orderable-db-instance-options --engine postgres` lists those that there are.",
    ),
    check(
        "instance-type",
        ERROR,
        "EC2 does not have the type of a new machine, or does not offer it in its zone",
        &["ec2:DescribeInstanceTypes", "ec2:DescribeInstanceTypeOfferings"],
        "Write another `instance_type`, or another `zone`. `aws ec2 describe-instance-type-offerings --location-type availability-zone` lists what is offered.",
    ),
    check(
        "kms-key",
        ERROR,
        "a key cannot be used",
        &["kms:DescribeKey"],
        "Write the ARN of another key, or make this one usable: `aws kms enable-key --key-id KEY`, and before that `aws kms cancel-key-deletion --key-id KEY` where it \
         waits for its deletion.",
    ),
    check(
        "left-to-do",
        WARNING,
        "something is left for a person to do",
        &[],
        "Type the command of the finding when it suits, such as a reboot that parameters wait for.",
    ),
    check(
        "left-to-others",
        WARNING,
        "inputs of an object belong to somebody else, and are not compared",
        &[],
        "Write the `ignore_changes` of the finding into the stack file.",
    ),
    check(
        "missing",
        &[Level::Error, Level::Blocked],
        "a part of the network is gone, and something of the stack needs it",
        &[],
        "When the cluster is there again: `provision import VPC-ID`, then: `provision apply`. To do without it, take the role out of `access`.",
    ),
    check(
        "name-taken",
        ERROR,
        "another object has the name of what is to be made",
        &[],
        "To manage that object: `provision import ADDRESS=ID`. Otherwise choose another name in the stack file.",
    ),
    check(
        "named",
        EITHER,
        "an object that the stack file names is not there, or does not fit the network",
        &[
            "rds:DescribeDBParameterGroups",
            "ec2:DescribeManagedPrefixLists",
            "ec2:DescribeVpcPeeringConnections",
            "iam:GetPolicy",
            "iam:GetInstanceProfile",
        ],
        "Write the id or the name of one that is there. The finding has the command that lists them.",
    ),
    check(
        "network",
        ERROR,
        "another network was chosen than the one that the stack is in",
        &[],
        "Name the network of the stack again (`--cluster`, `PROVISION_CLUSTER`, `cluster`). For another network use another stack file, with another `stack` name.",
    ),
    check(
        "new-zone",
        WARNING,
        "nodes can run in a zone in which file systems have no mount target",
        &[],
        "`provision import VPC-ID`, then: `provision apply`.",
    ),
    check(
        "newer",
        ERROR,
        "a newer version of the program has recorded it",
        &[],
        "Update `provision`, then run the same command again.",
    ),
    check(
        "on-its-own",
        ERROR,
        "a copy follows nothing any more, and may have data of its own",
        &[],
        "To go on with the copy, take the replica or the `replication` out of the stack file. To copy over it again: `provision apply --replace ADDRESS`.",
    ),
    check(
        "outputs",
        WARNING,
        "a second database or file system is made, and the short name of an output becomes ambiguous",
        &[],
        "Let scripts ask for the full names, which the finding lists.",
    ),
    check(
        "ownership",
        EITHER,
        "an object does not carry the stack's ownership tags",
        &[],
        "To manage it: `provision import ADDRESS=ID`, with `--take-over LINEAGE` where it belongs to another stack. To let go of it: `provision state forget ADDRESS`.",
    ),
    check(
        "parameter",
        ERROR,
        "RDS does not have a parameter, or does not take its value",
        &["rds:DescribeEngineDefaultParameters"],
        "Write the parameter or the value that the finding names, or take the parameter out of the stack file.",
    ),
    check(
        "password",
        EITHER,
        "a password that is to be sent cannot be read, would be none of a cache that has one, or would be lost",
        &[],
        "Set the variable of `env:NAME`, or write the password into the file of `file:PATH`. For the secret of a cache: `aws secretsmanager restore-secret --secret-id NAME`, or \
         write `password: unmanaged`.",
    ),
    check(
        "permissions",
        EITHER,
        "the credentials may not do what is planned",
        &["ec2:CreateSecurityGroup"],
        "Give the role that applies what `provision iam-policy` prints.",
    ),
    check(
        "protected",
        ERROR,
        "what is to be deleted has its deletion protection on",
        &[],
        "Write `deletion_protection: false` into the stack file, then: `provision apply`, then run the same command again.",
    ),
    check(
        "quota",
        ERROR,
        "what is to be made does not fit into a quota of the account",
        &[
            "rds:DescribeAccountAttributes",
            "servicequotas:GetServiceQuota",
            "servicequotas:GetAWSDefaultServiceQuota",
            "iam:GetAccountSummary",
            "ec2:DescribeAddresses",
            "ec2:DescribeInstances",
        ],
        "Raise the quota, which the finding names, in Service Quotas, or make less.",
    ),
    check(
        "renamed",
        EITHER,
        "a name is gone and a new one is there, or another stack has what this one would make",
        &[],
        "If it was renamed: `provision state move FROM TO`. If it was not, the plan says what becomes of both.",
    ),
    check(
        "rendering",
        EITHER,
        "a file cannot be rendered or written, or is to be used with care",
        &[],
        "Write the option that the finding names, or move the file that is in the way and that was not rendered.",
    ),
    check(
        "replication",
        EITHER,
        "a replication cannot be made or ended as it is written, or overwrites a file system",
        &["elasticfilesystem:DescribeFileSystems"],
        "Leave `file_system` out for a new copy, or write the id of one that may be overwritten. End one replication with an apply of its own before the next begins.",
    ),
    check(
        "restore-from",
        EITHER,
        "a database cannot be restored from the backup that is named, or would be restored again",
        &["rds:DescribeDBSnapshots", "rds:DescribeDBInstanceAutomatedBackups"],
        "Write a backup that is there into `restore_from`; `aws rds describe-db-snapshots` lists them. Take the line out for an empty database.",
    ),
    check(
        "set-by-command",
        &[Level::Blocked],
        "others have changed what a command alone sets, such as the machine of a pair that serves, or that machine is gone and the other one can serve",
        &[],
        "Type the command of the finding.",
    ),
    check(
        "standard-support",
        WARNING,
        "RDS ends the standard support of a database's version",
        &[],
        "Write a newer `engine_version` with `allow_major_version_upgrade: true`, or say with `engine_lifecycle_support` that it stays.",
    ),
    check(
        "status",
        &[Level::Blocked, Level::Warning],
        "AWS has an object in a status that does not end by waiting",
        &[],
        "Type the commands of the finding; [each status](statuses.md) has its own.",
    ),
    check(
        "subnets",
        ERROR,
        "a subnet or subnet group that the stack file names is not there, in another network, or without IPv6",
        &["ec2:DescribeSubnets", "rds:DescribeDBSubnetGroups"],
        "Write the name or the ids of what is there: `aws rds describe-db-subnet-groups`, `aws ec2 describe-subnets`.",
    ),
    check(
        "subnets-in-use",
        EITHER,
        "a DB subnet group would lose a subnet in which a database lives",
        &["rds:DescribeDBInstances"],
        "Type the command of the finding: it keeps the subnets in use, beside the new ones of other zones.",
    ),
    check(
        "supplanted",
        EITHER,
        "the recorded object is not the one that has its name now",
        &[],
        "To go on with the recorded one, write the name that it has now (`identifier: NAME`). To take the other one over: `provision import ADDRESS=ID`.",
    ),
    check(
        "unclaimed",
        EITHER,
        "objects of the stack stand, and nothing says where they belong",
        &[],
        "To take one over: `provision import ADDRESS=ID`. To leave one alone, give it the tag `provision:stack=none`.",
    ),
    check(
        "under-way",
        &[Level::Blocked, Level::Warning],
        "a procedure on an object has not come to its end, and no plan gets in its way",
        &[],
        "Type the command of the finding: it goes on with the procedure, or gives it up.",
    ),
    check(
        "unrecorded",
        EITHER,
        "an object of the stack is there, and the state does not know it",
        &[],
        "Name the state that records it with `--state`. If that is lost: `provision state rebuild`. For one object: `provision import ADDRESS=ID`.",
    ),
    check(
        "upgrade-target",
        EITHER,
        "RDS does not upgrade from the live version to the written one",
        &["rds:DescribeDBEngineVersions"],
        "Write one of the versions that the finding names, and apply once for each step of the way.",
    ),
    check(
        "watched",
        ERROR,
        "an object of the cluster is gone",
        &[],
        "When it is there again: `provision import VPC-ID`. When the loss is meant: `provision state forget ADDRESS`.",
    ),
    check(
        "zones",
        EITHER,
        "a class is not there in enough zones",
        &["rds:DescribeOrderableDBInstanceOptions"],
        "Write another `instance_class`, or name subnets of other zones with `--subnet-id`.",
    ),
];
