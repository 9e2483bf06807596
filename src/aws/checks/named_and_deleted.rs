//! Objects of the stack that the plan deletes, while the stack file names them by id or name somewhere else.

use serde_json::Value;

use super::finding::Verdict;
use super::scene::Scene;
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::document::{self, Document};
use crate::engine::plan::{Finding, Going, Mode};
use crate::engine::resource::Id;

const CHECK: &str = "named";

/// A name on which an object and its user agree.
struct Named<'a> {
    /// The resource whose options name the object.
    by: &'a Address,
    going: &'a Going,
    at: &'a Address,
}

/// An error for each declaration that names an object which this plan deletes: AWS refuses to delete it, or to give it to the one that
/// names it, after the rest of the plan was carried out.
pub fn named_and_deleted(scene: &Scene<'_>) -> Vec<Finding> {
    all(scene).map(|one| one.finding()).collect()
}

/// The resources that name what this plan deletes, with their recorded ids.
pub(super) fn namers<'a>(scene: &Scene<'a>) -> impl Iterator<Item = (&'a Address, &'a Id)> + use<'a> {
    let recorded = scene.state.into_iter().flat_map(|state| &state.resources);
    let by: Vec<&Address> = all(scene).map(|one| one.by).collect();
    let of_namers = recorded.filter(move |(address, _)| by.contains(address));
    of_namers.filter_map(|(address, record)| Some((address, record.id.as_ref()?)))
}

fn all<'a>(scene: &Scene<'a>) -> impl Iterator<Item = Named<'a>> + use<'a> {
    let plan = &scene.planning.plan;
    // A destroy leaves nothing that could name something.
    let is_kept = plan.mode == Mode::Apply;
    let going = plan.changes.iter().filter(move |_| is_kept);
    let going = going.flat_map(|change| change.goes.iter().map(move |going| (&change.address, going)));
    let declarations = &scene.blueprint.declarations;
    going.flat_map(move |(at, going)| {
        let namers = declarations.iter().filter(move |(by, declaration)| match declaration {
            Declaration::Managed { inputs } => *by != at && names(inputs, at, going),
            Declaration::Watched { .. } => false,
        });
        namers.map(move |(by, _)| Named { by, going, at })
    })
}

/// True if the inputs name the object, by an id that AWS gave it or in the option for its kind.
fn names(inputs: &Document, at: &Address, going: &Going) -> bool {
    let id = going.id.as_str();
    match at.kind() {
        "aws_db_parameter_group" => is_named(inputs, "parameter_group_name", id),
        "aws_elasticache_parameter_group" => is_named(inputs, "cache_parameter_group_name", id),
        "aws_elasticache_subnet_group" => is_named(inputs, "cache_subnet_group_name", id),
        "aws_db_subnet_group" => is_named(inputs, "db_subnet_group_name", id),
        "aws_security_group" | "aws_efs_file_system" => document::holds(inputs, |text| text == id),
        _ => false,
    }
}

/// True if an option holds the name, and no reference to the object.
fn is_named(inputs: &Document, option: &str, id: &str) -> bool {
    inputs.get(option).and_then(Value::as_str).is_some_and(|name| name.eq_ignore_ascii_case(id))
}

impl Named<'_> {
    fn finding(&self) -> Finding {
        let Self { by, going, at } = self;
        let id = &going.id;
        Verdict::error(format!("it names {id}, which is {at} of this stack, and this plan deletes that"))
            .hint(format!(
                "put back what {at} was made for, or name another one; to have {id} stay, managed by nothing: provision state \
                 forget {at}"
            ))
            .of(CHECK, by)
    }
}
