//! The blueprint: stack and network become declarations, documents with references.
//! The only place that knows which resources a file system or a database needs. Pure.

mod error;
mod inputs;
mod kept;

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::document::{Document, reference};
use crate::engine::network::Network;
use crate::engine::resource::Id;
use crate::stack::postgres::{family_in_names, without_family};
use crate::stack::{Access, Database, FileSystem, GroupName, Name, Stack};

pub use error::BlueprintError;
pub use kept::Kept;

/// The port of NFS.
const NFS: u32 = 2049;

/// Everything that the stack needs in this network.
///
/// # Errors
/// [`BlueprintError`] when stack and network do not fit together.
pub fn blueprint(stack: &Stack, network: &Network) -> Result<Blueprint, BlueprintError> {
    blueprint_keeping(stack, network, &Kept::default())
}

/// The same, with the names that are recorded of what the stack file leaves open.
///
/// # Errors
/// [`BlueprintError`] when stack and network do not fit together.
pub fn blueprint_keeping(stack: &Stack, network: &Network, kept: &Kept) -> Result<Blueprint, BlueprintError> {
    let mut draft = Draft { stack, network, kept, declarations: BTreeMap::new() };
    for (address, id) in network.addresses() {
        draft.declarations.insert(address, Declaration::Adopted { id });
    }
    for (name, file_system) in &stack.file_systems {
        draft.file_system(name, file_system)?;
    }
    for (name, database) in &stack.databases {
        draft.database(name, database)?;
    }
    Ok(Blueprint {
        stack: stack.stack.to_string(),
        cluster: Some(network.cluster.clone()),
        declarations: draft.declarations,
    })
}

/// A blueprint in the making.
struct Draft<'a> {
    stack: &'a Stack,
    network: &'a Network,
    kept: &'a Kept,
    declarations: BTreeMap<Address, Declaration>,
}

