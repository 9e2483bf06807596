//! The replication of a file system.

use serde_json::{Value, json};

use super::{FILE_SYSTEM, SECTION};
use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::resource::{Need, Pattern, Property, Shape};
use crate::stack::blueprint::{Draft, document, id_of};
use crate::stack::section::{Conflict, Entries, Entry};
use crate::stack::{Name, Region};

pub(super) const KIND: &str = "aws_efs_replication_configuration";

pub(super) const REPLICATION: Property = Property {
    name: "replication",
    doc: "A copy of it, which EFS keeps up to date, and which takes no writes until the replication is deleted. The copy itself stays\n\
          then. Only a new replication is another one, and begins with a copy of its own.",
    shape: Shape::Object(PARTS),
    need: Need::Optional,
};

/// DestinationToCreate, EFS API reference.
const PARTS: &[Property] = &[
    Property {
        name: "region",
        doc: "The region of the copy.",
        shape: Shape::Text(Region::RULE),
        need: Need::Required,
    },
    Property {
        name: "availability_zone",
        doc: "The zone of a copy with One Zone storage; without it, the copy is in several zones.",
        shape: Shape::Text(ZONE),
        need: Need::Optional,
    },
    Property {
        name: "kms_key_id",
        doc: "The key to encrypt the copy with, by its ARN in that region or the one of an alias; without it, EFS's own.",
        shape: Shape::Text(KEY),
        need: Need::Optional,
    },
    Property {
        name: "file_system",
        doc: "A file system that is there, in place of a new one: what differs in it is overwritten or deleted. Its protection \
              against that has to be off, and `--allow-data-loss` has to name the replication. One of another account is named by its \
              ARN, with `role_arn`.",
        shape: Shape::Text(THERE),
        need: Need::Optional,
    },
    Property {
        name: "role_arn",
        doc: "The role by which EFS replicates to a file system of another account, which `file_system` names by its ARN.",
        shape: Shape::Text(ROLE),
        need: Need::Optional,
    },
];

const ROLE: Pattern = Pattern::new(
    "the ARN of a role, such as `arn:aws:iam::123456789012:role/replication`",
    "^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$",
    2_048,
);

const ZONE: Pattern =
    Pattern::new("an availability zone, such as `eu-central-1a`", "^[a-z]{2,4}(-[a-z0-9]+)+[a-z]$", 64);

const KEY: Pattern = Pattern::new(
    "the ARN of a KMS key or of an alias, such as `arn:aws:kms:eu-central-1:123456789012:alias/storage`",
    "^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(alias/[A-Za-z0-9/_-]+|key/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32}))$",
    2_048,
);

const THERE: Pattern = Pattern::new(
    "the id of a file system, such as `fs-0123456789abcdef0`, or the ARN of one of another account",
    "^(arn:aws[a-z-]*:elasticfilesystem:[a-z0-9-]+:[0-9]{12}:file-system/)?fs-[0-9a-f]{8,40}$",
    128,
);

/// A replication is an object of its own.
pub(super) const OBJECTS: &[(&str, &str)] =
    &[(REPLICATION.name, "take it out of the list of `ignore_changes`")];

/// EFS chooses what it makes itself; a zone and a key are of the region.
pub(super) fn check(file_systems: &Entries) -> Vec<Conflict> {
    file_systems.iter().flat_map(|(name, one)| of_one(name, one)).collect()
}

fn of_one(name: &Name, entry: &Entry) -> Vec<Conflict> {
    let text = |part: &str| entry.get(&REPLICATION)?.get(part)?.as_str();
    let Some(region) = text("region") else { return Vec::new() };
    let conflict = |option: &'static str, with: &'static str, message: String, remedy: &str| Conflict {
        path: vec![name.to_string(), REPLICATION.name.to_owned()],
        options: vec![option, with],
        message,
        remedy: remedy.to_owned(),
    };
    let mut found = Vec::new();
    for option in ["availability_zone", "kms_key_id"] {
        if text("file_system").is_some() && text(option).is_some() {
            let message =
                format!("`{option}` is for a copy that EFS makes, and `file_system` names one that is there");
            found.push(conflict(option, "file_system", message, "leave one of the two out"));
        }
    }
    if text("availability_zone").is_some_and(|zone| !zone.starts_with(region)) {
        let message = format!("`availability_zone` is in no zone of {region}");
        found.push(conflict("availability_zone", "region", message, "write a zone of the region"));
    }
    let arn = text("file_system").filter(|there| there.starts_with("arn:"));
    if arn.is_some_and(|arn| arn.split(':').nth(3) != Some(region)) {
        let message = format!("`file_system` is of another region than {region}");
        found.push(conflict("file_system", "region", message, "write the region of the file system"));
    }
    // "This is optional for same-account replication and required for cross-account replication" (DestinationToCreate, RoleArn); and
    // "for cross-account replication, this must be an ARN" (FileSystemId).
    if text("role_arn").is_some() && arn.is_none() {
        let message =
            "`role_arn` is for a file system of another account, and `file_system` names none by its ARN"
                .to_owned();
        found.push(conflict("role_arn", "file_system", message, "write its ARN, or leave `role_arn` out"));
    }
    if text("kms_key_id").is_some_and(|key| key.split(':').nth(3) != Some(region)) {
        let message =
            format!("`kms_key_id` is of another region than {region}, and EFS takes a key of the copy's own");
        found.push(conflict("kms_key_id", "region", message, "name a key of the region"));
    }
    found
}

/// The inputs of the replication, where one is written. A destination of the stack's own is referred to, so that it is unprotected before the
/// replication begins, and protected or deleted after that has ended.
pub(super) fn inputs(draft: &Draft<'_>, entry: &Entry, name: &Name) -> Option<Document> {
    let parts: &Value = entry.get(&REPLICATION)?;
    let there = parts.get("file_system").and_then(Value::as_str);
    let own = there.and_then(|id| draft.kept.with_id(FILE_SYSTEM, id));
    let own = own.filter(|own| {
        draft.stack.entries(&SECTION).keys().any(|other| other != name && other.as_str() == own.name())
    });
    Some(document(json!({
        "file_system_id": id_of(&Address::new(FILE_SYSTEM, name.as_str())),
        "region": parts.get("region"),
        "availability_zone_name": parts.get("availability_zone"),
        "destination_kms_key_id": parts.get("kms_key_id"),
        "role_arn": parts.get("role_arn"),
        "destination_file_system_id": own.map(id_of).or_else(|| there.map(str::to_owned)),
    })))
}

/// The option that says what a replication that is there has.
pub(super) fn written(inputs: &Document) -> Value {
    let parts: &[(&str, &str)] = match inputs.contains_key("destination_file_system_id") {
        // Zone and key are those of a file system that is there.
        true => {
            &[("region", "region"), ("file_system", "destination_file_system_id"), ("role_arn", "role_arn")]
        }
        false => &[
            ("region", "region"),
            ("availability_zone", "availability_zone_name"),
            ("kms_key_id", "destination_kms_key_id"),
        ],
    };
    let part = |(option, field): &(&str, &str)| Some(((*option).to_owned(), inputs.get(*field)?.clone()));
    Value::Object(parts.iter().filter_map(part).collect())
}
