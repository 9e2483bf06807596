//! `buckets`: S3 buckets, which stand in an account and a region and need no network.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};

use crate::engine::address::Address;
use crate::engine::kind::Registry;
use crate::engine::resource::{Id, Need, Property, Shape};
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
        own: &[FOR, IGNORE_CHANGES],
        parts: &[],
        passes: &[BUCKET],
    },
    objects: &[],
    check,
    names: &[],
    files: &[],
    spread: Some(spread),
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

const FOR: Property = Property {
    name: "for",
    doc: "`gitlab` makes one bucket for each type of object that GitLab stores, with these options: `gitlab: { for: gitlab }` is short for\n\
          `gitlab-artifacts`, `gitlab-lfs`, `gitlab-uploads`, `gitlab-packages`, `gitlab-registry`, `gitlab-backups`, `gitlab-tmp`,\n\
          `gitlab-external-diffs`, `gitlab-terraform-state`, `gitlab-ci-secure-files`, `gitlab-dependency-proxy` and `gitlab-pages`.",
    shape: Shape::OneOf(&["gitlab"]),
    need: Need::Optional,
};

/// The types of objects, each of which GitLab wants a bucket of its own for ("Use external object storage", GitLab chart documentation;
/// "Object storage", GitLab documentation): `backups.tmpBucket` and the registry's among them.
const OF_GITLAB: [&str; 12] = [
    "artifacts",
    "lfs",
    "uploads",
    "packages",
    "registry",
    "backups",
    "tmp",
    "external-diffs",
    "terraform-state",
    "ci-secure-files",
    "dependency-proxy",
    "pages",
];

/// The buckets that an entry is short for, by their names, of which one that is too long has none.
fn spread(name: &Name, entry: &Entry) -> Vec<(Name, Entry)> {
    if entry.get(&FOR).is_none() {
        return Vec::new();
    }
    let mut one = entry.clone();
    one.own.remove(FOR.name);
    let all = OF_GITLAB.iter().filter_map(|of| format!("{name}-{of}").parse().ok());
    all.map(|name| (name, one.clone())).collect()
}

/// An entry that is short for several has no name for one of them, and none of them is written beside it.
fn wrongly_short(buckets: &Entries) -> Vec<Conflict> {
    let mut found = Vec::new();
    for (name, entry) in buckets.iter().filter(|(_, entry)| entry.get(&FOR).is_some()) {
        if entry.text_of(BUCKET, "bucket").is_some() {
            let message = "`bucket` names one bucket, and `for` makes several".to_owned();
            found.push(Conflict::new(name, &["bucket", FOR.name], message, "leave `bucket` out"));
        }
        let several = spread(name, entry);
        if several.len() < OF_GITLAB.len() {
            let message = format!("`{name}` is too long to stand before the type of each bucket");
            found.push(Conflict::new(name, &[FOR.name], message, "write a shorter name"));
        }
        for (other, _) in several.iter().filter(|(other, _)| buckets.contains_key(other)) {
            let message = format!("`{other}` is one of the buckets of `{name}` already");
            found.push(Conflict::new(
                other,
                &[],
                message,
                "take it out, or choose another name for one of the two",
            ));
        }
    }
    found
}

/// Each entry is a bucket of its own.
fn check(buckets: &Entries) -> Vec<Conflict> {
    let mut first: BTreeMap<&str, &Name> = BTreeMap::new();
    let written = buckets.iter().filter_map(|(name, one)| Some((name, one.text_of(BUCKET, "bucket")?)));
    let twice = written.filter_map(|(name, bucket)| Some((name, bucket, first.insert(bucket, name)?)));
    let conflict = |(name, bucket, other): (&Name, &str, &Name)| {
        let message = format!("`{bucket}` is the bucket of `{other}` already");
        Conflict::new(
            name,
            &["bucket"],
            message,
            "choose another name as `bucket`, or take one of the two out",
        )
    };
    twice.map(conflict).chain(wrongly_short(buckets)).collect()
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

#[cfg(test)]
mod tests {
    use crate::aws::kinds::registry;
    use crate::stack::parse;

    #[test]
    fn one_line_makes_the_buckets_of_gitlab_and_each_is_one_like_others() {
        let text = "buckets: { gitlab: { for: gitlab, versioning: true }, other: {} }";
        let stack = parse("x", text, &registry()).expect("valid");
        let buckets = stack.entries(&super::SECTION);
        assert_eq!(buckets.len(), 13);
        let names: Vec<&str> = buckets.keys().map(|name| name.as_str()).collect();
        for name in ["gitlab-artifacts", "gitlab-terraform-state", "gitlab-tmp", "other"] {
            assert!(names.contains(&name), "{names:?}");
        }
        let (_, one) = buckets.iter().find(|(name, _)| name.as_str() == "gitlab-lfs").expect("it is there");
        assert_eq!(
            (one.of("aws_s3_bucket")["versioning"].as_bool(), one.get(&super::FOR)),
            (Some(true), None)
        );
    }

    #[test]
    fn what_is_short_for_several_names_none_of_them() {
        for text in [
            "buckets: { gitlab: { for: gitlab, bucket: one } }",
            "buckets: { gitlab: { for: gitlab }, gitlab-lfs: {} }",
            "buckets: { gitlab: { for: gitea } }",
        ] {
            assert!(parse("x", text, &registry()).is_err(), "{text}");
        }
    }
}
