//! Documents: what stacks, plans and states hold of a resource, with references inside.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::engine::address::Address;

/// Named values of one resource. Keys are the kind's fields or outputs.
pub type Document = serde_json::Map<String, Value>;

/// `${aws_security_group.gitlab-nfs.id}`: the value of an output of another resource, or its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    pub address: Address,
    pub output: String,
}

impl Reference {
    /// Parses what stands between `${` and `}`.
    fn parse(inner: &str) -> Option<Self> {
        let (address, output) = inner.rsplit_once('.')?;
        Some(Self { address: address.parse().ok()?, output: output.to_owned() })
    }
}

/// The text of a reference to `output` of the resource at `address`.
pub fn reference(address: &Address, output: &str) -> String {
    format!("${{{address}.{output}}}")
}

/// Every address that the document refers to.
pub fn references(document: &Document) -> BTreeSet<Address> {
    let mut found = BTreeSet::new();
    for value in document.values() {
        visit_strings(value, &mut |text| {
            found.extend(pieces(text).filter_map(|piece| match piece {
                Piece::Reference(reference) => Some(reference.address),
                Piece::Text(_) => None,
            }));
        });
    }
    found
}

/// True if the value still holds a reference, so that it is known only after apply.
pub fn is_unknown(value: &Value) -> bool {
    let mut unknown = false;
    visit_strings(value, &mut |text| {
        unknown |= pieces(text).any(|piece| matches!(piece, Piece::Reference(_)));
    });
    unknown
}

/// The document with every reference replaced that `lookup` knows; the others stay as they are.
pub fn resolve(document: &Document, lookup: &dyn Fn(&Reference) -> Option<Value>) -> Document {
    document.iter().map(|(name, value)| (name.clone(), resolve_value(value, lookup))).collect()
}

fn resolve_value(value: &Value, lookup: &dyn Fn(&Reference) -> Option<Value>) -> Value {
    match value {
        Value::String(text) => resolve_text(text, lookup),
        // A list output that stands in a list is spliced into it.
        Value::Array(items) => Value::Array(
            items
                .iter()
                .flat_map(|item| match (item, resolve_value(item, lookup)) {
                    (Value::String(_), Value::Array(inner)) => inner,
                    (_, resolved) => vec![resolved],
                })
                .collect(),
        ),
        // Below the fields themselves a key can hold a reference too, as a condition of a policy does.
        Value::Object(fields) => {
            let one =
                |(key, inner): (&String, &Value)| (resolve_key(key, lookup), resolve_value(inner, lookup));
            Value::Object(fields.iter().map(one).collect())
        }
        other => other.clone(),
    }
}

fn resolve_key(key: &str, lookup: &dyn Fn(&Reference) -> Option<Value>) -> String {
    match resolve_text(key, lookup) {
        Value::String(resolved) => resolved,
        _ => key.to_owned(),
    }
}

fn resolve_text(text: &str, lookup: &dyn Fn(&Reference) -> Option<Value>) -> Value {
    let parts: Vec<Piece<'_>> = pieces(text).collect();
    if let [Piece::Reference(only)] = parts.as_slice() {
        return lookup(only).unwrap_or_else(|| Value::String(text.to_owned()));
    }
    let mut resolved = String::with_capacity(text.len());
    for part in &parts {
        match part {
            Piece::Text(plain) => resolved.push_str(plain),
            Piece::Reference(inner) => match lookup(inner) {
                Some(Value::String(value)) => resolved.push_str(&value),
                _ => resolved.push_str(&reference(&inner.address, &inner.output)),
            },
        }
    }
    Value::String(resolved)
}

enum Piece<'a> {
    Text(&'a str),
    Reference(Reference),
}

/// Cuts a text into plain pieces and references; what only looks like a reference stays plain.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    // Nearly every text is plain: to look for one character is cheaper than for two.
    let next_open =
        |text: &str| text.match_indices('$').map(|(at, _)| at).find(|at| text[*at..].starts_with("${"));
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let open = next_open(rest);
        if open == Some(0)
            && let Some(close) = rest.find('}')
            && let Some(found) = Reference::parse(&rest[2..close])
        {
            rest = &rest[close + 1..];
            return Some(Piece::Reference(found));
        }
        let end = match open {
            Some(0) => next_open(&rest[2..]).map_or(rest.len(), |next| next + 2),
            Some(start) => start,
            None => rest.len(),
        };
        let (plain, tail) = rest.split_at(end);
        rest = tail;
        Some(Piece::Text(plain))
    })
}

/// True if a text like this is anywhere in the document.
pub fn holds(document: &Document, is_meant: impl Fn(&str) -> bool) -> bool {
    let mut is_there = false;
    for value in document.values() {
        visit_strings(value, &mut |text| is_there |= is_meant(text));
    }
    is_there
}

fn visit_strings(value: &Value, visit: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter().for_each(|item| visit_strings(item, visit)),
        Value::Object(fields) => fields.iter().for_each(|(key, field)| {
            visit(key);
            visit_strings(field, visit);
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(value: Value) -> Document {
        match value {
            Value::Object(fields) => fields,
            _ => panic!("a test document is an object"),
        }
    }

    fn lookup(reference: &Reference) -> Option<Value> {
        match (reference.address.to_string().as_str(), reference.output.as_str()) {
            ("aws_vpc.network", "id") => Some(json!("vpc-1")),
            ("aws_x.set", "ids") => Some(json!(["a", "b"])),
            _ => None,
        }
    }

    #[test]
    fn a_known_reference_is_replaced_and_an_unknown_one_stays() {
        let before = document(json!({
            "vpc_id": "${aws_vpc.network.id}",
            "text": "in ${aws_vpc.network.id} and ${aws_y.later.id}",
            "list": ["${aws_x.set.ids}", "c"],
            "nested": [{ "source": "${aws_y.later.id}" }],
            "keys": { "${aws_vpc.network.id}:sub": "x", "${aws_y.later.id}:sub": "y" },
            "number": 3,
        }));
        let after = resolve(&before, &lookup);
        assert_eq!(after["keys"], json!({ "vpc-1:sub": "x", "${aws_y.later.id}:sub": "y" }));
        assert!(is_unknown(&after["keys"]));
        assert_eq!(after["vpc_id"], "vpc-1");
        assert_eq!(after["text"], "in vpc-1 and ${aws_y.later.id}");
        assert_eq!(after["list"], json!(["a", "b", "c"]));
        assert!(is_unknown(&after["nested"]) && is_unknown(&after["text"]));
        assert!(!is_unknown(&after["list"]) && !is_unknown(&after["number"]));
    }

    #[test]
    fn references_are_found_wherever_they_stand() {
        let found = references(&document(json!({
            "a": "${aws_vpc.network.id}", "b": [{ "c": "x${aws_y.z/eu-west-1a.id}y" }], "d": "${not a reference} ${",
            "e": { "${aws_z.key.id}:sub": 1 },
        })));
        let found: Vec<String> = found.iter().map(Address::to_string).collect();
        assert_eq!(found, ["aws_vpc.network", "aws_y.z/eu-west-1a", "aws_z.key"]);
    }

    #[test]
    fn text_that_only_looks_like_a_reference_is_kept_to_the_letter() {
        for text in ["${", "${}", "a ${x} b ${", "${${aws_y.z.id}", "$${"] {
            let before = document(json!({ "text": text }));
            assert_eq!(resolve(&before, &|_| None)["text"], text);
        }
    }
}
