//! Plans that tests render after.

use std::collections::BTreeSet;

use crate::engine::address::Address;
use crate::engine::plan::{Action, Change, FORMAT_VERSION, FieldChange, Mode, Plan, StateVersion, Summary};
use crate::engine::resource::Effect;

/// A plan of these changes.
pub fn plan(changes: Vec<Change>) -> Plan {
    let state = StateVersion { lineage: String::new(), serial: 0 };
    Plan {
        format_version: FORMAT_VERSION.to_owned(),
        stack: "gitlab".to_owned(),
        stack_file: String::new(),
        cluster: None,
        account: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        state,
        mode: Mode::Apply,
        summary: Summary::of(&changes),
        changes,
        drift: Vec::new(),
        preflight: Vec::new(),
        rendered: Vec::new(),
        digest: None,
    }
}

/// A change of the database.
pub fn change(action: Action, fields: Vec<FieldChange>) -> Change {
    Change {
        address: database(),
        kind: database().kind().to_owned(),
        action,
        id: None,
        reason: String::new(),
        effect: Effect::None,
        account: Vec::new(),
        fields,
        queued: Vec::new(),
        data: None,
        order: None,
        keeps: None,
        goes: Vec::new(),
        depends_on: BTreeSet::new(),
        blocked: None,
    }
}

pub fn database() -> Address {
    "aws_db_instance.gitlab-pgsql".parse().expect("an address")
}
