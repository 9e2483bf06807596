//! The values that a field takes: their form, their rule, the one way in which they are written, and their JSON Schema.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::pattern::{Letters, Pattern};
use crate::engine::document::is_unknown;

/// The values that a field takes.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Any value: the code of the kind reads it.
    Any,
    /// Values of a type of the kind's own: the function reads them, and writes those that mean the same in one way.
    Own(fn(&Value) -> Result<Value, String>),
    Flag,
    /// A whole number, both limits included.
    Whole {
        least: i64,
        most: i64,
    },
    /// A number, perhaps with a fraction.
    Number {
        least: i64,
        most: i64,
    },
    /// One of these whole numbers; `is` has them in words.
    OneOfWhole {
        all: &'static [i64],
        is: &'static str,
    },
    Text(Pattern),
    OneOf(&'static [&'static str]),
    /// Each item once; their order does not count.
    SetOf(&'static Shape),
    /// Keys that the author chooses.
    MapOf {
        keys: Pattern,
        values: &'static Shape,
    },
    Object(&'static [Property]),
    /// Options in one of several forms. The first option of a form is the one that it has and the others have not.
    OneForm(&'static [&'static [Property]]),
    /// A text for the simple case, or options.
    TextOr {
        text: &'static Shape,
        options: &'static Shape,
        /// The part of a value that tells it from others in a set.
        identity: fn(&Value) -> Value,
    },
}

/// One part of an object.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    pub name: &'static str,
    pub doc: &'static str,
    pub shape: Shape,
    pub need: Need,
}

/// The value of a field that is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// None: the field may be left out, and is not compared then.
    Optional,
    /// The field has to be there.
    Required,
    /// The section of the stack file makes a value from others where none is written.
    Made,
    Flag(bool),
    Whole(i64),
    Text(&'static str),
    Texts(&'static [&'static str]),
}

impl Need {
    /// True if a document without the field is not whole: the reader of the stack file writes each default.
    pub fn is_in_every_document(self) -> bool {
        self != Self::Optional
    }

    /// The value of a field that the stack file leaves out, where it has one.
    pub fn default(self) -> Option<Value> {
        match self {
            Self::Optional | Self::Required | Self::Made => None,
            Self::Flag(flag) => Some(flag.into()),
            Self::Whole(number) => Some(number.into()),
            Self::Text(text) => Some(text.into()),
            Self::Texts(texts) => Some(texts.into()),
        }
    }
}

/// Part of a value that AWS would refuse, and why, to be read after the name of the field: `must be 0 to 35, not 40`.
pub type Wrong = String;

impl Shape {
    /// The value in its one way of being written.
    ///
    /// # Errors
    /// The words for a value of another form, such as a text in place of a number.
    pub fn normalise(&self, value: &Value) -> Result<Value, String> {
        match (self, value) {
            (Self::Text(pattern), value) if pattern.hides(value) => Err(format!("must be {}", pattern.is)),
            (Self::Any, _)
            | (Self::Flag, Value::Bool(_))
            | (Self::OneOf(_) | Self::Text(Pattern { letters: Letters::AsWritten, .. }), Value::String(_)) => {
                Ok(value.clone())
            }
            (Self::Whole { .. } | Self::OneOfWhole { .. }, Value::Number(number)) if number.is_i64() => {
                Ok(value.clone())
            }
            (Self::Number { .. }, Value::Number(number)) => {
                Ok(number.as_f64().map_or_else(|| value.clone(), Value::from))
            }
            (Self::Text(_), Value::String(text)) if is_unknown(value) => Ok(text.as_str().into()),
            (Self::Text(_), Value::String(text)) => Ok(text.to_lowercase().into()),
            (Self::SetOf(item), Value::Array(items)) => {
                let items = items.iter().map(|one| item.normalise(one)).collect::<Result<Vec<_>, _>>()?;
                let each_once: BTreeMap<String, Value> =
                    items.into_iter().map(|one| (sorting_key(&one), one)).collect();
                Ok(Value::Array(each_once.into_values().collect()))
            }
            (Self::MapOf { values, .. }, Value::Object(entries)) => {
                let one = |(key, value): (&String, &Value)| Ok((key.clone(), values.normalise(value)?));
                entries.iter().map(one).collect::<Result<Map<_, _>, String>>().map(Value::Object)
            }
            (Self::Object(parts), Value::Object(entries)) => object(parts, entries),
            (Self::OneForm(forms), Value::Object(entries)) => object(form_of(forms, entries)?, entries),
            (Self::TextOr { options, .. }, Value::Object(_)) => options.normalise(value),
            (Self::TextOr { text, .. }, Value::String(_)) => text.normalise(value),
            // A reference stands for a value of any form until it is resolved.
            (_, Value::String(_)) if is_unknown(value) => Ok(value.clone()),
            (Self::Own(rewritten), value) => rewritten(value),
            _ => Err(format!("expected {}, found `{value}`", self.in_words())),
        }
    }

