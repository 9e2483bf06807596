//! The files that make, install and describe releases agree with each other, since none of them is run where the project is tested.

use std::collections::BTreeSet;
use std::path::Path;

use granit_parser::Parser;
use regex_lite::Regex;

const WORKFLOW: &str = ".github/workflows/release.yml";
const ACTION: &str = "setup/action.yml";
const INSTALLER: &str = "setup/install";
const COMPONENT: &str = "templates/provision/template.yml";

/// The name of an archive, with the words that stand for the version and the target.
const ARCHIVE: [(&str, &str); 4] = [
    ("Cargo.toml", "/releases/download/v{ version }/provision-{ version }-{ target }.tar.gz"),
    ("packaging/build", "$out/dist/$folder-$target.tar.gz"),
    (INSTALLER, "archive=provision-$VERSION-$target.tar.gz"),
    (COMPONENT, "archive=provision-$VERSION-$target.tar.gz"),
];

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The first part of each match.
fn found(pattern: &str, text: &str) -> BTreeSet<String> {
    let pattern = Regex::new(pattern).expect("a pattern");
    pattern.captures_iter(text).map(|found| found[1].to_owned()).collect()
}

fn set(items: &[&str]) -> BTreeSet<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

#[test]
fn every_file_of_a_workflow_is_yaml() {
    for path in [WORKFLOW, ACTION, COMPONENT] {
        let text = read(path);
        let events = Parser::new_from_str(&text).map(|event| event.map(|_| ()));
        let events = events.collect::<Result<Vec<()>, _>>().unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(events.len() > 20, "{path} is empty");
    }
}

#[test]
fn archives_have_one_name_where_they_are_made_and_where_they_are_taken() {
    for (path, name) in ARCHIVE {
        assert!(read(path).contains(name), "{path} names an archive otherwise than {name}");
    }
    assert!(read("packaging/build").contains("folder=provision-$version"), "an archive has one folder");
    assert!(read("Cargo.toml").contains(r#"bin-dir = "provision-{ version }/{ bin }{ binary-ext }""#));
    let page = read("docs/install.md");
    assert!(page.contains("$base/provision-$version-$target.tar.gz"), "docs/install.md");
    assert!(page.contains("/releases/download/v$version"), "docs/install.md");
}

#[test]
fn the_targets_of_a_release_are_those_that_installers_and_documents_name() {
    let target = r"\b((?:x86_64|aarch64)-(?:unknown-linux-gnu|apple-darwin))\b";
    let built = found(&format!("target: {target}"), &read(WORKFLOW));
    assert_eq!(built.len(), 4, "{built:?}");
    assert_eq!(found(target, &read(INSTALLER)), built, "{INSTALLER}");
    assert_eq!(found(target, &read("docs/install.md")), built, "docs/install.md");
    // A job of GitLab runs in a container of Linux.
    let of_linux: BTreeSet<String> =
        built.iter().filter(|target| target.contains("linux")).cloned().collect();
    assert_eq!(found(target, &read(COMPONENT)), of_linux, "{COMPONENT}");
    assert_eq!(found(target, &read("Cargo.toml")), of_linux, "the overrides of binstall");
}

#[test]
fn the_version_and_the_address_are_those_of_the_package() {
    let version = set(&[env!("CARGO_PKG_VERSION")]);
    let address = set(&[env!("CARGO_PKG_REPOSITORY")]);
    assert_eq!(found(r#"(?m)^    default: "([0-9.]+)"$"#, &read(ACTION)), version, "{ACTION}");
    assert_eq!(found(r#"(?m)^      default: "([0-9][0-9.]+)"$"#, &read(COMPONENT)), version, "{COMPONENT}");
    assert_eq!(found("(?m)^      default: (https://.*)$", &read(COMPONENT)), address, "{COMPONENT}");
    let pages = ["README.md", "docs/install.md", "docs/review-in-ci.md"].map(read).join("\n");
    let named = found(
        r"(?:provision/setup@v|provision/provision@|ghcr\.io/OWNER/provision:|version=|VERSION=|provision_)([0-9][0-9.]*[0-9])",
        &pages,
    );
    assert_eq!(named, version, "the documents name a release");
}

#[test]
fn the_workflow_takes_the_oldest_rust_that_the_package_allows() {
    let rust = set(&[env!("CARGO_PKG_RUST_VERSION")]);
    assert_eq!(found(r#"RUST: "([0-9.]+)""#, &read(WORKFLOW)), rust);
}

#[test]
fn actions_of_others_are_pinned_by_a_commit_and_say_which_release_it_is() {
    let pinned = Regex::new(r"^[a-z-]+/[a-z-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+$").expect("a pattern");
    let all: Vec<String> = [WORKFLOW, ACTION]
        .iter()
        .flat_map(|path| found("uses: (.*)", &read(path)))
        .filter(|uses| !uses.contains("OWNER"))
        .collect();
    assert!(all.len() >= 4, "{all:?}");
    let loose: Vec<&String> = all.iter().filter(|uses| !pinned.is_match(uses)).collect();
    assert!(loose.is_empty(), "{loose:?}");
}

#[test]
fn the_packages_take_files_that_are_there_or_are_built() {
    let built = read("packaging/build");
    let folder = found(r#""target/packaging/files/([^"]+)""#, &read("Cargo.toml"));
    assert!(folder.len() >= 5, "{folder:?}");
    for file in folder {
        let name = file.split('.').next().expect("a name");
        assert!(built.contains(name), "packaging/build makes no {file}");
    }
    let plain = found(r#"(?m)^    \["([A-Z][^"]*)", "usr"#, &read("Cargo.toml"));
    let copied = found(r"(?m)^COPY ((?:packaging|LICENSE)[^ ]*)", &read("Dockerfile"));
    assert!(plain.len() >= 4 && copied.len() == 2, "{plain:?} {copied:?}");
    for path in plain.iter().chain(&copied) {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists(), "there is no {path}");
    }
    let built_for_image = found(
        r"COPY (?:--chmod=755 )?target/packaging/image/\$\{TARGETARCH\}/([a-z.-]+)",
        &read("Dockerfile"),
    );
    assert_eq!(built_for_image, set(&["ca-certificates.crt", "provision"]));
    assert!(
        built.contains("/etc/ssl/certs/ca-certificates.crt \"$out/image/$architecture/\""),
        "packaging/build"
    );
    assert!(built.contains("cp \"$files/provision\" \"$out/image/$architecture/\""), "packaging/build");
}
