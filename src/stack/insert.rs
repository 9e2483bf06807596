//! New entries in the text of a stack file that is there: nothing else of it changes, and its comments stay.

use serde_json::Value;

use super::describe;
use super::sections::SECTIONS;
use super::yaml::{self, Content, Node};
use super::{Name, Stack, write};
use crate::engine::document::Document;

/// Why an entry cannot be added to a file as it is written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPlace {
    #[error("the file has `{name}` below `{section}` already")]
    Taken { section: &'static str, name: Name },
    #[error("`{section}` of the file is written in a way that nothing can be added to")]
    Form { section: &'static str },
    #[error("with the new entries the file would say something else than before")]
    Other,
}

/// The text with these entries besides. `stack` is what the text says now, with the other layers of the stack if there are any, and `read`
/// reads a new text in its place.
///
/// # Errors
/// [`NoPlace`] where an entry is there, or where what was written before would not stay as it is.
pub fn with_entries(
    text: &str,
    stack: &Stack,
    entries: &[(&'static str, Name, Document)],
    read: &dyn Fn(&str) -> Option<Stack>,
) -> Result<String, NoPlace> {
    let mut added = text.to_owned();
    for (key, name, options) in entries {
        let section = SECTIONS.iter().find(|section| section.key == *key).ok_or(NoPlace::Other)?;
        if stack.entries(section).contains_key(name) {
            return Err(NoPlace::Taken { section: section.key, name: name.clone() });
        }
        added = with_entry(&added, section.key, name, options)?;
    }
    let mut read = read(&added).ok_or(NoPlace::Other)?;
    for (key, name, _) in entries {
        let its = read.sections.get_mut(key).and_then(|section| section.remove(name));
        its.ok_or(NoPlace::Other)?;
    }
    if read == *stack { Ok(added) } else { Err(NoPlace::Other) }
}

/// The text with one entry at the end of its section, or with a new section at the end.
fn with_entry(text: &str, section: &'static str, name: &Name, options: &Document) -> Result<String, NoPlace> {
    let tree = yaml::tree(text, &mut Vec::new()).map_err(|_| NoPlace::Other)?;
    let Some(written) = tree.entry(&[section]) else {
        let mut added = text.to_owned();
        if !added.is_empty() && !added.ends_with('\n') {
            added.push_str(newline(text));
        }
        added.push_str(&as_in(text, &format!("\n{section}:\n{}", describe::entry(name, options))));
        return Ok(added);
    };
    let Content::Map(entries) = &written.value.content else { return Err(NoPlace::Form { section }) };
    let is_flow = text[written.value.place.clone()].starts_with('{');
    match entries.last() {
        _ if is_flow => in_braces(text, section, &written.value, entries.is_empty(), (name, options)),
        Some(last) => {
            let start = text[..last.key_place.start].rfind('\n').map_or(0, |at| at + 1);
            let indent = &text[start..last.key_place.start];
            // A key after something else, such as a quote, tells no indentation.
            if !indent.chars().all(|c| c == ' ') || indent.is_empty() {
                return Err(NoPlace::Form { section });
            }
            let content = text[..end_of(&last.value)].trim_end().len().max(last.key_place.end);
            let end = text[content..].find('\n').map_or(text.len(), |at| content + at + 1);
            let entry = describe::entry(name, options);
            let lines =
                entry.lines().map(|line| format!("{indent}{}\n", line.strip_prefix("  ").unwrap_or(line)));
            let begun = if text[..end].ends_with('\n') { "" } else { newline(text) };
            let lines = as_in(text, &lines.collect::<String>());
            Ok(format!("{}{begun}{lines}{}", &text[..end], &text[end..]))
        }
        None => Err(NoPlace::Form { section }),
    }
}

/// The end of a line, as the first one of the file has it.
fn newline(text: &str) -> &'static str {
    match text.split_once('\n') {
        Some((first, _)) if first.ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// New lines with the ends that those of the file have.
fn as_in(text: &str, lines: &str) -> String {
    lines.replace('\n', newline(text))
}

/// The end of what stands in a node: that of its last part, where it has parts.
fn end_of(node: &Node) -> usize {
    let parts = match &node.content {
        Content::Scalar { .. } => None,
        Content::List(items) => items.iter().map(end_of).max(),
        Content::Map(entries) => entries.iter().map(|entry| end_of(&entry.value)).max(),
    };
    parts.map_or(node.place.end, |end| end.max(node.place.end.min(end + 1)))
}

/// The text with an entry in a section that is written in braces.
fn in_braces(
    text: &str,
    section: &'static str,
    node: &Node,
    is_empty: bool,
    (name, options): (&Name, &Document),
) -> Result<String, NoPlace> {
    let end = node.place.end;
    let closing = text[..end].rfind('}').filter(|at| *at + 1 == end).ok_or(NoPlace::Form { section })?;
    if is_empty {
        let start = node.place.start;
        let before = text[..start].trim_end_matches(' ');
        let rest = &text[end..];
        // A comment beside the braces stays beside the key.
        let line = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let begun = if rest[..line].ends_with('\n') { "" } else { newline(text) };
        let entry = as_in(text, &describe::entry(name, options));
        return Ok(format!("{before}{}{begun}{entry}{}", &rest[..line], &rest[line..]));
    }
    let value = write::in_one_line(&Value::Object(options.clone()));
    let before = text[..closing].trim_end_matches(' ');
    Ok(format!("{before}, {name}: {value} {}", &text[closing..]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::parse;
    use super::*;
    use crate::aws::kinds::registry;

    fn added(text: &str) -> Result<String, NoPlace> {
        let kinds = registry();
        let stack = parse("before", text, &kinds).expect("the test's files are right");
        let options = json!({ "access": [], "encrypted": false });
        let entry =
            ("file_systems", "new".parse().expect("a name"), options.as_object().expect("options").clone());
        with_entries(text, &stack, &[entry], &|text| parse("after", text, &kinds).ok())
    }

    #[test]
    fn an_entry_comes_to_the_end_of_its_section_and_comments_stay() {
        let entry = "  new:\n    access: []\n    encrypted: false\n";
        for (text, expected) in [
            (
                "# top\nfile_systems: # ours\n  files: # first\n    access: [] # none\n# between\ndatabases: {}\n",
                format!("# top\nfile_systems: # ours\n  files: # first\n    access: [] # none\n{entry}# between\ndatabases: {{}}\n"),
            ),
            ("databases: {} # none yet", format!("databases: {{}} # none yet\n\nfile_systems:\n{entry}")),
            ("file_systems: {} # none yet\n", format!("file_systems: # none yet\n{entry}")),
            (
                "file_systems: { a: {} }\n",
                "file_systems: { a: {}, new: { access: [], encrypted: false } }\n".to_owned(),
            ),
            (
                "file_systems:\n    a: {}\n\n\n# the end\n",
                "file_systems:\n    a: {}\n    new:\n      access: []\n      encrypted: false\n\n\n# the end\n".to_owned(),
            ),
            ("file_systems:\n  a: {}", format!("file_systems:\n  a: {{}}\n{entry}")),
            ("file_systems:\r\n  a: {}\r\n", format!("file_systems:\n  a: {{}}\n{entry}").replace('\n', "\r\n")),
            // Lines that somebody ended otherwise stay as they are.
            (
                "file_systems:\r\n  a: {}\n",
                format!("file_systems:\r\n  a: {{}}\n{}", entry.replace('\n', "\r\n")),
            ),
            ("file_systems:\n  a: {}\r\n", format!("file_systems:\n  a: {{}}\r\n{entry}")),
        ] {
            assert_eq!(added(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn an_entry_that_is_there_is_never_written_over() {
        let taken = NoPlace::Taken { section: "file_systems", name: "new".parse().expect("a name") };
        assert_eq!(added("file_systems: { new: {} }"), Err(taken));
    }
}
