//! Finds the commands in a text, so that none is broken over lines and each can be copied.

/// The commands of the program that a text may name.
pub const COMMANDS: &[&str] = &[
    "apply",
    "completions",
    "destroy",
    "drill",
    "export",
    "failover",
    "graph",
    "history",
    "iam-policy",
    "image",
    "import",
    "init",
    "output",
    "plan",
    "render",
    "restore",
    "schema",
    "secret",
    "state",
    "status",
    "upgrade",
];

/// The commands below `provision state`, each with how many words it takes.
const STATE: &[(&str, usize)] =
    &[("forget", 1), ("list", 0), ("move", 2), ("rebuild", 0), ("show", 1), ("unlock", 1)];

/// Options after which a word is no value of theirs; so are all that begin with `--no-`.
const FLAGS: &[&str] = &[
    "--accept-unknown-lag",
    "--apply-immediately",
    "--auto-approve",
    "--back",
    "--blue-green",
    "--delete-copy",
    "--deletion-protection",
    "--destroy",
    "--forget",
    "--give-up",
    "--into-folder",
    "--json",
    "--latest",
    "--multi-az",
    "--publicly-accessible",
    "--reference",
    "--refresh-only",
    "--skip-final-snapshot",
    "--switch",
    "--use-latest-restorable-time",
];

/// Actions of the AWS command line without a hyphen.
const ACTIONS: &[&str] = &["cp", "login", "ls", "mb", "mv", "rm", "wait"];

const OPENING: [char; 2] = ['(', '`'];
pub(super) const CLOSING: [char; 8] = [',', ';', ':', ')', '.', '`', '?', '!'];

/// Words of a text that stay on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub text: String,
    /// True if it is a command, with the punctuation around it.
    pub is_command: bool,
}

/// The pieces of a text: its words, and its commands as a whole.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let length = length(&words[at..]);
        let end = at + length.max(1);
        pieces.push(Piece { text: words[at..end].join(" "), is_command: length > 0 });
        at = end;
    }
    pieces
}

/// The commands of a text, without the punctuation around them.
#[cfg(test)]
pub fn commands_in(text: &str) -> Vec<String> {
    let found = pieces(text).into_iter().filter(|piece| piece.is_command);
    found.map(|piece| bare(&piece.text).to_owned()).collect()
}

/// A command without the punctuation around it.
pub(super) fn bare(command: &str) -> &str {
    command.trim_start_matches(OPENING).trim_end_matches(CLOSING)
}

/// The number of words of the command that a text begins with; 0 where it begins with none.
fn length(words: &[&str]) -> usize {
    let word = |at: usize| words.get(at).map_or("", |word| word.trim_end_matches(CLOSING));
    let (head, arguments) = match words.first().map_or("", |first| first.trim_start_matches(OPENING)) {
        "provision" if word(1) == "state" => match STATE.iter().find(|(name, _)| *name == word(2)) {
            Some((_, arguments)) => (3, *arguments),
            None => return 0,
        },
        // These take a word of a few.
        "provision"
            if ["completions", "drill", "export", "failover", "image", "restore", "schema", "upgrade"]
                .contains(&word(1)) =>
        {
            (2, 1)
        }
        "provision" if COMMANDS.contains(&word(1)) => (2, 0),
        "aws" if is_name(word(1)) && (word(2).contains('-') || ACTIONS.contains(&word(2))) => (3, 0),
        "rm" if word(1).contains(['/', '.']) => (1, 1),
        "cp" | "mv" if word(1).contains(['/', '.']) => (1, 2),
        "kill" if !word(1).is_empty() && word(1).chars().all(|c| c.is_ascii_digit()) => (1, 1),
        _ => return 0,
    };
    if words[..head - 1].iter().any(|word| ends(word)) {
        return 0;
    }
    let mut end = head;
    let goes_on = |end: usize| end < words.len() && !ends(words[end - 1]);
    let with_argument = |end: usize| end + argument(&words[end..]);
    for _ in 0..arguments {
        if goes_on(end) {
            end = with_argument(end);
        }
    }
    while goes_on(end) {
        let word = words[end];
        if word.starts_with('-') {
            end += 1;
            let takes_value = !word.contains('=') && !FLAGS.contains(&word) && !word.starts_with("--no-");
            if takes_value && goes_on(end) && !words[end].starts_with('-') {
                end = with_argument(end);
            }
        } else if looks_like_an_argument(word) {
            end = with_argument(end);
        } else {
            break;
        }
    }
    end
}

