//! The one CreateDBInstance that makes a database.

use super::calls::CREATE;
use super::{DbInstance, password};
use crate::aws::kind::id_in_answer;
use crate::aws::kinds::tags;
use crate::aws::{Aws, aws_error, row};
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::resource::{Id, Owner};
use crate::stack::password::PasswordSource;

/// Makes the database.
pub(super) async fn create(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Id, CloudError> {
    let secret = password::read(aws, wanted, CREATE)?;
    let is_managed = password::source(wanted) == Some(PasswordSource::Managed);
    let tags = tags::with_ownership(&tags::of(wanted), owner);
    let call = row::create_call::<DbInstance>(wanted)
        .set_manage_master_user_password(is_managed.then_some(true))
        .set_master_user_password(secret.as_ref().map(|secret| secret.expose().to_owned()))
        .set_tags(Some(tags::to_rds(&tags)));
    let made = call.send_with(&aws.write.rds).await.map_err(aws_error(CREATE));
    let made = made.map_err(|error| password::masked(error, secret.as_ref()))?;
    id_in_answer(CREATE, made.db_instance.and_then(|live| live.dbi_resource_id))
}
