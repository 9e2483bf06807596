//! A value of the tree is read by its shape. Everything that is wrong with it is found at once.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::engine::resource::{Mismatch, Need, Pattern, Property, Quotes, Shape, form_of};
use crate::stack::problem::{Fault, Form, Meant, Problem, nearest, shown};
use crate::stack::yaml::{Content, Entry, Node};

/// True if a value is written, and not only its key.
pub(in crate::stack) fn is_there(entry: &Entry, may_be_empty: bool, problems: &mut Vec<Problem>) -> bool {
    if entry.value.is_null() {
        problems.push(Problem::new(entry.no_value(may_be_empty)).or_at(&entry.key_place));
    }
    !entry.value.is_null()
}

/// The value of an option.
pub(in crate::stack) fn value(entry: &Entry, shape: &Shape, problems: &mut Vec<Problem>) -> Option<Value> {
    if !is_there(entry, false, problems) {
        return None;
    }
    let before = problems.len();
    let value = read(&entry.value, shape, problems);
    let found = problems.split_off(before);
    problems.extend(found.into_iter().map(|problem| problem.of_key(&entry.key)));
    value
}

/// The one of these options that takes the single value which stands in their place.
fn meant(node: &Node, parts: &[Property]) -> Option<Meant> {
    // A text that may be a secret is never repeated, and one of a free form could be any.
    let takes = |part: &&Property| match &part.shape {
        Shape::Text(pattern) => pattern.mismatch == Mismatch::Repeated && single(node, &part.shape).is_ok(),
        Shape::Flag
        | Shape::Whole { .. }
        | Shape::Number { .. }
        | Shape::OneOfWhole { .. }
        | Shape::OneOf(_) => single(node, &part.shape).is_ok(),
        _ => false,
    };
    let mut taking = parts.iter().filter(takes);
    match (taking.next(), taking.next()) {
        (Some(part), None) => Some(Meant::option(part.name, &node.to_write()?)),
        _ => None,
    }
}

/// The value, or nothing where there are problems.
fn read(node: &Node, shape: &Shape, problems: &mut Vec<Problem>) -> Option<Value> {
    let read = match shape {
        Shape::SetOf(item) => return list(node, item, problems),
        Shape::MapOf { keys, values } => return map(node, keys, values, problems),
        Shape::Object(parts) => return object(node, parts, problems),
        Shape::OneForm(forms) => return one_form(node, forms, problems),
        Shape::TextOr { text, options, .. } => {
            let has_options = matches!(node.content, Content::Map(_));
            let before = problems.len();
            let value = read(node, if has_options { options } else { text }, problems);
            // A word that is none of those may be meant as what stands in options.
            if let (false, Shape::OneForm(forms)) = (has_options, options) {
                let fault = problems.get_mut(before).map(|problem| &mut problem.fault);
                if let Some(Fault::UnknownValue { forms: other, .. }) = fault {
                    *other = forms;
                }
            }
            return value;
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

/// Options of which each has a shape.
fn object(node: &Node, parts: &[Property], problems: &mut Vec<Problem>) -> Option<Value> {
    if !matches!(node.content, Content::Map(_)) {
        problems.push(node.wrong(Form::Options).meaning(meant(node, parts)));
        return None;
    }
    let find = |key: &str| parts.iter().find(|part| part.name == key).map(|part| part.shape);
    let unknown = |entry: &Entry| {
        misplaced(&entry.key, parts).unwrap_or_else(|| Fault::UnknownKey {
            key: entry.key.clone(),
            known: parts.iter().map(|part| part.name).collect(),
        })
    };
    let read = fields(node, problems, &find, &unknown)?;
    let missing = parts.iter().find(|part| part.need == Need::Required && read.get(part.name).is_none());
    if let Some(missing) = missing {
        // One that is misspelt has been told of too.
        let is_misspelt = |entry: &Entry| {
            find(&entry.key).is_none() && nearest(&entry.key, [missing.name].into_iter()).is_some()
        };
        let written = |entry: &Entry| entry.key == missing.name || is_misspelt(entry);
        // A value that cannot be read has been told of.
        if !matches!(&node.content, Content::Map(entries) if entries.iter().any(written)) {
            let message = format!("`{}` is missing", missing.name);
            problems.push(Problem::new(Fault::BadValue { message }).or_at(&node.place));
        }
        return None;
    }
    Some(read)
}

/// The fault of an option that is known, and has its place below others of these.
fn misplaced(key: &str, parts: &[Property]) -> Option<Fault> {
    let mut name = None;
    let mut below = Vec::new();
    for part in parts {
        let options = match part.shape {
            Shape::Object(options) => options,
            Shape::TextOr { options: Shape::Object(options), .. } => options,
            _ => continue,
        };
        if let Some(option) = options.iter().find(|option| option.name == key) {
            name = Some(option.name);
            below.push(part.name);
        }
    }
    Some(Fault::Misplaced { key: name?, below })
}

/// Options in the form that its first option shows.
fn one_form(node: &Node, forms: &[&[Property]], problems: &mut Vec<Problem>) -> Option<Value> {
    let Content::Map(entries) = &node.content else {
        problems.push(node.wrong(Form::Options));
        return None;
    };
    let keys: Map<String, Value> = entries.iter().map(|one| (one.key.clone(), Value::Null)).collect();
    let all: BTreeSet<&'static str> = forms.iter().copied().flatten().map(|part| part.name).collect();
    match form_of(forms, &keys) {
        Ok(form) => object(node, form, problems),
        Err(message) => {
            // A misspelt name says more than one that is missing.
            let unknown = entries.iter().find(|one| !all.contains(one.key.as_str()));
            problems.push(match unknown {
                Some(one) => {
                    let fault = Fault::UnknownKey { key: one.key.clone(), known: all.into_iter().collect() };
                    Problem::new(fault).or_at(&one.key_place)
                }
                None => Problem::new(Fault::BadValue { message }).or_at(&node.place),
            });
            None
        }
    }
}

/// A value that consists of no others.
fn single(node: &Node, shape: &Shape) -> Result<Value, Problem> {
    let bad = |message: String| Problem::new(Fault::BadValue { message });
    match shape {
        Shape::Flag => Ok(bool::deserialize(node)?.into()),
        Shape::Number { least, most } => {
            let number = node.number()?;
            match (*least as f64..=*most as f64).contains(&number) {
                true => Ok(number.into()),
                false => Err(bad(format!("{number} is out of range: from {least} to {most}"))),
            }
        }
        Shape::Whole { least, most } => {
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
                Quotes::Free { .. } | Quotes::Bare => node.as_written()?,
            };
            match pattern.fits(&text) {
                true => Ok(text.into()),
                false if pattern.mismatch == Mismatch::Hidden => {
                    Err(bad(format!("this must be {}", pattern.is)))
                }
                false => Err(bad(match pattern.judged(&text) {
                    Some(judged) => judged,
                    None => format!("`{}` is not {}", shown(&text), pattern.is),
                })),
            }
        }
        Shape::OneOf(known) => {
            let text = String::deserialize(node)?;
            match known.contains(&text.as_str()) {
                true => Ok(text.into()),
                false => Err(Problem::new(Fault::UnknownValue { value: text, known, forms: &[] })),
            }
        }
        Shape::Any
        | Shape::Own(_)
        | Shape::SetOf(_)
        | Shape::MapOf { .. }
        | Shape::Object(_)
        | Shape::OneForm(_)
        | Shape::TextOr { .. } => Err(bad("this cannot be written here".to_owned())),
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
        if seen.insert(item.identity(&value).to_string()) {
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
