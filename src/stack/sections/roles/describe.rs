//! The reverse of [`super::declare`]: a role that is there becomes an entry, with its instance profile.

use serde_json::Value;

use super::trust::{self, EC2, Said};
use super::{
    AUDIENCES, INSTANCE_PROFILE, OIDC_PROVIDER, PROFILE, ROLE, SERVICE_ACCOUNTS, SERVICES, statements,
};
use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::kind::Registry;
use crate::engine::resource::Id;
use crate::stack::Name;
use crate::stack::describe::{Described, Left, Scene, Unsayable, passed};

pub(super) fn describe(
    registry: &Registry,
    scene: &Scene,
    name: &Name,
    id: &Id,
) -> Result<Described, Unsayable> {
    let object = scene.object(ROLE, id.as_str());
    let inputs = &object.ok_or_else(|| Unsayable::new(id, "AWS shows no such role"))?.inputs;
    let mut described = Described { options: passed(registry, ROLE, inputs), ..Described::default() };
    described.objects.insert(Address::new(ROLE, name.as_str()), id.clone());
    let trust = inputs.get("assume_role_policy").unwrap_or(&Value::Null);
    let said = trust::said(trust).ok_or_else(|| {
        let why = "its trust policy says more than `service_accounts` and `services` can: other principals, actions or conditions";
        Unsayable::new(id, why)
    })?;
    let profile = profile(scene, id, &said, &mut described);
    let Said { provider, accounts, audiences, services } = said;
    let options = &mut described.options;
    let mut say = |option: &str, value: Value| drop(options.insert(option.to_owned(), value));
    if let Some(provider) = provider {
        say(SERVICE_ACCOUNTS.name, accounts.into());
        say(OIDC_PROVIDER.name, provider.into());
        // Whichever the provider has: these are what the role looks at.
        say(AUDIENCES.name, audiences.into());
    }
    let services: Vec<String> = services.into_iter().filter(|one| profile.is_none() || one != EC2).collect();
    if !services.is_empty() {
        say(SERVICES.name, services.into());
    }
    if !inputs.contains_key("policy_name") {
        return Err(Unsayable::new(
            id,
            "it has several inline policies, and a role has one of its own here: write an entry for it with the name of that one as \
             `policy_name`, then import it",
        ));
    }
    let policy = inputs.get("policy").unwrap_or(&Value::Null);
    let statements = statements::written(policy).ok_or_else(|| {
        Unsayable::new(id, "its inline policy has a statement with `NotAction`, `NotResource` or other parts that `statements` has not")
    })?;
    if !statements.is_empty() {
        say(statements::STATEMENTS.name, Value::Object(statements));
    }
    if let Some(profile) = profile {
        say(INSTANCE_PROFILE.name, true.into());
        described.objects.insert(Address::new(PROFILE, name.as_str()), profile);
    }
    Ok(described)
}

/// The instance profile that can be the role's own: one with its path, of a role that EC2 may take. The others are left.
fn profile(scene: &Scene, role: &Id, said: &Said, described: &mut Described) -> Option<Id> {
    let path = |inputs: &Document| inputs.get("path").cloned().unwrap_or_else(|| "/".into());
    let of_role = scene.object(ROLE, role.as_str()).map(|object| path(&object.inputs));
    let is_taken_by_ec2 = said.services.iter().any(|one| one == EC2);
    let mut chosen = None;
    for (id, object) in scene.having(PROFILE, "role", role.as_str()) {
        let fits = is_taken_by_ec2 && Some(path(&object.inputs)) == of_role;
        if fits && chosen.is_none() && !scene.placed.contains(&(PROFILE.to_owned(), id.clone())) {
            chosen = Some(id.clone());
        } else {
            let because =
                "a role has one instance profile of its own here, with its path, and EC2 may take it"
                    .to_owned();
            described.left.push(Left { id: id.to_string(), because });
        }
    }
    chosen
}
