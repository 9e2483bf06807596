//! The documents as one book: each page is in its table of contents, and each link leads somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use regex_lite::Regex;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(page: &str) -> String {
    std::fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

/// The pages in `docs`, by their paths from the root.
fn pages() -> BTreeSet<String> {
    let listed = std::fs::read_dir(root().join("docs")).expect("there is a folder of documents");
    let names = listed.map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned());
    names
        .filter(|name| name.ends_with(".md") && name != "SUMMARY.md")
        .map(|name| format!("docs/{name}"))
        .collect()
}

/// Every document whose links are held: the pages and those in the root.
fn documents() -> BTreeSet<String> {
    let others = [
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "docs/SUMMARY.md",
        "localstack/README.md",
    ];
    pages().into_iter().chain(others.map(str::to_owned)).collect()
}

/// A document without its blocks of code.
fn prose(text: &str) -> String {
    let mut is_code = false;
    let mut kept = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// The links of a document that lead to a file or a heading here, as they are written.
fn links(text: &str) -> Vec<String> {
    let link = Regex::new(r"\]\(([^)\s]+)\)").expect("a pattern");
    let image = Regex::new(r#"(?:src|srcset|href)="([^"]+)""#).expect("a pattern");
    let text = prose(text);
    let found = link.captures_iter(&text).chain(image.captures_iter(&text)).map(|found| found[1].to_owned());
    found.filter(|to| !to.contains("://") && !to.starts_with("mailto:")).collect()
}

/// The anchors of a document's headings, as GitHub and mdBook make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let prose = prose(text);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let is_kept = |c: &char| c.is_alphanumeric() || ['-', '_', ' '].contains(c);
            let anchor: String =
                title.chars().filter(is_kept).map(|c| if c == ' ' { '-' } else { c }).collect();
            let count = seen.entry(anchor.clone()).and_modify(|count| *count += 1).or_default();
            if *count == 0 { anchor } else { format!("{anchor}-{count}") }
        })
        .collect()
}

/// The place of a link's file, from the root.
fn place(document: &str, to: &str) -> String {
    let mut place = PathBuf::new();
    for part in Path::new(document).parent().unwrap_or(Path::new("")).join(to).components() {
        match part {
            Component::ParentDir => assert!(place.pop(), "{document}: {to} leads out of the repository"),
            part => place.push(part),
        }
    }
    place.display().to_string()
}

#[test]
fn every_page_is_in_the_table_of_contents_and_the_table_has_no_other() {
    let listed: Vec<String> =
        links(&read("docs/SUMMARY.md")).iter().map(|to| place("docs/SUMMARY.md", to)).collect();
    let known: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(listed.len(), known.len(), "a page is listed twice: {listed:?}");
    assert_eq!(known, pages(), "docs/SUMMARY.md lists the pages of docs/");
}

#[test]
fn every_link_and_anchor_leads_somewhere() {
    let mut wrong = Vec::new();
    for document in documents() {
        let text = read(&document);
        for to in links(&text) {
            let (file, anchor) =
                to.split_once('#').map_or((to.as_str(), None), |(file, anchor)| (file, Some(anchor)));
            let file = if file.is_empty() { document.clone() } else { place(&document, file) };
            if !root().join(&file).exists() {
                wrong.push(format!("{document}: there is no {file} ({to})"));
            } else if anchor.is_some_and(|anchor| !anchors(&read(&file)).contains(anchor)) {
                wrong.push(format!("{document}: {file} has no such heading ({to})"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// In the book that mdBook builds, only the pages and what `make book` copies beside them are there.
#[test]
fn a_page_links_to_no_document_outside_of_the_book() {
    let pages = pages();
    for page in &pages {
        for to in links(&read(page)) {
            let file = to.split('#').next().unwrap_or_default();
            let file = if file.is_empty() { page.clone() } else { place(page, file) };
            let is_there = pages.contains(&file)
                || ["docs/pictures/", "examples/"].iter().any(|folder| file.starts_with(folder))
                || file == "provision.yaml";
            assert!(is_there, "{page} links to {file}, which the book does not have");
        }
    }
}

#[test]
fn every_page_can_be_reached_from_another_one() {
    let mut reached: BTreeSet<String> = BTreeSet::new();
    for document in documents().into_iter().filter(|document| document != "docs/SUMMARY.md") {
        let to = links(&read(&document)).into_iter();
        let files =
            to.map(|to| to.split('#').next().unwrap_or_default().to_owned()).filter(|file| !file.is_empty());
        reached.extend(files.map(|file| place(&document, &file)).filter(|file| *file != document));
    }
    let orphans: Vec<String> = pages().into_iter().filter(|page| !reached.contains(page)).collect();
    assert!(orphans.is_empty(), "no document leads to {orphans:?}");
}

#[test]
fn the_readme_is_short_and_shows_the_way_in() {
    let readme = read("README.md");
    let words = readme.split_whitespace().count();
    assert!(words <= 900, "{words} words: what is looked up stands in docs/");
    for needed in ["make demo", "make test", "docs/tutorial.md", "docs/pictures/page.png", "docs/options.md"]
    {
        assert!(readme.contains(needed), "the README does not name {needed}");
    }
}

#[test]
fn anchors_are_those_of_github() {
    let text =
        "# A `plan`, and more\n\n```sh\n# no heading\n```\n## `databases.NAME`\n## A plan\n## A plan\n";
    let expected = ["a-plan-and-more", "databasesname", "a-plan", "a-plan-1"];
    assert_eq!(anchors(text), expected.map(str::to_owned).into());
}
