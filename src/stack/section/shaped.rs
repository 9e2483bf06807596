//! A value of the tree is read by its shape. Everything that is wrong with it is found at once.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::engine::resource::{Mismatch, Need, Pattern, Quotes, Shape};
use crate::stack::problem::{Fault, Form, Problem, shown};
use crate::stack::yaml::{Content, Entry, Node};

/// True if a value is written, and not only its key.
pub(super) fn is_there(entry: &Entry, may_be_empty: bool, problems: &mut Vec<Problem>) -> bool {
    if entry.value.is_null() {
        let fault = Fault::NoValue { key: entry.key.clone(), may_be_empty };
        problems.push(Problem::new(fault).or_at(&entry.key_place));
    }
    !entry.value.is_null()
}

/// The value of an option.
pub(super) fn value(entry: &Entry, shape: &Shape, problems: &mut Vec<Problem>) -> Option<Value> {
    is_there(entry, false, problems).then(|| read(&entry.value, shape, problems))?
}

/// The value, or nothing where there are problems.
fn read(node: &Node, shape: &Shape, problems: &mut Vec<Problem>) -> Option<Value> {
    let read = match shape {
        Shape::SetOf(item) => return list(node, item, problems),
        Shape::MapOf { keys, values } => return map(node, keys, values, problems),
        Shape::Object(parts) => {
            let find = |key: &str| parts.iter().find(|part| part.name == key).map(|part| part.shape);
            let unknown = |entry: &Entry| Fault::UnknownKey {
                key: entry.key.clone(),
                known: parts.iter().map(|part| part.name).collect(),
            };
            let read = fields(node, problems, &find, &unknown)?;
            let missing =
                parts.iter().find(|part| part.need == Need::Required && read.get(part.name).is_none());
            if let Some(missing) = missing {
                let message = format!("`{}` is missing", missing.name);
                problems.push(Problem::new(Fault::BadValue { message }).or_at(&node.place));
                return None;
            }
            return Some(read);
        }
        _ => single(node, shape),
    };
    match read {
        Ok(value) => Some(value),
        Err(problem) => {
            problems.push(problem.or_at(&node.place));
            None
        }
    }
}

/// A value that consists of no others.
fn single(node: &Node, shape: &Shape) -> Result<Value, Problem> {
    let bad = |message: String| Problem::new(Fault::BadValue { message });
    match shape {
        Shape::Flag => Ok(bool::deserialize(node)?.into()),
        Shape::Whole { least, most } | Shape::Number { least, most } => {
            let number = i64::deserialize(node)?;
            match (*least..=*most).contains(&number) {
                true => Ok(number.into()),
                false => Err(bad(format!("{number} is out of range: from {least} to {most}"))),
            }
        }
        Shape::OneOfWhole { all, is } => {
            let number = i64::deserialize(node)?;
            match all.contains(&number) {
                true => Ok(number.into()),
                false => Err(bad(format!("{number} is not possible here: {is}"))),
            }
        }
        Shape::Text(pattern) => {
            let text = match pattern.quotes {
                Quotes::Needed => String::deserialize(node)?,
                Quotes::Free { .. } => node.as_written()?,
            };
            match pattern.fits(&text) {
                true => Ok(text.into()),
                false if pattern.mismatch == Mismatch::Hidden => {
                    Err(bad(format!("this must be {}", pattern.is)))
                }
                false => Err(bad(format!("`{}` is not {}", shown(&text), pattern.is))),
            }
        }
        Shape::OneOf(known) => {
            let text = String::deserialize(node)?;
            match known.contains(&text.as_str()) {
                true => Ok(text.into()),
                false => Err(Problem::new(Fault::UnknownValue { value: text, known })),
            }
        }
        Shape::Any | Shape::Own(_) | Shape::SetOf(_) | Shape::MapOf { .. } | Shape::Object(_) => {
            Err(bad("this cannot be written here".to_owned()))
        }
    }
}

fn list(node: &Node, item: &Shape, problems: &mut Vec<Problem>) -> Option<Value> {
    let Content::List(items) = &node.content else {
        problems.push(node.wrong(Form::List));
        return None;
    };
    let mut seen = BTreeSet::new();
    let mut values = Vec::new();
    for one in items {
        let Some(value) = read(one, item, problems) else { continue };
        if seen.insert(value.to_string()) {
            values.push(value);
        } else {
            let message = format!("{value} is listed twice: name each one once");
            problems.push(Problem::new(Fault::BadValue { message }).or_at(&one.place));
        }
    }
    Some(Value::Array(values))
}

fn map(node: &Node, keys: &Pattern, values: &Shape, problems: &mut Vec<Problem>) -> Option<Value> {
    let find = |key: &str| keys.fits(key).then_some(*values);
    let wrong =
        |entry: &Entry| Fault::BadValue { message: format!("`{}` is not {}", shown(&entry.key), keys.is) };
    fields(node, problems, &find, &wrong)
}

/// A value below each key that has a shape.
fn fields(
    node: &Node,
    problems: &mut Vec<Problem>,
    find: &dyn Fn(&str) -> Option<Shape>,
    unknown: &dyn Fn(&Entry) -> Fault,
) -> Option<Value> {
    let Content::Map(entries) = &node.content else {
        problems.push(node.wrong(Form::Options));
        return None;
    };
    let mut values = Map::new();
    for entry in entries {
        match find(&entry.key) {
            Some(shape) => {
                values.extend(value(entry, &shape, problems).map(|value| (entry.key.clone(), value)));
            }
            None => problems.push(Problem::new(unknown(entry)).or_at(&entry.key_place)),
        }
    }
    Some(Value::Object(values))
}
