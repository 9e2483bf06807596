//! The options of a database that the section reads itself.

use crate::engine::resource::{Need, Pattern, Property, Shape};
use crate::stack::section::titled::titled;
use crate::stack::section::{parameters, subnet_group};

pub(super) const SUBNET_GROUP: Property = Property {
    name: subnet_group::SUBNET_GROUP,
    doc: "The name of the subnet group that is made for it, or its name, description and subnets; without it, the database's own name.\n\
          A group that is there keeps its name. `existing` takes a group that is not the stack's own.",
    shape: titled(
        &Shape::Text(SUBNET_GROUP_NAME),
        &Shape::Object(&[
            Property {
                name: "name",
                doc: "The group's name. A group that is there keeps its own.",
                shape: Shape::Text(SUBNET_GROUP_NAME),
                need: Need::Optional,
            },
            subnet_group::DESCRIPTION,
            subnet_group::SUBNETS,
            EXISTING,
        ]),
    ),
    need: Need::Optional,
};

/// The name of a subnet group (CreateDBSubnetGroup).
const SUBNET_GROUP_NAME: Pattern = Pattern::new(
    "a subnet group's name: letters, digits, spaces and `._-`, at most 255, a letter first, and not `default`",
    "^[A-Za-z][A-Za-z0-9._ -]*$",
    255,
)
.but_not("^[dD][eE][fF][aA][uU][lL][tT]$");

const EXISTING: Property = Property {
    name: subnet_group::EXISTING,
    doc: "The name of a subnet group that is there, in place of one of the stack's own: `default`, or one of others. It is never changed; alone.",
    shape: Shape::Text(ANY_SUBNET_GROUP_NAME),
    need: Need::Optional,
};

/// The name of a subnet group that is there: the one that each VPC may have too.
const ANY_SUBNET_GROUP_NAME: Pattern = Pattern { never: None, ..SUBNET_GROUP_NAME };

pub(super) const PARAMETERS: Property = Property {
    name: parameters::PARAMETERS,
    doc: "Parameters of PostgreSQL, in a parameter group of the database's own. Some count only after a reboot, which\n\
          is left to you.",
    shape: Shape::MapOf { keys: PARAMETER, values: &Shape::Text(parameters::VALUE) },
    need: Need::Optional,
};

/// The name of a parameter of PostgreSQL, of an extension or of RDS.
const PARAMETER: Pattern = Pattern::new(
    "a parameter's name, such as `work_mem` or `rds.force_ssl`",
    "^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)?$",
    128,
);

pub(super) const PARAMETER_GROUP: Property = Property {
    name: parameters::PARAMETER_GROUP,
    doc: "The name of a parameter group that is there, in place of `parameters`. It is never changed. That of another database's\n\
          `parameters` is shared.",
    shape: Shape::Text(PARAMETER_GROUP_NAME),
    need: Need::Optional,
};

pub(super) const REPLICA_PARAMETER_GROUP: Property = Property {
    name: PARAMETER_GROUP.name,
    doc: "The name of a parameter group that is there; without it, the replica has the group of the database.",
    shape: Shape::Text(PARAMETER_GROUP_NAME),
    need: Need::Optional,
};

/// The name of a parameter group that is there (CreateDBParameterGroup), also of the default one of a version.
const PARAMETER_GROUP_NAME: Pattern = Pattern::new(
    "a parameter group's name: letters, digits and single hyphens, a letter first, at most 255; or a default one, such as \
     `default.postgres16`",
    "^([A-Za-z](-?[A-Za-z0-9])*|default\\.postgres[0-9]+(\\.[0-9]+)?)$",
    255,
);
