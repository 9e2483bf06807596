//! The way back: objects as AWS shows them become a configuration of Terraform that imports them, and changes none.

mod access_point;
mod bucket;
mod cache;
mod database;
mod database_groups;
mod file_system;
mod hcl;
mod labels;
mod machine;
mod mount_target;
mod replication;
mod role;
mod security_group;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::resource::Id;
use hcl::{Body, Expression};
use labels::Labels;
use table::{Said, Table};

/// One object of the state, as AWS shows it.
#[derive(Clone, Debug)]
pub struct Exported {
    pub address: Address,
    pub id: Id,
    /// All its fields, as they are now.
    pub live: Document,
    pub outputs: Document,
    /// Facts that no field has: rules with their ids, say.
    pub beyond: Document,
    /// The inputs that were recorded, for what AWS does not show.
    pub recorded: Document,
}

/// Everything that is to be written.
#[derive(Clone, Debug, Default)]
pub struct Whole {
    pub account: String,
    pub region: String,
    pub objects: Vec<Exported>,
    /// A watched object: it is read, and stays with its owner.
    pub watched: BTreeMap<Address, Id>,
}

/// A configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// The text of each file, by its name.
    pub files: BTreeMap<&'static str, String>,
    /// The resources with the ids that they are imported by.
    pub imports: Vec<(String, String)>,
    pub warnings: Vec<Warning>,
}

/// Something that the configuration does not say as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    pub address: Address,
    pub text: String,
}

/// The way in which a field of a kind comes into the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// By an argument, or a resource of its own, of this name.
    As(&'static str),
    /// Not at all, for this reason.
    Not(&'static str),
}

/// The names of the files, in which nothing of others may stand.
pub const FILES: [&str; 4] = [VERSIONS, NETWORK, MAIN, IMPORTS];
const VERSIONS: &str = "versions.tf";
const NETWORK: &str = "network.tf";
const MAIN: &str = "main.tf";
const IMPORTS: &str = "imports.tf";

/// The first words of each file: one that begins otherwise is somebody else's.
const BEGINNING: &str = "# Written by provision for Terraform.";

/// True for a text that [`configuration`] has made.
pub fn is_exported(text: &[u8]) -> bool {
    text.starts_with(BEGINNING.as_bytes())
}

/// The tables, one for each kind that can be made.
const TABLES: [&Table; 19] = [
    &security_group::TABLE,
    &file_system::TABLE,
    &mount_target::TABLE,
    &access_point::TABLE,
    &replication::TABLE,
    &database_groups::SUBNETS,
    &database_groups::PARAMETERS,
    &database::DATABASE,
    &database::REPLICA,
    &bucket::TABLE,
    &cache::TABLE,
    &cache::SUBNETS,
    &cache::PARAMETERS,
    &cache::SECRET,
    &role::TABLE,
    &role::PROFILES,
    &machine::TABLE,
    &machine::VOLUMES,
    &machine::ADDRESSES,
];

/// The ways of the fields of a kind into the configuration, by field; none for a kind that Terraform does not get.
pub fn spoken(kind: &str) -> Option<BTreeMap<&'static str, Spoken>> {
    let spoken = |said: Said| match said {
        Said::As(name) | Said::Of(name, _) | Said::InCode(name) => Spoken::As(name),
        Said::Not(why) | Said::Never(why) => Spoken::Not(why),
    };
    let table = table_of(kind)?;
    Some(table.rows().map(|(field, said)| (*field, spoken(*said))).collect())
}

fn table_of(kind: &str) -> Option<&'static Table> {
    TABLES.into_iter().find(|table| table.kind == kind)
}

/// The configuration of everything.
pub fn configuration(whole: &Whole) -> Configuration {
    let mut labels = Labels::default();
    for (address, id) in whole.watched.iter().filter(|(address, id)| is_read(address, id)) {
        labels.add_watched(address, id);
    }
    for object in &whole.objects {
        if let Some(table) = table_of(object.address.kind()) {
            labels.add(table, object);
        }
    }
    let mut writer = Writer { labels, ..Writer::default() };
    for object in &whole.objects {
        match table_of(object.address.kind()) {
            Some(table) => writer.object(table, object),
            None => writer.warn(object, "Terraform gets no object of this kind from here: it stays as it is"),
        }
    }
    let mut network = Body::default();
    for (address, id) in whole.watched.iter().filter(|(address, id)| is_read(address, id)) {
        writer.watched(&mut network, address, id);
    }
    let mut imports = Body::default();
    for (to, id) in &writer.imports {
        let mut import = Body::default();
        import.raw("to", to.clone());
        import.text("id", id);
        imports.block("import", import);
    }
    let file = |note: &str, body: &Body| {
        format!("{BEGINNING} {note}\n\n{}", body.text_of_file()).trim_end().to_owned() + "\n"
    };
    let files = BTreeMap::from([
        (VERSIONS, file("The provider, and the one account that it may work in.", &versions(whole))),
        (NETWORK, file("The network, which is read and belongs to others.", &network)),
        (MAIN, file("Everything that the stack had, as it was in AWS.", &writer.main)),
        (IMPORTS, file("They can go once terraform apply has imported everything.", &imports)),
    ]);
    let mut warnings: Vec<Warning> = writer.warnings.into_iter().collect();
    warnings.sort();
    Configuration { files, imports: writer.imports, warnings }
}

