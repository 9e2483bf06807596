//! Checks that a new database has a password, and that one that will be sent is there to be read.

use serde_json::Value;

use super::finding::Verdict;
use super::scene::{Doing, Scene};
use crate::aws::kinds::db_instance::password::in_the_open;
use crate::aws::{Aws, Service};
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::plan::Finding;
use crate::engine::planner::Sighting;
use crate::stack::password::{PasswordSource, SecretError};

pub(super) fn judge(aws: &Aws, scene: &Scene<'_>) -> Vec<Finding> {
    let declarations = scene.blueprint.declarations.iter();
    declarations.filter_map(|(address, declaration)| missing(aws, scene, address, declaration)).collect()
}

fn missing(aws: &Aws, scene: &Scene<'_>, address: &Address, declaration: &Declaration) -> Option<Finding> {
    let Declaration::Managed { inputs } = declaration else { return None };
    let source: PasswordSource = inputs.get("password").and_then(Value::as_str)?.parse().ok()?;
    let is_sent = source != PasswordSource::Unmanaged
        && match scene.doing(address)? {
            Doing::Making(_) => true,
            Doing::Changing(change) => change.fields.iter().any(|field| field.path.starts_with("password")),
        };
    if let (true, Some(url)) =
        (is_sent && source != PasswordSource::Managed, aws.unencrypted_endpoint(Service::Rds))
    {
        let verdict =
            Verdict::error(in_the_open(url)).hint("name the endpoint with https:// in --endpoint-url");
        return Some(verdict.of("password", address));
    }
    let is_made = matches!(scene.doing(address)?, Doing::Making(_));
    // A restored one has that of its backup.
    // One that stands there already has one, and its own finding says how it is taken over.
    let stands = matches!(scene.sightings.get(address), Some(Sighting::InTheWay { .. }));
    let is_empty = is_made && !stands && !inputs.contains_key("restore_from");
    if is_empty && source == PasswordSource::Unmanaged {
        let message = "a new database needs a password, and `unmanaged` gives it none";
        let hint = "write `password: managed`, or `env:NAME` or `file:PATH` with one of your own; once the database is there, \
                    `unmanaged` leaves that to you";
        return Some(Verdict::error(message.to_owned()).hint(hint.to_owned()).of("password", address));
    }
    let error = is_sent.then(|| source.read(aws.folder(), aws.variables()).err()).flatten()?;
    let verdict = scene.lacked(error.to_string());
    let verdict = match source {
        _ if matches!(error, SecretError::Unfit { .. }) => verdict.hint("choose another password of this form"),
        PasswordSource::Env(name) => {
            verdict.hint(format!("set {name} to the password in the environment of this command"))
        }
        PasswordSource::File(path) => verdict.hint(format!(
            "write the password into {path}, as its first line, or name another file: a relative path counts from the folder of \
             the stack file"
        )),
        PasswordSource::Managed | PasswordSource::Unmanaged => verdict,
    };
    Some(verdict.of("password", address))
}
