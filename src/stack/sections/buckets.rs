//! `buckets`: S3 buckets, which stand in an account and a region and need no network.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};

use crate::engine::address::Address;
use crate::engine::kind::Registry;
use crate::engine::resource::Id;
use crate::engine::state::{Record, State};
use crate::stack::Name;
use crate::stack::blueprint::{BlueprintError, Draft, with};
use crate::stack::describe::{Described, Scene, Unsayable, passed};
use crate::stack::outputs::{Output, text};
use crate::stack::section::{Conflict, Entries, Entry, Expand, IGNORE_CHANGES, Others, Part, Section};

const BUCKET: &str = "aws_s3_bucket";

pub(super) const SECTION: Section = Section {
    key: "buckets",
    doc: "S3 buckets, by name.",
    one: "bucket",
    several: "buckets",
    entry: Part {
        doc: "One S3 bucket, which is never public.",
        own: &[IGNORE_CHANGES],
        parts: &[],
        passes: &[BUCKET],
    },
    objects: &[],
    check,
    main: BUCKET,
    others: Others::None,
    roles: |_| BTreeMap::new(),
    expand: Expand::Alone(declare),
    belongings: &[],
    describe,
    output,
    output_schema: schema,
    short: &[],
};

/// Each entry is a bucket of its own.
fn check(buckets: &Entries) -> Vec<Conflict> {
    let mut first: BTreeMap<&str, &Name> = BTreeMap::new();
    let written = buckets.iter().filter_map(|(name, one)| Some((name, one.text_of(BUCKET, "bucket")?)));
    let twice = written.filter_map(|(name, bucket)| Some((name, bucket, first.insert(bucket, name)?)));
    let conflict = |(name, bucket, other): (&Name, &str, &Name)| Conflict {
        path: vec![name.to_string()],
        options: vec!["bucket"],
        message: format!("`{bucket}` is the bucket of `{other}` already"),
        remedy: "choose another name as `bucket`, or take one of the two out".to_owned(),
    };
    twice.map(conflict).collect()
}

fn declare(draft: &mut Draft<'_>, name: &Name, entry: &Entry) -> Result<(), BlueprintError> {
    let address = Address::new(BUCKET, name.as_str());
    let bucket = match entry.text_of(BUCKET, "bucket") {
        Some(written) => written.to_owned(),
        None => draft.kept.text(&address, "bucket", format!("{}-{name}", draft.stack.stack)),
    };
    let set = json!({ "bucket": bucket, "public_access_blocked": true, "tags": draft.tags(&address, name.as_str()) });
    draft.declare(address, with(entry.of(BUCKET), set))
}

/// The reverse of [`declare`]: a bucket that is there becomes an entry.
fn describe(registry: &Registry, scene: &Scene, name: &Name, id: &Id) -> Result<Described, Unsayable> {
    let object = scene.object(BUCKET, id.as_str());
    let object = object.ok_or_else(|| Unsayable::new(id, "AWS shows no such bucket"))?;
    let rules = object.inputs.get("lifecycle_rules").and_then(Value::as_object).into_iter().flatten();
    if let Some((rule, _)) = rules.into_iter().find(|(_, rule)| rule.get("beyond").is_some()) {
        let why = format!(
            "its lifecycle rule `{rule}` has what the options of `lifecycle_rules` cannot say, such as tags, sizes, dates, other storage \
             classes, or that it is disabled"
        );
        return Err(Unsayable::new(id, why));
    }
    let mut described =
        Described { options: passed(registry, BUCKET, &object.inputs), ..Described::default() };
    described.objects.insert(Address::new(BUCKET, name.as_str()), id.clone());
    Ok(described)
}

/// One bucket.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
struct Bucket {
    name: String,
    arn: String,
    /// The host that serves it: `NAME.s3.REGION.amazonaws.com`.
    domain: String,
}

fn schema(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<Bucket>()
}

fn output(_: &State, _: &str, record: &Record) -> Option<Output> {
    let value = |field: &str| text(&record.outputs, field);
    let bucket = Bucket { name: value("name")?, arn: value("arn")?, domain: value("domain")? };
    let mut output = Output::of(&bucket);
    let Bucket { name, arn, domain } = bucket;
    let all = [("name", name), ("arn", arn), ("domain", domain)];
    output.texts.extend(all.map(|(field, text)| (field.to_owned(), text)));
    Some(output)
}
