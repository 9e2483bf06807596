use serde_json::{Value, json};

use super::*;
use crate::aws::kinds::registry;
use crate::stack::{REFERENCE, parse};

fn policy_of(stack: &str) -> Policy {
    let stack = parse("provision.yaml", stack, &registry()).expect("a stack file");
    policy(&registry(), &stack, Some("eu-west-1")).expect("it fits every network")
}

/// The statements that allow an action, as JSON.
fn allowing(policy: &Policy, action: &str) -> Vec<Value> {
    let allowing = policy.statement.iter().filter(|one| one.action.iter().any(|allowed| allowed == action));
    allowing.map(|one| serde_json::to_value(one).expect("plain data")).collect()
}

fn actions(policy: &Policy) -> Vec<&str> {
    policy.statement.iter().flat_map(|one| one.action.iter()).collect()
}

const FILES: &str = "stack: shop\nfile_systems: { files: {} }\n";
const RECORDS: &str = "stack: shop\ndatabases: { records: { password: env:PASSWORD } }\n";

#[test]
fn the_policy_of_the_reference_stack_is_one_that_iam_takes() {
    let policy = policy_of(REFERENCE);
    let place = "s3://a-bucket-of-the-team/states/gitlab.json".parse().expect("a place");
    let state = state_on_s3(Some("eu-west-1"), &place);
    let with_state = Policy::new(policy.statement.iter().cloned().chain(state).collect());
    // There are two, to be attached to the same role, also with a state in a bucket.
    assert!(policy.characters() <= 2 * MOST_CHARACTERS, "{} characters", policy.characters());
    assert!(with_state.characters() <= 2 * MOST_CHARACTERS, "{} characters", with_state.characters());
    let document = serde_json::to_value(&policy).expect("plain data");
    assert_eq!(document["Version"], "2012-10-17");
    let mut sids: Vec<&str> = policy.statement.iter().map(|one| one.sid.as_str()).collect();
    assert!(sids.iter().all(|sid| sid.chars().all(|c| c.is_ascii_alphanumeric())), "{sids:?}");
    let count = sids.len();
    sids.sort_unstable();
    sids.dedup();
    assert_eq!(sids.len(), count, "each has a name of its own");
}

#[test]
fn a_network_that_is_named_is_looked_at_and_not_looked_for() {
    let named =
        "network: { vpc: vpc-0a1b, subnets: [subnet-0a1b], groups: { nodes: sg-0a1b, masters: sg-0a1b } }\n";
    let allows = |stack: &str, action: &str| {
        let policy = policy_of(stack);
        policy.statement.iter().any(|statement| statement.action.iter().any(|one| one == action))
    };
    for action in ["ec2:DescribeInstances", "ec2:DescribeRouteTables"] {
        assert!(allows(FILES, action) && !allows(&format!("{FILES}{named}"), action), "{action}");
    }
    for action in ["ec2:DescribeVpcs", "ec2:DescribeVpcAttribute", "ec2:DescribeAvailabilityZones"] {
        assert!(allows(&format!("{FILES}{named}"), action), "{action}");
    }
}

