//! The inline policy of a role: the least on the buckets that it names, and the author's statements by name.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{BUCKETS, OF_BUCKETS, READ_BUCKETS, items, trust};
use crate::engine::address::Address;
use crate::engine::document::{Document, reference};
use crate::engine::resource::{Need, Pattern, Property, Shape};
use crate::stack::Name;
use crate::stack::blueprint::Draft;
use crate::stack::section::statement::{CONDITIONS, SID, conditions_of, texts};
use crate::stack::section::{Conflict, Entry, NamesEntries};

pub(super) const STATEMENTS: Property = Property {
    name: "statements",
    doc: "What it may do besides, in statements by name.",
    shape: Shape::MapOf { keys: SID, values: &Shape::Object(STATEMENT) },
    need: Need::Optional,
};

const STATEMENT: &[Property] = &[
    Property {
        name: "effect",
        doc: "`Deny` counts more than `Allow`.",
        shape: Shape::OneOf(&["Allow", "Deny"]),
        need: Need::Text("Allow"),
    },
    Property {
        name: "actions",
        doc: "What it is about, such as `ecr:GetAuthorizationToken`.",
        shape: Shape::SetOf(&Shape::Text(ACTION)),
        need: Need::Required,
    },
    Property {
        name: "resources",
        doc: "The ARNs of what it is about, or `*` for everything.",
        shape: Shape::SetOf(&Shape::Text(RESOURCE)),
        need: Need::Required,
    },
    CONDITIONS,
];

/// IAM User Guide, IAM JSON policy elements: Action.
const ACTION: Pattern = Pattern::new(
    "an action, such as `ecr:GetAuthorizationToken`, or `*`",
    "^(\\*|[a-z0-9-]+:[A-Za-z0-9*?]+)$",
    128,
);

/// `${…}` may be a variable of IAM, such as `${aws:username}`; it is a reference where it reads like one.
const RESOURCE: Pattern = Pattern::new(
    "an ARN, with `*` and `?` for what is not said, or `*`",
    "^(\\*|arn:[^:\\x00-\\x20\\x7f]+:[^:\\x00-\\x20\\x7f]+:[^:\\x00-\\x20\\x7f]*:[^:\\x00-\\x20\\x7f]*:[^\\x00-\\x20\\x7f]+)$",
    2_048,
)
.but_not("^.*\\$\\{[a-z]+_.*");

/// The names of the statements that are made for buckets.
const OURS: [&str; 6] = [OBJECTS, LISTS, READ_OBJECTS, READ_LISTS, KEYS, READ_KEYS];
const OBJECTS: &str = "BucketObjects";
const LISTS: &str = "Buckets";
const READ_OBJECTS: &str = "ReadBucketObjects";
const READ_LISTS: &str = "ReadBuckets";
const KEYS: &str = "BucketKeys";
const READ_KEYS: &str = "ReadBucketKeys";

/// Actions on objects, on their bucket, and on the key that they are encrypted with ("Actions, resources, and condition keys for Amazon S3",
/// Service Authorization Reference; "Multipart upload API and permissions", Amazon S3 User Guide).
struct Rights {
    sids: [&'static str; 3],
    objects: &'static [&'static str],
    bucket: &'static [&'static str],
    key: &'static [&'static str],
}

