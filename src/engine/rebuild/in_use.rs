//! An object that has kept another name than the declared one: it is found by a recorded object that uses it.

use serde_json::Value;

use super::records::{begun, claim, seen};
use super::{Rebuilt, Terms};
use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::cloud::Cloud;
use crate::engine::document::{reference, references, resolve};
use crate::engine::kind::Registry;
use crate::engine::owner::owner;
use crate::engine::refresh::RefreshError;
use crate::engine::resource::Whose;
use crate::engine::state::{Edit, Record, State};

/// An object that is absent under its declared name, or whose name another one has, may have kept another name: it is the one that
/// a recorded object uses in its place.
pub(super) async fn find_in_use(
    cloud: &dyn Cloud,
    registry: &Registry,
    blueprint: &Blueprint,
    known: &mut State,
    terms: &Terms<'_>,
    rebuilt: &mut Rebuilt,
) -> Result<(), RefreshError> {
    let is_new = rebuilt.records.keys().all(|address| known.resources.contains_key(address))
        && known
            .resources
            .iter()
            .all(|(address, record)| record.watched || rebuilt.records.contains_key(address));
    let missing: Vec<Address> = rebuilt.absent.iter().chain(rebuilt.foreign.keys()).cloned().collect();
    for address in missing {
        let Some(manager) = registry.managing(address.kind()) else { continue };
        let Some(Declaration::Managed { inputs }) = blueprint.declarations.get(&address) else { continue };
        let Some(used) = used_in_place_of(blueprint, known, &address) else { continue };
        let unread = |source| RefreshError { kind: address.kind().to_owned(), source };
        let Some(named) = cloud.named(manager.kind(), &used).await.map_err(unread)? else { continue };
        let owner = owner(registry, blueprint, Some(known), &address, 0);
        let may_take = match owner.whose(&named.found.ownership, named.found.vpc.as_ref()) {
            Whose::Ours | Whose::Moved { .. } => true,
            Whose::OtherState { lineage, .. } => is_new || terms.take_over == Some(lineage.as_str()),
            _ => false,
        };
        if !may_take || owner.others.contains(&named.found.id) {
            continue;
        }
        let resolved = resolve(inputs, &|reference| known.output(&reference.address, &reference.output));
        let record = Record {
            claimed: claim(manager, &owner, &named.found.ownership),
            ..begun(&resolved, named.found.id, named.found.generation, references(inputs))
        };
        for (address, record) in seen(cloud, registry, known, [(address, record)].into()).await? {
            known.apply(Edit::Put { address: address.clone(), record: record.clone() });
            rebuilt.absent.remove(&address);
            rebuilt.foreign.remove(&address);
            rebuilt.records.insert(address, record);
        }
    }
    Ok(())
}

/// The id that a found object has where its declaration refers to the address alone.
fn used_in_place_of(blueprint: &Blueprint, known: &State, address: &Address) -> Option<String> {
    let wanted = reference(address, "id");
    let is_meant = |value: &Value| value.as_str() == Some(wanted.as_str());
    let mut users = known.resources.iter().filter_map(|(user, record)| {
        let Declaration::Managed { inputs } = blueprint.declarations.get(user)? else { return None };
        inputs.iter().find_map(|(field, declared)| match (declared, record.inputs.get(field)?) {
            (Value::Array(declared), Value::Array(seen)) => match (declared.as_slice(), seen.as_slice()) {
                ([declared], [seen]) if is_meant(declared) => seen.as_str(),
                _ => None,
            },
            (declared, seen) if is_meant(declared) => seen.as_str(),
            _ => None,
        })
    });
    users.next().map(str::to_owned)
}
