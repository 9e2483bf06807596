//! The errors that a run shows, with what they say to do, and the hands that do it.

use std::fmt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::world::{World, endpoint};

/// Stands for the check of an error that is no finding of a plan.
pub const FAILURE: &str = "failure";

/// An error, and what it says to do.
#[derive(Clone, Debug)]
pub struct Hint {
    pub check: String,
    pub address: Option<String>,
    pub message: String,
    pub hint: Option<String>,
}

impl Hint {
    /// Tells one error from another.
    pub fn key(&self) -> String {
        format!("{} {:?} {}", self.check, self.address, self.message)
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { check, address, message, hint } = self;
        let address = address.as_deref().unwrap_or("-");
        write!(f, "[{check}] {address}: {message} | hint: {}", hint.as_deref().unwrap_or("none"))
    }
}

/// The findings of a plan with this level.
pub fn of_plan(plan: &Value, level: &str) -> Vec<Hint> {
    let findings = plan["preflight"].as_array().into_iter().flatten();
    let errors = findings.filter(|finding| finding["level"] == level);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    errors
        .map(|finding| Hint {
            check: text(&finding["check"]).unwrap_or_default(),
            address: text(&finding["address"]),
            message: text(&finding["message"]).unwrap_or_default(),
            hint: text(&finding["hint"]),
        })
        .collect()
}

/// The error of a run that has no plan: its document, with `--json`, or its text.
pub fn of_text(text: &str) -> Hint {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let starts = text.match_indices('{').map(|(at, _)| &text[at..]);
    let documents =
        starts.filter_map(|rest| serde_json::Deserializer::from_str(rest).into_iter::<Value>().next()?.ok());
    if let Some(error) = documents.map(|document| document["error"].clone()).find(Value::is_object) {
        let causes = error["causes"].as_array().into_iter().flatten();
        let said = std::iter::once(&error["message"]).chain(causes).filter_map(Value::as_str);
        let message = said.collect::<Vec<_>>().join(": ");
        let hint = error["hint"].as_str().map(in_one_line);
        return Hint { check: FAILURE.to_owned(), address: None, message, hint };
    }
    let from = text.find("error: ").map_or(0, |at| at + "error: ".len());
    let (message, hint) = match text[from..].split_once("hint:") {
        Some((message, hint)) => (flat(message), Some(in_one_line(hint))),
        None => (flat(&text[from..]), None),
    };
    Hint { check: FAILURE.to_owned(), address: None, message: message.trim().to_owned(), hint }
}

/// A hint as one text: commands that stand below each other are typed one after the other, and sentences are ways.
fn in_one_line(hint: &str) -> String {
    let is_command = |line: &str| ["provision ", "aws "].iter().any(|start| line.starts_with(start));
    let mut text = String::new();
    let mut after_command = false;
    for line in hint.lines().map(str::trim).filter(|line| !line.is_empty()) {
        text += match (text.is_empty(), after_command, is_command(line)) {
            (true, _, _) => "",
            (_, true, true) => ", then: ",
            (_, true, false) => "; ",
            (_, false, true) => " ",
            (_, false, false) if line.starts_with("or") => "; ",
            (_, false, false) => " ",
        };
        text += line;
        after_command = is_command(line);
    }
    text
}

/// The database, and the group that it is to be given another one for: which one is for a person to choose.
pub fn another_group(hint: &str) -> Option<(&str, &str)> {
    let (database, rest) = hint.strip_prefix("give ")?.split_once(" another group in the place of ")?;
    Some((database, rest.split(';').next()?))
}

/// Writes a line into the section of an address, in the place of the one that is there.
pub fn write_line(world: &World, address: &str, key: &str, value: &str) {
    rewrite(world, address, key, &format!("    {key}: {value}\n"));
}

/// Takes an option out of the section of an address, with all that stands below it.
pub fn take_out(world: &World, address: &str, key: &str) {
    rewrite(world, address, key, "");
}

/// Puts these lines in the place of an option in the section of an address.
fn rewrite(world: &World, address: &str, key: &str, lines: &str) {
    let name = address.split_once('.').map_or(address, |(_, name)| name);
    let name = name.split('/').next().unwrap_or(name);
    let text = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    let head = format!("  {name}:\n");
    let body = text.find(&head).unwrap_or_else(|| panic!("{name} is not in:\n{text}")) + head.len();
    let section: Vec<&str> =
        text[body..].split_inclusive('\n').take_while(|line| line.starts_with("    ")).collect();
    let end = body + section.iter().map(|line| line.len()).sum::<usize>();
    let mut kept = String::new();
    let mut is_out = false;
    for line in section {
        is_out = match line.starts_with("     ") {
            true => is_out,
            false => line.starts_with(&format!("    {key}:")),
        };
        kept += if is_out { "" } else { line };
    }
    world.write_stack(&format!("{}{kept}{lines}{}", &text[..body], &text[end..]));
}

/// Types a command of the AWS command line, by a small reading of the same service models.
pub fn aws(world: &World, words: &[String]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(root.join("localstack/.venv/bin/python"))
        .arg(root.join("tests/faults/people/aws.py"))
        .args(words)
        .env("AWS_ENDPOINT_URL", endpoint())
        .env("AWS_ACCESS_KEY_ID", &world.account)
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_DEFAULT_REGION", "eu-west-1")
        .output()
        .expect("python can be run");
    assert!(output.status.success(), "aws {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr));
}
