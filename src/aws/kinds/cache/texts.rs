//! The texts that the fields of a cache take.

pub(super) use crate::aws::kinds::kms_alias::KEY;
use crate::engine::resource::{Pattern, Shape};

/// CreateReplicationGroup, ReplicationGroupId: "This parameter is stored as a lowercase string", with at most 40 characters, and no two
/// hyphens in a row.
pub(super) const GROUP_ID: Pattern = Pattern::new(
    "a cache's identifier: letters and digits with single hyphens between them, a letter first, at most 40",
    "^[A-Za-z](-?[A-Za-z0-9])*$",
    40,
)
.in_lower_case();

pub(super) const DESCRIPTION: Pattern = Pattern::new("a text that is not empty", "(?s)^.+$", 65_536);

pub(super) const ENGINES: &[&str] = &["valkey", "redis"];

/// Major and minor, as ElastiCache takes it ("Supported engines and versions", ElastiCache User Guide).
pub(super) const VERSION: Pattern = Pattern::new(
    "a version of Valkey or Redis with its minor, such as `\"8.1\"`",
    "^[1-9][0-9]?\\.([0-9]{1,2}(\\.[0-9]{1,3})?|x)$",
    10,
)
.without_quotes(1, 100);

pub(super) const NODE_TYPE: Pattern = Pattern::new(
    "a node type, such as `cache.t4g.small`",
    "^cache\\.[a-z0-9]+(-[a-z0-9]+)*\\.[a-z0-9]+$",
    64,
);

pub(super) const SUBNET_GROUP: Pattern = Pattern::any("the name of a subnet group").in_lower_case();
pub(super) const SECURITY_GROUP: Shape = Shape::Text(Pattern::any("the id of a security group"));
pub(super) const PARAMETER_GROUP: Pattern = Pattern::any("the name of a parameter group");
pub(super) const SECRET: Pattern = Pattern::any("the ARN of a secret");

/// ModifyReplicationGroup, TransitEncryptionMode.
pub(super) const TLS_MODES: &[&str] = &["preferred", "required"];

pub(super) const SNAPSHOT_WINDOW: Pattern = Pattern::new(
    "a daily window: expected `hh:mm-hh:mm` in UTC, such as `03:00-04:00`",
    "^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$",
    11,
);

pub(super) const MAINTENANCE_WINDOW: Pattern = Pattern::new(
    "a weekly window: expected `ddd:hh:mm-ddd:hh:mm` in UTC, such as `sun:04:30-sun:05:30`",
    "^([Mm]on|[Tt]ue|[Ww]ed|[Tt]hu|[Ff]ri|[Ss]at|[Ss]un):([01][0-9]|2[0-3]):[0-5][0-9]-([Mm]on|[Tt]ue|[Ww]ed|[Tt]hu|[Ff]ri|[Ss]at|[Ss]un):([01][0-9]|2[0-3]):[0-5][0-9]$",
    19,
)
.in_lower_case();

pub(super) const SNAPSHOT: Pattern = Pattern::new(
    "the name of a snapshot: letters, digits and single hyphens, a letter first",
    "^[A-Za-z](-?[A-Za-z0-9])*$",
    255,
);
