//! The throughput of a file system: which modes go together, and when EFS lets them be changed.

use super::EfsFileSystem;
use super::live;
use crate::aws::{Aws, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::resource::{Id, Invalid};

pub(super) const UPDATE: Call = Call::new("elasticfilesystem:UpdateFileSystem", super::OURS);

/// Finds what EFS would refuse of the modes.
pub(super) fn check(file_system: &EfsFileSystem) -> Vec<Invalid> {
    let (performance, throughput) = (&*file_system.performance_mode, &*file_system.throughput_mode);
    let mut invalid = Vec::new();
    let mut complain = |field, message: String| invalid.push(Invalid::new(field, message));
    if !["generalPurpose", "maxIO"].contains(&performance) {
        complain("performance_mode", "must be `generalPurpose` or `maxIO`".to_owned());
    }
    if !["elastic", "bursting", "provisioned"].contains(&throughput) {
        complain("throughput_mode", "must be `elastic`, `bursting` or `provisioned`".to_owned());
    }
    if performance == "maxIO" && throughput == "elastic" {
        complain("performance_mode", "must be `generalPurpose` with elastic throughput".to_owned());
    }
    const MIBPS: &str = "provisioned_throughput_in_mibps";
    match (throughput, file_system.provisioned_throughput_in_mibps) {
        ("provisioned", None) => complain(MIBPS, "must be set with provisioned throughput".to_owned()),
        // The upper bound differs between regions and accounts.
        ("provisioned", Some(mibps)) if mibps < 1.0 => {
            complain(MIBPS, format!("must be at least 1 MiB/s, not {mibps}"));
        }
        ("provisioned", Some(_)) | (_, None) => {}
        (mode, Some(_)) => complain(MIBPS, format!("must not be set with {mode} throughput")),
    }
    invalid
}

/// Finds what EFS refuses for a day after the last such change, without showing when that was (UpdateFileSystem, EFS API
/// reference). A provisioned rate can be raised at any time.
pub(super) fn doubt(desired: &EfsFileSystem, observed: &EfsFileSystem) -> Option<Invalid> {
    let field = if desired.throughput_mode != observed.throughput_mode {
        "throughput_mode"
    } else if desired.provisioned_throughput_in_mibps < observed.provisioned_throughput_in_mibps {
        "provisioned_throughput_in_mibps"
    } else {
        return None;
    };
    let message = "AWS takes one change of mode or decrease of the rate in 24 hours, and does not show when the last \
                   one was: it may refuse this one";
    Some(Invalid::doubtful(field, message))
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
            let file_system = EfsFileSystem {
                performance_mode: performance.to_owned(),
                throughput_mode: throughput.to_owned(),
                provisioned_throughput_in_mibps: mibps,
                ..EfsFileSystem::sample()
            };
            let found: Vec<&str> = check(&file_system).iter().map(|invalid| invalid.field).collect();
            assert_eq!(found, expected, "{performance} {throughput} {mibps:?}");
        }
    }

    #[test]
    fn a_change_of_mode_and_a_decrease_are_doubtful_and_an_increase_is_not() {
        const MODE: &str = "throughput_mode";
        const RATE: &str = "provisioned_throughput_in_mibps";
        let with = |(mode, mibps): (&str, Option<f64>)| EfsFileSystem {
            throughput_mode: mode.to_owned(),
            provisioned_throughput_in_mibps: mibps,
            ..EfsFileSystem::sample()
        };
        for (desired, observed, field) in [
            (("elastic", None), ("elastic", None), None),
            (("bursting", None), ("elastic", None), Some(MODE)),
            (("provisioned", Some(8.0)), ("elastic", None), Some(MODE)),
            (("elastic", None), ("provisioned", Some(8.0)), Some(MODE)),
            (("provisioned", Some(8.0)), ("provisioned", Some(9.0)), Some(RATE)),
            (("provisioned", Some(9.0)), ("provisioned", Some(8.0)), None),
        ] {
            let found = doubt(&with(desired), &with(observed));
            assert_eq!(found.as_ref().map(|found| found.field), field, "{desired:?} {observed:?}");
            assert!(found.is_none_or(|found| found.verdict == Verdict::Doubtful));
        }
    }
}
