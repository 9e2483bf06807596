//! Checks that PostgreSQL on RDS has the parameters that are written, and takes their values.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::types::Parameter;
use futures_util::future::join_all;
use serde_json::Value;

use super::finding::{Verdict, counted, in_time};
use super::prospect::Prospect;
use super::scene::Scene;
use super::{Answer, Asked};
use crate::aws::kinds::db_parameter_group::meaning;
use crate::aws::{Aws, aws_error};
use crate::engine::address::Address;
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::plan::Finding;
use crate::stack::{nearest, shown};

const CHECK: &str = "parameter";
const DEFAULTS: Call = Call::read("rds:DescribeEngineDefaultParameters");
const GROUP: &str = "aws_db_parameter_group";

pub(super) const CALLS: &[Asked] = &[(&[GROUP], &[DEFAULTS])];

/// The parameters of each family, and those that are written.
pub(super) struct Parameters {
    families: BTreeMap<String, Result<BTreeMap<String, Parameter>, CloudError>>,
    written: Vec<Written>,
}

struct Written {
    address: Address,
    family: String,
    parameters: BTreeMap<String, String>,
}

pub(super) async fn ask(aws: &Aws, prospects: &[Prospect]) -> Parameters {
    let groups = prospects.iter().filter(|one| one.is_a(GROUP) && one.touches(&["parameters", "family"]));
    let written: Vec<Written> = groups.filter_map(written).collect();
    let families: BTreeSet<&String> = written.iter().map(|one| &one.family).collect();
    let asked = families
        .into_iter()
        .map(|family| async { (family.clone(), in_time(DEFAULTS, known(aws, family)).await) });
    Parameters { families: join_all(asked).await.into_iter().collect(), written }
}

fn written(prospect: &Prospect) -> Option<Written> {
    let parameters = prospect.inputs.get("parameters")?.as_object()?;
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    Some(Written {
        address: prospect.address.clone(),
        family: prospect.inputs.get("family")?.as_str()?.to_owned(),
        parameters: parameters.iter().filter_map(text).collect(),
    })
}

/// Every parameter of a family, by name.
async fn known(aws: &Aws, family: &str) -> Result<BTreeMap<String, Parameter>, CloudError> {
    let asked = aws.read.rds.describe_engine_default_parameters().db_parameter_group_family(family);
    let rows = asked.into_paginator().items().send().try_collect().await;
    let rows: Vec<Parameter> = rows.map_err(aws_error(DEFAULTS))?;
    Ok(rows.into_iter().filter_map(|row| Some((row.parameter_name.clone()?, row))).collect())
}

impl Answer for Parameters {
    fn judge(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let planned = self.written.iter().filter(|one| scene.doing(&one.address).is_some());
        let found = planned.flat_map(|one| {
            let verdicts = match self.families.get(&one.family) {
                Some(Ok(known)) => judged(one, known),
                Some(Err(error)) => {
                    vec![Verdict::not_checked(&format!("parameters of {}", one.family), error)]
                }
                None => Vec::new(),
            };
            verdicts.into_iter().map(|verdict| verdict.of(CHECK, &one.address))
        });
        found.collect()
    }
}

fn judged(written: &Written, known: &BTreeMap<String, Parameter>) -> Vec<Verdict> {
    let Written { address: _, family, parameters } = written;
    let wrong: Vec<Verdict> = parameters
        .iter()
        .filter_map(|(name, value)| wrong(name, value, known.get(name), family, known))
        .collect();
    match wrong.is_empty() {
        true => vec![Verdict::passed(format!("{family} takes {}", counted(parameters.len(), "parameter")))],
        false => wrong,
    }
}

fn wrong(
    name: &str,
    value: &str,
    row: Option<&Parameter>,
    family: &str,
    known: &BTreeMap<String, Parameter>,
) -> Option<Verdict> {
    let Some(row) = row else {
        let verdict = Verdict::error(format!("parameters: {family} has no parameter `{name}`"));
        let like = nearest(name, known.keys().map(String::as_str));
        return Some(verdict.hint(match like {
            Some(like) => format!("write `{like}` if that is meant, or take `{name}` out of the stack file"),
            None => format!("take `{name}` out of the stack file"),
        }));
    };
    if row.is_modifiable() == Some(false) {
        let verdict = Verdict::error(format!("parameters: RDS does not let `{name}` be changed"));
        return Some(verdict.hint(format!("take `{name}` out of the stack file")));
    }
    let allowed = row.allowed_values().filter(|allowed| !allows(row.data_type(), allowed, value))?;
    let verdict =
        Verdict::error(format!("parameters: `{name}` must not be `{}`: RDS takes {allowed}", shown(value)));
    Some(verdict.hint(format!("write another value of `{name}` into the stack file")))
}

