//! Every command that the sources name in a text, typed into the parser: no hint names a command or an option that there is not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::parse_line;
use crate::cli::Cli;
use crate::view::commands_in;
use clap::CommandFactory;

/// Values that may stand in a gap of a text: an address, a name, an id of each kind, a path, a digest.
const VALUES: [&str; 6] =
    ["aws_db_instance.db", "vpc-0a1b2c3d", "gitlab", "stack.gitlab", "s3://bucket/key", "0123456789abcdef"];

/// Words that stand for something that the reader knows.
const WORDS: [(&str, &str); 12] = [
    ("NAME", "k8s.myzone.net"),
    ("SUBNET-ID", "subnet-0a1b2c3d"),
    ("GROUP-ID", "sg-0a1b2c3d"),
    ("VPC-ID", "vpc-0a1b2c3d"),
    ("ADDRESS=ID", "aws_db_instance.db=db-1"),
    ("ADDRESS", "aws_db_instance.db"),
    ("LINEAGE", "0123456789abcdef"),
    ("FROM TO", "records ledger"),
    ("DOCUMENT", "plan"),
    ("DIGEST", "0123456789abcdef"),
    ("stack.OLD", "stack.old"),
    ("stack.NEW", "stack.new"),
];

/// The words of a text that names a command with such a word: what is to be put there.
const SAID: [(&str, &str); 7] = [
    ("NAME", "name of your choice for"),
    ("SUBNET-ID", "subnet in each zone"),
    ("GROUP-ID", "the group of its nodes"),
    ("VPC-ID", "the VPC|its VPC"),
    ("ADDRESS=ID", "its address and its id"),
    ("stack.OLD", "its old"),
    ("stack.NEW", "its new name"),
];

/// Before the number of a gap.
const GAP: &str = "GAP_";

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the sources can be read").flatten();
    entries
        .flat_map(|entry| match entry.path() {
            path if path.is_dir() => sources(&path),
            path => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs"))
        .filter(|path| !path.components().any(|part| part.as_os_str() == "tests"))
        .collect()
}

/// The texts of a source file, without those of its tests.
fn texts(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let mut texts = Vec::new();
    let mut rest = code.chars().peekable();
    let mut before = ' ';
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            ('/', Some('/')) => drop(rest.by_ref().find(|c| *c == '\n')),
            ('\'', Some('"')) if before != '_' => drop(rest.nth(1)),
            ('"', _) => {
                let mut text = String::new();
                while let Some(c) = rest.next().filter(|c| *c != '"') {
                    match (c, rest.peek()) {
                        ('\\', Some('\n')) => {
                            while rest.peek().is_some_and(|c| c.is_whitespace()) {
                                rest.next();
                            }
                        }
                        ('\\', _) => text.extend(rest.next().map(|c| if c == 'n' { '\n' } else { c })),
                        (c, _) => text.push(c),
                    }
                }
                texts.push(text);
            }
            _ => {}
        }
        before = c;
    }
    texts
}

/// The text with a word for each of its gaps.
fn with_gaps(text: &str) -> String {
    let mut filled = String::new();
    let mut number = 0;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((_, after)) = after.split_once('}') else { return filled };
        // The addition to a word may be empty.
        if !before.ends_with(|c: char| c.is_ascii_lowercase()) && !before.is_empty() {
            filled.push_str(&format!("{GAP}{number}"));
            number += 1;
        }
        rest = after;
    }
    filled + rest
}

/// The command with each value in each of its gaps.
fn filled(command: &str) -> Vec<String> {
    match command.find(GAP) {
        None => vec![command.to_owned()],
        Some(at) => {
            let end = at + GAP.len() + 1;
            let with = |value: &&str| format!("{}{value}{}", &command[..at], &command[end..]);
            VALUES.iter().map(with).flat_map(|command| filled(&command)).collect()
        }
    }
}

/// The commands of a text; in examples, which stand on lines, up to what is said of them, or to another program.
fn named(text: &str) -> Vec<String> {
    let commands = match text.contains('\n') {
        false => commands_in(text),
        true => {
            let example = |line: &str| line.trim().split("  ").next().unwrap_or_default().to_owned();
            text.lines().map(example).collect()
        }
    };
    let ours = commands.into_iter().filter(|command| command.starts_with("provision "));
    let alone = |command: String| {
        let command = command.split(" | ").next().unwrap_or_default();
        command.split(" > ").next().unwrap_or_default().to_owned()
    };
    ours.map(alone).collect()
}

