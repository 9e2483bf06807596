//! Statements of policies, as far as those of all services are alike: names, conditions, and lists that may be one text.

use serde_json::Value;

use crate::engine::document::Document;
use crate::engine::resource::{Need, Pattern, Property, Shape};

/// The identifier of a statement (IAM User Guide, IAM JSON policy elements: Sid).
pub const SID: Pattern =
    Pattern::new("a statement's name: letters and digits, at most 64", "^[A-Za-z0-9]+$", 64);

/// When a statement counts.
pub const CONDITIONS: Property = Property {
    name: "conditions",
    doc: "When it counts: the values of each key below each operator, such as `Bool: { aws:SecureTransport: [true] }`.",
    shape: Shape::MapOf { keys: OPERATOR, values: &KEYS },
    need: Need::Optional,
};

/// IAM User Guide, IAM JSON policy elements: Condition operators.
const OPERATOR: Pattern = Pattern::new(
    "a condition operator, such as `Bool` or `StringEquals`",
    "^((ForAllValues|ForAnyValue):)?(String(Not)?(Equals(IgnoreCase)?|Like)|(Numeric|Date)((Not)?Equals|(Less|Greater)Than(Equals)?)|Bool|BinaryEquals|(Not)?IpAddress|Arn(Not)?(Equals|Like)|Null)(IfExists)?$",
    64,
);

const KEYS: Shape = Shape::MapOf { keys: CONDITION_KEY, values: &Shape::SetOf(&Shape::Text(VALUE)) };

const CONDITION_KEY: Pattern = Pattern::new(
    "a condition key, such as `aws:SecureTransport`",
    "^[A-Za-z0-9-]+:[A-Za-z0-9:/+=._@-]+$",
    256,
);

const VALUE: Pattern = Pattern::new("a value of a condition", "^[^\\x00-\\x1f\\x7f]+$", 2_048)
    .bare()
    // It would be taken for a reference; `${aws:username}` is a variable of IAM.
    .but_not("^.*\\$\\{[a-z]+_.*");

/// One text or several, as a list.
pub fn texts(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

/// The conditions of a statement of IAM as they are written, each value in a list.
pub fn conditions_of(statement: &Value) -> Option<Value> {
    let Some(Value::Object(conditions)) = statement.get("Condition") else { return None };
    let of_operator = |keys: &Value| -> Value {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(|(key, values)| (key.clone(), Value::Array(texts(values)))).collect::<Document>().into()
    };
    let conditions = conditions.iter().map(|(operator, keys)| (operator.clone(), of_operator(keys)));
    Some(conditions.collect::<Document>().into())
}
