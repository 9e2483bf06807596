//! Policies compared by what they allow: one that allows all that another one does cuts off none.

use serde_json::{Map, Value};

use super::{list, meaning};

/// True where something that the first policy allows is not allowed by the second one any more. A denial counts more than what is allowed
/// (IAM User Guide, "Policy evaluation logic").
pub(in crate::aws::kinds) fn cuts(before: &Value, after: &Value) -> bool {
    let of = |policy: &Value, effect: &str| -> Vec<Map<String, Value>> {
        let Value::Array(statements) = meaning(policy, |_| false) else { return Vec::new() };
        let statements = statements.into_iter().filter_map(|one| one.as_object().cloned());
        statements.filter(|one| one.get("Effect") == Some(&effect.into())).collect()
    };
    let is_lost = |effect: &str, before: &Value, after: &Value| {
        let there = of(after, effect);
        of(before, effect).iter().any(|one| !is_covered(one, &there))
    };
    is_lost("Allow", before, after) || is_lost("Deny", after, before)
}

/// The parts of a statement of which each item is a permission of its own.
const PARTS: [&str; 3] = ["Principal", "Action", "Resource"];

/// True where each single permission of a statement is in one of the others.
fn is_covered(one: &Map<String, Value>, others: &[Map<String, Value>]) -> bool {
    if others.iter().any(|other| covers(other, one)) {
        return true;
    }
    // The first part with several items is taken apart, and then a condition with several values: they are alternatives.
    singles(one).is_some_and(|singles| singles.iter().all(|single| is_covered(single, others)))
}

/// The statement as several that say the same; nothing of one that cannot be taken apart.
fn singles(one: &Map<String, Value>) -> Option<Vec<Map<String, Value>>> {
    for part in PARTS {
        let several = match one.get(part) {
            Some(Value::Array(items)) if items.len() > 1 => {
                items.iter().map(|item| Value::from(vec![item.clone()])).collect()
            }
            Some(Value::Object(kinds)) => taken_apart(kinds),
            _ => Vec::new(),
        };
        if several.len() > 1 {
            return Some(several.into_iter().map(|value| with(one, part, value)).collect());
        }
    }
    let operators = one.get("Condition")?.as_object()?;
    for (operator, keys) in operators.iter().filter(|(operator, _)| !is_negative(operator)) {
        let Some(keys) = keys.as_object() else { continue };
        // Keys below one operator count together, and values of one key are alternatives.
        if let Some((key, values)) = keys.iter().find(|(_, values)| list(values).len() > 1) {
            let with_value = |value: &Value| {
                let keys = with(keys, key, Value::from(vec![value.clone()]));
                with(one, "Condition", with(operators, operator, keys.into()).into())
            };
            return Some(list(values).iter().map(with_value).collect());
        }
    }
    None
}

/// Each item of each list, alone.
fn taken_apart(lists: &Map<String, Value>) -> Vec<Value> {
    let one = |(key, items): (&String, &Value)| -> Vec<Value> {
        let alone = |item: &Value| Map::from_iter([(key.clone(), vec![item.clone()].into())]).into();
        list(items).iter().map(alone).collect()
    };
    lists.iter().flat_map(one).collect()
}

fn with(fields: &Map<String, Value>, name: &str, value: Value) -> Map<String, Value> {
    let mut fields = fields.clone();
    fields.insert(name.to_owned(), value);
    fields
}

/// True where one statement has all of another one.
fn covers(wide: &Map<String, Value>, narrow: &Map<String, Value>) -> bool {
    let parts = wide.keys().chain(narrow.keys()).all(|part| match part.as_str() {
        "Effect" | "Condition" => true,
        "Principal" => match (wide.get(part), narrow.get(part)) {
            (Some(Value::Object(wide)), Some(Value::Object(narrow))) => narrow.iter().all(|(kind, who)| {
                list(who).iter().all(|one| {
                    let is_it = |of: &Value| of == one || of == "*";
                    wide.get(kind).is_some_and(|wide| list(wide).iter().any(is_it))
                })
            }),
            (wide, narrow) => wide == narrow,
        },
        "Action" | "Resource" => match (wide.get(part), narrow.get(part)) {
            (Some(wide), Some(narrow)) => {
                list(narrow).iter().all(|one| list(wide).iter().any(|pattern| fits(pattern, one)))
            }
            (wide, narrow) => wide == narrow,
        },
        // All but these: the fewer, the wider.
        part if part.starts_with("Not") => match (wide.get(part), narrow.get(part)) {
            (Some(wide), Some(narrow)) => list(wide).iter().all(|one| list(narrow).contains(one)),
            (wide, narrow) => wide == narrow,
        },
        part => wide.get(part) == narrow.get(part),
    });
    parts
        && conditions(wide).iter().all(|(operator, key, values)| {
            let implies = |(its, its_key, its_values): &(String, String, Vec<Value>)| {
                its_key == key && implies((its, its_values), (operator, values))
            };
            conditions(narrow).iter().any(implies)
        })
}

/// The conditions of a statement: operator, key and values.
fn conditions(statement: &Map<String, Value>) -> Vec<(String, String, Vec<Value>)> {
    let operators = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
    let keys = operators.flat_map(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, values)| (operator.clone(), key.clone(), list(values)))
    });
    keys.collect()
}

