//! The options of a cache that the section reads itself.

use crate::engine::resource::{Need, Pattern, Property, Shape};
use crate::stack::section::titled::titled;
use crate::stack::section::{parameters, subnet_group};

pub(super) const SUBNET_GROUP: Property = Property {
    name: subnet_group::SUBNET_GROUP,
    doc: "The name of the subnet group that is made for it, or its name, description and subnets; without it, a name made of the stack's and its own.\n\
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

/// The name of a subnet group (CreateCacheSubnetGroup).
const SUBNET_GROUP_NAME: Pattern = Pattern::new(
    "a subnet group's name: letters, digits and hyphens, at most 255, and not `default`",
    "^[A-Za-z0-9-]+$",
    255,
)
.but_not("^[dD][eE][fF][aA][uU][lL][tT]$");

const EXISTING: Property = Property {
    name: subnet_group::EXISTING,
    doc: "The name of a subnet group that is there, in place of one of the stack's own. It is never changed; alone.",
    shape: Shape::Text(Pattern { never: None, ..SUBNET_GROUP_NAME }),
    need: Need::Optional,
};

pub(super) const PARAMETERS: Property = Property {
    name: parameters::PARAMETERS,
    doc: "Parameters of Valkey or Redis, in a parameter group of the cache's own, such as `maxmemory-policy: noeviction`, which queues and\n\
          sessions need. Some count only after a reboot, which is left to you.",
    shape: Shape::MapOf { keys: PARAMETER, values: &Shape::Text(parameters::VALUE) },
    need: Need::Optional,
};

/// The name of a parameter of Valkey, Redis or ElastiCache.
const PARAMETER: Pattern = Pattern::new(
    "a parameter's name, such as `maxmemory-policy` or `timeout`",
    "^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
    128,
);

pub(super) const PARAMETER_GROUP: Property = Property {
    name: parameters::PARAMETER_GROUP,
    doc: "The name of a parameter group that is there, in place of `parameters`. It is never changed. That of another cache's\n\
          `parameters` is shared.",
    shape: Shape::Text(PARAMETER_GROUP_NAME),
    need: Need::Optional,
};

/// The name of a parameter group that is there (CreateCacheParameterGroup), also of the default one of a family.
const PARAMETER_GROUP_NAME: Pattern = Pattern::new(
    "a parameter group's name: letters, digits and single hyphens, a letter first, at most 255; or a default one, such as \
     `default.valkey8`",
    "^([A-Za-z](-?[A-Za-z0-9])*|default\\.(valkey|redis)[0-9]+(\\.x)?)$",
    255,
);

pub(super) const PASSWORD: Property = Property {
    name: "password",
    doc: "With `authentication`: `managed` has Secrets Manager make the password of a new cache, and keeps it there as JSON with the key\n\
          `password`. `unmanaged` leaves the one that a cache has already as it is.",
    shape: Shape::OneOf(&[MANAGED, UNMANAGED]),
    need: Need::Text(MANAGED),
};

pub(super) const MANAGED: &str = "managed";

pub(super) const UNMANAGED: &str = "unmanaged";
