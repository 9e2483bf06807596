//! Values that AWS shows otherwise than they were written: each row holds a difference that a plain comparison would plan
//! for ever, and that our comparison does not see, while it still sees a true one.

mod ec2;
mod efs;
mod rds;

use provision::aws::kinds::registry;
use provision::engine::blueprint::Declaration;
use provision::engine::cloud::{Cloud, TrackedDocument};
use provision::engine::diff;
use provision::engine::document::Document;
use provision::engine::kind::Manager;
use provision::engine::network::{Cluster, Network, Role};
use provision::engine::resource::{Field, Id};
use provision::stack::blueprint::blueprint;
use provision::stack::parse;
use serde_json::{Map, Value, json};

use crate::wire::replay::Replay;

/// One thing that AWS shows otherwise.
struct Row {
    what: &'static str,
    how: How,
}

/// The result of the difference.
enum How {
    /// It is compared by what it means.
    Compared(Vec<Case>),
    /// There is no such input, so that nothing is compared.
    NotOffered(&'static str),
    /// The input is always written, so that no default of AWS is ever met.
    AlwaysWritten { kind: &'static str, fields: &'static [&'static str] },
}

/// One value as an author writes it and as AWS shows it.
struct Case {
    kind: &'static str,
    field: &'static str,
    /// Null: not written at all.
    written: Value,
    /// The element of the API that shows the field.
    element: &'static str,
    /// The value that it shows: the answer is made from this.
    shown: Value,
    /// Other elements of the same answer.
    beside: Value,
    /// A value that truly is another; null where every value would be the first one written.
    other: Value,
}

/// A case in which the element alone tells.
fn case(
    kind: &'static str,
    field: &'static str,
    written: Value,
    (element, shown): (&'static str, Value),
    other: Value,
) -> Case {
    Case { kind, field, written, element, shown, beside: json!({}), other }
}

impl Case {
    /// The case with other elements that go with it.
    fn beside(self, beside: Value) -> Self {
        Self { beside, ..self }
    }

    /// The elements of the answer that are not those of the plain object.
    fn elements(&self) -> Map<String, Value> {
        let mut elements = self.beside.as_object().expect("elements by name").clone();
        elements.insert(self.element.to_owned(), self.shown.clone());
        elements
    }

    /// AWS that shows the object so.
    fn replay(&self) -> Replay {
        match self.kind {
            "aws_security_group" => ec2::group(self.elements()),
            "aws_db_instance" => rds::instance(self.elements()),
            "aws_db_subnet_group" => rds::subnet_group(self.elements()),
            "aws_efs_file_system" => efs::file_system(self.elements()),
            "aws_efs_mount_target" => efs::mount_target(self.elements()),
            "aws_efs_access_point" => efs::access_point(self.elements()),
            other => panic!("no answers for {other}"),
        }
    }

    /// The inputs of the plain object with this value in the field.
    fn desired(&self, manager: &dyn Manager, value: &Value) -> Document {
        let mut inputs = match self.kind {
            "aws_security_group" => ec2::plain(),
            "aws_db_instance" => rds::plain(),
            "aws_db_subnet_group" => rds::plain_subnet_group(),
            "aws_efs_file_system" => efs::plain(),
            "aws_efs_mount_target" => efs::plain_mount_target(),
            "aws_efs_access_point" => efs::plain_access_point(),
            other => panic!("no inputs for {other}"),
        };
        inputs[self.field] = value.clone();
        let mut inputs = inputs.as_object().expect("a document is an object").clone();
        inputs.retain(|_, value| !value.is_null());
        manager.normalise(&inputs).expect("the inputs fit the kind")
    }

    /// The fields that a plan would change if this value were written.
    async fn changes(&self, value: &Value) -> Vec<String> {
        let registry = registry();
        let manager = registry.managing(self.kind).expect("a kind of the registry");
        let desired = self.desired(manager, value);
        let id = Id::new("the-one");
        let tracked = TrackedDocument { id: id.clone(), recorded: Some(desired.clone()) };
        let seen = self.replay().cloud().observe(self.kind, &[tracked]).await.expect("the answers are read");
        let live = seen.get(&id).expect("the object is there");
        diff::diff(manager.fields(), &desired, &live.inputs).into_iter().map(|field| field.path).collect()
    }
}

/// Elements as XML; a list's elements are called what `item` says of the list.
fn xml(value: &Value, item: &dyn Fn(&str) -> &'static str) -> String {
    match value {
        Value::Object(elements) => elements
            .iter()
            .map(|(name, value)| match value {
                Value::Null => String::new(),
                Value::Array(items) => {
                    let tag = item(name);
                    let items: String =
                        items.iter().map(|one| format!("<{tag}>{}</{tag}>", xml(one, item))).collect();
                    format!("<{name}>{items}</{name}>")
                }
                value => format!("<{name}>{}</{name}>", xml(value, item)),
            })
            .collect(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Every row, in the order of the list.
fn rows() -> Vec<Row> {
    let mut rows = rds::rows();
    rows.extend(ec2::rows());
    rows.extend(efs::rows());
    rows
}

#[tokio::test]
async fn what_aws_shows_otherwise_is_no_change_and_what_is_another_is_one() {
    let mut wrong = Vec::new();
    for row in rows() {
        let How::Compared(cases) = &row.how else { continue };
        assert!(!cases.is_empty(), "{} has no case", row.what);
        for case in cases {
            let Case { kind, field, written, shown, other, .. } = case;
            let told = format!("{}: {kind}.{field} {written} as {shown}", row.what);
            if written == shown {
                wrong.push(format!("{told}: a plain comparison sees no difference, so this shows nothing"));
            }
            let changes = case.changes(written).await;
            if !changes.is_empty() {
                wrong.push(format!("{told}: {changes:?} would change for ever"));
            }
            if !other.is_null() {
                let changes = case.changes(other).await;
                if changes != [*field] {
                    wrong.push(format!("{told}: {other} is another, and {changes:?} would change"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_not_offered_is_no_field_and_what_must_be_written_always_is() {
    let network = Network {
        cluster: Cluster { name: Some("k8s.myzone.net".to_owned()), efs_names_resolve: true },
        vpc: Id::new("vpc-1"),
        subnets: ["a", "b"].map(|zone| (format!("eu-west-1{zone}"), Id::new("subnet-1"))).into(),
        groups: Role::ALL.map(|role| (role, role.placed(&[Id::new(role.name())], None))).into(),
    };
    let stack = parse("a test's stack", "file_systems: { nfs: {} }\ndatabases: { db: {} }", &registry())
        .expect("valid");
    let declarations = blueprint(&stack, &network).expect("they fit").declarations;
    let registry = registry();
    let known = |field: &str| {
        let offered = |known: &Field| known.name == field && known.to_write().is_some();
        registry.all_managed().any(|kind| kind.fields().iter().any(offered))
    };
    for row in rows() {
        match row.how {
            How::Compared(_) => {}
            How::NotOffered(field) => assert!(!known(field), "{}: {field} is offered now", row.what),
            How::AlwaysWritten { kind, fields } => {
                let mut declared = 0;
                for (address, declaration) in &declarations {
                    let Declaration::Managed { inputs } = declaration else { continue };
                    if address.kind() == kind {
                        declared += 1;
                        for field in fields {
                            assert!(inputs.contains_key(*field), "{}: {address} has no {field}", row.what);
                        }
                    }
                }
                assert!(declared > 0, "{}: no {kind}", row.what);
            }
        }
    }
}