#[test]
fn every_command_of_a_hint_is_one_that_the_program_takes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut seen, mut refused) = (BTreeSet::new(), Vec::new());
    for path in sources(&root) {
        let source = std::fs::read_to_string(&path).expect("a source file can be read");
        for text in texts(&source) {
            for command in named(&with_gaps(&text)) {
                let command = WORDS.iter().fold(command, |text, (word, value)| text.replace(word, value));
                let of = |command: &String| parse_line(command).err();
                let errors: Vec<_> = filled(&command).iter().map(of).collect();
                let is_taken = errors.iter().any(Option::is_none);
                let error = errors.into_iter().flatten().next();
                if let Some(error) = error.filter(|_| !is_taken) {
                    refused.push(format!("{}: `{command}` of `{text}`: {error}", path.display()));
                }
                seen.insert(command);
            }
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    assert!(seen.len() > 40, "{seen:#?}");
}

#[test]
fn every_command_of_a_hint_can_be_typed_as_it_stands_or_its_text_says_what_is_to_be_put_in() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in sources(&root) {
        let source = std::fs::read_to_string(&path).expect("a source file can be read");
        // The rows of checks speak of all findings of a name; each finding has a hint of its own.
        if path.ends_with("engine/checks.rs") {
            continue;
        }
        // Usage examples stand on lines of their own.
        for text in texts(&source).into_iter().filter(|text| !text.contains('\n')) {
            let mut refuse = |why: String| wrong.push(format!("{}: {why} in `{text}`", path.display()));
            let ends = |word: &str| word.ends_with([';', ',', '.', ')']);
            let words: Vec<&str> = text.split(' ').collect();
            for pair in words.windows(2) {
                let is_alone = pair[0].ends_with(':') && pair[1].starts_with("--") && ends(pair[1]);
                if is_alone {
                    refuse(format!("{} without a value", pair[1]));
                }
            }
            for command in commands_in(&with_gaps(&text)) {
                seen += 1;
                if command.contains('…') {
                    refuse(format!("a gap of `{command}`"));
                }
                for (gap, said) in SAID.iter().filter(|(gap, _)| command.contains(gap)) {
                    let is_other = gap == &"NAME" && !command.contains(" NAME");
                    if !is_other && !said.split('|').any(|said| text.contains(said)) {
                        refuse(format!("nothing about {gap} of `{command}`"));
                    }
                }
            }
            if text.trim_end().ends_with(": --state") || text.contains("export ") && text.contains('…') {
                refuse("an option without a value".to_owned());
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 60, "{seen}");
}

/// The commands that a document tells its reader to type: those in blocks of a shell, and those in a sentence.
fn typed(document: &str) -> Vec<String> {
    let (mut commands, mut in_block) = (Vec::new(), None);
    for line in document.lines() {
        match (line.trim().strip_prefix("```"), in_block) {
            (Some(info), None) => in_block = Some(info == "sh"),
            (Some(_), Some(_)) => in_block = None,
            (None, Some(true)) => commands.extend(line.split(" && ").map(|one| one.trim().to_owned())),
            (None, Some(false)) => {}
            (None, None) => commands.extend(line.split('`').skip(1).step_by(2).map(str::to_owned)),
        }
    }
    let ends = ["  ", " #", " | ", " \\| ", " > "];
    let alone = |command: String| {
        let end = ends.iter().filter_map(|end| command.find(end)).min().unwrap_or(command.len());
        command[..end].trim().to_owned()
    };
    let is_one = |command: &String| command.starts_with("provision ") && !command.contains('…');
    commands.into_iter().map(alone).filter(is_one).collect()
}

#[test]
fn every_command_of_a_document_is_one_that_the_program_takes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = std::fs::read_dir(root.join("docs")).expect("there are documents").flatten();
    let pages = pages.map(|entry| entry.path()).chain([root.join("README.md")]);
    let (mut refused, mut seen) = (Vec::new(), 0);
    for page in pages.filter(|path| path.extension().is_some_and(|ending| ending == "md")) {
        let text = std::fs::read_to_string(&page).expect("a document can be read");
        for command in typed(&text).into_iter().filter(|command| !command.contains("COMMAND")) {
            seen += 1;
            // A name may be that of a cluster, of an entry or of a target.
            let names = ["k8s.myzone.net", "gitlab"].map(|name| command.replace("NAME", name));
            let fill =
                |text: String| WORDS.iter().fold(text, |text, (word, value)| text.replace(word, value));
            let errors = names.map(|text| parse_line(&fill(text)).err());
            // The name of a command or of an option alone is none to be typed.
            let is_whole = |error: &clap::Error| {
                let lacks = error.to_string().contains("a value is required");
                error.kind() != clap::error::ErrorKind::MissingRequiredArgument && !lacks
            };
            if let [Some(error), Some(_)] = errors
                && is_whole(&error)
            {
                refused.push(format!("{}: `{command}`: {error}", page.display()));
            }
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    assert!(seen > 100, "{seen}");
}

#[test]
fn every_option_that_a_text_names_is_one_of_a_command() {
    let mut program = Cli::command();
    program.build();
    let mut options = BTreeSet::new();
    let mut commands = vec![&program];
    while let Some(command) = commands.pop() {
        let long =
            command.get_arguments().flat_map(|one| one.get_long_and_visible_aliases().unwrap_or_default());
        options.extend(long.map(str::to_owned));
        commands.extend(command.get_subcommands());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = BTreeSet::new();
    // Words with two hyphens in the other folders are options of the AWS command line.
    for folder in [
        "cli",
        "stack",
        "engine/planner",
        "engine/state",
        "aws/network",
        "aws/policy",
        "aws/state_s3",
        "view/failure",
    ] {
        for path in sources(&root.join(folder)) {
            let source = std::fs::read_to_string(&path).expect("a source file can be read");
            for text in texts(&source).into_iter().filter(|text| !text.contains("aws ")) {
                let words = text.split(|c: char| !c.is_ascii_lowercase() && c != '-');
                for option in words.filter_map(|word| word.strip_prefix("--")).filter(|word| word.len() > 1) {
                    assert!(options.contains(option), "{}: --{option} of `{text}`", path.display());
                    seen.insert(option.to_owned());
                }
            }
        }
    }
    assert!(seen.len() > 12, "{seen:?}");
}
