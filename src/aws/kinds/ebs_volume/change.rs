//! Changes of a volume: one at a time, and only the next when the last one has come to its end.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Volume, VolumeModification};

use super::{EbsVolume, IOPS, MODIFICATIONS, MODIFY, SIZE, THROUGHPUT, TYPE};
use crate::aws::{Aws, aws_error, ec2, row};
use crate::engine::cloud::{ChangeDocument, CloudError, Outcome};
use crate::engine::diff;
use crate::engine::document::Document;
use crate::engine::resource::Invalid;

/// Asks for what is left of a change: an attempt whose answer was lost may have been carried out.
pub(super) async fn change(
    aws: &Aws,
    live: &Volume,
    wanted: &Document,
    change: &ChangeDocument<'_>,
) -> Result<(), CloudError> {
    let now = row::observe::<EbsVolume>(live, change.observed);
    let unmet = diff::diff(&row::fields::<EbsVolume>(), wanted, &now).into_iter().map(|one| one.path);
    let mut fields: BTreeSet<String> = unmet.filter(|field| change.fields.contains(field)).collect();
    let modified = [SIZE.name, TYPE.name, IOPS.name, THROUGHPUT.name];
    fields.retain(|field| modified.contains(&field.as_str()));
    if fields.is_empty() {
        return Ok(());
    }
    let id = change.id.as_str();
    // It is asked for already, and not seen yet: "modifying" before the volume shows it.
    let under_way = last(aws, id).await?.filter(is_at_work);
    if let Some(one) = &under_way
        && is_what_is_wanted(one, wanted)
    {
        return Ok(());
    }
    let is_gp3 = TYPE.text(wanted) == Some("gp3");
    let mut all = fields.clone();
    // A change of the type sets the rates back, and what is not sent of gp3 may be (terraform-provider-aws, ec2_ebs_volume.go).
    if fields.contains(TYPE.name) || is_gp3 {
        all.extend([IOPS.name, THROUGHPUT.name].map(str::to_owned));
    }
    let call = row::modify_call::<EbsVolume>(wanted, &all).unwrap_or_default().volume_id(id);
    match call.send_with(&aws.write.ec2).await.map_err(aws_error(MODIFY)) {
        Ok(_) => Ok(()),
        Err(error) => Err(match under_way {
            Some(one) => later(error, &one),
            None => error,
        }),
    }
}

/// Asks for a larger size of a volume that is no object of its own, such as the root of a machine.
pub(crate) async fn grow(aws: &Aws, id: &str, size: i32) -> Result<(), CloudError> {
    let under_way = last(aws, id).await?.filter(is_at_work);
    if under_way.as_ref().is_some_and(|one| one.target_size() == Some(size)) {
        return Ok(());
    }
    let sent = aws.write.ec2.modify_volume().volume_id(id).size(size).send().await;
    sent.map(drop).map_err(aws_error(MODIFY)).map_err(|error| match under_way {
        Some(one) => later(error, &one),
        None => error,
    })
}

/// AWS takes the next change when the last one is `completed`, which is hours after it counts: no run waits that long.
fn later(error: CloudError, under_way: &VolumeModification) -> CloudError {
    let progress = under_way.progress().unwrap_or_default();
    let message = format!(
        "{}; the last change of the volume is {progress} % done: apply again when it has come to its end, which takes hours for a \
         large volume",
        error.message
    );
    CloudError { message, outcome: Outcome::Refused, ..error }
}

async fn last(aws: &Aws, id: &str) -> Result<Option<VolumeModification>, CloudError> {
    let asked = aws.read.ec2.describe_volumes_modifications().filters(ec2::filter("volume-id", [id]));
    let pages = asked.into_paginator().items().send();
    let all: Vec<VolumeModification> =
        pages.collect::<Result<_, _>>().await.map_err(aws_error(MODIFICATIONS))?;
    Ok(all.into_iter().max_by_key(|one| one.start_time().map(|time| time.secs())))
}

/// True for a change that is not `completed` or `failed` (VolumeModification, modificationState).
fn is_at_work(one: &VolumeModification) -> bool {
    one.modification_state().is_some_and(|state| matches!(state.as_str(), "modifying" | "optimizing"))
}

fn is_what_is_wanted(one: &VolumeModification, wanted: &Document) -> bool {
    let is = |written: Option<i32>, target: Option<i32>| written.is_none() || written == target;
    is(SIZE.of(wanted), one.target_size())
        && one.target_volume_type().is_none_or(|target| TYPE.text(wanted) == Some(target.as_str()))
        && is(IOPS.of(wanted), one.target_iops())
        && is(THROUGHPUT.of(wanted), one.target_throughput())
}