    /// All that AWS would refuse of a normalised value. One that is not known yet is not judged.
    pub fn wrong(&self, value: &Value) -> Vec<Wrong> {
        if value.is_string() && is_unknown(value) {
            return Vec::new();
        }
        match (self, value) {
            (Self::Whole { least, most }, Value::Number(number)) => {
                let fits = number.as_i64().is_some_and(|number| (*least..=*most).contains(&number));
                if fits { Vec::new() } else { vec![format!("must be {least} to {most}, not {number}")] }
            }
            (Self::Number { least, most }, Value::Number(number)) => {
                let fits =
                    number.as_f64().is_some_and(|number| (*least as f64..=*most as f64).contains(&number));
                if fits { Vec::new() } else { vec![format!("must be {least} to {most}, not {number}")] }
            }
            (Self::OneOfWhole { all, is }, Value::Number(number)) => {
                let fits = number.as_i64().is_some_and(|number| all.contains(&number));
                if fits { Vec::new() } else { vec![format!("must be {is}, not {number}")] }
            }
            (Self::Text(pattern), Value::String(text)) => match pattern.fits(text) {
                true => Vec::new(),
                false if pattern.hides(value) => vec![format!("must be {}", pattern.is)],
                false => vec![
                    pattern.judged(text).unwrap_or_else(|| format!("must be {}, not `{text}`", pattern.is)),
                ],
            },
            (Self::OneOf(all), Value::String(text)) => match all.contains(&text.as_str()) {
                true => Vec::new(),
                false => vec![format!("must be one of `{}`, not `{text}`", all.join("`, `"))],
            },
            (Self::SetOf(item), Value::Array(items)) => {
                items.iter().flat_map(|one| item.wrong(one)).collect()
            }
            (Self::MapOf { keys, values }, Value::Object(entries)) => {
                let of_key = |key: &str| match keys.fits(key) {
                    true => None,
                    false => Some(format!("must have keys that are {}, unlike `{key}`", keys.is)),
                };
                let one = |(key, value): (&String, &Value)| {
                    let of_value = values.wrong(value).into_iter();
                    of_key(key)
                        .into_iter()
                        .chain(of_value.map(move |wrong| format!("{wrong} (`{key}`)")))
                        .collect::<Vec<_>>()
                };
                entries.iter().flat_map(one).collect()
            }
            (Self::Object(parts), Value::Object(entries)) => {
                let written = parts.iter().filter_map(|part| Some((part, entries.get(part.name)?)));
                let one = |(part, value): (&Property, &Value)| {
                    let of_value = part.shape.wrong(value).into_iter();
                    of_value.map(|wrong| format!("{wrong} (`{}`)", part.name)).collect::<Vec<_>>()
                };
                written.flat_map(one).collect()
            }
            (Self::OneForm(forms), Value::Object(entries)) => match form_of(forms, entries) {
                Ok(form) => Self::Object(form).wrong(value),
                Err(wrong) => vec![wrong],
            },
            (Self::TextOr { options, .. }, Value::Object(_)) => options.wrong(value),
            (Self::TextOr { text, .. }, _) => text.wrong(value),
            _ => Vec::new(),
        }
    }

    /// The part of a value that tells it from the others of a set.
    pub fn identity(&self, value: &Value) -> Value {
        match self {
            Self::TextOr { identity, .. } => identity(value),
            _ => value.clone(),
        }
    }

