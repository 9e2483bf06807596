//! The texts and numbers that the fields of a database take.

pub(super) use crate::aws::kinds::kms_alias::{KEY, KEY_ARN};
use crate::engine::resource::{Pattern, Shape};

/// "This parameter is stored as a lowercase string" (CreateDBInstance, DBInstanceIdentifier).
pub(super) const IDENTIFIER: Pattern = Pattern::new(
    "a database's identifier: letters and digits with single hyphens between them, a letter first, at most 63",
    "^[A-Za-z](-?[A-Za-z0-9])*$",
    63,
)
.in_lower_case();

pub(super) const ENGINE: Pattern = Pattern::new("`postgres`", "^postgres$", 8).in_lower_case();

/// Major or full: `16` is met by any 16. Versions before 10 have three numbers, and those under extended support a release
/// (DescribeDBEngineVersions: `9.6.24`, `12.22-rds.20250220`).
pub(super) const VERSION: Pattern = Pattern::new(
    "a PostgreSQL version, such as `\"16\"` or `\"16.4\"`",
    "^([1-9][0-9](\\.[0-9]{1,3})?|[1-9](\\.[0-9]{1,3}){0,2})(-rds\\.[0-9]{8})?$",
    20,
)
.without_quotes(1, 100);

pub(super) const CLASS: Pattern = Pattern::new(
    "an instance class, such as `db.t4g.medium`",
    "^db\\.[a-z0-9]+(-[a-z0-9]+)*\\.[a-z0-9]+(-[a-z0-9]+)*$",
    64,
);

/// A name is taken too, and never shown (CreateDBInstance, DBCapacityReservationIdentifier).
pub(super) const RESERVATION: Pattern = Pattern::new(
    "the identifier of a capacity reservation, such as `dbcr-0123456789abcdef0`",
    "^dbcr-[a-z0-9]+$",
    255,
);

/// CreateDBInstance, StorageType. AWS keeps magnetic storage (`standard`) for old databases.
pub(super) const STORAGE_TYPES: &[&str] = &["gp2", "gp3", "io1", "io2", "standard"];

/// CreateDBInstance, DBName.
pub(super) const DATABASE: Pattern = Pattern::new(
    "a database's name: letters, digits and underscores, a letter first, at most 63",
    "^[A-Za-z][A-Za-z0-9_]*$",
    63,
);

/// CreateDBInstance, MasterUsername; its length is that of PostgreSQL's names ("Settings for DB instances", RDS User Guide).
pub(super) const USERNAME: Pattern = Pattern::new(
    "a master user's name: letters, digits and underscores, a letter first, at most 63, and none that PostgreSQL or RDS \
     reserves (`admin`, `rdsadmin`, `pg_…`)",
    "^[A-Za-z][A-Za-z0-9_]*$",
    63,
)
.but_not("^([aA][dD][mM][iI][nN]|[rR][dD][sS][aA][dD][mM][iI][nN]|[pP][gG]_.*)$");

/// The source of the password, never the password.
pub(super) const PASSWORD: Pattern = Pattern::new(
    "`managed`, `unmanaged`, `env:NAME` or `file:PATH`; a literal is refused",
    "^(managed|unmanaged|env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$",
    usize::MAX,
)
.hidden_where_wrong();

pub(super) const SUBNET_GROUP: Pattern = Pattern::any("the name of a subnet group").in_lower_case();
pub(super) const SECURITY_GROUP: Shape = Shape::Text(Pattern::any("the id of a security group"));
pub(super) const PARAMETER_GROUP: Pattern = Pattern::any("the name of a parameter group");

pub(super) const BACKUP_WINDOW: Pattern = Pattern::new(
    "a daily window: expected `hh:mm-hh:mm` in UTC, such as `04:00-04:30`",
    "^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$",
    11,
);

pub(super) const MAINTENANCE_WINDOW: Pattern = Pattern::new(
    "a weekly window: expected `ddd:hh:mm-ddd:hh:mm` in UTC, such as `sun:04:30-sun:05:30`",
    "^([Mm]on|[Tt]ue|[Ww]ed|[Tt]hu|[Ff]ri|[Ss]at|[Ss]un):([01][0-9]|2[0-3]):[0-5][0-9]-([Mm]on|[Tt]ue|[Ww]ed|[Tt]hu|[Ff]ri|[Ss]at|[Ss]un):([01][0-9]|2[0-3]):[0-5][0-9]$",
    19,
)
.in_lower_case();

pub(super) const AUTHORITY: Pattern = Pattern::new(
    "a certificate authority of RDS, such as `rds-ca-rsa2048-g1`",
    "^rds-ca-[a-z0-9]+(-[a-z0-9]+)*$",
    64,
);

/// A week, months of 31 days, or two years (CreateDBInstance, PerformanceInsightsRetentionPeriod).
pub(super) const INSIGHTS_DAYS: &[i64] = &[
    7, 31, 62, 93, 124, 155, 186, 217, 248, 279, 310, 341, 372, 403, 434, 465, 496, 527, 558, 589, 620, 651,
    682, 713, 731,
];

pub(super) const INSIGHTS_DAYS_ARE: &str = "7, 731, or a whole number of months of 31 days, from 31 to 713";

pub(super) const INSIGHTS_MODES: &[&str] = &["standard", "advanced"];

/// CreateDBInstance, EngineLifecycleSupport.
pub(super) const LIFECYCLES: &[&str] =
    &["open-source-rds-extended-support", "open-source-rds-extended-support-disabled"];

/// CreateDBInstance, BackupTarget.
pub(super) const BACKUP_TARGETS: &[&str] = &["region", "outposts", "local"];

/// CreateDBInstance, NetworkType.
pub(super) const NETWORK_TYPES: &[&str] = &["IPV4", "DUAL"];

/// CreateDBInstance and ModifyDBInstance, Domain; the form of the id is that of the Directory Service API (DirectoryId).
pub(super) const DOMAIN: Pattern =
    Pattern::new("the id of a directory, such as `d-0123456789`, or `none`", "^(d-[0-9a-f]{10}|none)$", 12);

/// The name of a role (IAM API reference, CreateRole).
pub(super) const ROLE_NAME: Pattern = Pattern::new(
    "the name of an IAM role: letters, digits and `+=,.@-_`, at most 64",
    "^[A-Za-z0-9_+=,.@-]+$",
    64,
);

/// CreateDBInstance, MonitoringInterval.
pub(super) const INTERVALS: &[i64] = &[0, 1, 5, 10, 15, 30, 60];

pub(super) const ROLE_ARN: Pattern = Pattern::new(
    "the ARN of an IAM role: `arn:aws:iam::<account>:role/<name>`",
    "^arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$",
    2_048,
);

/// CreateDBInstance, EnableCloudwatchLogsExports: those of RDS for PostgreSQL.
pub(super) const LOG: Shape = Shape::OneOf(&["postgresql", "upgrade", "iam-db-auth-error"]);