/// The actions that can change something and have no condition by the stack's tag, with what narrows them instead.
const WITHOUT_TAGS: &[(&str, &str)] = &[
    ("backup:StartRestoreJob", "recovery points, and the role that is passed"),
    ("ec2:CreateSecurityGroup", "on the VPC, which it refers to; on the group there is the condition"),
    (
        "ec2:AuthorizeSecurityGroupEgress",
        "on rules, which have no tags; on their group there is the condition",
    ),
    ("ec2:AuthorizeSecurityGroupIngress", "the same"),
    ("ec2:RevokeSecurityGroupEgress", "the same"),
    ("ec2:RevokeSecurityGroupIngress", "the same"),
    ("ec2:UpdateSecurityGroupRuleDescriptionsEgress", "the same"),
    ("ec2:UpdateSecurityGroupRuleDescriptionsIngress", "the same"),
    ("ec2:CreateNetworkInterface", "nothing: EFS makes interfaces without tags"),
    ("ec2:DeleteNetworkInterface", "nothing: the same"),
    ("ec2:ModifyNetworkInterfaceAttribute", "nothing: the same"),
    ("elasticfilesystem:CreateFileSystem", "nothing: EFS makes the copy of a replication without tags"),
    ("iam:CreateServiceLinkedRole", "the service"),
    ("iam:PassRole", "the role and the service"),
    ("kms:CreateGrant", "the key, the service, and that the grant is for AWS"),
    ("kms:Decrypt", "the key and the service"),
    ("kms:GenerateDataKey", "the key and the service"),
    ("kms:GenerateDataKeyWithoutPlaintext", "the key and the service"),
    ("rds:AddTagsToResource", "on the last snapshot, by its name"),
    ("rds:CreateDBInstance", "on groups, which it refers to; on the database there is the condition"),
    ("rds:CreateDBSnapshot", "the names of database and snapshot"),
    (
        "rds:RestoreDBInstanceFromDBSnapshot",
        "on groups and snapshots, which it refers to; on the database there is the condition",
    ),
    ("rds:RestoreDBInstanceToPointInTime", "the same"),
    ("rds:ModifyDBInstance", "on groups, which it refers to; on the database there is the condition"),
    ("secretsmanager:CreateSecret", "what RDS calls its secrets"),
    ("secretsmanager:TagResource", "the same"),
];

#[test]
fn what_changes_something_is_allowed_for_what_is_the_stacks_or_stands_in_the_list() {
    let policy = policy_of(&EVERYTHING.replace("env:PASSWORD", "managed"));
    let is_read =
        |action: &&str| ["Describe", "List", "Get"].iter().any(|read| action.contains(&format!(":{read}")));
    let mut without: Vec<&str> = policy
        .statement
        .iter()
        .filter(|one| one.effect == Effect::Allow)
        .filter(|one| {
            let keys = one.condition.values().flat_map(BTreeMap::keys);
            !keys.copied().any(|key| key == OWNED || key == TAGGING)
        })
        .flat_map(|one| one.action.iter())
        .filter(|action| !is_read(action))
        .collect();
    without.sort_unstable();
    without.dedup();
    let mut listed: Vec<&str> = WITHOUT_TAGS.iter().map(|(action, _)| *action).collect();
    listed.sort_unstable();
    assert_eq!(without, listed);
}

