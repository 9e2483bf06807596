//! The content of a bucket that is to be deleted: S3 deletes none that holds objects, versions or markers of deleted objects.

use serde_json::Value;

use super::Going;
use crate::aws::checks::finding::{Verdict, in_time};
use crate::aws::{Aws, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;

pub(super) const VERSIONS: Call = Call::read("s3:ListBucketVersions");

/// The content of a bucket, as far as it stands in the way.
pub(super) struct Content {
    objects: bool,
    older: bool,
}

pub(super) async fn ask(aws: &Aws, going: &Going) -> Result<Content, CloudError> {
    let list = async {
        let list = aws.read.s3.list_object_versions().bucket(going.id.as_str()).max_keys(1_000);
        list.send().await.map_err(aws_error(VERSIONS))
    };
    let page = in_time(VERSIONS, list).await?;
    Ok(Content {
        objects: page.versions().iter().any(|version| version.is_latest() == Some(true)),
        older: !page.delete_markers().is_empty()
            || page.versions().iter().any(|version| version.is_latest() != Some(true)),
    })
}

/// The stand of the stack file and the plan to the bucket.
pub(super) struct Stands<'a> {
    /// The name that the stack file has for the bucket now.
    pub declared: Option<&'a str>,
    /// True where the stack is destroyed: nothing of the stack file is wanted any more.
    pub is_destroyed: bool,
    /// True where a recorded rule empties the bucket.
    pub is_emptied: bool,
}

/// True for rules by which S3 deletes all that a bucket holds.
pub(super) fn empties(rules: Option<&Value>) -> bool {
    let rules = rules.and_then(Value::as_object).into_iter().flat_map(|rules| rules.values());
    let has = |rule: &Value, option: &str| rule.get(option).is_some_and(Value::is_u64);
    let is_whole = |rule: &&Value| {
        rule.get("prefix").and_then(Value::as_str).is_none_or(str::is_empty)
            && has(rule, "expire_after_days")
            && has(rule, "expire_old_versions_after_days")
    };
    rules.filter(is_whole).count() > 0
}

pub(super) fn judge(
    content: &Result<Content, CloudError>,
    Going { id, address, .. }: &Going,
    stands: &Stands<'_>,
) -> Option<Verdict> {
    let what = match content {
        Ok(Content { objects: false, older: false }) => return None,
        Ok(Content { objects: true, older: false }) => "objects",
        Ok(Content { objects: true, older: true }) => "objects, and older versions or deleted ones",
        Ok(Content { objects: false, older: true }) => "older versions, or deleted ones",
        Err(error) => return Some(Verdict::not_checked(&format!("the content of {id}"), error)),
    };
    let verdict = Verdict::error(format!("{id} holds {what}, and S3 deletes no bucket that does"));
    // Only what is declared can be changed.
    let (keep, first) = match stands.declared {
        _ if stands.is_destroyed => {
            let keep = format!("to keep it and destroy the rest: provision state forget {address}");
            (keep, "in the stack file, ".to_owned())
        }
        Some(name) if name == id.as_str() => {
            ("to keep it, leave it in the stack file".to_owned(), String::new())
        }
        Some(_) => {
            let back = format!("write `bucket: {id}` again");
            (format!("to keep it, {back}"), format!("{back} and "))
        }
        None => {
            let back = format!("put `{}` back into the stack file, with `bucket: {id}`", address.name());
            (format!("to keep it, {back}"), format!("{back}, and "))
        }
    };
    // A rule that is only left out of the stack file stays in AWS, and a new bucket would get one that is not.
    let again = match stands.declared {
        _ if stands.is_destroyed => ": provision destroy".to_owned(),
        Some(name) => {
            let name = match name == id.as_str() {
                true => String::new(),
                false => format!("`bucket: {name}` again, and "),
            };
            format!(
                ", write {name}the rules that the new bucket is to have, or `lifecycle_rules: {{}}` for none, then: provision apply \
                 --replace {address}"
            )
        }
        None => ", take it out of the stack file again, then: provision apply".to_owned(),
    };
    let rest = match stands.is_emptied {
        true => format!(
            "its lifecycle rule has S3 empty it, within days: wait until then; and when it is empty{again}"
        ),
        false => format!(
            "if nothing of it is needed any more, have S3 empty it within days: {first}write `lifecycle_rules: {{ empty: {{ \
             expire_after_days: 1, expire_old_versions_after_days: 1 }} }}`, then: provision apply --allow-data-loss \
             {address}; and when it is empty{again}"
        ),
    };
    Some(verdict.hint(format!("{keep}; {rest}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::address::Address;
    use crate::engine::resource::Id;

    fn hint(declared: Option<&str>, is_destroyed: bool, is_emptied: bool) -> String {
        let going =
            Going { id: Id::new("old"), address: Address::new("aws_s3_bucket", "b"), is_declared: true };
        let stands = Stands { declared, is_destroyed, is_emptied };
        let verdict = judge(&Ok(Content { objects: true, older: false }), &going, &stands);
        let finding = verdict.expect("it holds objects").of("holders", &going.address);
        finding.hint.expect("a hint")
    }

    #[test]
    fn the_last_step_takes_the_rule_away_where_a_bucket_stays_and_names_the_replacement() {
        let replace = "or `lifecycle_rules: {}` for none, then: provision apply --replace aws_s3_bucket.b";
        let last = "take it out of the stack file again, then: provision apply";
        for is_emptied in [false, true] {
            let renamed = hint(Some("new"), false, is_emptied);
            assert!(renamed.contains("when it is empty, write `bucket: new` again"), "{renamed}");
            assert!(renamed.ends_with(replace), "{renamed}");
            let same = hint(Some("old"), false, is_emptied);
            assert!(same.contains("when it is empty, write the rules") && same.ends_with(replace), "{same}");
            assert!(hint(None, false, is_emptied).ends_with(last));
            assert!(hint(Some("old"), true, is_emptied).ends_with("when it is empty: provision destroy"));
        }
    }
}
