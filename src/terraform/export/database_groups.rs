//! The groups of databases: of subnets and of parameters.

use serde_json::Value;

use super::hcl::Body;
use super::table::{Said, Table, nothing_more, own_id};
use super::{Exported, Writer};

const SUBNET_GROUP: &str = "aws_db_subnet_group";
const PARAMETER_GROUP: &str = "aws_db_parameter_group";

pub(super) const SUBNETS: Table = Table {
    kind: SUBNET_GROUP,
    resource: SUBNET_GROUP,
    id: own_id,
    rows: &[&[
        ("name", Said::As("name")),
        ("description", Said::As("description")),
        ("subnet_ids", Said::Of("subnet_ids", "aws_subnet")),
    ]],
    more: nothing_more,
};

pub(super) const PARAMETERS: Table = Table {
    kind: PARAMETER_GROUP,
    resource: PARAMETER_GROUP,
    id: own_id,
    rows: &[&[
        ("name", Said::As("name")),
        ("family", Said::As("family")),
        ("description", Said::As("description")),
        ("parameters", Said::InCode("parameter")),
    ]],
    more: parameters,
};

/// Those that RDS shows as set, as the provider reads them.
fn parameters(_: &mut Writer, object: &Exported, _: &str, body: &mut Body) {
    let all = object.beyond.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let mut all: Vec<_> = all.filter_map(Value::as_object).collect();
    all.sort_by_key(|one| one.get("name").map(Value::to_string));
    for one in all {
        let mut parameter = Body::default();
        for name in ["name", "value", "apply_method"] {
            parameter.copy(name, one.get(name));
        }
        body.block("parameter", parameter);
    }
}
