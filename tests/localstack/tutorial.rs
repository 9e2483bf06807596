//! The tutorial, typed: its commands are run in their order in a fresh account, and what they print is what the page shows.
//! `PROVISION_WRITE_DOCS=1` writes the outputs of the page anew.

use std::process::{Command, Stdio};

use regex_lite::Regex;

use crate::world::{NOTHING, World};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tutorial.md");

/// A piece of the page.
#[derive(Debug)]
enum Piece {
    Prose(String),
    /// Commands that a reader types, the exit code of the last one, and true if the page shows the head and the end of its output alone.
    Typed {
        script: String,
        exit: i32,
        is_shortened: bool,
    },
    Output(String),
    /// A block that is shown and not typed here.
    Other {
        info: String,
        text: String,
    },
}

/// The pieces of a page. A comment before commands says what is special about them: `<!-- exit 1, shortened -->`.
fn pieces(page: &str) -> Vec<Piece> {
    let (mut pieces, mut prose) = (Vec::new(), String::new());
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            prose.push_str(line);
            prose.push('\n');
            continue;
        };
        let text: String =
            lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
        let remark =
            prose.trim_end().lines().last().filter(|line| line.starts_with("<!--")).unwrap_or_default();
        let (exit, is_shortened) = (i32::from(remark.contains("exit 1")), remark.contains("shortened"));
        pieces.push(Piece::Prose(std::mem::take(&mut prose)));
        pieces.push(match info {
            "sh" => Piece::Typed { script: text, exit, is_shortened },
            "text" => Piece::Output(text),
            info => Piece::Other { info: info.to_owned(), text },
        });
    }
    pieces.push(Piece::Prose(prose));
    pieces
}

fn written(pieces: &[Piece]) -> String {
    let block = |info: &str, text: &str| format!("```{info}\n{text}```\n");
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Prose(text) => text.clone(),
            Piece::Typed { script, .. } => block("sh", script),
            Piece::Output(text) => block("text", text),
            Piece::Other { info, text } => block(info, text),
        })
        .collect()
}

/// The output with a placeholder for all that is another one in each account.
fn alike(world: &World, output: &str) -> String {
    let output = output
        .replace(&world.account, "123456789012")
        .replace(&world.folder.path().display().to_string(), "/home/you/shop");
    let rules = [
        (r"\b(sg|vpc|subnet|fs|fsmt|eni)-[0-9a-f]{8,17}\b", "$1-…"),
        (r"\bdb-[0-9A-Z]{26}\b", "db-…"),
        (r"rds!db-[0-9a-f-]{36}-[0-9A-Za-z]{6}", "rds!db-…"),
        (r"-final-[0-9a-f]{8}\b", "-final-…"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "…"),
        (r"\bin \d+(\.\d+)? s\b", "in … s"),
        (r"\b\d{4}-\d{2}-\d{2}\b", "YYYY-MM-DD"),
    ];
    let made = rules.iter().fold(output, |text, (pattern, with)| {
        Regex::new(pattern).expect("a pattern").replace_all(&text, *with).into_owned()
    });
    made.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// The first three and the last two paragraphs of an output.
fn shortened(output: &str) -> String {
    let paragraphs: Vec<&str> = output.trim_end().split("\n\n").collect();
    match paragraphs.as_slice() {
        [a, b, c, _, .., y, z] if paragraphs.len() > 6 => format!("{}\n", [a, b, c, "…", y, z].join("\n\n")),
        _ => output.to_owned(),
    }
}

/// Types these commands, and holds the exit code; what they printed on standard output.
fn typed(world: &World, script: &str, exit: i32) -> String {
    let program = world.command(&[]);
    let folder = std::path::Path::new(program.get_program()).parent().expect("it is in a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).current_dir(world.folder.path()).env_clear();
    shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.env("PATH", format!("{}:{path}", folder.display()));
    let output = shell.stdin(Stdio::null()).output().expect("a shell can be run");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(exit), "{script}\n{out}\n{err}");
    out.into_owned()
}

#[test]
fn the_tutorial_prints_what_it_shows() {
    let page = std::fs::read_to_string(PAGE).expect("the page is there");
    let world = World::seeded(&["--topology", "private"]);
    let mut pieces = pieces(&page);
    assert_eq!(written(&pieces), page, "the page can be taken apart");
    let mut said: Option<String> = None;
    let mut count = 0;
    for piece in &mut pieces {
        match piece {
            Piece::Typed { script, exit, is_shortened } => {
                let output = alike(&world, &typed(&world, script, *exit));
                said = Some(if *is_shortened { shortened(&output) } else { output });
            }
            Piece::Output(shown) => {
                *shown = said.take().expect("an output stands below its commands");
                count += 1;
            }
            Piece::Prose(_) | Piece::Other { .. } => {}
        }
    }
    assert!(count > 5, "a tutorial without outputs holds nothing");
    let expected = written(&pieces);
    if std::env::var_os("PROVISION_WRITE_DOCS").is_some() {
        std::fs::write(PAGE, &expected).expect("the page can be written");
        return;
    }
    for (number, (shown, printed)) in page.lines().zip(expected.lines()).enumerate() {
        assert_eq!(shown, printed, "docs/tutorial.md:{}: `make docs` writes it", number + 1);
    }
    assert_eq!(page, expected, "`make docs` writes docs/tutorial.md");
    assert_eq!(world.cloud.count(), NOTHING, "the reader leaves nothing behind");
}

#[test]
fn an_output_is_alike_in_each_account_and_short_where_that_is_asked_for() {
    let world = World::empty();
    let output = format!("account {} sg-0123456789abcdef0 in 12.5 s\n", world.account);
    assert_eq!(alike(&world, &output), "account 123456789012 sg-… in … s\n");
    assert_eq!(shortened("a\n\nb\n\nc\n\nd\n\ne\n\nf\n\ng\n"), "a\n\nb\n\nc\n\n…\n\nf\n\ng\n");
    assert_eq!(shortened("a\n\nb\n"), "a\n\nb\n");
    let page = "A\n\n<!-- exit 1, shortened -->\n```sh\nfalse\n```\n\n```text\nx\n```\nB\n";
    let pieces = pieces(page);
    assert_eq!(written(&pieces), page);
    assert!(matches!(&pieces[1], Piece::Typed { exit: 1, is_shortened: true, .. }), "{pieces:?}");
}
