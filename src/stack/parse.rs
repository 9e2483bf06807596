//! A stack is read: the texts of its files, one tree of them all, typed values, and everything that is wrong with them at once.

use serde::Deserialize;

use super::problem::{Fault, Form, Problem};
use super::report::{StackError, Text};
use super::yaml::{self, Content, Node, Place};
use super::{Stack, mask, parts, rules, section};
use crate::engine::kind::Registry;
use crate::stack::sections::SECTIONS;

/// The sections that a command needs a stack file to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sections {
    /// One at least is written, empty or not: a file without any would delete everything by an oversight.
    Written,
    /// None: the command is about what is recorded.
    Any,
}

const BYTE_ORDER_MARK: &str = "\u{feff}";
/// The largest size of a stack file, in bytes.
const LARGEST: usize = 1 << 20;
/// The largest length of one line of it, in bytes.
const LONGEST_LINE: usize = 1_200;
/// The number of problems that are looked for before giving up.
const ENOUGH: usize = 50;

/// One file of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackFile {
    /// The name that reports have for it.
    pub name: String,
    pub content: Vec<u8>,
}

/// Reads a stack of one file. `name` is the one that reports have for it; the fields of the kinds say which options there are.
///
/// # Errors
/// [`StackError`] with everything that is wrong, each with its place and what to do about it.
pub fn parse(name: &str, content: impl AsRef<[u8]>, kinds: &Registry) -> Result<Stack, StackError> {
    let file = StackFile { name: name.to_owned(), content: content.as_ref().to_vec() };
    parse_files(&[file], Sections::Written, false, kinds)
}

/// Reads a stack of one file or several, each laid over those before it, for a command that needs these sections, and perhaps
/// names a state in S3. There is at least one file.
///
/// # Errors
/// Those of [`parse`].
pub fn parse_files(
    files: &[StackFile],
    needed: Sections,
    is_named_in_s3: bool,
    kinds: &Registry,
) -> Result<Stack, StackError> {
    let read: Vec<_> = files.iter().map(|file| String::from_utf8_lossy(&file.content)).collect();
    let mut texts: Vec<Text<'_>> = Vec::new();
    for (file, text) in files.iter().zip(&read) {
        // Editors on Windows put a byte order mark first, which is no part of the text.
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        // A byte between two files is the place after the end of the first one.
        let start = texts.last().map_or(0, |last| last.start + last.text.len() + 1);
        texts.push(Text { name: &file.name, text, start });
    }
    let mut problems = Vec::new();
    let mut secrets = Vec::new();
    let mut trees = Vec::new();
    for (number, (file, text)) in files.iter().zip(&texts).enumerate() {
        let mut found = Vec::new();
        if let Some(mut tree) = tree(&file.content, text.text, &mut found) {
            // Under or over another file it would be passed over.
            let is_layer = files.len() == 1 || matches!(tree.content, Content::Map(_));
            if !is_layer {
                found.push(tree.wrong(Form::Options));
            }
            tree.shift(text.start);
            secret_places(&tree, &mut secrets);
            trees.extend(is_layer.then_some(tree));
        }
        found.iter_mut().for_each(|problem| problem.shift(text.start));
        if files.len() > 1 {
            for problem in found.iter_mut().filter(|problem| matches!(problem.fault, Fault::Empty)) {
                problem.fault = Fault::EmptyLayer;
            }
        }
        problems.extend(found.into_iter().map(|problem| problem.in_file(number)));
    }
    let is_whole = trees.len() == files.len();
    let taken_out = trees.iter().rev().find_map(section_taken_out);
    let layered = trees.into_iter().reduce(|mut below, above| {
        below.lay_over(above);
        below
    });
    let Some(mut tree) = layered.filter(|_| is_whole) else {
        return Err(StackError::new(&texts, &secrets, problems));
    };
    let written = tree.clone();
    let sections = section::take(&mut tree, kinds, &mut problems);
    let parts = parts::take(&mut tree, &mut problems);
    // What is left is read by serde, which stops at the first error. What is wrong is taken out and the rest read again: every option has a
    // default, so nothing is ever missing because of that.
    while problems.len() < ENOUGH {
        match Stack::deserialize(&tree) {
            Ok(mut stack) => {
                if problems.is_empty() {
                    stack.sections = sections;
                    stack.parts = parts;
                    if let (Some(state), Some(said)) =
                        (&mut stack.state, written.entry(&["state", "location"]))
                    {
                        let is_in = |text: &Text<'_>| text.start <= said.value.place.start;
                        state.file = texts.iter().rposition(is_in).unwrap_or(0);
                    }
                    problems = rules::check(&stack, &written, taken_out.as_ref(), needed, kinds);
                    if !is_named_in_s3 {
                        problems.extend(rules::in_s3_alone(&stack, &written));
                    }
                }
                if problems.is_empty() {
                    return Ok(stack.spread());
                }
                break;
            }
            Err(mut problem) => {
                let at_the_top = problem.place().is_some_and(|place| tree.has_key_at(place));
                if let (Fault::UnknownKey { known, .. }, true) = (&mut problem.fault, at_the_top) {
                    known.extend(SECTIONS.iter().map(|section| section.key));
                    known.extend(parts::PARTS.iter().map(|part| part.key));
                }
                let pruned = problem.place().is_some_and(|place| tree.prune(place));
                problems.push(problem);
                if !pruned {
                    break;
                }
            }
        }
    }
    Err(StackError::new(&texts, &secrets, problems))
}

