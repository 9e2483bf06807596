//! The versions that a database can be upgraded to, for a command that upgrades one: by the same rules as in a plan.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::offer::{Desired, Wish};
use super::version::{signs, target, targets};
use super::{options, versions};
use crate::aws::Aws;
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;

/// The targets of an upgrade.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// All of them, the newest last; absent where RDS does not list the live version.
    pub targets: Option<Vec<String>>,
    /// The newest one within the written version.
    pub target: Option<String>,
    /// The reason why the database cannot be ordered with it, and what to write.
    pub unfit: Option<(String, Option<String>)>,
}

/// Asks RDS where a database with these live inputs can go.
///
/// # Errors
/// Any error of `rds:DescribeDBEngineVersions` and `rds:DescribeOrderableDBInstanceOptions`.
pub async fn reach(aws: &Aws, inputs: &Document, live: &str, written: &str) -> Result<Reach, CloudError> {
    let known = versions(aws, [live, written].into_iter()).await?;
    let all = targets(live, &known);
    let Some(target) = target(live, written, &known).map(str::to_owned) else {
        let targets = all.map(|all| all.into_iter().map(str::to_owned).collect());
        return Ok(Reach { targets, ..Reach::default() });
    };
    let targets = all.map(|all| all.into_iter().map(str::to_owned).collect());
    let Ok(desired) = Desired::deserialize(inputs.clone()) else {
        return Ok(Reach { targets, target: Some(target), unfit: None });
    };
    let options = options(aws, &desired.instance_class, Some(&target)).await?;
    let wish = Wish { desired: &desired, version: &target, zones: BTreeSet::new(), region: aws.region() };
    let unordered = wish.order(&options).err();
    let unsigned = || {
        let verdict = signs(desired.ca_cert_identifier.as_deref()?, &target, &known)?;
        Some(verdict)
    };
    let unfit = unordered.or_else(unsigned).map(|verdict| (verdict.message, verdict.hint));
    Ok(Reach { targets, target: Some(target.clone()), unfit })
}
