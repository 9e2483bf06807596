//! Maintenance of databases that RDS has pending: one question for all.

use std::collections::BTreeMap;

use aws_sdk_rds::types::PendingMaintenanceAction;

use super::moment;
use crate::aws::{Aws, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::recovery::maintenance::Maintenance;
use crate::recovery::status::written;

pub const MAINTENANCE: Call = Call::read("rds:DescribePendingMaintenanceActions");

/// The maintenance that is pending in the region, by the ARN of what it is of. What has none is not listed.
///
/// # Errors
/// Any error of `rds:DescribePendingMaintenanceActions`.
pub async fn maintenance(aws: &Aws) -> Result<BTreeMap<String, Vec<Maintenance>>, CloudError> {
    let mut found: BTreeMap<String, Vec<Maintenance>> = BTreeMap::new();
    let pages = aws.read.rds.describe_pending_maintenance_actions().into_paginator().items().send();
    let all: Vec<_> = pages.try_collect().await.map_err(aws_error(MAINTENANCE))?;
    for one in all {
        let Some(arn) = one.resource_identifier.clone() else { continue };
        let actions = one.pending_maintenance_action_details().iter().map(pending);
        found.entry(arn).or_default().extend(actions);
    }
    Ok(found)
}

fn pending(action: &PendingMaintenanceAction) -> Maintenance {
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    Maintenance {
        description: text(action.description()),
        window_after: moment(action.auto_applied_after_date()).map(written),
        forced: moment(action.forced_apply_date()).map(written),
        applied: moment(action.current_apply_date()).map(written),
        opted_in: text(action.opt_in_status()),
        ..Maintenance::of(action.action().unwrap_or_default())
    }
}