    /// The form in words: `a whole number`.
    pub fn in_words(&self) -> &'static str {
        match self {
            Self::Any | Self::Own(_) => "a value",
            Self::Flag => "true or false",
            Self::Whole { .. } | Self::OneOfWhole { .. } => "a whole number",
            Self::Number { .. } => "a number",
            Self::Text(_) | Self::OneOf(_) => "text",
            Self::SetOf(_) => "a list",
            Self::MapOf { .. } | Self::Object(_) | Self::OneForm(_) => "options",
            Self::TextOr { .. } => "text or options",
        }
    }

    /// The JSON Schema of the values.
    pub fn schema(&self) -> Value {
        match self {
            Self::Any | Self::Own(_) => json!({}),
            Self::Flag => json!({ "type": "boolean" }),
            Self::Whole { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Self::Number { least, most } => json!({ "type": "number", "minimum": least, "maximum": most }),
            Self::OneOfWhole { all, .. } => json!({ "type": "integer", "enum": all }),
            Self::Text(pattern) => pattern.schema(),
            Self::OneOf(all) => json!({ "type": "string", "enum": all }),
            Self::SetOf(item) => json!({ "type": "array", "items": item.schema(), "uniqueItems": true }),
            Self::MapOf { keys, values } => json!({
                "type": "object",
                "patternProperties": { (keys.pattern): values.schema() },
                "additionalProperties": false,
            }),
            Self::Object(parts) => {
                let required = parts.iter().filter(|part| part.need == Need::Required);
                json!({
                    "type": "object",
                    "additionalProperties": false,
                    "required": required.map(|part| part.name).collect::<Vec<_>>(),
                    "properties": parts.iter().map(Property::schema).collect::<Map<_, _>>(),
                })
            }
            Self::OneForm(forms) => {
                let forms = forms.iter().map(|form| Self::Object(form).schema());
                json!({ "anyOf": forms.collect::<Vec<_>>() })
            }
            Self::TextOr { text, options, .. } => json!({ "anyOf": [text.schema(), options.schema()] }),
        }
    }
}

impl Property {
    /// The name with the JSON Schema of its values.
    pub fn schema(&self) -> (String, Value) {
        let mut schema = self.shape.schema();
        schema["description"] = self.doc.into();
        if let Some(default) = self.need.default() {
            schema["default"] = default;
        }
        (self.name.to_owned(), schema)
    }
}

/// The form that options have.
///
/// # Errors
/// The sentence on options that have none, or more than one.
pub fn form_of<'a>(
    forms: &'a [&'a [Property]],
    entries: &Map<String, Value>,
) -> Result<&'a [Property], Wrong> {
    let names = |found: &[&[Property]], last: &str| {
        let names: Vec<String> = found.iter().map(|form| format!("`{}`", form[0].name)).collect();
        match names.split_last() {
            Some((end, rest)) if !rest.is_empty() => format!("{} {last} {end}", rest.join(", ")),
            _ => names.concat(),
        }
    };
    let has = |form: &&&'a [Property]| entries.contains_key(form[0].name);
    let found: Vec<&'a [Property]> = forms.iter().filter(has).copied().collect();
    match found.as_slice() {
        [form] => Ok(form),
        [] => Err(format!("one of {} is missing", names(forms, "and"))),
        several => Err(format!("{} do not stand together: write one alone", names(several, "and"))),
    }
}

fn object(parts: &[Property], entries: &Map<String, Value>) -> Result<Value, String> {
    let unknown = |key: &&String| !parts.iter().any(|part| part.name == *key);
    if let Some(key) = entries.keys().find(unknown) {
        return Err(format!("unknown field `{key}`"));
    }
    let missing = |part: &&Property| part.need == Need::Required && !entries.contains_key(part.name);
    if let Some(part) = parts.iter().find(missing) {
        return Err(format!("missing field `{}`", part.name));
    }
    let written = parts.iter().filter_map(|part| Some((part, entries.get(part.name)?)));
    let one = |(part, value): (&Property, &Value)| Ok((part.name.to_owned(), part.shape.normalise(value)?));
    written.map(one).collect::<Result<Map<_, _>, String>>().map(Value::Object)
}

