//! The shortest form of an entry: options are left out for as long as the declarations stay the same.

use serde_json::Value;

use crate::engine::document::Document;

/// The options without those that change nothing of what is declared: what is another entry's too counts as well.
pub(super) fn shortest(full: &Document, is_same: &dyn Fn(&Document) -> bool) -> Document {
    let mut kept = full.clone();
    for option in full.keys() {
        let mut without = kept.clone();
        without.remove(option);
        if is_same(&without) {
            kept = without;
            continue;
        }
        let Some(Value::Object(parts)) = kept.get(option).cloned() else { continue };
        kept.insert(option.clone(), Value::Object(shortest_parts(&kept, option, parts, is_same)));
    }
    for option in kept.clone().keys() {
        simplify(&mut kept, option, is_same);
    }
    kept
}

/// The parts of an option without those that change nothing, at every depth.
fn shortest_parts(
    options: &Document,
    option: &str,
    parts: Document,
    is_same: &dyn Fn(&Document) -> bool,
) -> Document {
    let with = |parts: &Document| {
        let mut options = options.clone();
        options.insert(option.to_owned(), Value::Object(parts.clone()));
        options
    };
    let mut kept = parts.clone();
    for (part, value) in &parts {
        let mut without = kept.clone();
        without.remove(part);
        if is_same(&with(&without)) {
            kept = without;
            continue;
        }
        let Value::Object(below) = value else { continue };
        for key in below.keys() {
            let Some(Value::Object(inner)) = kept.get(part).cloned() else { continue };
            let mut inner = inner;
            inner.remove(key);
            let mut without = kept.clone();
            without.insert(part.clone(), Value::Object(inner));
            if is_same(&with(&without)) {
                kept = without;
            }
        }
    }
    kept
}

/// A name alone, where nothing but the name is written.
fn simplify(options: &mut Document, option: &str, is_same: &dyn Fn(&Document) -> bool) {
    let Some(Value::Object(parts)) = options.get(option) else { return };
    let [("name", name)] = parts.iter().map(|(key, value)| (key.as_str(), value)).collect::<Vec<_>>()[..]
    else {
        return;
    };
    let mut simple = options.clone();
    simple.insert(option.to_owned(), name.clone());
    if is_same(&simple) {
        *options = simple;
    }
}