/// The place at which a file takes a section of those below it out.
fn section_taken_out(tree: &Node) -> Option<Place> {
    let entries = SECTIONS.iter().filter_map(|section| tree.entry(&[section.key]));
    entries.filter(|entry| entry.value.takes_out()).map(|entry| entry.key_place.clone()).next_back()
}

/// The tree of one file, or the problems without one.
fn tree(content: &[u8], text: &str, problems: &mut Vec<Problem>) -> Option<Node> {
    let unreadable = if content.len() > LARGEST {
        Some(Problem::new(Fault::TooLarge { size: content.len(), limit: LARGEST }))
    } else if let Err(error) = std::str::from_utf8(content) {
        let at = error.valid_up_to()
            - if content.starts_with(BYTE_ORDER_MARK.as_bytes()) { BYTE_ORDER_MARK.len() } else { 0 };
        Some(Problem::new(Fault::NotUtf8).at(&(at..at + 1), "here"))
    } else {
        unreadable(text)
    };
    if let Some(problem) = unreadable {
        problems.push(problem);
        return None;
    }
    yaml::tree(text, problems).map_err(|problem| problems.push(problem)).ok()
}

/// The problem of a text that is found before it is read as YAML.
fn unreadable(text: &str) -> Option<Problem> {
    let long = text.lines().enumerate().find(|(_, line)| line.len() > LONGEST_LINE);
    if let Some((index, line)) = long {
        let fault = Fault::TooLong { line: index + 1, length: line.len(), limit: LONGEST_LINE };
        return Some(Problem::new(fault));
    }
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let fine = match character {
            '\n' | '\t' => true,
            '\r' => characters.peek().is_some_and(|(_, next)| *next == '\n'),
            _ => !mask::is_invisible(character),
        };
        if !fine {
            let place = at..at + character.len_utf8();
            return Some(Problem::new(Fault::Invisible { character }).at(&place, "shown as `?`"));
        }
    }
    None
}

