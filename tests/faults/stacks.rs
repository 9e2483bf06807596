//! The stacks of the matrix: everything that a stack can have, and a change of all of it.

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

/// The objects that either of them makes, by kind.
pub const EVERYTHING: &[(&str, usize)] = &[
    ("access point", 2),
    ("database", 1),
    ("file system", 1),
    ("mount target", 3),
    ("parameter group", 1),
    ("replication", 1),
    ("security group", 2),
    ("subnet group", 1),
];