/// Texts are sorted as texts, everything else by its JSON.
fn sorting_key(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: Pattern = Pattern::new("a name", "^[a-z]+$", 5).but_not("^sg$").in_lower_case();
    const WEEK: Shape = Shape::OneOfWhole { all: &[7, 31], is: "7 or 31" };
    const RULE: &[Property] = &[
        Property {
            name: "days",
            doc: "Days.",
            shape: Shape::Whole { least: 1, most: 9 },
            need: Need::Required,
        },
        Property { name: "on", doc: "On.", shape: Shape::Flag, need: Need::Optional },
    ];

    fn both(shape: Shape, value: Value) -> Result<(Value, Vec<Wrong>), String> {
        let normal = shape.normalise(&value)?;
        let wrong = shape.wrong(&normal);
        assert_eq!(shape.normalise(&normal).as_ref(), Ok(&normal), "normalising twice changes nothing");
        Ok((normal, wrong))
    }

    #[test]
    fn a_value_is_written_in_one_way_and_judged_by_its_rule() {
        let names = Shape::SetOf(&Shape::Text(NAME));
        let tags = Shape::MapOf { keys: NAME, values: &Shape::Flag };
        for (shape, value, normal, wrong) in [
            (Shape::Flag, json!(true), json!(true), vec![]),
            (Shape::Whole { least: 1, most: 3 }, json!(4), json!(4), vec!["must be 1 to 3, not 4"]),
            (WEEK, json!(7), json!(7), vec![]),
            (WEEK, json!(8), json!(8), vec!["must be 7 or 31, not 8"]),
            (Shape::Text(NAME), json!("ABC"), json!("abc"), vec![]),
            (Shape::Text(NAME), json!("SG"), json!("sg"), vec!["must be a name, not `sg`"]),
            (Shape::Text(NAME), json!("abcdef"), json!("abcdef"), vec!["must be a name, not `abcdef`"]),
            (Shape::OneOf(&["a", "b"]), json!("c"), json!("c"), vec!["must be one of `a`, `b`, not `c`"]),
            (names, json!(["b", "a", "B"]), json!(["a", "b"]), vec![]),
            (names, json!(["1"]), json!(["1"]), vec!["must be a name, not `1`"]),
            (
                tags,
                json!({"1": true}),
                json!({"1": true}),
                vec!["must have keys that are a name, unlike `1`"],
            ),
            (
                Shape::Object(RULE),
                json!({"days": 0}),
                json!({"days": 0}),
                vec!["must be 1 to 9, not 0 (`days`)"],
            ),
        ] {
            let expected: Vec<Wrong> = wrong.into_iter().map(str::to_owned).collect();
            assert_eq!(both(shape, value.clone()), Ok((normal, expected)), "{value}");
        }
    }

    #[test]
    fn a_value_of_another_form_is_refused() {
        for (shape, value, word) in [
            (Shape::Flag, json!("true"), "expected true or false"),
            (Shape::Whole { least: 1, most: 3 }, json!(1.5), "expected a whole number"),
            (Shape::Text(NAME), json!(1), "expected text"),
            (Shape::SetOf(&Shape::Flag), json!([1]), "expected true or false"),
            (Shape::Object(RULE), json!({"days": 1, "of": 2}), "unknown field `of`"),
            (Shape::Object(RULE), json!({}), "missing field `days`"),
        ] {
            let problem = shape.normalise(&value).expect_err("another form");
            assert!(problem.contains(word), "{value}: {problem}");
        }
    }

    #[test]
    fn a_value_of_a_type_of_the_kinds_own_is_read_by_that_and_written_in_one_way() {
        let even = |value: &Value| match value.as_i64() {
            Some(number) if number % 2 == 0 => Ok(json!(number.to_string())),
            Some(number) => Err(format!("{number} is odd")),
            None => Ok(value.clone()),
        };
        assert_eq!(both(Shape::Own(even), json!(4)), Ok((json!("4"), vec![])));
        assert_eq!(both(Shape::Own(even), json!(5)), Err("5 is odd".to_owned()));
    }

    #[test]
    fn a_text_that_may_be_a_secret_is_not_repeated_where_it_is_refused() {
        let shape = Shape::Text(Pattern::new("`env:NAME`", "^env:", 99).hidden_where_wrong());
        for value in [json!("hunter2"), json!(4711), json!(["hunter2"])] {
            assert_eq!(shape.normalise(&value), Err("must be `env:NAME`".to_owned()));
        }
        assert_eq!(both(shape, json!("env:A")), Ok((json!("env:A"), vec![])));
        let reference = json!("${aws_security_group.Main.id}");
        assert_eq!(both(shape, reference.clone()), Ok((reference, vec![])));
        assert_eq!(shape.wrong(&json!("hunter2")), ["must be `env:NAME`"]);
    }

    #[test]
    fn a_reference_is_neither_rewritten_nor_judged() {
        let reference = json!("${aws_security_group.Main.id}");
        let none = Shape::Own(|_| Err("never asked".to_owned()));
        for shape in [Shape::Text(NAME), Shape::OneOf(&["a"]), Shape::Flag, Shape::SetOf(&Shape::Flag), none]
        {
            assert_eq!(both(shape, reference.clone()), Ok((reference.clone(), vec![])));
        }
    }
}
