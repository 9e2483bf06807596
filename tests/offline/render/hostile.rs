//! Plans with any text that an attacker wants, in each place where text comes from outside.

use provision::engine::address::Address;
use provision::engine::plan::{
    Action, Blocked, Change, Drift, FieldChange, Finding, Level, Plan, Rendered, Response,
};
use provision::engine::resource::{Holdings, Id};
use provision::view::{Carried, Made, plan_markdown, plan_page};
use serde_json::json;

use super::{made, plans};

/// A plan with the same text wherever text comes from outside.
pub fn plan_saying(text: &str) -> Plan {
    let address =
        |action: Action| Address::member("aws_efs_mount_target", text, &format!("{text}{}", action.name()));
    let value = || json!(text);
    let fields = || {
        vec![
            plans::field(text, value(), value()),
            plans::field("list", json!(["x"]), json!([text, text, 1, 2, 3, 4, 5])),
            plans::field("rules", json!([{ text: text }]), json!([{ "a": text }])),
            plans::field("tags", json!({ "team": "x" }), json!({ "team": text, "more": [text] })),
            FieldChange { calls: vec![text.to_owned()], ..plans::field("called", json!(1), value()) },
        ]
    };
    let change = |action| Change {
        address: address(action),
        id: Some(Id::new(text)),
        depends_on: [address(Action::Watch)].into(),
        reason: text.to_owned(),
        fields: fields(),
        queued: fields(),
        blocked: Some(Blocked { action, fields: fields(), because: text.to_owned(), on: None }),
        data: Some(Holdings {
            size_bytes: Some(1),
            final_snapshot: Some(text.to_owned()),
            notes: vec![text.to_owned()],
        }),
        ..plans::change("aws_security_group.x", action, "")
    };
    let watched = Change { fields: Vec::new(), queued: Vec::new(), ..change(Action::Watch) };
    let actions = [Action::Create, Action::Update, Action::Replace, Action::Delete, Action::NoOp];
    let changes = actions.into_iter().map(change).chain([watched]).collect();
    let finding = |level| Finding {
        check: text.to_owned(),
        address: Some(address(Action::Update)),
        level,
        message: text.to_owned(),
        hint: Some(text.to_owned()),
        remedies: Vec::new(),
    };
    let drift = |gone| Drift {
        address: address(Action::Update),
        kind: text.to_owned(),
        gone,
        response: Response::PutRight,
        fields: fields(),
        outputs: fields(),
    };
    Plan {
        stack: text.to_owned(),
        stack_file: text.to_owned(),
        cluster: Some(text.to_owned()),
        account: text.to_owned(),
        region: text.to_owned(),
        preflight: [Level::Error, Level::Blocked, Level::Warning, Level::NotChecked, Level::Passed]
            .map(finding)
            .to_vec(),
        drift: [true, false].map(drift).to_vec(),
        rendered: vec![Rendered {
            path: text.to_owned(),
            reason: text.to_owned(),
            unknown: true,
            is_new: true,
        }],
        ..plans::plan(changes)
    }
}

/// The comment of such a plan, made by one with such a name.
pub fn comment_saying(text: &str) -> String {
    plan_markdown(&plan_saying(text), &made_by(text), &Carried::default())
}

/// The page of such a plan, made by one with such a name.
pub fn page_saying(text: &str) -> String {
    plan_page(&plan_saying(text), &made_by(text), &Carried::default())
}

fn made_by(text: &str) -> Made {
    Made { by: Some(text.to_owned()), ..made() }
}
