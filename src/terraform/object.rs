//! A state as it is matched: its objects, each with the few facts that say what it belongs to.

use std::collections::BTreeSet;

use super::loose::{Attributes, KOPS_CLUSTER, TITLE};
use super::reference::Reference;
use crate::engine::resource::tag;

/// A state of Terraform, as far as it is read.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The format of the state's file.
    pub format: u64,
    /// The version of the Terraform that wrote it.
    pub terraform_version: String,
    pub serial: u64,
    /// The names of the outputs; their values are not read.
    pub outputs: Vec<String>,
    /// The way in which the state names the AWS provider.
    pub provider: Provider,
    pub(super) objects: Vec<Object>,
}

impl State {
    /// The number of objects, data sources and unfinished ones among them.
    pub fn objects(&self) -> usize {
        self.objects.len()
    }
}

/// The name of the AWS provider in a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Provider {
    #[default]
    Current,
    /// As Terraform named it before 0.13: a current one refuses to plan with it until `terraform state replace-provider` was typed.
    Legacy,
}

/// One object of a state.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Object {
    pub(super) from: Reference,
    pub(super) standing: Standing,
    /// Of types that are known alone: the id of another one may be a secret, as that of `random_string` is.
    pub(super) facts: Option<Facts>,
}

/// The use that Terraform still has for an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Kept,
    /// To be replaced by the next apply.
    Tainted,
    /// Replaced already, and to be deleted by the next apply.
    Deposed,
}

/// The facts of one object that say what it is and what it belongs to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Facts {
    /// The id or name that AWS shows.
    pub(super) id: Option<String>,
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
    pub(super) name: Option<String>,
    /// The tag `Name`.
    pub(super) title: Option<String>,
    pub(super) engine: Option<String>,
    /// Of a read replica: its database, by its identifier or its ARN.
    pub(super) source: Option<String>,
    pub(super) subnet_group: Option<String>,
    pub(super) parameter_group: Option<String>,
    /// The security groups that it uses.
    pub(super) groups: BTreeSet<String>,
    /// The security group that it is a rule of.
    pub(super) group: Option<String>,
    pub(super) file_system: Option<String>,
    pub(super) bucket: Option<String>,
    /// The machine that a volume is attached to.
    pub(super) machine: Option<String>,
    pub(super) volume: Option<String>,
    /// The elastic address that something uses.
    pub(super) address: Option<String>,
    /// The file systems that a replication writes to.
    pub(super) destinations: Vec<String>,
    /// True for a file system that a replication writes to.
    pub(super) is_overwritten: bool,
    pub(super) is_of_cluster: bool,
    /// True for a cache with cluster mode on.
    pub(super) is_sharded: bool,
    /// The stack that manages it already.
    pub(super) stack: Option<String>,
}

/// The beginnings of the names of kops' own groups.
const NAMES_OF_KOPS: [&str; 6] =
    ["nodes.", "masters.", "control-plane.", "bastion.", "api-elb.", "bastion-elb."];

/// Objects that kops makes of these have the tag of its cluster, and no name.
const OF_MACHINES: [&str; 3] = ["aws_instance", "aws_ebs_volume", "aws_eip"];

impl Facts {
    pub(super) fn of(kind: &str, attributes: &Attributes) -> Self {
        let own = |text: Option<&str>| text.map(str::to_owned);
        let tags = &attributes.tags;
        let name = attributes.name.text();
        let arn: Vec<&str> = attributes.arn.text().unwrap_or_default().splitn(6, ':').collect();
        let of_arn = |at: usize| arn.get(at).copied().filter(|part| is_plain(part));
        let groups = attributes.vpc_security_group_ids.texts().chain(attributes.security_groups.texts());
        let groups = groups.chain(attributes.security_group_ids.texts());
        let is_named_by_kops = name.is_some_and(|name| {
            let ends = tags.get(KOPS_CLUSTER).is_some_and(|cluster| name.ends_with(&format!(".{cluster}")));
            ends || NAMES_OF_KOPS.iter().any(|start| name.starts_with(start))
        });
        let overwritten =
            |one: &super::loose::Loose| one.field("replication_overwrite") == Some("REPLICATING");
        Self {
            id: own(id(kind, attributes)).filter(|id| is_id(id)),
            account: own(of_arn(4)),
            region: own(of_arn(3).or(attributes.region.text().filter(|text| is_plain(text)))),
            name: own(name),
            title: own(tags.get(TITLE)),
            engine: own(attributes.engine.text()),
            source: own(attributes.replicate_source_db.text()),
            subnet_group: own(attributes.db_subnet_group_name.text().or(attributes.subnet_group_name.text())),
            parameter_group: own(attributes.parameter_group_name.text()),
            groups: groups.map(str::to_owned).collect(),
            group: own(attributes.security_group_id.text()),
            file_system: own(attributes.file_system_id.text().or(attributes.source_file_system_id.text())),
            bucket: own(attributes.bucket.text()),
            machine: own(attributes.instance_id.text()),
            volume: own(attributes.volume_id.text()),
            address: own(attributes.allocation_id.text()),
            destinations: attributes
                .destination
                .list()
                .iter()
                .filter_map(|one| own(one.field("file_system_id")))
                .collect(),
            is_overwritten: attributes.protection.list().iter().any(overwritten),
            is_of_cluster: tags.are_of_a_cluster()
                || is_named_by_kops
                || (OF_MACHINES.contains(&kind) && tags.get(KOPS_CLUSTER).is_some()),
            is_sharded: attributes.cluster_mode.text().is_some_and(|mode| mode != "disabled"),
            stack: own(tags.get(tag::STACK)),
        }
    }
}

/// The id that AWS shows. Since version 5 of the provider a database's `id` is its resource id, and `identifier` its name.
fn id<'a>(kind: &str, attributes: &'a Attributes) -> Option<&'a str> {
    match kind {
        "aws_db_instance" => attributes.identifier.text().or(attributes.id.text()),
        "aws_vpc_security_group_rules_exclusive" => attributes.security_group_id.text(),
        _ => attributes.id.text(),
    }
}

/// True for what can be an account or a region: they stand in commands and in paths.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// True for what can be an id or a name of AWS, and so can stand in a command as it is.
fn is_id(text: &str) -> bool {
    text.len() <= 255 && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:/".contains(c))
}
