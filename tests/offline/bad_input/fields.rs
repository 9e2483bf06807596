//! Every field of the stack file with everything that can be wrong with one: made from the published schema, so that a
//! new field has its cases at once.

use provision::aws::kinds::registry;
use provision::stack;
use provision::stack::sections::SECTIONS;
use serde_json::{Map, Value};

use crate::bad_input::case::Case;

/// A field: the options around it from the outermost on, its name, and what the schema says of it.
struct Field<'a> {
    path: Vec<String>,
    name: &'a str,
    schema: &'a Map<String, Value>,
}

/// The commands that read the stack file, taken in turns.
const COMMANDS: [&str; 6] =
    ["plan", "apply --auto-approve", "destroy --auto-approve", "import vpc-0a1b2c3d", "output", "state list"];

pub fn cases() -> Vec<Case> {
    let schema = stack::schema(&registry());
    let mut fields = Vec::new();
    collect(schema.as_object().expect("a schema is an object"), &[], &mut fields);
    let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    for name in ["stack", "encrypted", "transition_to_ia", "maintenance_window"] {
        assert!(names.contains(&name), "the schema is not understood: no `{name}`");
    }
    let mut cases = Vec::new();
    for field in &fields {
        for (line, remedy) in wrong_lines(field) {
            let command = COMMANDS[cases.len() % COMMANDS.len()];
            let (text, number) = file(&field.path, &line);
            let place = format!("provision.yaml:{number}:");
            cases.push(Case::of(command).text("provision.yaml", text).says([place.as_str(), &remedy]));
        }
    }
    cases
}

/// The fields below a schema.
fn collect<'a>(schema: &'a Map<String, Value>, path: &[String], found: &mut Vec<Field<'a>>) {
    for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let field = field.as_object().expect("a field's schema is an object");
        found.push(Field { path: path.to_vec(), name, schema: field });
        let here = [path, std::slice::from_ref(name)].concat();
        collect(field, &here, found);
        let named = field.get("patternProperties").and_then(Value::as_object);
        for entry in named.into_iter().flat_map(Map::values).filter_map(Value::as_object) {
            collect(entry, &[here.as_slice(), &["one".to_owned()]].concat(), found);
        }
    }
}

/// A stack file with one line in it that is wrong, and that line's number.
fn file(path: &[String], line: &str) -> (String, usize) {
    let mut text = String::new();
    if path.is_empty() && !line.starts_with("file_systems") {
        text += "file_systems: { nfs: {} }\n";
    }
    for (depth, option) in path.iter().enumerate() {
        text += &format!("{}{option}:\n", "  ".repeat(depth));
    }
    text += &format!("{}{line}\n", "  ".repeat(path.len()));
    let number = text.lines().count();
    (text, number)
}

/// The schema of a text, of which options are another form; `None` where it has one form.
fn text_or_options(schema: &Map<String, Value>) -> Option<Map<String, Value>> {
    let forms = schema.get("anyOf")?.as_array()?;
    let mut text = forms.iter().find(|form| form["type"] == "string")?.as_object()?.clone();
    text.insert("type".to_owned(), serde_json::json!(["string", "object"]));
    Some(text)
}

/// True for options that have one of several forms.
fn has_forms(schema: &Map<String, Value>) -> bool {
    let forms = schema.get("anyOf").and_then(Value::as_array);
    forms.is_some_and(|forms| forms.iter().all(|form| form["type"] == "object"))
}