const EVERYTHING: &str = "\
stack: shop
file_systems:
  files:
    kms_key_id: alias/storage
    enforce_tls: true
    lifecycle: { transition_to_ia: AFTER_30_DAYS }
    replication_overwrite_protection: true
    replication: { region: eu-central-1, kms_key_id: \"arn:aws:kms:eu-central-1:123456789012:alias/copy\" }
    access_points: { git: { uid: 998 } }
databases:
  records:
    password: env:PASSWORD
    kms_key_id: arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000001
    parameters: { rds.force_ssl: \"1\" }
    copy_tags_to_snapshot: true
";

#[test]
fn what_is_not_declared_is_not_allowed() {
    let [files, records, everything] = [FILES, RECORDS, EVERYTHING].map(policy_of);
    for (action, in_files, in_records) in [
        ("ec2:CreateSecurityGroup", true, true),
        ("elasticfilesystem:CreateFileSystem", true, false),
        ("elasticfilesystem:CreateMountTarget", true, false),
        ("ec2:CreateNetworkInterface", true, false),
        ("rds:CreateDBInstance", false, true),
        ("elasticfilesystem:CreateAccessPoint", false, false),
        ("elasticfilesystem:PutFileSystemPolicy", false, false),
        ("elasticfilesystem:PutLifecycleConfiguration", false, false),
        ("elasticfilesystem:UpdateFileSystemProtection", false, false),
        ("rds:CreateDBParameterGroup", false, false),
        ("rds:ResetDBParameterGroup", false, false),
        ("kms:CreateGrant", false, false),
        ("kms:DescribeKey", false, false),
    ] {
        assert_eq!(actions(&files).contains(&action), in_files, "{action}");
        assert_eq!(actions(&records).contains(&action), in_records, "{action}");
        assert!(actions(&everything).contains(&action), "{action}");
    }
    assert!(
        !actions(&files).iter().any(|action| action.starts_with("rds:") && !action.contains(":Describe"))
    );
    assert!(!actions(&records).iter().any(|action| action.starts_with("secretsmanager:")));
    let managed = policy_of(&RECORDS.replace("env:PASSWORD", "managed"));
    assert!(actions(&managed).contains(&"secretsmanager:CreateSecret"));
}

#[test]
fn read_replicas_are_allowed_where_they_are_written() {
    const CALL: &str = "rds:CreateDBInstanceReadReplica";
    let replicated = RECORDS.replace("env:PASSWORD", "env:PASSWORD, replicas: { reports: {} }");
    assert!(actions(&policy_of(&replicated)).contains(&CALL));
    // A blue/green deployment makes its copy as one, and RDS makes none where it manages the password.
    assert!(!actions(&policy_of(&RECORDS.replace("env:PASSWORD", "managed"))).contains(&CALL));
}

#[test]
fn a_replication_is_allowed_only_where_one_is_written() {
    let without = policy_of(FILES);
    let replicates = |options: &str| {
        policy_of(&FILES.replace("files: {}", &format!("files: {{ replication: {options} }}")))
    };
    let to_a_new_one = replicates("{ region: eu-central-1 }");
    let to_another = replicates("{ region: eu-central-1, file_system: fs-12345678 }");
    for (policy, create, destination) in
        [(&without, false, false), (&to_a_new_one, true, true), (&to_another, true, false)]
    {
        let all = actions(policy);
        let has = |action: &str| all.contains(&action);
        assert_eq!(has("elasticfilesystem:CreateReplicationConfiguration"), create);
        assert_eq!(has("elasticfilesystem:DeleteReplicationConfiguration"), create);
        // The file system itself may be made with its tags alone.
        let made = allowing(policy, "elasticfilesystem:CreateFileSystem");
        assert_eq!(made.iter().any(|one| one.get("Condition").is_none()), destination);
    }
}

#[test]
fn a_key_is_named_as_it_is_written() {
    let everything = policy_of(EVERYTHING);
    let described = allowing(&everything, "kms:DescribeKey");
    let resources: Vec<&Value> = described.iter().map(|one| &one["Resource"]).collect();
    assert_eq!(
        resources,
        [
            &json!("arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000001"),
            &json!("arn:aws:kms:eu-central-1:123456789012:key/*"),
            &json!("arn:aws:kms:eu-west-1:*:key/*"),
        ]
    );
    let by_alias = |alias: &str| json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": alias } });
    let conditions: Vec<&Value> = described[1..].iter().map(|one| &one["Condition"]).collect();
    assert_eq!(conditions, [&by_alias("alias/copy"), &by_alias("alias/storage")]);
}

#[test]
fn tags_that_make_something_the_stacks_are_allowed_only_with_its_creation() {
    let everything = policy_of(EVERYTHING);
    let file_systems = allowing(&everything, "elasticfilesystem:TagResource");
    let made = json!({
        "StringEquals": { (TAGGING): "shop", "elasticfilesystem:CreateAction": "CreateFileSystem" },
    });
    assert!(file_systems.iter().any(|one| one["Condition"] == made), "{file_systems:#?}");
    for statement in file_systems.iter().chain(&allowing(&everything, "ec2:CreateTags")) {
        let condition = statement["Condition"]["StringEquals"].as_object().expect("there is one");
        let is_creation = condition.keys().any(|key| key.ends_with(":CreateAction"));
        assert!(is_creation || condition.contains_key(OWNED), "{statement:#}");
    }
    // RDS has no such condition: what it tags is told by its name.
    for statement in allowing(&everything, "rds:AddTagsToResource") {
        // A deployment has no name of ours, and holds no data: its copy is a database, which has one.
        let text = statement["Resource"].to_string().replace(":deployment:*", ":deployment");
        assert!(text.contains("records") && !text.contains(":*\""), "{text}");
    }
}

#[test]
fn the_network_is_kept_from_everything_but_references() {
    let files = policy_of(FILES);
    let denied =
        serde_json::to_value(files.statement.last().expect("there are statements")).expect("plain data");
    assert_eq!(denied["Effect"], "Deny");
    assert_eq!(
        denied["NotAction"],
        json!(["ec2:CreateNetworkInterface", "ec2:CreateSecurityGroup", "ec2:Describe*"])
    );
    let network = denied["Resource"].to_string();
    for part in ["vpc/*", "subnet/*", "route-table/*", "internet-gateway/*", "natgateway/*"] {
        assert!(network.contains(part), "{part}");
    }
}

#[test]
fn without_a_region_the_policy_is_for_all_of_them() {
    let stack = parse("provision.yaml", EVERYTHING, &registry()).expect("a stack file");
    let everywhere = policy(&registry(), &stack, None).expect("it fits every network");
    let grants = allowing(&everywhere, "kms:GenerateDataKey");
    assert_eq!(grants[0]["Condition"]["StringLike"]["kms:ViaService"], "rds.*.amazonaws.com");
    assert_eq!(allowing(&everywhere, "ec2:DeleteTags")[0]["Resource"], "arn:aws:ec2:*:*:security-group/*");
}

/// A stack with so many entries that one policy cannot hold what it needs.
fn large() -> Policy {
    let entries = |name: &str, count: usize| -> String {
        (0..count).map(|number| format!("  {name}-of-the-platform-team-{number}: {{}}\n")).collect()
    };
    policy_of(&format!(
        "stack: shop\ndatabases:\n{}file_systems:\n{}buckets:\n{}",
        entries("database", 30),
        entries("files", 5),
        entries("bucket", 60)
    ))
}

/// Everything that a policy says, action by action and resource by resource.
fn grants(policies: &[Policy]) -> BTreeSet<(Effect, Vec<String>, String, String)> {
    let of = |one: &Statement| {
        let condition = serde_json::to_string(&one.condition).expect("plain data");
        let not: Vec<String> = one.not_action.iter().map(|action| format!("not {action}")).collect();
        let each = one.action.iter().map(|action| vec![action.to_owned()]);
        let actions: Vec<Vec<String>> = each.chain((!not.is_empty()).then_some(not)).collect();
        let resources: Vec<String> = one.resource.iter().map(str::to_owned).collect();
        let effect = one.effect;
        let pairs = actions.into_iter().flat_map(move |action| {
            let condition = condition.clone();
            let with = move |resource: String| (effect, action.clone(), resource, condition.clone());
            resources.clone().into_iter().map(with).collect::<Vec<_>>()
        });
        pairs.collect::<Vec<_>>()
    };
    policies.iter().flat_map(|policy| &policy.statement).flat_map(of).collect()
}

#[test]
fn a_stack_that_needs_more_than_iam_takes_gets_several_policies_that_say_the_same() {
    let whole = large();
    assert!(whole.characters() > 2 * MOST_CHARACTERS, "{}", whole.characters());
    let parts = whole.clone().within_the_limit();
    assert!(parts.len() > 2);
    for part in &parts {
        assert!(part.characters() <= MOST_CHARACTERS, "{}", part.characters());
        let sids: BTreeSet<&str> = part.statement.iter().map(|one| one.sid.as_str()).collect();
        assert_eq!(sids.len(), part.statement.len(), "{sids:?}");
        assert!(sids.iter().all(|sid| sid.chars().all(|c| c.is_ascii_alphanumeric())), "{sids:?}");
    }
    assert_eq!(grants(&parts), grants(std::slice::from_ref(&whole)));
    let small = policy_of(FILES);
    assert_eq!(small.clone().within_the_limit(), [small]);
}

#[test]
fn only_the_stacks_own_roles_can_be_passed_to_machines() {
    for (options, resource) in
        [("", "arn:aws:iam::*:role/shop-pair"), (", name: other, path: /q/", "arn:aws:iam::*:role/q/other")]
    {
        let text = format!("stack: shop\nroles: {{ pair: {{ instance_profile: true{options} }} }}\n");
        let policy = policy_of(&text);
        let passing = allowing(&policy, "iam:PassRole");
        let resources: Vec<&Value> = passing.iter().map(|one| &one["Resource"]).collect();
        assert_eq!(resources, [resource], "{passing:?}");
        assert!(!actions(&policy).contains(&"iam:DeleteRolePermissionsBoundary"));
    }
}