/// The number of words of one argument: more than one where it is quoted.
fn argument(words: &[&str]) -> usize {
    let quoted = words[0].starts_with('\'');
    let closes = |word: &&str| word.trim_end_matches(CLOSING).ends_with('\'');
    match words.iter().position(closes) {
        // A quote alone opens, and closes nothing yet.
        Some(0) if quoted && words[0].len() == 1 => words[1..].iter().position(closes).map_or(1, |at| at + 2),
        Some(last) if quoted => last + 1,
        _ => 1,
    }
}

fn ends(word: &str) -> bool {
    word.ends_with(CLOSING)
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// True for an address, an id, a path or a placeholder, and false for a word of a sentence.
fn looks_like_an_argument(word: &str) -> bool {
    let inner = word.trim_end_matches(CLOSING);
    !word.starts_with(OPENING) && inner.chars().any(|c| !c.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_ends_where_the_sentence_goes_on() {
        for (text, expected) in [
            ("provision apply", &["provision apply"][..]),
            (
                "undo it; or: provision apply --replace aws_db_instance.db",
                &["provision apply --replace aws_db_instance.db"],
            ),
            ("provision init writes one for the cluster", &["provision init"]),
            ("the next provision apply looks at it", &["provision apply"]),
            (
                "provision state move db main; provision plan",
                &["provision state move db main", "provision plan"],
            ),
            (
                "provision state unlock 4f-1, then: provision apply.",
                &["provision state unlock 4f-1", "provision apply"],
            ),
            ("ask for what `provision iam-policy` prints", &["provision iam-policy"]),
            (
                "(aws backup list-recovery-points-by-resource --resource-arn arn:aws:x:y lists them)",
                &["aws backup list-recovery-points-by-resource --resource-arn arn:aws:x:y"],
            ),
            (
                "aws rds wait db-instance-available --db-instance-identifier db --region eu-west-1, then: it",
                &["aws rds wait db-instance-available --db-instance-identifier db --region eu-west-1"],
            ),
            (
                "aws rds x-y --multi-az --vpc-security-group-ids sg-1 sg-2 --tags 'Key=a b' and then",
                &["aws rds x-y --multi-az --vpc-security-group-ids sg-1 sg-2 --tags 'Key=a b'"],
            ),
            ("provision schema stack lists them", &["provision schema stack"]),
            ("provision apply --refresh-only records it", &["provision apply --refresh-only"]),
            (
                "mv a/b.json a/b.json.damaged, then cp a/b.backup a/b.json, and",
                &["mv a/b.json a/b.json.damaged", "cp a/b.backup a/b.json"],
            ),
            ("end it: kill 1234; or wait", &["kill 1234"]),
            ("runs that kill it", &[]),
            ("a newer version of provision recorded it", &[]),
            ("update provision, then run the same command again", &[]),
            ("what provision plans, and aws knows", &[]),
        ] {
            assert_eq!(commands_in(text), expected, "{text}");
        }
    }

    #[test]
    fn no_word_of_a_text_is_lost() {
        for text in [
            "a  b",
            "",
            "provision",
            "provision state",
            "aws",
            "provision state move",
            "cp",
            "mv a/",
            "provision apply '",
            "provision apply 'a",
        ] {
            let whole: Vec<String> = pieces(text).into_iter().map(|piece| piece.text).collect();
            assert_eq!(whole.join(" "), text.split_whitespace().collect::<Vec<_>>().join(" "), "{text}");
        }
    }
}