/// Lines that are wrong, each with the remedy that has to be given.
fn wrong_lines(field: &Field<'_>) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    let mut add = |line: String, remedy: &str| lines.push((line, remedy.to_owned()));
    let Field { name, schema, .. } = field;
    let either = text_or_options(schema);
    let schema = either.as_ref().unwrap_or(schema);
    let meant = format!("did you mean `{name}`?");
    for typo in typos(name) {
        add(format!("{typo}: x"), &meant);
    }
    let value = match field.path.is_empty() && SECTIONS.iter().any(|section| section.key == *name) {
        true => "write a name below it; for none:",
        false => "write a value, or delete the line",
    };
    add(format!("{name}:"), value);
    add(format!("{name}: ~"), value);

    let types: Vec<&str> = match &schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        None if has_forms(schema) => vec!["object"],
        _ => Vec::new(),
    };
    let shapes = [
        ("[a, b]", "array"),
        ("{ a: b }", "object"),
        ("true", "boolean"),
        ("12.5", "number"),
        ("word", "string"),
        ("'12'", "string"),
    ];
    for (value, fitting) in shapes {
        if types.contains(&fitting) {
            continue;
        }
        let remedy = match (types.first().copied(), value) {
            (Some("object"), _) => "each as `option: value`",
            (Some("array"), _) => "write it as `[",
            (_, "[a, b]") => "write a single value, without `-`, `[` and `]`",
            (_, "{ a: b }") => "write a single value",
            (Some("boolean"), "'12'") | (Some("integer"), "'12'") => "remove the quotes",
            (Some("boolean"), _) => "write `true` or `false`",
            (Some("integer"), _) => "write digits alone",
            _ => "in quotes",
        };
        // A version is taken as it is written, so that 16.10 is not 16.1: its own rule refuses `true`.
        let remedy = match value {
            "true" | "word" if types == ["number"] => "such as `50`",
            "true" if types.contains(&"number") && name.starts_with("engine") => "such as `\"",
            "true" if types.contains(&"number") => "is not a version of",
            _ => remedy,
        };
        add(format!("{name}: {value}"), remedy);
    }
    let numbers = |bound: &str| schema.get(bound).and_then(Value::as_i64);
    if types == ["integer"] {
        // A number without limits is one of some: those lie too wide apart for their own next ones.
        let some = schema.get("enum").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let of_some = some.iter().filter_map(Value::as_i64);
        let least = numbers("minimum").or_else(|| of_some.clone().min()).expect("a least");
        let most = numbers("maximum").or_else(|| of_some.max()).expect("a most");
        let range =
            if some.is_empty() { format!("from {least} to {most}") } else { "possible here".to_owned() };
        for number in [least - 1, most + 1, -2_147_483_649, 99_999_999_999] {
            add(format!("{name}: {number}"), &range);
        }
        add(format!("{name}: 99999999999999999999999999"), "write digits alone");
        add(format!("{name}: 1e3"), "write digits alone");
        add(format!("{name}: 0{least}"), "write digits alone");
    }
    let choices: Vec<&str> = schema
        .get("enum")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if let Some(choice) = choices.first() {
        let typo = &typos(choice)[0];
        add(format!("{name}: {typo}"), "did you mean `");
        add(format!("{name}: zzzzzz"), &format!("possible here: `{choice}`"));
        add(format!("{name}: ''"), &format!("possible here: `{choice}`"));
    }
    if types.contains(&"string") && choices.is_empty() {
        let longest = numbers("maxLength").unwrap_or(300).min(1_100);
        let long = "a".repeat(usize::try_from(longest).expect("a length") + 1);
        for value in
            ["''", "\"a\\e[31mb\"", "\"a\\u202eb\"", "\"\\0\"", "\"a\\nb\"", "'\u{3c9}\u{df}\u{4e2d}'", &long]
        {
            // Keys of objects in buckets, paths, profiles and commands are texts of any language, and commands have several lines.
            let is_command = ["lag", "stop_copy", "stop", "start"].contains(name);
            let is_text = is_command || ["prefix", "location", "profile", "user_data"].contains(name);
            let may_be = match value {
                "'\u{3c9}\u{df}\u{4e2d}'" => is_text,
                // One line of the file has no room for a command that is too long.
                _ => is_command && (value.contains("\\n") || value == long),
            };
            if !may_be {
                add(format!("{name}: {value}"), &rule(name));
            }
        }
    }
    lines
}

/// The rule that a text breaks, in the words that every reader gets.
fn rule(name: &str) -> String {
    match name {
        "stack" => "lower-case letters, digits and hyphens, at most 32",
        "cluster" => "such as `k8s.myzone.net`",
        "region" => "such as `eu-west-1`",
        "security_group" => "letters, digits, spaces and",
        "engine_version" => "such as `\"",
        "instance_class" => "such as `db.t4g.medium`",
        "database_name" => "a letter first, at most 63",
        "username" => "a letter first, at most 63",
        "password" => "env:NAME",
        "backup_window" => "such as `04:00-04:30`",
        "maintenance_window" => "such as `sun:04:30-sun:05:30`",
        // A field that is newer than this list.
        _ => "is not",
    }
    .to_owned()
}

/// Names as fingers in a hurry write them.
fn typos(name: &str) -> Vec<String> {
    let middle = name.len() / 2;
    let mut swapped: Vec<char> = name.chars().collect();
    swapped.swap(middle - 1, middle);
    let without: String = name.chars().enumerate().filter(|(at, _)| *at != middle).map(|(_, c)| c).collect();
    let mut typos = vec![without, swapped.into_iter().collect(), name.to_uppercase(), name.replace('_', "-")];
    typos.retain(|typo| typo != name);
    typos.sort();
    typos.dedup();
    typos
}
