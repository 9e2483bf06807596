//! The page of all options of the stack file is made from the schema, and so from the fields themselves.

use std::fmt::Write;

use provision::aws::kinds::registry;
use provision::stack;
use serde_json::{Map, Value};

use crate::conformance::documented;

/// The options of an object, and below it those of the objects in it.
struct Table {
    title: String,
    about: String,
    options: Vec<[String; 4]>,
}

/// One table for each object, in the order of the schema; `at` is the way to it: `databases.NAME`.
fn tables(at: &str, schema: &Value, found: &mut Vec<Table>) {
    let title = if at.is_empty() { "The whole file".to_owned() } else { format!("`{at}`") };
    let options =
        properties(schema).map(|all| all.iter().map(|one| option(one, schema)).collect()).unwrap_or_default();
    found.push(Table { title, about: text(schema, "description"), options });
    for (name, one) in properties(schema).into_iter().flatten() {
        let way = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        if let Some(entry) = entries(one).filter(|entry| properties(entry).is_some()) {
            tables(&format!("{way}.NAME"), entry, found);
        } else if properties(one).is_some() {
            tables(&way, one, found);
        } else {
            of_forms(&way, one, found);
        }
    }
}

/// The options of a value that may be written in another form too, one table for each form: `{ cidr: … }`.
fn of_forms(way: &str, schema: &Value, found: &mut Vec<Table>) {
    let mut forms = Vec::new();
    in_forms(schema, &mut forms);
    for form in &forms {
        let first = form["required"][0].as_str().filter(|_| forms.len() > 1);
        let title = match first {
            Some(first) => format!("`{way}`, as `{{ {first}: … }}`"),
            None => format!("`{way}`, as options"),
        };
        let options =
            properties(form).map(|all| all.iter().map(|one| option(one, form)).collect()).unwrap_or_default();
        found.push(Table { title, about: String::new(), options });
    }
}

/// The schemas of objects that a value, or each value of a list, may be.
fn in_forms<'a>(schema: &'a Value, found: &mut Vec<&'a Value>) {
    if properties(schema).is_some() {
        found.push(schema);
    }
    let ways = ["anyOf", "oneOf"].iter().filter_map(|choice| schema[*choice].as_array()).flatten();
    ways.chain(schema.get("items")).for_each(|way| in_forms(way, found));
}

fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema["properties"].as_object()
}

/// The schema of each entry of a map.
fn entries(schema: &Value) -> Option<&Value> {
    let by_name = schema["patternProperties"].as_object().and_then(|all| all.values().next());
    by_name.or_else(|| schema.get("additionalProperties").filter(|entry| entry.is_object()))
}

fn option((name, schema): (&String, &Value), of: &Value) -> [String; 4] {
    let is_required = of["required"]
        .as_array()
        .is_some_and(|all| all.iter().any(|one| one.as_str() == Some(name.as_str())));
    let default = match schema.get("default") {
        _ if is_required => "required".to_owned(),
        Some(Value::Object(empty)) if empty.is_empty() => "none".to_owned(),
        Some(default) => format!("`{}`", default.to_string().replace('"', "")),
        None => String::new(),
    };
    [format!("`{name}`"), default, values(schema), text(schema, "description")]
}

/// One of several forms of a value: options by their names.
fn form(schema: &Value) -> String {
    match properties(schema) {
        Some(all) => format!("`{{ {} }}`", all.keys().cloned().collect::<Vec<_>>().join(", ")),
        None => values(schema),
    }
}

/// The values that an option takes, in few words.
fn values(schema: &Value) -> String {
    let listed = |values: &[Value]| {
        let all: Vec<String> =
            values.iter().map(|one| format!("`{}`", one.to_string().replace('"', ""))).collect();
        all.join(", ")
    };
    if let Some(all) = schema["enum"].as_array() {
        return listed(all);
    }
    if let Some(ways) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
        let mut all: Vec<String> = ways.iter().map(form).filter(|way| !way.is_empty()).collect();
        all.dedup();
        return all.join("; ");
    }
    match schema["type"].as_str() {
        Some("boolean") => "`true`, `false`".to_owned(),
        Some("integer") => match (schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
            (Some(least), Some(most)) => format!("{least} to {most}"),
            (Some(least), None) => format!("{least} or more"),
            _ => "a whole number".to_owned(),
        },
        Some("array") => format!("a list of {}", values(&schema["items"])),
        Some("object") if entries(schema).is_some_and(|entry| properties(entry).is_some()) => {
            "entries by name, see below".to_owned()
        }
        Some("object") if properties(schema).is_some() => "see below".to_owned(),
        Some("object") if entries(schema).is_some_and(|entry| entry["type"] == "object") => {
            "a map of maps".to_owned()
        }
        Some("object") => "a map of texts".to_owned(),
        Some("string") => "a text".to_owned(),
        // One that may look like a number.
        None if schema["type"].is_array() => "a text".to_owned(),
        _ => String::new(),
    }
}

/// A text of the schema on one line, fit for a cell of a table.
fn text(schema: &Value, name: &str) -> String {
    schema[name].as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|")
}

fn page() -> String {
    let mut all = Vec::new();
    tables("", &stack::schema(&registry()), &mut all);
    let mut page = String::from(
        "# Every option of the stack file\n\nMade from the program's own schema (`provision schema stack`). An option that is `required` has to be written. One that is not written \
         and\nhas no default is not compared: AWS's value stays. `access`, `parameters`, `parameter_group`, `zones` and the groups are what the file\nsays as \
         a whole: what is taken out of it is taken away.\n",
    );
    for Table { title, about, options } in all {
        write!(page, "\n## {title}\n\n").expect("a string takes everything");
        if !about.is_empty() {
            write!(page, "{about}\n\n").expect("a string takes everything");
        }
        page.push_str("| option | default | values | what it does |\n|---|---|---|---|\n");
        for cells in options {
            writeln!(page, "| {} |", cells.join(" | ")).expect("a string takes everything");
        }
    }
    page
}

#[test]
fn the_page_of_all_options_is_the_schema() {
    documented("docs/options.md", &page());
}
