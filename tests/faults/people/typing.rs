//! The steps that a hint says to type: commands and lines of the stack file, read as people read them.

/// Something to type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// `provision …`, without its first word.
    Provision(Vec<String>),
    /// `aws …`, without its first word.
    Aws(Vec<String>),
    /// A line for the sections of these names, or else of the address that the finding is about.
    Line { key: String, value: String, names: Vec<String> },
    /// An option is taken out of the section of this name.
    Out { key: String, name: String },
    /// The change of the stack file is taken back.
    Undo,
    /// A newer version of the program is installed.
    Newer,
}

const COMMANDS: [&str; 13] = [
    "apply",
    "plan",
    "destroy",
    "import",
    "init",
    "state",
    "output",
    "iam-policy",
    "graph",
    "export",
    "restore",
    "status",
    "upgrade",
];

/// The ways that a hint offers, each with what is typed one after the other. Ways without anything to type, such as
/// `wait for it`, are not among them.
pub fn ways(hint: &str) -> Vec<Vec<Typed>> {
    let flat = hint.split_whitespace().collect::<Vec<_>>().join(" ");
    let separated = ["; or ", "; ", ", or: ", ", or ", " or: "]
        .iter()
        .fold(flat, |text, separator| text.replace(separator, "\u{1}"));
    separated.split('\u{1}').map(typed).filter(|typed| !typed.is_empty()).collect()
}

fn typed(way: &str) -> Vec<Typed> {
    let undo = [
        "undo that",
        "put it back into the stack file",
        "take the change out",
        "name it in place of",
        "of the stack file away",
    ];
    if undo.iter().any(|words| way.contains(words)) {
        return vec![Typed::Undo];
    }
    if ["newer version of provision", "update provision"].iter().any(|words| way.contains(words)) {
        return vec![Typed::Newer];
    }
    let mut typed = Vec::new();
    let parts: Vec<&str> = way.split('`').collect();
    for (place, part) in parts.iter().copied().enumerate() {
        if place % 2 == 0 {
            typed.extend(bare(part));
        } else if let Some(name) = parts.get(place + 2).filter(|_| parts[place + 1] == " out of ") {
            let key = part.split(':').next().unwrap_or(part).to_owned();
            typed.push(Typed::Out { key, name: (*name).to_owned() });
        } else if let (Some(Typed::Line { names, .. }), false) = (typed.last_mut(), part.contains(' ')) {
            names.push(part.to_owned());
        } else {
            typed.extend(quoted(part));
        }
    }
    typed
}

/// The text in backquotes: a command, or a line of the stack file.
fn quoted(text: &str) -> Option<Typed> {
    if let Some(command) = command(text) {
        return Some(command);
    }
    let (key, value) = text.split_once(": ")?;
    Some(Typed::Line { key: key.trim().to_owned(), value: value.trim().to_owned(), names: Vec::new() })
}

/// Commands in running text: each goes on until a word that ends it.
fn bare(text: &str) -> Vec<Typed> {
    let words: Vec<&str> = text.split(' ').collect();
    let mut found = Vec::new();
    let mut place = 0;
    while place < words.len() {
        let starts = matches!(words[place].trim_start_matches('('), "provision" | "aws");
        if !starts {
            place += 1;
            continue;
        }
        let mut line = Vec::new();
        while place < words.len() {
            let word = words[place];
            if !line.is_empty() && ["then", "and", "or", "makes", "shows", "to", "with"].contains(&word) {
                break;
            }
            place += 1;
            line.push(word.trim_start_matches('(').trim_end_matches([',', ';', ':', ')', '.']));
            if word.ends_with([',', ';', ':', ')']) {
                break;
            }
        }
        found.extend(command(&line.join(" ")));
    }
    found
}

/// A command, if it is one.
fn command(text: &str) -> Option<Typed> {
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    match words.split_first()? {
        (first, rest)
            if first == "provision" && rest.first().is_some_and(|one| COMMANDS.contains(&one.as_str())) =>
        {
            Some(Typed::Provision(rest.to_vec()))
        }
        (first, rest) if first == "aws" && rest.len() > 1 => Some(Typed::Aws(rest.to_vec())),
        _ => None,
    }
}

/// True if a command has a gap that only people can fill: `FILE`, `…`, `NAME`.
pub fn has_a_gap(arguments: &[String]) -> bool {
    let is_gap = |word: &String| {
        let name = word.rsplit('=').next().unwrap_or(word);
        word.contains('…')
            || (name.len() > 1 && name.chars().all(|c| c.is_ascii_uppercase() || "-_".contains(c)))
    };
    arguments.iter().any(is_gap)
}

#[test]
fn hints_are_read_as_people_read_them() {
    let provision = |text: &str| Typed::Provision(text.split(' ').map(str::to_owned).collect());
    let line = |key: &str, value: &str| Typed::Line {
        key: key.to_owned(),
        value: value.to_owned(),
        names: Vec::new(),
    };
    let names = ["files", "records"].map(str::to_owned).to_vec();
    let nobody = Typed::Line { key: "access".to_owned(), value: "[]".to_owned(), names };
    for (hint, expected) in [
        ("provision state move a.b a.c", vec![vec![provision("state move a.b a.c")]]),
        (
            "put the lost state file back (the previous one is kept beside it as .backup), or: provision state rebuild",
            vec![vec![provision("state rebuild")]],
        ),
        (
            "undo that change; or, to lose the data: provision apply --replace a.b",
            vec![vec![Typed::Undo], vec![provision("apply --replace a.b")]],
        ),
        (
            "write `deletion_protection: false` into the stack file, then: provision apply",
            vec![vec![line("deletion_protection", "false"), provision("apply")]],
        ),
        (
            "aws efs delete-access-point --access-point-id fsap-1; then run the same command again",
            vec![vec![Typed::Aws(
                ["efs", "delete-access-point", "--access-point-id", "fsap-1"].map(str::to_owned).to_vec(),
            )]],
        ),
        (
            "write `access: []` for `files` and `records`; or, once it is there: provision import vpc-1",
            vec![vec![nobody], vec![provision("import vpc-1")]],
        ),
        ("choose another name in the stack file", vec![]),
        (
            "take `replication` out of `files`, then: provision apply",
            vec![vec![
                Typed::Out { key: "replication".to_owned(), name: "files".to_owned() },
                provision("apply"),
            ]],
        ),
    ] {
        assert_eq!(ways(hint), expected, "{hint}");
    }
    assert!(has_a_gap(&["import".to_owned(), "VPC".to_owned()]));
    assert!(!has_a_gap(&["import".to_owned(), "a.b=db-0A1B".to_owned()]));
}
