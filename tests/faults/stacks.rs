//! The stacks of the matrix: everything that a stack can have, and a change of all of it.

/// The stack that the matrix applies first.
pub fn first(account: &str) -> String {
    format!(
        "{FIRST}{FIRST_REPLICA}{}    lifecycle_rules: {{ old: {{ expire_after_days: 30 }} }}\n{FIRST_CACHE}{FIRST_ROLE}{FIRST_MACHINE}",
        bucket(account)
    )
}

/// The one after the change.
pub fn second(account: &str) -> String {
    format!(
        "{SECOND}{SECOND_REPLICA}{}    versioning: false\n{SECOND_CACHE}{SECOND_ROLE}{SECOND_MACHINE}",
        bucket(account)
    )
}

/// A bucket, whose name no other account can have.
fn bucket(account: &str) -> String {
    format!("buckets:\n  artifacts:\n    bucket: artifacts-{account}\n    deletion_protection: false\n")
}

/// A role of machines, with its profile and a policy on the bucket.
const FIRST_ROLE: &str = "\
roles:
  pair:
    instance_profile: true
    buckets: [artifacts]
    permissions_boundary: arn:aws:iam::aws:policy/PowerUserAccess
    managed_policies: [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]
";

const SECOND_ROLE: &str = "\
roles:
  pair:
    instance_profile: true
    services: [backup.amazonaws.com]
    read_buckets: [artifacts]
    description: Of the pair
    managed_policies: [\"arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore\"]
";

/// A machine with a volume and an address.
const FIRST_MACHINE: &str = "\
elastic_ips:
  door: { instance: web }
instances:
  web:
    ami: { ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }
    instance_type: t3.large
    zone: eu-west-1a
    security_groups: [machines]
    role: pair
    termination_protection: false
    volumes:
      data: { size: 10, device: /dev/sdf, deletion_protection: false, final_snapshot: false }
      more: { size: 5, device: /dev/sdg, deletion_protection: false, final_snapshot: false }
security_groups:
  machines: { ingress: [ { cidr: 10.0.0.0/8, port: 22 } ] }
";

/// The machine has another type, for which it is stopped, and a volume becomes another device; the address is free.
const SECOND_MACHINE: &str = "\
elastic_ips:
  door: {}
instances:
  web:
    ami: { ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }
    instance_type: t3.xlarge
    zone: eu-west-1a
    security_groups: [machines]
    role: pair
    http_put_response_hop_limit: 3
    termination_protection: false
    volumes:
      data: { size: 20, device: /dev/sdf, deletion_protection: false, final_snapshot: false }
      more: { size: 5, device: /dev/sdh, deletion_protection: false, final_snapshot: false }
security_groups:
  machines: { ingress: [ { cidr: 10.0.0.0/8, port: 443 } ] }
";

/// What stands below the database; the one who deletes or renames a database by hand deals with one alone.
const FIRST_REPLICA: &str = "    replicas:
      reports: { deletion_protection: false, maintenance_window: \"sun:04:30-sun:05:30\" }
";

const SECOND_REPLICA: &str = "    replicas:
      reports:
        deletion_protection: false
        copy_tags_to_snapshot: true
        maintenance_window: \"mon:04:30-mon:05:30\"
        apply_immediately: true
";

/// A cache with a password, of which more or less every call of its kinds is made.
const FIRST_CACHE: &str = "\
caches:
  queue:
    access: [nodes, masters]
    parameters: { maxmemory-policy: noeviction }
    snapshot_retention_limit: 3
    deletion_protection: false
    final_snapshot: false
";

const SECOND_CACHE: &str = "\
caches:
  queue:
    access: [nodes]
    nodes: 3
    parameters: { maxmemory-policy: allkeys-lru, timeout: \"300\" }
    snapshot_retention_limit: 5
    deletion_protection: false
    final_snapshot: false
    apply_immediately: true
";

/// The stack that is applied first.
pub const FIRST: &str = "\
stack: shop
tags: { team: one }
file_systems:
  files:
    security_group: shop-files
    access: [nodes, masters]
    lifecycle: { transition_to_ia: AFTER_30_DAYS }
    enforce_tls: true
    replication: { region: eu-central-1 }
    access_points:
      git: { uid: 998 }
      web: { uid: 33 }
    deletion_protection: false
databases:
  records:
    allocated_storage: 50
    password: env:PASSWORD
    parameters: { work_mem: \"1024\", log_min_duration_statement: \"500\" }
    deletion_protection: false
    final_snapshot: false
";

/// The stack after the change: something of every object differs; one access point is made anew, one goes, and one comes.
pub const SECOND: &str = "\
stack: shop
tags: { team: two }
file_systems:
  files:
    security_group: shop-files
    access: [nodes]
    throughput_mode: bursting
    lifecycle: { transition_to_ia: AFTER_60_DAYS }
    backup: false
    enforce_tls: false
    replication: { region: eu-west-3 }
    access_points:
      git: { uid: 999 }
      mail: { uid: 8 }
    deletion_protection: false
databases:
  records:
    access: [masters]
    allocated_storage: 60
    password: env:PASSWORD
    password_version: 2
    parameters: { work_mem: \"2048\" }
    deletion_protection: false
    final_snapshot: false
    apply_immediately: true
";

/// The objects that either stack of the matrix makes, by kind; a replica is a database to RDS.
pub const EVERYTHING: &[(&str, usize)] = &[
    ("access point", 2),
    ("address", 1),
    ("bucket", 1),
    ("cache", 1),
    ("cache parameter group", 1),
    ("cache subnet group", 1),
    ("database", 2),
    ("file system", 1),
    ("instance profile", 1),
    ("machine", 1),
    ("mount target", 3),
    ("parameter group", 1),
    ("replication", 1),
    ("role", 1),
    ("secret", 1),
    ("security group", 4),
    ("subnet group", 1),
    // The one that the machine boots from is among them.
    ("volume", 3),
];