/// The sizes in GiB of a type, the rates that it takes, and the greatest number of operations for each GiB (CreateVolume, EC2 API
/// reference; "Amazon EBS volume types", Amazon EBS User Guide).
struct Limits {
    sizes: (i32, i32),
    iops: Option<(i32, i32)>,
    for_each_gib: i32,
}

fn limits(kind: &str) -> Limits {
    let (sizes, iops, for_each_gib) = match kind {
        "gp3" => ((1, 65_536), Some((3_000, 80_000)), 500),
        "io1" => ((4, 16_384), Some((100, 64_000)), 50),
        "io2" => ((4, 65_536), Some((100, 256_000)), 1_000),
        "st1" | "sc1" => ((125, 16_384), None, 0),
        "standard" => ((1, 1_024), None, 0),
        _ => ((1, 16_384), None, 0),
    };
    Limits { sizes, iops, for_each_gib }
}

/// Sizes and rates that the type does not have.
pub(super) fn rates(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let Some(kind) = TYPE.text(wanted) else { return Vec::new() };
    let Limits { sizes: (least, most), iops, for_each_gib } = limits(kind);
    let mut found = Vec::new();
    let size = SIZE.of(wanted);
    if let Some(size) = size.filter(|size| !(least..=most).contains(size)) {
        found.push(
            Invalid::new(SIZE.name, format!("must be {least} to {most} for {kind}, not {size}"))
                .with(&["type"]),
        );
    }
    let written = IOPS.of(wanted);
    match (iops, written) {
        (None, Some(_)) => {
            let invalid = Invalid::new(IOPS.name, format!("is none of {kind}")).with(&["type"]);
            found.push(invalid.remedy("leave it out, or write `type: gp3`"));
        }
        (Some((least, most)), Some(iops)) => {
            let most = size.map_or(most, |size| most.min(size.saturating_mul(for_each_gib)).max(least));
            if !(least..=most).contains(&iops) {
                let message = format!("must be {least} to {most} for {kind} of this size, not {iops}");
                found.push(Invalid::new(IOPS.name, message).with(&["size", "type"]));
            }
        }
        (Some(_), None) if kind.starts_with("io") => {
            found.push(Invalid::new(IOPS.name, format!("must be written for {kind}")).with(&["type"]));
        }
        _ => {}
    }
    if let Some(throughput) = THROUGHPUT.of(wanted) {
        if kind != "gp3" {
            let invalid = Invalid::new(THROUGHPUT.name, format!("is none of {kind}")).with(&["type"]);
            found.push(invalid.remedy("leave it out, or write `type: gp3`"));
        } else if throughput.saturating_mul(4) > written.unwrap_or(3_000) {
            // 0.25 MiB a second for each operation.
            let message = format!(
                "must be at most a quarter of `iops`, {}, not {throughput}",
                written.unwrap_or(3_000) / 4
            );
            found.push(Invalid::new(THROUGHPUT.name, message).with(&["iops"]));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn fields(value: Value) -> Vec<&'static str> {
        let document = value.as_object().cloned().expect("an object");
        rates(&document, None).into_iter().map(|invalid| invalid.field).collect()
    }

    #[test]
    fn sizes_and_rates_are_those_of_the_type() {
        for (value, expected) in [
            (json!({ "type": "gp3", "size": 100 }), vec![]),
            (json!({ "type": "gp3", "size": 100, "iops": 4000, "throughput": 1000 }), vec![]),
            (json!({ "type": "gp3", "size": 100, "iops": 3000, "throughput": 751 }), vec!["throughput"]),
            (json!({ "type": "gp3", "size": 100, "throughput": 751 }), vec!["throughput"]),
            (json!({ "type": "gp3", "size": 100, "iops": 2000 }), vec!["iops"]),
            (json!({ "type": "gp3", "size": 10, "iops": 6000 }), vec!["iops"]),
            (json!({ "type": "gp2", "size": 100, "iops": 3000 }), vec!["iops"]),
            (json!({ "type": "gp2", "size": 100, "throughput": 125 }), vec!["throughput"]),
            (json!({ "type": "io2", "size": 100 }), vec!["iops"]),
            (json!({ "type": "io1", "size": 100, "iops": 5000 }), vec![]),
            (json!({ "type": "io1", "size": 100, "iops": 5001 }), vec!["iops"]),
            (json!({ "type": "st1", "size": 100 }), vec!["size"]),
        ] {
            assert_eq!(fields(value.clone()), expected, "{value}");
        }
    }
}
