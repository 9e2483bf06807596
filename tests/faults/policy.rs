//! The policy that `provision iam-policy` prints, held against the calls that the proxy records, both ways; and what
//! becomes of a run that lacks one of its permissions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use aws_sdk_ec2::types::{Filter, IpPermission, IpRange, SecurityGroupRuleDescription};
use provision::aws::kinds::registry;
use provision::aws::policy::{Effect, Policy, Statement, all_calls, policy};
use provision::aws::state_s3::CALLS as S3_CALLS;
use provision::stack::{self, StackFile};

use crate::fault::Fault;
use crate::operation::{Call, Operation, REHEARSED};
use crate::proxy::{Proxy, Trigger};
use crate::world::{Ran, World, ended};

const AT_ONCE: usize = 6;

/// Everything that a stack can declare, and that needs a permission of its own.
const FIRST: &str = "\
stack: shop
tags: { team: one, cost: shared }
file_systems:
  files:
    security_group: shop-files
    access: [nodes, masters]
    kms_key_id: alias/shop
    lifecycle: { transition_to_ia: AFTER_30_DAYS }
    enforce_tls: true
    replication_overwrite_protection: true
    replication: { region: eu-central-1 }
    access_points: { git: { uid: 998 } }
    deletion_protection: false
databases:
  records:
    password: env:PASSWORD
    parameters: { rds.force_ssl: \"1\", work_mem: \"65536\" }
    deletion_protection: false
    final_snapshot: false
    apply_immediately: true
  copy:
    restore_from: { snapshot: before }
    password: env:PASSWORD
    deletion_protection: false
    final_snapshot: false
    apply_immediately: true
caches:
  queue:
    kms_key_id: alias/shop
    parameters: { maxmemory-policy: noeviction, timeout: \"60\" }
    deletion_protection: false
    final_snapshot: false
    apply_immediately: true
roles:
  pods: { service_accounts: [gitlab/web] }
  pair:
    instance_profile: true
    path: /shop/
    permissions_boundary: arn:aws:iam::aws:policy/PowerUserAccess
    managed_policies: [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]
    statements: { Registry: { actions: [\"ecr:GetAuthorizationToken\"], resources: [\"*\"] } }
elastic_ips:
  door: { instance: web }
instances:
  web:
    ami: { ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }
    instance_type: t3.large
    zone: eu-west-1a
    security_groups: [machines]
    role: pair
    volumes: { data: { size: 10, device: /dev/sdf, deletion_protection: false } }
security_groups:
  machines: { ingress: [ { cidr: 10.0.0.0/8, port: 22 } ] }
  others: { ingress: [] }
";

/// The same with a change of everything that can change: tags and parameters that go among them.
const SECOND: &str = "\
stack: shop
tags: { team: two }
file_systems:
  files:
    security_group: shop-nfs
    access: [nodes]
    kms_key_id: alias/shop
    throughput_mode: bursting
    lifecycle: { transition_to_ia: AFTER_60_DAYS }
    backup: false
    enforce_tls: false
    replication: { region: eu-west-3 }
    replication_overwrite_protection: false
    access_points: { git: { uid: 998 } }
    deletion_protection: false
databases:
  records:
    access: [masters]
    allocated_storage: 60
    password: env:PASSWORD
    password_version: 2
    parameters: { work_mem: \"131072\" }
    deletion_protection: false
    final_snapshot: false
    apply_immediately: true
  copy:
    restore_from: { snapshot: before }
    password: env:PASSWORD
    deletion_protection: false
    final_snapshot: false
    apply_immediately: true
caches:
  queue:
    kms_key_id: alias/shop
    nodes: 3
    node_type: cache.t4g.medium
    parameters: { timeout: \"30\" }
    deletion_protection: false
    final_snapshot: false
    apply_immediately: true
roles:
  pods: { service_accounts: [gitlab/other], permissions_boundary: \"arn:aws:iam::aws:policy/ReadOnlyAccess\" }
  pair:
    instance_profile: true
    path: /shop/
    description: Of the pair
    managed_policies: [\"arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore\"]
elastic_ips:
  door: {}
instances:
  web:
    ami: { ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }
    instance_type: t3.xlarge
    zone: eu-west-1a
    security_groups: [others]
    http_tokens: optional
    termination_protection: false
    volumes: { data: { size: 20, device: /dev/sdg, deletion_protection: false } }
security_groups:
  machines: { ingress: [ { cidr: 10.0.0.0/8, port: 22 } ] }
  others: { ingress: [] }
";

/// Actions that no run against the emulator comes to, and why the policy has them all the same.
const NEVER_SEEN: &[(&str, &str)] = &[
    ("backup:ListRecoveryPointsByResource", "only in `status`"),
    ("backup:DescribeRestoreJob", "only in `restore`"),
    ("backup:StartRestoreJob", "only in `restore`"),
    ("ec2:CreateImage", "only in `image`"),
    ("rds:CreateBlueGreenDeployment", "only in `upgrade --blue-green`"),
    ("rds:DeleteBlueGreenDeployment", "only in `upgrade`"),
    ("rds:DescribeBlueGreenDeployments", "only in `upgrade`"),
    ("rds:DescribeDBLogFiles", "only in `upgrade`"),
    ("rds:DescribeEvents", "only in `drill` and `upgrade`"),
    ("rds:DescribePendingMaintenanceActions", "only in `status`"),
    ("rds:SwitchoverBlueGreenDeployment", "only in `upgrade --switch`"),
    ("ssm:DescribeInstanceInformation", "only in `image`"),
    ("ssm:GetCommandInvocation", "only in `image`"),
    ("ssm:ListCommands", "only in `image`"),
    ("ssm:SendCommand", "only in `image`"),
    ("rds:RebootDBInstance", "only in `drill` and `restore`"),
    ("rds:RestoreDBInstanceToPointInTime", "only in `restore`, or where `restore_from` is written"),
    ("rds:DescribeDBInstanceAutomatedBackups", "only where a database was deleted outside of provision"),
    (
        "elasticfilesystem:DescribeMountTargetSecurityGroups",
        "only where EC2 does not show the interface of a mount target",
    ),
    ("ec2:AuthorizeSecurityGroupEgress", "only where somebody took AWS's own rule out"),
    ("rds:ModifyDBSubnetGroup", "only where a zone came or went, or somebody changed the group"),
    ("elasticache:ModifyCacheSubnetGroup", "only where a zone came or went, or somebody changed the group"),
    ("elasticache:DecreaseReplicaCount", "only where a cache gets fewer nodes"),
    (
        "ec2:ReplaceIamInstanceProfileAssociation",
        "only where a machine gets another profile in the place of one",
    ),
    ("ec2:AssociateIamInstanceProfile", "only where a machine gets its first profile when it is there"),
    ("secretsmanager:RestoreSecret", "only where a deletion holds the name of the secret"),
    ("secretsmanager:PutSecretValue", "only where a deletion held the name of the secret"),
    ("servicequotas:GetAWSDefaultServiceQuota", "only where a quota has nothing but its default"),
];

/// The calls by which a rebuild looks for objects of a stack that declares none of their section: where they are denied, none is named.
const ASKED_IN_VAIN: &[(&str, &[&str])] = &[
    ("buckets:", &["s3:ListAllMyBuckets"]),
    (
        "caches:",
        &[
            "elasticache:DescribeCacheClusters",
            "elasticache:DescribeCacheSubnetGroups",
            "elasticache:DescribeReplicationGroups",
            "elasticache:ListTagsForResource",
            "secretsmanager:ListSecrets",
        ],
    ),
    ("instances:", &["ec2:DescribeInstances", "ec2:DescribeVolumes"]),
    ("elastic_ips:", &["ec2:DescribeAddresses"]),
    ("roles:", &["iam:GetInstanceProfile", "iam:GetRole", "iam:ListInstanceProfiles", "iam:ListRoles"]),
];

/// True for a call that a rebuild of this stack makes for a section that it has not.
fn is_in_vain(action: &str, text: &str) -> bool {
    ASKED_IN_VAIN.iter().any(|(section, calls)| !text.contains(section) && calls.contains(&action))
}

/// Calls that take off what a stack file had before: they need the policy from before.
const TAKEN_OUT: &[(&str, &str)] = &[("permissions_boundary:", "iam:DeleteRolePermissionsBoundary")];

/// True for a call that takes off what this stack has not.
fn is_of_before(action: &str, text: &str) -> bool {
    TAKEN_OUT.iter().any(|(option, call)| !text.contains(option) && *call == action)
}

/// Calls that only check what holds a profile, but where a machine is changed that has one.
const OF_A_CHANGE: &[&str] = &["ec2:DescribeIamInstanceProfileAssociations"];

/// Calls whose denial is no failure: they only check, and a check that was not made blocks nothing.
const CHECKS: &[&str] = &[
    "ec2:DescribeIamInstanceProfileAssociations",
    "ec2:DescribeInstanceTypeOfferings",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeRegions",
    "elasticache:DescribeCacheEngineVersions",
    "elasticache:ListAllowedNodeTypeModifications",
    "iam:GetAccountSummary",
    "iam:GetPolicy",
    "rds:DescribeAccountAttributes",
    "rds:DescribeDBEngineVersions",
    "rds:DescribeDBSnapshots",
    "rds:DescribeEngineDefaultParameters",
    "rds:DescribeOrderableDBInstanceOptions",
    "servicequotas:GetServiceQuota",
];

/// The steps that are done one after the other in an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Import,
    Apply,
    Update,
    Rebuild,
    Destroy,
}

const STEPS: [Step; 5] = [Step::Import, Step::Apply, Step::Update, Step::Rebuild, Step::Destroy];

/// Holds that every call is allowed by the policy of the stack that lies in the folder.
///
/// # Panics
/// When one is not.
pub fn allows(world: &World, calls: &[Call]) {
    let text = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    let policy = policy_of(&text, world.folder.path());
    // The actions for a state in a bucket are added separately.
    let of_state = |call: &&Call| S3_CALLS.iter().any(|known| known.name == action(&call.operation));
    let may_be_denied = |call: &&Call| {
        let action = action(&call.operation);
        is_in_vain(&action, &text) || is_of_before(&action, &text)
    };
    for call in calls.iter().filter(|call| !of_state(call) && !may_be_denied(call)) {
        assert!(
            is_allowed(&policy, call),
            "the policy of the stack does not allow {}: {call:?}",
            call.operation
        );
    }
}

fn policy_of(text: &str, folder: &Path) -> Policy {
    let mut stack = stack::parse("provision.yaml", text, &registry()).expect("a stack file");
    let name = folder.join("provision.yaml").display().to_string();
    stack.read_files(&[StackFile { name, content: text.as_bytes().to_vec() }]);
    policy(&registry(), &stack, Some("eu-west-1")).expect("it fits every network")
}

/// The operation as IAM names it.
fn action(operation: &Operation) -> String {
    let service = if operation.service == "efs" { "elasticfilesystem" } else { &operation.service };
    format!("{service}:{}", operation.name.trim_end_matches(REHEARSED))
}

/// True if a statement has a condition with this key, or with a key that ends like this.
fn has(statement: &Statement, ending: &str) -> bool {
    statement.condition.values().flat_map(BTreeMap::keys).any(|key| key.ends_with(ending))
}

/// As IAM decides, as far as the call itself shows it: by its action, the tags that it gives to what it makes, and the
/// names of what it changes in RDS. Whose an object is that has no name, the trip wire knows.
fn is_allowed(policy: &Policy, call: &Call) -> bool {
    let action = action(&call.operation);
    if action == "sts:GetCallerIdentity" {
        return true;
    }
    let statements = policy.statement.iter().filter(|one| one.effect == Effect::Allow);
    let direct: Vec<&Statement> = statements
        .filter(|one| one.action.iter().any(|allowed| allowed == action))
        .filter(|one| !has(one, ":CreateAction") && !has(one, "kms:ViaService"))
        .collect();
    let by_tag: Vec<&&Statement> = direct.iter().filter(|one| has(one, "/provision:stack")).collect();
    let makes = by_tag.iter().all(|one| has(one, "aws:RequestTag/provision:stack")) && !by_tag.is_empty();
    let tagged = !makes || makes_ours(call);
    let named = match named_in_rds(call) {
        Some(name) => by_tag.iter().any(|one| one.resource.iter().any(|arn| covers(arn, &name))),
        None => true,
    };
    !direct.is_empty() && tagged && named
}

/// True if the request gives the stack's ownership tag to what it makes.
fn makes_ours(call: &Call) -> bool {
    let body = call.parameters.get("body").map(String::as_str).unwrap_or_default();
    let in_body = body.contains(r#"{"Key":"provision:stack","Value":"shop"}"#);
    let keys = call.parameters.iter().filter(|(_, value)| *value == "provision:stack");
    let in_form = keys
        .filter_map(|(key, _)| call.parameters.get(&format!("{}Value", key.strip_suffix("Key")?)))
        .any(|value| value == "shop");
    in_body || in_form
}

/// The object of a change of RDS, as the end of an ARN.
fn named_in_rds(call: &Call) -> Option<String> {
    if call.operation.service != "rds" || !call.is_mutating() {
        return None;
    }
    let parameter = |name: &str| call.parameters.get(name);
    if let Some(arn) = parameter("ResourceName") {
        return arn.splitn(6, ':').nth(5).map(str::to_owned);
    }
    let kind =
        [("DBInstance", "db", "DBInstanceIdentifier"), ("DBSubnetGroup", "subgrp", "DBSubnetGroupName")];
    let kind = kind.into_iter().chain([
        ("DBParameterGroup", "pg", "DBParameterGroupName"),
        ("FromDBSnapshot", "db", "DBInstanceIdentifier"),
    ]);
    let (_, prefix, name) = kind.into_iter().find(|(ending, _, _)| call.operation.name.ends_with(ending))?;
    Some(format!("{prefix}:{}", parameter(name)?))
}

fn covers(arn: &str, name: &str) -> bool {
    let pattern = arn.splitn(6, ':').nth(5).unwrap_or_default();
    match pattern.strip_suffix('*') {
        Some(front) => name.starts_with(front),
        None => name == pattern,
    }
}

/// An account with a network, in which the steps are taken.
struct Account {
    world: World,
    proxy: Proxy,
}

impl Account {
    fn new(upstream: &str) -> Self {
        let proxy = Proxy::start(upstream).expect("a port is free");
        let mut world = World::seeded(&["--issuer"]);
        world.set("AWS_ENDPOINT_URL", &format!("http://{}", proxy.address));
        world.set("PASSWORD", "canary-Of-The-Password-7");
        world.cloud.key("alias/shop");
        world.cloud.make_database("origin");
        world.cloud.make_snapshot("before", "origin");
        Self { world, proxy }
    }

    /// Runs the program, with one operation denied however often it is called.
    fn run(&self, arguments: &[&str], denied: Option<&Operation>) -> (Ran, Vec<Call>) {
        let _ = self.proxy.arm(denied.map(|operation| (Trigger::Every(operation.clone()), Fault::Denied)));
        let ran = ended(self.world.start(arguments));
        self.proxy.settle();
        let calls = self.proxy.calls();
        allows(&self.world, &calls);
        (ran, calls)
    }

    fn prepare(&self, step: Step) {
        self.world.write_stack(if step <= Step::Apply { FIRST } else { SECOND });
        if step == Step::Update {
            self.meddle();
        }
        if step == Step::Rebuild {
            std::fs::remove_dir_all(self.world.path("state")).expect("there is a state");
        }
    }

    /// Adds a rule to the database's group, and describes those that it has.
    fn meddle(&self) {
        let cloud = &self.world.cloud;
        let group = cloud.group("shop-records");
        let id = group.group_id().unwrap_or_default();
        let ours = Filter::builder().name("group-id").values(id).build();
        let rules = cloud.run(cloud.ec2.describe_security_group_rules().filters(ours).send());
        let rules = rules.expect("rules can be read").security_group_rules.unwrap_or_default();
        let described = |egress: bool| {
            let of_one = rules.iter().filter(|rule| rule.is_egress() == Some(egress));
            let described = of_one.map(|rule| {
                let id = rule.security_group_rule_id().unwrap_or_default();
                SecurityGroupRuleDescription::builder().security_group_rule_id(id).description("?").build()
            });
            Some(described.collect())
        };
        let ingress = cloud.ec2.update_security_group_rule_descriptions_ingress().group_id(id);
        cloud.run(ingress.set_security_group_rule_descriptions(described(false)).send()).expect("it can");
        let egress = cloud.ec2.update_security_group_rule_descriptions_egress().group_id(id);
        cloud.run(egress.set_security_group_rule_descriptions(described(true)).send()).expect("it can");
        let range = IpRange::builder().cidr_ip("203.0.113.0/24").build();
        let rule = IpPermission::builder().ip_protocol("tcp").from_port(443).to_port(443).ip_ranges(range);
        let added = cloud.ec2.authorize_security_group_egress().group_id(id).ip_permissions(rule.build());
        cloud.run(added.send()).expect("a rule can be added");
    }

    fn take(&self, step: Step, denied: Option<&Operation>) -> (Ran, Vec<Call>) {
        let vpc = self.world.seed["vpc_id"].as_str().unwrap_or_default();
        let arguments: &[&str] = match step {
            Step::Import => &["import", vpc],
            Step::Apply | Step::Update => &["apply", "--auto-approve"],
            Step::Rebuild => &["state", "rebuild", "--auto-approve"],
            Step::Destroy => &["destroy", "--auto-approve"],
        };
        self.run(arguments, denied)
    }

    /// Takes a step to a good end: the calls that it made.
    fn complete(&self, step: Step) -> Vec<Call> {
        let (ran, mut calls) = self.take(step, None);
        ran.exits(0);
        if step == Step::Rebuild {
            // Protections that AWS does not show are on again, and turned off by an apply.
            let (applied, more) = self.run(&["apply", "--auto-approve"], None);
            applied.exits(0);
            calls.extend(more);
        }
        let there = match step {
            Step::Import | Step::Destroy => [0; 6],
            _ => [6, 1, 3, 2, 2, 1],
        };
        assert_eq!(self.there(), there, "each once");
        calls
    }

    /// The number of security groups, file systems, mount targets, subnet groups, databases and access points.
    fn there(&self) -> [usize; 6] {
        let [groups, file_systems, targets, subnet_groups, databases] = self.world.cloud.count();
        [groups, file_systems, targets, subnet_groups, databases, self.world.cloud.access_points().len()]
    }

    /// The ids of everything that is there and that the state does not know.
    fn unrecorded(&self) -> Vec<String> {
        let cloud = &self.world.cloud;
        let groups = cloud.groups().into_iter().filter_map(|one| one.group_id);
        let file_systems = cloud.file_systems().into_iter().map(|one| one.file_system_id);
        let targets = cloud.mount_targets().into_iter().map(|one| one.mount_target_id);
        let points = cloud.access_points().into_iter().filter_map(|one| one.access_point_id);
        let subnet_groups = cloud.subnet_groups().into_iter().filter_map(|one| one.db_subnet_group_name);
        let databases = cloud.databases().into_iter().filter_map(|one| one.dbi_resource_id);
        let of_efs = file_systems.chain(targets).chain(points);
        let caches = cloud.caches().into_iter().filter_map(|(group, _)| group.replication_group_id);
        let there = groups.chain(of_efs).chain(caches).chain(subnet_groups).chain(databases);
        let files = self.world.files().into_iter().filter(|(path, _)| !path.ends_with("shop.json.backup"));
        let of_state =
            files.filter(|(path, _)| path.parent().is_some_and(|folder| folder.ends_with("state")));
        let state: String =
            of_state.map(|(_, content)| String::from_utf8_lossy(&content).into_owned()).collect();
        there.filter(|id| !state.contains(&format!("\"{id}\""))).collect()
    }

    /// Takes a step with one operation denied, and once more without.
    fn survive(&self, step: Step, denied: &Operation) {
        self.prepare(step);
        let (ran, _) = self.take(step, Some(denied));
        assert!(self.proxy.hits() > 0, "void: the call was never made");
        let action = action(denied);
        let said = ran.said();
        let is_needed = step == Step::Update && OF_A_CHANGE.contains(&action.as_str());
        if CHECKS.contains(&action.as_str()) && !is_needed {
            let ran = ran.exits(0);
            assert!(ran.said().contains("not checked"), "{said}");
        } else {
            ran.exits(1).says(&[&action, "iam-policy"]);
        }
        // A state that was lost, and not found again, records nothing.
        if step != Step::Rebuild {
            assert_eq!(self.unrecorded(), [""; 0], "{said}");
        }
        self.complete(step);
    }
}

/// True for a call that does no more than list what nothing declares: where it is denied, the rebuild says so and goes on.
fn only_lists(action: &str) -> bool {
    ["s3:ListAllMyBuckets", "secretsmanager:ListSecrets"].contains(&action)
}

/// The calls of each step, without a fault.
fn learn(upstream: &str) -> BTreeMap<Step, BTreeSet<Operation>> {
    let account = Account::new(upstream);
    let steps = STEPS.into_iter().map(|step| {
        account.prepare(step);
        let calls = account.complete(step);
        let plain = |call: Call| Operation {
            name: call.operation.name.trim_end_matches(REHEARSED).to_owned(),
            ..call.operation
        };
        (step, calls.into_iter().map(plain).collect())
    });
    steps.collect()
}

/// The policy has nothing that is of no use, and everything that is called; without any one of its permissions a run
/// says which one is missing, and loses nothing.
#[test]
fn the_policy_is_what_is_called_and_no_permission_is_missed_without_a_word() {
    let upstream = crate::world::endpoint().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let learned = learn(&upstream);
    let seen: BTreeSet<String> = learned.values().flatten().map(action).collect();
    hold_every_action_is_used(&seen);

    // A read is denied in the first step that has it, and what changes something in each.
    let mut queues: BTreeMap<Step, VecDeque<Operation>> = STEPS.map(|step| (step, VecDeque::new())).into();
    let mut asked = BTreeSet::new();
    let mut count = 0;
    for (step, operations) in &learned {
        let may_be_denied =
            |operation: &&Operation| operation.service == "sts" || only_lists(&action(operation));
        for operation in operations.iter().filter(|operation| !may_be_denied(operation)) {
            if asked.insert(operation.clone()) || operation.is_mutating() {
                queues.entry(*step).or_default().push_back(operation.clone());
                count += 1;
            }
        }
    }
    println!("{} operations, {count} denials, {} of them chosen", asked.len(), choose(&mut queues));
    let queues = Mutex::new(queues);
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| work(&upstream, &queues, &failed));
        }
    });
    let failed: Vec<String> = failed.into_inner().expect("no thread panics while it holds the lock");
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n\n"));
}

/// All denials, or every fourth; how many that is.
fn choose(queues: &mut BTreeMap<Step, VecDeque<Operation>>) -> usize {
    if std::env::var("PROVISION_FAULT_CASES").as_deref() != Ok("all") {
        let mut place = 0;
        for queue in queues.values_mut() {
            queue.retain(|_| {
                place += 1;
                place % 4 == 1
            });
        }
    }
    queues.values().map(VecDeque::len).sum()
}

/// Goes through the steps in one account, with one denial in each, until there are none left.
fn work(upstream: &str, queues: &Mutex<BTreeMap<Step, VecDeque<Operation>>>, failed: &Mutex<Vec<String>>) {
    let lock = "no thread panics while it holds the lock";
    let mut account = Account::new(upstream);
    while queues.lock().expect(lock).values().any(|queue| !queue.is_empty()) {
        for step in STEPS {
            let denied = queues.lock().expect(lock).get_mut(&step).and_then(VecDeque::pop_front);
            let outcome = catch_unwind(AssertUnwindSafe(|| match &denied {
                Some(operation) => account.survive(step, operation),
                None => {
                    account.prepare(step);
                    account.complete(step);
                }
            }));
            if let Err(cause) = outcome {
                let name = denied.map_or_else(|| "nothing".to_owned(), |operation| action(&operation));
                let cause = crate::text_of(cause.as_ref());
                failed.lock().expect(lock).push(format!("{step:?} with {name} denied\n{cause}"));
                // The next step rests on what this one was to make.
                account = Account::new(upstream);
                for earlier in STEPS.into_iter().take_while(|earlier| *earlier <= step) {
                    account.prepare(earlier);
                    account.complete(earlier);
                }
            }
        }
    }
}

/// Every action of the policy was called, or AWS checks it because of a call, or the list says why it never is.
fn hold_every_action_is_used(seen: &BTreeSet<String>) {
    let [first, second] = [FIRST, SECOND].map(|text| policy_of(text, Path::new(".")));
    let allow = first.statement.iter().chain(&second.statement).filter(|one| one.effect == Effect::Allow);
    let allowed: BTreeSet<&str> = allow.flat_map(|one| one.action.iter()).collect();
    let calls = all_calls(&registry());
    let checks: BTreeSet<&str> =
        calls.iter().flat_map(|call| call.checks).map(|check| check.action).collect();
    let listed: BTreeSet<&str> = NEVER_SEEN.iter().map(|(action, _)| *action).collect();
    let unused: BTreeSet<&str> = allowed
        .iter()
        .copied()
        .filter(|action| !seen.contains(*action) && !checks.contains(action))
        .collect();
    assert_eq!(unused, listed, "allowed and never called, and what the list says of it");
}
