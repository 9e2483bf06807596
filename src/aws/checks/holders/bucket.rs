//! The content of a bucket that is to be deleted: S3 deletes none that holds objects, versions or markers of deleted objects.

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

/// The verdict; `declared` is the name that the stack file has for the bucket now.
pub(super) fn judge(
    content: &Result<Content, CloudError>,
    going: &Going,
    declared: Option<&str>,
) -> Option<Verdict> {
    let id = &going.id;
    let what = match content {
        Ok(Content { objects: false, older: false }) => return None,
        Ok(Content { objects: true, older: false }) => "objects",
        Ok(Content { objects: true, older: true }) => "objects, and older versions or deleted ones",
        Ok(Content { objects: false, older: true }) => "older versions, or deleted ones",
        Err(error) => return Some(Verdict::not_checked(&format!("the content of {id}"), error)),
    };
    let verdict = Verdict::error(format!("{id} holds {what}, and S3 deletes no bucket that does"));
    // Only what is declared can be changed.
    let (keep, first) = match declared {
        Some(name) if name == id.as_str() => ("leave it in the stack file".to_owned(), String::new()),
        Some(_) => {
            let back = format!("write `bucket: {id}` again");
            (back.clone(), format!("{back} and "))
        }
        None => {
            let back =
                format!("put `{}` back into the stack file, with `bucket: {id}`", going.address.name());
            (back.clone(), format!("{back}, and "))
        }
    };
    Some(verdict.hint(format!(
        "to keep it, {keep}; if nothing of it is needed any more, have S3 empty it within days: {first}write \
         `lifecycle_rules: {{ empty: {{ expire_after_days: 1, expire_old_versions_after_days: 1 }} }}`, then: provision apply \
         --allow-data-loss {}; and when it is empty, delete it",
        going.address
    )))
}
