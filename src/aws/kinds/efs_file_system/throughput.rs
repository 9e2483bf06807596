//! The throughput of a file system: which modes go together, and when EFS lets them be changed.

use super::{PERFORMANCE, RATE, THROUGHPUT, live};
use crate::aws::{Aws, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::resource::{Id, Invalid};

pub(super) const UPDATE: Call = Call::new("elasticfilesystem:UpdateFileSystem", super::OURS);

/// The modes and the rate that do not go together.
pub(super) fn check(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let mode = THROUGHPUT.of(wanted);
    let mut invalid = Vec::new();
    match (mode.as_deref(), wanted.get(RATE.name)) {
        // A rate that is not written stays.
        (Some("provisioned"), None) if observed.is_some_and(|now| now.contains_key(RATE.name)) => {}
        (Some("provisioned"), None) => invalid.push(
            Invalid::new(
                RATE.name,
                "must be set: `throughput_mode: provisioned` needs `provisioned_throughput_in_mibps`",
            )
            .with(&["throughput_mode"])
            .remedy("say how many MiB/s, such as `provisioned_throughput_in_mibps: 64`")
            .of_new(observed.is_none()),
        ),
        (Some("provisioned") | None, _) | (_, None) => {}
        (Some(_), Some(_)) => invalid.push(
            Invalid::new(RATE.name, "is for `throughput_mode: provisioned` alone")
                .with(&["throughput_mode"])
                .remedy("leave it out, or set `throughput_mode: provisioned`"),
        ),
    }
    let is_max_io = PERFORMANCE.of(wanted).is_some_and(|performance| performance == "maxIO");
    if is_max_io && mode.as_deref() == Some("elastic") {
        invalid.push(
            Invalid::new(PERFORMANCE.name, "of `maxIO` cannot have `throughput_mode: elastic`")
                .with(&["throughput_mode"])
                .remedy("write `performance_mode: generalPurpose`, or another `throughput_mode`"),
        );
    }
    invalid
}

/// Finds what EFS refuses for a day after the last such change, without showing when that was (UpdateFileSystem, EFS API
/// reference). A provisioned rate can be raised at any time.
pub(super) fn doubt(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let Some(observed) = observed else { return Vec::new() };
    let field = if THROUGHPUT.of(wanted) != THROUGHPUT.of(observed) {
        THROUGHPUT.name
    } else if RATE.of(wanted) < RATE.of(observed) {
        RATE.name
    } else {
        return Vec::new();
    };
    let message = "AWS takes one change of mode or decrease of the rate in 24 hours, and does not show when the last \
                   one was: it may refuse this one";
    vec![Invalid::doubtful(field, message)]
}

/// Sets mode and rate, unless they are so already.
pub(super) async fn set(aws: &Aws, id: &Id, mode: &str, mibps: Option<f64>) -> Result<(), CloudError> {
    // An attempt whose answer was lost may have been carried out, and EFS refuses a second one for a day
    // (TooManyRequests).
    let live = live::describe(aws, &[id.as_str()]).await?;
    if live.iter().any(|live| live::throughput(live) == (mode, mibps)) {
        return Ok(());
    }
    let update = aws.write.efs.update_file_system().file_system_id(id.as_str()).throughput_mode(mode.into());
    let answer = update.set_provisioned_throughput_in_mibps(mibps).send().await;
    answer.map(drop).map_err(aws_error(UPDATE))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{found, sample};
    use super::*;
    use crate::engine::resource::Verdict;

    #[test]
    fn throughput_is_checked_together_with_the_modes() {
        for (performance, throughput, mibps, expected) in [
            ("generalPurpose", "elastic", None, vec![]),
            ("generalPurpose", "bursting", None, vec![]),
            ("generalPurpose", "provisioned", Some(1.0), vec![]),
            ("maxIO", "bursting", None, vec![]),
            ("maxIO", "elastic", None, vec!["performance_mode"]),
            ("generalPurpose", "provisioned", None, vec!["provisioned_throughput_in_mibps"]),
            ("generalPurpose", "provisioned", Some(0.5), vec!["provisioned_throughput_in_mibps"]),
            ("generalPurpose", "elastic", Some(10.0), vec!["provisioned_throughput_in_mibps"]),
            ("fast", "quick", None, vec!["performance_mode", "throughput_mode"]),
        ] {
            let file_system = sample(json!({
                "performance_mode": performance, "throughput_mode": throughput,
                "provisioned_throughput_in_mibps": mibps,
            }));
            let found: Vec<&str> = found(&file_system, None).iter().map(|invalid| invalid.field).collect();
            assert_eq!(found, expected, "{performance} {throughput} {mibps:?}");
        }
    }

    #[test]
    fn a_change_of_mode_and_a_decrease_are_doubtful_and_an_increase_is_not() {
        let with = |(mode, mibps): (&str, Option<f64>)| {
            sample(json!({ "throughput_mode": mode, "provisioned_throughput_in_mibps": mibps }))
        };
        for (desired, observed, field) in [
            (("elastic", None), ("elastic", None), None),
            (("bursting", None), ("elastic", None), Some(THROUGHPUT.name)),
            (("provisioned", Some(8.0)), ("elastic", None), Some(THROUGHPUT.name)),
            (("elastic", None), ("provisioned", Some(8.0)), Some(THROUGHPUT.name)),
            (("provisioned", Some(8.0)), ("provisioned", Some(9.0)), Some(RATE.name)),
            (("provisioned", Some(9.0)), ("provisioned", Some(8.0)), None),
        ] {
            let found = doubt(&with(desired), Some(&with(observed)));
            assert_eq!(found.first().map(|found| found.field), field, "{desired:?} {observed:?}");
            assert!(found.iter().all(|found| found.verdict == Verdict::Doubtful));
        }
    }
}