/// The places of all values that look like passwords.
fn secret_places(node: &Node, places: &mut Vec<Place>) {
    match &node.content {
        Content::Scalar { .. } => {}
        Content::List(items) => items.iter().for_each(|item| secret_places(item, places)),
        Content::Map(entries) => {
            for entry in entries {
                match &entry.value.content {
                    Content::Scalar { text, .. } => {
                        if mask::is_secret_key(&entry.key) && !mask::names_a_source(text) {
                            places.push(entry.value.place.clone());
                        }
                    }
                    _ => secret_places(&entry.value, places),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::kinds::registry;
    use crate::stack::REFERENCE;
    use crate::stack::section::Entry;

    /// The entry of this name in the section with this key.
    fn entry<'a>(stack: &'a Stack, key: &str, name: &str) -> &'a Entry {
        &stack.sections[key][&name.parse().expect("a name")]
    }

    #[test]
    fn the_reference_stack_reads_without_a_problem() {
        let stack = parse("provision.yaml", REFERENCE, &registry()).expect("the reference is valid");
        assert_eq!(stack.stack.as_str(), "gitlab");
        assert_eq!((&stack.cluster, &stack.region, stack.tags.len()), (&None, &None, 0));
        let file_system = entry(&stack, "file_systems", "gitlab-nfs");
        assert_eq!(file_system.own["security_group"], "EFS_K8s");
        let database = entry(&stack, "databases", "gitlab-pgsql");
        assert_eq!(database.text_of("aws_db_instance", "password"), Some("managed"));
        let is_on = |option: &str| database.of("aws_db_instance")[option] == true;
        assert!(is_on("multi_az") && is_on("deletion_protection") && !is_on("apply_immediately"));
    }

    #[test]
    fn every_option_has_a_default() {
        let text = "file_systems: { a: {} }\ndatabases: { b: {} }";
        let stack = parse("x", text, &registry()).expect("valid");
        let (file_system, database) = (entry(&stack, "file_systems", "a"), entry(&stack, "databases", "b"));
        let options = file_system.of("aws_efs_file_system");
        assert_eq!((&options["backup"], &options["throughput_mode"]), (&true.into(), &"elastic".into()));
        assert!(!options.contains_key("kms_key_id"), "an option without a default");
        for one in [file_system, database] {
            let access = serde_json::json!({ "access": ["nodes", "masters"] });
            assert_eq!(Some(&one.own), access.as_object());
            assert!(one.parts.is_empty());
        }
        assert_eq!(stack.stack.as_str(), "storage");
    }

    #[test]
    fn a_version_is_read_as_it_is_written() {
        for (written, read) in
            [("\"16\"", "16"), ("16", "16"), ("16.4", "16.4"), ("16.10", "16.10"), ("'9.6'", "9.6")]
        {
            let text = format!("databases: {{ a: {{ engine_version: {written} }} }}");
            let stack = parse("x", &text, &registry()).expect("valid");
            let database = entry(&stack, "databases", "a");
            assert_eq!(database.text_of("aws_db_instance", "engine_version"), Some(read));
        }
    }

    #[test]
    fn every_problem_of_a_file_is_reported_at_once() {
        let text = "stak: a\nfile_systems:\n  nfs: { encryptd: true, backup: yes, access: [nodes, mastres] }\n  \
                    Nfs: {}\n  nfs: {}\n";
        let error = parse("x", text, &registry()).expect_err("nothing is right here");
        let found: Vec<String> = error
            .problems()
            .map(|problem| {
                let (line, column) = error.position(problem).expect("every problem has a place");
                format!("{line}:{column} {problem}")
            })
            .collect();
        assert_eq!(
            found,
            [
                "1:1 `stak` is not an option here",
                "3:10 `encryptd` is not an option here",
                "3:34 expected true or false, found text",
                "3:55 `mastres` is not possible here",
                "4:3 `Nfs` is not a name: lower-case letters and digits with single hyphens between them, a letter \
                 first, at most 63",
                "5:3 `nfs` is written twice",
            ]
        );
    }

    #[test]
    fn a_file_with_a_byte_order_mark_and_windows_line_ends_reads() {
        let text = "\u{feff}stack: a\r\nfile_systems:\r\n  nfs: {}\r\n";
        assert_eq!(parse("x", text, &registry()).expect("valid").stack.as_str(), "a");
        let error = parse("x", text.replace("stack", "stak"), &registry()).expect_err("a typo");
        assert_eq!(error.problems().next().and_then(|problem| error.position(problem)), Some((1, 1)));
    }
}