/// Import blocks came with Terraform 1.5. The provider has all the arguments since 5.100, the last one of its major version.
fn versions(whole: &Whole) -> Body {
    let mut aws = BTreeMap::new();
    aws.insert("source".to_owned(), Expression::text("hashicorp/aws"));
    aws.insert("version".to_owned(), Expression::text(">= 5.100.0, < 7.0.0"));
    let mut providers = Body::default();
    providers.set("aws", Expression::Object(aws));
    let mut terraform = Body::default();
    terraform.text("required_version", ">= 1.5.0");
    terraform.block("required_providers", providers);
    let mut provider = Body::default();
    provider.text("region", &whole.region);
    provider.set("allowed_account_ids", Expression::List(vec![Expression::text(&whole.account)]));
    let mut body = Body::default();
    body.block("terraform", terraform);
    body.block("provider \"aws\"", provider);
    body
}

/// The configuration while it is put together.
#[derive(Default)]
struct Writer {
    labels: Labels,
    main: Body,
    imports: Vec<(String, String)>,
    warnings: BTreeSet<Warning>,
}

impl Writer {
    fn object(&mut self, table: &'static Table, object: &Exported) {
        let mut body = Body::default();
        for (field, said) in table.rows() {
            let value = object.live.get(*field).filter(|value| !is_empty(value));
            match (said, value) {
                (Said::As(name), Some(value)) => body.set(name, Expression::of(value)),
                (Said::Of(name, kind), Some(value)) => body.set(name, self.labels.refer(kind, value)),
                (Said::Never(why), Some(value)) if !is_off(value) => {
                    self.warn(object, format!("{field} is not in the configuration: {why}"));
                }
                _ => {}
            }
        }
        let label = self.labels.label(object);
        (table.more)(self, object, &label, &mut body);
        let tags = object.beyond.get("tags").or_else(|| object.live.get("tags"));
        body.copy("tags", tags);
        // An ending, so that what belongs to an object stands below it.
        let parts = std::mem::take(&mut body.parts);
        self.resource(table.resource, &label, (table.id)(object), body);
        for (resource, label, id, body) in parts {
            self.resource(resource, &label, id, body);
        }
    }

    fn resource(&mut self, resource: &str, label: &str, id: String, body: Body) {
        self.main.block(&format!("resource \"{resource}\" \"{label}\""), body);
        self.imports.push((format!("{resource}.{label}"), id));
    }

    fn watched(&mut self, network: &mut Body, address: &Address, id: &Id) {
        let mut body = Body::default();
        match address.kind() {
            "aws_kms_alias" => {
                // It may be recorded by its ARN.
                let alias = id.as_str().split_once(":alias/").map(|(_, name)| format!("alias/{name}"));
                body.text("name", &alias.unwrap_or_else(|| id.to_string()));
            }
            PROVIDER => body.text("arn", id.as_str()),
            _ => body.text("id", id.as_str()),
        }
        if let Some(label) = self.labels.watched(address) {
            network.block(&format!("data \"{}\" \"{label}\"", address.kind()), body);
        }
    }

    fn warn(&mut self, object: &Exported, text: impl Into<String>) {
        self.warnings.insert(Warning { address: object.address.clone(), text: text.into() });
    }
}

const PROVIDER: &str = "aws_iam_openid_connect_provider";

/// True for a watched object that Terraform can read by what is recorded of it. The policies of roles name an OIDC provider by its ARN, also
/// where it was found by the name of its cluster.
fn is_read(address: &Address, id: &Id) -> bool {
    address.kind() != PROVIDER || id.as_str().starts_with("arn:")
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// True for a value that says no more than that there is none.
fn is_off(value: &Value) -> bool {
    value == &Value::Bool(false)
}

fn text_of<'a>(document: &'a Document, field: &str) -> &'a str {
    document.get(field).and_then(Value::as_str).unwrap_or_default()
}