impl Draft<'_> {
    fn file_system(&mut self, name: &Name, file_system: &FileSystem) -> Result<(), BlueprintError> {
        if self.network.subnets.is_empty() {
            return Err(BlueprintError::NoZone { file_system: name.to_string() });
        }
        let group = self.group(name, file_system.security_group.as_ref(), &file_system.access, "NFS", NFS)?;
        let address = Address::new("aws_efs_file_system", name.as_str());
        let key = file_system.options.get("kms_key_id").and_then(|key| key.as_str());
        let key = key.filter(|key| is_alias(key)).map(|alias| self.key(name, alias)).transpose()?;
        self.declare(address.clone(), inputs::file_system(file_system, key, self.tags(name.as_str())))?;
        for zone in self.network.subnets.keys() {
            let target = Address::member("aws_efs_mount_target", name.as_str(), zone);
            let declared = Network::subnet_address(zone);
            let subnet = self.kept.in_the_place_of(&target, "subnet_id", &declared);
            let subnet = subnet.map_or_else(|| id_of(&declared), str::to_owned);
            self.declare(target, inputs::mount_target(&address, &subnet, &group, &file_system.targets))?;
        }
        for (point, access_point) in &file_system.access_points {
            let member = Address::member("aws_efs_access_point", name.as_str(), point.as_str());
            let path = match access_point.options.get("path").and_then(|path| path.as_str()) {
                Some(written) => written.to_owned(),
                None => self.kept.text(&member, "path", format!("/{point}")),
            };
            let inputs = inputs::access_point(&address, path, access_point, self.tags(point.as_str()));
            self.declare(member, inputs)?;
        }
        Ok(())
    }

    fn database(&mut self, name: &Name, database: &Database) -> Result<(), BlueprintError> {
        if self.network.subnets.len() < 2 {
            return Err(BlueprintError::TooFewZones {
                database: name.to_string(),
                zones: self.network.subnets.keys().cloned().collect(),
            });
        }
        let port = database.port.get();
        let group =
            self.group(name, database.security_group.as_ref(), &database.access, "PostgreSQL", port)?;
        let subnet_group = Address::new("aws_db_subnet_group", name.as_str());
        let subnets = self.network.subnets.keys().map(|zone| Network::subnet_address(zone));
        let group_name = self.kept.name(&subnet_group, name.as_str());
        let description = self.kept.text(&subnet_group, "description", format!("Subnets of {name}"));
        let inputs = inputs::db_subnet_group(&group_name, &description, subnets, self.tags(name.as_str()));
        self.declare(subnet_group.clone(), inputs)?;
        let parameter_group = Address::new("aws_db_parameter_group", name.as_str());
        let parameter_group = Some(parameter_group).filter(|_| !database.parameters.is_empty());
        if let Some(address) = &parameter_group {
            let description = self.kept.text(address, "description", format!("Parameters of {name}"));
            let group_name = |family: &str| self.parameter_group_name(address, name, family);
            let tags = self.tags(name.as_str());
            let inputs = inputs::db_parameter_group(group_name, &description, database, tags);
            self.declare(address.clone(), inputs)?;
        }
        let tags = self.tags(name.as_str());
        self.declare(
            Address::new("aws_db_instance", name.as_str()),
            inputs::db_instance(name, database, &subnet_group, parameter_group.as_ref(), &group, tags),
        )
    }

    /// The name of a parameter group. It ends with the family, which a major upgrade changes; the rest is kept.
    fn parameter_group_name(&self, address: &Address, name: &Name, family: &str) -> String {
        let named = |stem: &str| format!("{stem}-{}", family_in_names(family));
        match self.kept.recorded(address, "name") {
            Some(recorded) => named(without_family(recorded)),
            None => self.kept.new_name(address, name.as_str(), &named),
        }
    }

    /// A key by its alias, as it is written in the inputs: the alias is adopted, so that the key behind it is known.
    fn key(&mut self, name: &Name, alias: &str) -> Result<String, BlueprintError> {
        let address = Address::new("aws_kms_alias", name.as_str());
        self.add(address.clone(), Declaration::Adopted { id: Id::new(alias) })?;
        Ok(reference(&address, "target_key_arn"))
    }

    /// Declares the security group of one file system or database.
    fn group(
        &mut self,
        name: &Name,
        chosen: Option<&GroupName>,
        access: &Access,
        service: &str,
        port: u32,
    ) -> Result<Address, BlueprintError> {
        let address = Address::new("aws_security_group", name.as_str());
        let group_name = match chosen {
            Some(written) => written.to_string(),
            None => self.kept.name(&address, &self.stack.group_name(name, None)),
        };
        let description = self.kept.text(&address, "description", format!("{service} access to {name}"));
        let mut ingress = Vec::new();
        // AWS refuses a rule that stands twice, and two roles may share a group.
        let mut seen = BTreeSet::new();
        for role in access.roles() {
            let mut sources = self.network.group_addresses(role).peekable();
            if sources.peek().is_none() {
                // Nothing declares it: the planner says so of what needs it, and of nothing else.
                ingress.push(inputs::ingress(service, port, role, &role.address()));
            }
            let sources = sources.filter(|(_, id)| seen.insert((*id).clone()));
            ingress.extend(sources.map(|(source, _)| inputs::ingress(service, port, role, source)));
        }
        let tags = self.tags(&as_tag(&group_name));
        self.declare(address.clone(), inputs::security_group(&group_name, &description, ingress, tags))?;
        Ok(address)
    }

    /// The author's tags and a `Name`.
    fn tags(&self, name: &str) -> BTreeMap<String, String> {
        let chosen = self.stack.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        chosen.chain([("Name", name)]).map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    fn declare(&mut self, address: Address, inputs: Document) -> Result<(), BlueprintError> {
        self.add(address, Declaration::Managed { inputs })
    }

    fn add(&mut self, address: Address, declaration: Declaration) -> Result<(), BlueprintError> {
        match self.declarations.insert(address.clone(), declaration) {
            None => Ok(()),
            Some(_) => Err(BlueprintError::SameAddress { address }),
        }
    }
}

/// The name of a group as the value of a tag, in which fewer characters are allowed.
fn as_tag(group_name: &str) -> String {
    let allowed = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    group_name.chars().map(|c| if allowed(c) { c } else { '_' }).collect()
}

/// True if a key only stands for another one, and may stand for another one tomorrow.
fn is_alias(key: &str) -> bool {
    key.starts_with("alias/") || key.contains(":alias/")
}

/// A reference to the id of the object at an address.
fn id_of(address: &Address) -> String {
    reference(address, "id")
}

#[cfg(test)]
mod tests;