/// True where what meets the first condition meets the second one on the same key.
fn implies((narrow, its): (&str, &[Value]), (wide, values): (&str, &[Value])) -> bool {
    let plain = |operator: &str| operator.strip_suffix("IfExists").unwrap_or(operator).to_owned();
    // A key that is missing meets one with `IfExists`.
    if narrow.ends_with("IfExists") && !wide.ends_with("IfExists") {
        return false;
    }
    let (narrow, wide) = (plain(narrow), plain(wide));
    if is_negative(&wide) {
        return narrow == wide && values.iter().all(|value| its.contains(value));
    }
    let is_text =
        |operator: &str, of: &str| operator == format!("String{of}") || operator == format!("Arn{of}");
    let like = is_text(&wide, "Like") || wide == "ArnEquals";
    let alike = narrow == wide || narrow == wide.replace("Like", "Equals");
    alike
        && its.iter().all(|one| values.iter().any(|value| if like { fits(value, one) } else { value == one }))
}

/// True for an operator that is met by all but its values.
fn is_negative(operator: &str) -> bool {
    operator.contains("Not")
}

/// True where a pattern with `*` and `?` has a text, or all that another pattern has.
fn fits(pattern: &Value, text: &Value) -> bool {
    match (pattern.as_str(), text.as_str()) {
        (Some(pattern), Some(text)) => matches(pattern.as_bytes(), text.as_bytes()),
        _ => pattern == text,
    }
}

fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut of) = (0, 0);
    let mut again: Option<(usize, usize)> = None;
    while of < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                again = Some((at + 1, of));
                at += 1;
            }
            Some(one) if *one == text[of] || (*one == b'?' && text[of] != b'*') => {
                at += 1;
                of += 1;
            }
            _ => match again {
                Some((after, from)) => {
                    again = Some((after, from + 1));
                    (at, of) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|one| *one == b'*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(actions: Value, resources: Value) -> Value {
        json!({ "Version": "2012-10-17", "Statement": [
            { "Sid": "A", "Effect": "Allow", "Action": actions, "Resource": resources },
        ] })
    }

    #[test]
    fn less_cuts_somebody_off_and_more_does_not() {
        let one = policy(json!(["s3:GetObject"]), json!(["arn:aws:s3:::a/*"]));
        let more =
            policy(json!(["s3:GetObject", "s3:PutObject"]), json!(["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]));
        let mut split = one.clone();
        split["Statement"].as_array_mut().expect("a list").push(json!(
            { "Effect": "Allow", "Action": "s3:PutObject", "Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"] }));
        let mut denied = more.clone();
        denied["Statement"].as_array_mut().expect("a list").push(json!(
            { "Effect": "Deny", "Action": "s3:PutObject", "Resource": "*" }));
        for (before, after, expected) in [
            (&one, &more, false),
            (&more, &one, true),
            (&one, &split, false),
            // An object of the second bucket cannot be read any more.
            (&more, &split, true),
            (&more, &denied, true),
            (&denied, &more, false),
            (&one, &one, false),
        ] {
            assert_eq!(cuts(before, after), expected, "{before} {after}");
        }
    }

    #[test]
    fn a_service_account_that_is_left_out_is_cut_off() {
        let trust = |accounts: Value| {
            json!({ "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
                "Principal": { "Federated": "arn:aws:iam::1:oidc-provider/i" },
                "Condition": { "StringEquals": { "i:sub": accounts, "i:aud": ["amazonaws.com"] } },
            }] })
        };
        let (one, two) = (trust(json!("a")), trust(json!(["a", "b"])));
        assert!(!cuts(&one, &two));
        assert!(cuts(&two, &one));
    }

    fn with_conditions(conditions: Value) -> Value {
        json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": conditions },
        ] })
    }

    #[test]
    fn conditions_narrow_or_widen_by_their_operators() {
        let equals = |values: Value| with_conditions(json!({ "StringEquals": { "a:b": values } }));
        let unlike = |values: Value| with_conditions(json!({ "StringNotEquals": { "a:b": values } }));
        let like = |values: Value| with_conditions(json!({ "StringLike": { "a:b": values } }));
        let none = policy(json!("s3:GetObject"), json!("*"));
        for (before, after, expected) in [
            // More values of a denial are less.
            (unlike(json!(["x"])), unlike(json!(["x", "y"])), true),
            (unlike(json!(["x", "y"])), unlike(json!(["x"])), false),
            (equals(json!(["x"])), equals(json!(["x", "y"])), false),
            (equals(json!(["x", "y"])), equals(json!(["x"])), true),
            // A pattern has the texts that it stands for.
            (equals(json!(["x"])), like(json!(["x", "y/*"])), false),
            (equals(json!(["y/a", "x"])), like(json!(["x", "y/*"])), false),
            (equals(json!(["z"])), like(json!(["x", "y/*"])), true),
            (like(json!(["y/*"])), like(json!(["*"])), false),
            (like(json!(["*"])), like(json!(["y/*"])), true),
            (like(json!(["x"])), equals(json!(["x"])), true),
            // One condition less is more.
            (equals(json!(["x"])), none.clone(), false),
            (none, equals(json!(["x"])), true),
        ] {
            assert_eq!(cuts(&before, &after), expected, "{before} {after}");
        }
    }

    #[test]
    fn a_pattern_of_actions_or_resources_has_those_that_it_stands_for() {
        let one = policy(json!(["s3:GetObject"]), json!(["arn:aws:s3:::a/*"]));
        for (after, expected) in [
            (policy(json!(["s3:*"]), json!(["*"])), false),
            (policy(json!(["s3:Get*"]), json!(["arn:aws:s3:::?/*"])), false),
            (policy(json!(["s3:Put*"]), json!(["*"])), true),
            (policy(json!(["s3:*"]), json!(["arn:aws:s3:::b/*"])), true),
        ] {
            assert_eq!(cuts(&one, &after), expected, "{after}");
        }
        assert!(cuts(&policy(json!(["*"]), json!(["*"])), &one));
    }
}