/// True if the value is one of those allowed, as RDS writes them: `0,1`, `64-2147483647`, `none,ddl,mod,all`. RDS works formulas
/// out by itself ("Specifying DB parameters", RDS User Guide).
fn allows(kind: Option<&str>, allowed: &str, value: &str) -> bool {
    let is_formula = value.contains(['{', '(']);
    let one = |value: &str| {
        let value = if kind == Some("boolean") { meaning(value) } else { value };
        allowed.split(',').any(|allowed| {
            allowed.trim().eq_ignore_ascii_case(value)
                || range(allowed).is_some_and(|range| holds(range, value))
        })
    };
    is_formula
        || match kind {
            Some("list") => value.split(',').all(|part| one(part.trim())),
            _ => one(value),
        }
}

fn range(allowed: &str) -> Option<(f64, f64)> {
    let allowed = allowed.trim();
    let at = allowed.char_indices().skip(1).find(|(_, c)| *c == '-')?.0;
    Some((allowed[..at].parse().ok()?, allowed[at + 1..].parse().ok()?))
}

fn holds((least, most): (f64, f64), value: &str) -> bool {
    value.parse::<f64>().is_ok_and(|value| (least..=most).contains(&value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::plan::Level;

    fn known() -> BTreeMap<String, Parameter> {
        let row = |name: &str, kind: &str, allowed: Option<&str>, modifiable: bool| {
            let row = Parameter::builder().parameter_name(name).data_type(kind).is_modifiable(modifiable);
            (name.to_owned(), row.set_allowed_values(allowed.map(str::to_owned)).build())
        };
        BTreeMap::from([
            row("work_mem", "integer", Some("64-2147483647"), true),
            row("extra_float_digits", "integer", Some("-15-3"), true),
            row("random_page_cost", "float", Some("0-1.79769e+308"), true),
            row("jit", "boolean", Some("0,1"), true),
            row("log_statement", "string", Some("none,ddl,mod,all"), true),
            row("shared_preload_libraries", "list", Some("auto_explain,pg_stat_statements,pgaudit"), true),
            row("timezone", "string", None, true),
            row("port", "integer", Some("1150-65535"), false),
        ])
    }

    fn found(name: &str, value: &str) -> Option<Verdict> {
        let known = known();
        wrong(name, value, known.get(name), "postgres16", &known)
    }

    #[test]
    fn values_are_judged_as_rds_writes_what_it_allows() {
        for (name, value) in [
            ("work_mem", "64"),
            ("work_mem", "{DBInstanceClassMemory/1024}"),
            ("work_mem", "GREATEST(64,128)"),
            ("extra_float_digits", "-15"),
            ("random_page_cost", "1.1"),
            ("jit", "off"),
            ("jit", "1"),
            ("log_statement", "ddl"),
            ("shared_preload_libraries", "pg_stat_statements, pgaudit"),
            ("timezone", "Europe/Berlin"),
        ] {
            assert_eq!(found(name, value), None, "{name} {value}");
        }
        for (name, value, word) in [
            ("work_mem", "63", "64-2147483647"),
            ("work_mem", "64MB", "64-2147483647"),
            ("extra_float_digits", "4", "-15-3"),
            ("jit", "2", "0,1"),
            ("log_statement", "some", "none,ddl,mod,all"),
            ("shared_preload_libraries", "pgaudit,other", "auto_explain"),
            ("port", "5433", "does not let"),
            ("work_men", "64", "has no parameter"),
        ] {
            let verdict = found(name, value).expect(name);
            assert_eq!(verdict.level, Level::Error);
            assert!(verdict.message.contains(word), "{verdict:?}");
        }
        let hint = found("work_men", "64").and_then(|verdict| verdict.hint).unwrap_or_default();
        assert!(hint.contains("`work_mem`"), "{hint}");
    }
}
