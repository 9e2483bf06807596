//! Documents held against the fields of their kind: normalised, and judged value by value.

use serde_json::Value;

use crate::engine::document::Document;
use crate::engine::resource::{Field, Invalid, Presence};

/// The document in its one way of being written.
///
/// # Errors
/// The words for the first value that does not fit: an unknown field, a missing one, a value of another form.
pub fn normalise(fields: &[Field], document: &Document) -> Result<Document, String> {
    let known = |key: &str| fields.iter().find(|field| field.name == key);
    if let Some(unknown) = document.keys().find(|key| known(key).is_none()) {
        return Err(format!("unknown field `{unknown}`"));
    }
    let missing = |field: &&Field| {
        let must = field.need.is_in_every_document() && field.presence == Presence::Written;
        must && document.get(field.name).is_none_or(Value::is_null)
    };
    if let Some(missing) = fields.iter().find(missing) {
        return Err(format!("missing field `{}`", missing.name));
    }
    let goes_without_saying = |key: &str, value: &Value| {
        let unsaid = known(key).filter(|field| field.presence == Presence::Unsaid);
        unsaid.and_then(|field| field.need.default()).as_ref() == Some(value)
    };
    let written = document.iter().filter(|(key, value)| !value.is_null() && !goes_without_saying(key, value));
    let one = |(key, value): (&String, &Value)| {
        let normal = known(key).map_or_else(|| Ok(value.clone()), |field| field.shape.normalise(value));
        Ok((key.clone(), normal.map_err(|problem| format!("`{key}`: {problem}"))?))
    };
    written.map(one).collect()
}

/// Observed values in their one way of being written. A value that does not fit stays as it was observed.
pub fn normalise_observed(fields: &[Field], document: Document) -> Document {
    let one = |(key, value): (String, Value)| {
        let field = fields.iter().find(|field| field.name == key);
        let normal = field.and_then(|field| field.shape.normalise(&value).ok());
        (key, normal.unwrap_or(value))
    };
    document.into_iter().map(one).collect()
}

/// The values of a normalised document that break the rule of their own field. One that AWS shows is not judged: it was taken there.
pub fn wrong(fields: &[Field], document: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let is_shown =
        |name: &str, value: &Value| observed.and_then(|observed| observed.get(name)) == Some(value);
    let written = fields.iter().filter_map(|field| Some((field, document.get(field.name)?)));
    let written = written.filter(|(field, value)| !is_shown(field.name, value));
    let one = |(field, value): (&Field, &Value)| {
        let name = field.name;
        field.shape.wrong(value).into_iter().map(move |message| Invalid::new(name, message))
    };
    written.flat_map(one).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::resource::pattern::RUNS;
    use crate::engine::resource::{Need, OnChange, Pattern, Shape};

    const FIELDS: &[Field] = &[
        Field::new("days", OnChange::Replace, &[]).taking(Shape::Whole { least: 1, most: 9 }, Need::Required),
        Field::new("on", OnChange::Replace, &[]).taking(Shape::Flag, Need::Optional),
        Field::new("often", OnChange::Replace, &[]).taking(Shape::Flag, Need::Flag(false)),
    ];

    fn document(value: Value) -> Document {
        value.as_object().expect("a test document is an object").clone()
    }

    #[test]
    fn a_document_has_the_fields_of_its_kind_and_what_is_not_written_is_not_in_it() {
        let normal = normalise(&FIELDS[..2], &document(json!({"days": 2, "on": null})));
        assert_eq!(normal, Ok(document(json!({"days": 2}))));
        for (value, problem) in [
            (json!({"on": true}), "missing field `days`"),
            (json!({"days": null}), "missing field `days`"),
            (json!({"days": 1, "off": 1}), "unknown field `off`"),
            (json!({"days": "x"}), "`days`: expected a whole number, found `\"x\"`"),
        ] {
            assert_eq!(normalise(&FIELDS[..2], &document(value)), Err(problem.to_owned()));
        }
    }

    #[test]
    fn a_default_is_in_every_document_or_goes_without_saying() {
        let fields =
            |presence| FIELDS.iter().map(|field| field.present(presence)).skip(2).collect::<Vec<Field>>();
        let often = |often: bool| document(json!({"often": often}));
        for (presence, without, with) in [
            (Presence::Free, Ok(Document::new()), often(false)),
            (Presence::Written, Err("missing field `often`".to_owned()), often(false)),
            (Presence::Unsaid, Ok(Document::new()), Document::new()),
        ] {
            let fields = fields(presence);
            assert_eq!(normalise(&fields, &Document::new()), without, "{presence:?}");
            assert_eq!(normalise(&fields, &often(false)), Ok(with), "{presence:?}");
            assert_eq!(normalise(&fields, &often(true)), Ok(often(true)), "{presence:?}");
        }
    }

    #[test]
    fn each_value_is_held_against_the_rule_of_its_field() {
        let found = wrong(FIELDS, &document(json!({"days": 0, "on": true})), None);
        assert_eq!(found, [Invalid::new("days", "must be 1 to 9, not 0")]);
    }

    #[test]
    fn no_pattern_is_run_over_what_aws_shows_and_one_over_each_text_that_is_new() {
        const NAME: Pattern = Pattern::new("a name", "^[a-z]+$", 9);
        let fields = [Field::new("name", OnChange::Replace, &[]).taking(Shape::Text(NAME), Need::Required)];
        let runs = |work: &dyn Fn()| {
            let before = RUNS.get();
            work();
            RUNS.get() - before
        };
        let shown = document(json!({"name": "a"}));
        let as_shown = || {
            assert_eq!(normalise_observed(&fields, shown.clone()), shown);
            assert_eq!(normalise(&fields, &shown), Ok(shown.clone()));
            assert_eq!(wrong(&fields, &shown, Some(&shown)), []);
        };
        assert_eq!(runs(&as_shown), 0);
        assert_eq!(
            runs(&|| assert_eq!(wrong(&fields, &document(json!({"name": "b"})), Some(&shown)), [])),
            1
        );
    }

    #[test]
    fn a_value_that_aws_shows_is_not_judged() {
        let wanted = document(json!({"days": 0}));
        assert_eq!(wrong(FIELDS, &wanted, Some(&wanted)), []);
        assert_eq!(wrong(FIELDS, &wanted, Some(&document(json!({"days": 1})))).len(), 1);
    }
}
