//! Stack files that are too large, no text, no files at all, or hold a password.

use crate::bad_input::case::{Case, Content};

pub fn cases() -> Vec<Case> {
    [large(), passwords(), files()].concat()
}

fn large() -> Vec<Case> {
    const TEN_MB: usize = 10_000_000;
    let says = ["provision.yaml", "has at most 1048576", "is this another file?"];
    let texts = [
        "# a comment\n".repeat(TEN_MB / 12),
        format!("{}: x\n", "k".repeat(TEN_MB)),
        format!("stack: {}\n", "v".repeat(TEN_MB)),
        "a: b\n".repeat(TEN_MB / 5),
        "[".repeat(TEN_MB),
        "\n".repeat(TEN_MB),
        "\0".repeat(TEN_MB),
        "é".repeat(TEN_MB / 2),
    ];
    let mut cases: Vec<Case> =
        texts.into_iter().map(|text| Case::of("plan").text("provision.yaml", text).says(says)).collect();
    // As much as is read at all, and slow to read for a reader that is not careful.
    let mut add = |text: String, says: &[&str]| {
        let case = Case::of("plan").text("provision.yaml", text);
        cases.push(case.says(["provision.yaml:"]).says(says.iter().copied()));
    };
    add(
        format!("stack: {}\n", "x".repeat(3_000)),
        &["line 1 has 3007 bytes, and a line has at most 1200", "break the line"],
    );
    add(
        format!("file_systems:\n{}", "  a: {}\n".repeat(100_000)),
        &["`a` is written twice", "more problems"],
    );
    add(
        (0..60_000).map(|n| format!("k{n}: x\n")).collect(),
        &["`k0` is not an option here", "more problems"],
    );
    let names: String = (0..40_000).map(|n| format!("  n_{n}: {{}}\n")).collect();
    add(format!("file_systems:\n{names}"), &["lower-case letters", "more problems"]);
    let roles = vec!["bastion"; 50].join(", ");
    add(format!("file_systems: {{ a: {{ access: [{roles}] }} }}\n"), &["possible here: `nodes`, `masters`"]);
    cases
}

/// A literal password is refused, and never shown.
fn passwords() -> Vec<Case> {
    let secret = "hunter2-hunter2";
    [
        format!("password: {secret}"),
        format!("password: \"{secret}\"  # mine"),
        format!("password: |\n      {secret}"),
        format!("password: [{secret}]"),
        format!("password: {{ value: {secret} }}"),
        format!("pasword: {secret}"),
        format!("PASSWORD: {secret}"),
        format!("master_password: {secret}"),
        format!("password: {secret}\n    port: 80"),
        format!("password: \"{secret}\n    port: 5432"),
        format!("password: *{secret}"),
        format!("password: @{secret}"),
        format!("password: {secret}: x"),
        format!("password: {secret}\n    password: {secret}"),
        format!("password: {secret}\u{1b}"),
        format!("password: ENV:{secret}"),
    ]
    .map(|options| {
        let text = format!("databases:\n  db:\n    {options}\n");
        let case = Case::of("plan -v").text("provision.yaml", text).never(secret);
        case.says(["provision.yaml:"])
    })
    .to_vec()
}

/// Files that are no text, or no files.
fn files() -> Vec<Case> {
    let named = |content: Content, says: &[&str]| {
        let says = says.iter().copied();
        Case::of("plan -c other.yaml").file("other.yaml", content).says(["other.yaml"]).says(says)
    };
    let bytes = |bytes: &[u8]| Content::Bytes(bytes.to_vec());
    let mut cases = vec![
        Case::of("plan --config none.yaml").says([
            "none.yaml",
            "No such file",
            "provision init --config none.yaml",
        ]),
        Case::of("plan").variable("PROVISION_CONFIG", "none.yaml").says([
            "none.yaml",
            "No such file",
            "PROVISION_CONFIG",
        ]),
        Case::of("plan").file("provision.yaml", Content::Folder).says([
            "provision.yaml",
            "a folder",
            "--config",
        ]),
        Case::of("output").file("provision.yaml", Content::Loop).says(["provision.yaml", "hint: "]),
        named(Content::Folder, &["a folder", "--config"]),
        named(Content::Pipe, &["not a file", "--config"]),
        named(Content::Loop, &["hint: "]),
        named(Content::Zeros(10_000_000_000), &["larger than 64 MiB"]),
        named(bytes(b"stack: g\xffitlab\n"), &["other.yaml:1:9", "not UTF-8 text", "save it as UTF-8"]),
        named(bytes(b"stack: a\nfile_systems: { b\xc3\x28: {} }\n"), &["other.yaml:2:18", "not UTF-8 text"]),
        named(bytes(b"\xff\xfes\0t\0a\0c\0k\0"), &["other.yaml:1:1", "not UTF-8 text"]),
        named(bytes(b"\x7fELF\x02\x01\x01\0\xff"), &["other.yaml:1:", "not UTF-8 text"]),
        named(bytes(b"\x1f\x8b\x08\0\xed"), &["other.yaml:1:", "not UTF-8 text"]),
        Case::of("plan -c /dev/zero").says(["/dev/zero", "not a file"]),
        Case::of("plan -c /dev/null").says(["/dev/null", "not a file"]),
        Case::of("init").text("provision.yaml", "stack: a\n").says([
            "provision.yaml",
            "exists already",
            "--config",
        ]),
    ];
    if closes() {
        cases.push(named(Content::Closed, &["Permission denied", "hint: "]));
    }
    cases
}

/// True if the user who runs this cannot read a closed file: root can.
pub fn closes() -> bool {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("file");
    std::fs::write(&path, "").expect("it can be written");
    let nobody = std::os::unix::fs::PermissionsExt::from_mode(0o000);
    std::fs::set_permissions(&path, nobody).expect("it can be closed");
    std::fs::read(&path).is_err()
}