const WRITE: Rights = Rights {
    sids: [OBJECTS, LISTS, KEYS],
    objects: &[
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
    ],
    bucket: &["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
    // A part of an upload is decrypted to be put together ("Protecting data with AWS KMS keys: multipart uploads", S3 User Guide).
    key: &["kms:Decrypt", "kms:GenerateDataKey"],
};

const READ: Rights = Rights {
    sids: [READ_OBJECTS, READ_LISTS, READ_KEYS],
    objects: &["s3:GetObject"],
    bucket: &["s3:GetBucketLocation", "s3:ListBucket"],
    key: &["kms:Decrypt"],
};

/// Statements that IAM refuses, or that take the name of one that is made.
pub(super) fn wrong(name: &Name, entry: &Entry) -> Vec<Conflict> {
    let statements = entry.get(&STATEMENTS).and_then(Value::as_object).into_iter().flatten();
    let mut found = Vec::new();
    for (sid, statement) in statements {
        let mut conflict = |options: &[&'static str], message: String, remedy: &str| {
            found.push(Conflict {
                path: vec![name.to_string(), STATEMENTS.name.to_owned(), sid.clone()],
                options: options.to_vec(),
                message,
                remedy: remedy.to_owned(),
            });
        };
        // A list holds one at least (IAM User Guide, "Grammar of the IAM JSON policy language").
        for option in ["actions", "resources"] {
            if statement[option].as_array().is_none_or(Vec::is_empty) {
                let message =
                    format!("the statement `{sid}` names no `{option}`, and IAM takes no such policy");
                conflict(&[option], message, "write one at least");
            }
        }
        let names_buckets = [&BUCKETS, &READ_BUCKETS].iter().any(|option| !items(entry, option).is_empty());
        if names_buckets && OURS.contains(&sid.as_str()) {
            let message = format!("`{sid}` is the name of the statement that is made for buckets");
            conflict(&[], message, "choose another name");
        }
    }
    found
}

/// The whole policy; empty for none.
pub(super) fn policy(draft: &Draft<'_>, entry: &Entry) -> Value {
    let mut statements = Vec::new();
    for (option, rights) in [(&BUCKETS, &WRITE), (&READ_BUCKETS, &READ)] {
        statements.extend(of_buckets(draft, &items(entry, option), rights));
    }
    let written = entry.get(&STATEMENTS).and_then(Value::as_object).into_iter().flatten();
    statements.extend(written.map(|(sid, parts)| statement(sid, parts)));
    match statements.as_slice() {
        [] => json!({}),
        _ => json!({ "Version": trust::VERSION, "Statement": statements }),
    }
}

fn of_buckets(draft: &Draft<'_>, named: &[&str], rights: &Rights) -> Vec<Value> {
    let buckets = draft.stack.all().filter(|(section, ..)| section.key == OF_BUCKETS);
    let named =
        buckets.filter(|(_, name, _)| named.iter().any(|text| NamesEntries::is_named(text, name.as_str())));
    let (mut arns, mut keys) = (Vec::new(), BTreeSet::new());
    for (section, name, entry) in named {
        arns.push(reference(&Address::new(section.main, name.as_str()), "arn"));
        keys.extend(entry.text_of(section.main, "kms_key_id").map(str::to_owned));
    }
    if arns.is_empty() {
        return Vec::new();
    }
    let objects: Vec<String> = arns.iter().map(|arn| format!("{arn}/*")).collect();
    let allow = |sid: &str, actions: &[&str], resources: Value| json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources });
    let [of_objects, of_lists, of_keys] = rights.sids;
    let mut statements =
        vec![allow(of_objects, rights.objects, objects.into()), allow(of_lists, rights.bucket, arns.into())];
    if !keys.is_empty() {
        statements.push(allow(of_keys, rights.key, keys.into_iter().collect()));
    }
    statements
}

fn statement(sid: &str, parts: &Value) -> Value {
    let mut statement = json!({
        "Sid": sid, "Effect": parts.get("effect").cloned().unwrap_or_else(|| "Allow".into()),
        "Action": parts["actions"], "Resource": parts["resources"],
    });
    let conditions = parts.get(CONDITIONS.name).and_then(Value::as_object);
    if let Some(conditions) = conditions.filter(|all| !all.is_empty()) {
        statement["Condition"] = Value::Object(conditions.clone());
    }
    statement
}

const KNOWN: [&str; 5] = ["Sid", "Effect", "Action", "Resource", "Condition"];

/// The statements of a policy as they are written; nothing where one says something that has no option.
pub(super) fn written(policy: &Value) -> Option<Document> {
    let mut statements = Document::new();
    for (number, one) in policy.get("Statement").map(texts).unwrap_or_default().iter().enumerate() {
        if !one.as_object()?.keys().all(|part| KNOWN.contains(&part.as_str())) {
            return None;
        }
        let sid = one.get("Sid").and_then(Value::as_str);
        let sid = sid.filter(|sid| SID.fits(sid) && !statements.contains_key(*sid));
        let name = sid.map_or_else(|| format!("Statement{}", number + 1), str::to_owned);
        let mut parts = json!({
            "effect": one.get("Effect")?,
            "actions": texts(one.get("Action")?),
            "resources": texts(one.get("Resource")?),
        });
        if let Some(conditions) = conditions_of(one) {
            parts[CONDITIONS.name] = conditions;
        }
        statements.insert(name, parts);
    }
    Some(statements)
}
