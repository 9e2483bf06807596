//! Stack files that are wrong as a whole: structure, names, and what YAML has beyond names and values.

use provision::stack::sections::SECTIONS;

use crate::bad_input::case::Case;

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |text: &str, says: &[&str]| {
        let says = says.iter().copied();
        cases.push(Case::of("plan").text("provision.yaml", text).says(["provision.yaml"]).says(says));
    };
    structure(&mut add);
    names(&mut add);
    beyond(&mut add);
    invisible(&mut add);
    together(&mut add);
    cases
}

type Add<'a> = dyn FnMut(&str, &[&str]) + 'a;

fn structure(add: &mut Add<'_>) {
    let empty = ["the file is empty", "provision init"];
    for text in ["", "\n\n", "# words\n", "---\n", "null\n", "~", "\u{feff}", "...\n"] {
        add(text, &empty);
    }
    for text in ["words\n", "- stack: a\n", "[]\n", "12\n", "\"stack: a\"\n", "true\n"] {
        add(text, &[":1:1", "each as `option: value`"]);
    }
    let keys: Vec<String> = SECTIONS.iter().map(|section| format!("`{}`", section.key)).collect();
    let (last, others) = keys.split_last().expect("there are sections");
    let all = format!("add {} or {last}", others.join(", "));
    let none = format!("{}: {{}}`", last.trim_end_matches('`'));
    for text in ["{}\n", "stack: gitlab\n", "tags: { a: b }\n"] {
        add(text, &[":1:", "there is no section", &all, &none]);
    }
    add("databases:\n", &[":1:1", "`databases` has no value", "for none: `databases: {}`"]);
    add("file_systems:\n", &[":1:1", "`file_systems` has no value", "for none: `file_systems: {}`"]);
    add("file_systems:\n  nfs:\n", &[":2:3", "`nfs` has no value", "`nfs: {}`"]);
    add("databases:\n  db:\n", &[":2:3", "`db` has no value", "`db: {}`"]);
    add("file_systems: nfs\n", &[":1:", "each as `option: value`"]);
    add("file_systems:\n  - nfs\n", &[":2:", "each as `option: value`"]);
    add("file_systems:\n  nfs: true\n", &[":2:8", "each as `option: value`"]);
    add("stack: a\nfile_systems: { a: {} }\nstack: b\n", &[":3:1", "`stack` is written twice", "keep one"]);
    add("file_systems: { a: {}, a: {} }\n", &[":1:", "`a` is written twice", "keep one"]);
    add("databases: { a: { port: 5432, port: 5433 } }\n", &[":1:31", "`port` is written twice"]);
    add("tags: { a: x, a: y }\nfile_systems: { a: {} }\n", &[":1:", "`a` is written twice"]);
    add("tags: { a: x, \"a\": y }\nfile_systems: { a: {} }\n", &[":1:", "`a` is written twice"]);
    add("file_systems:\n\tnfs: {}\n", &[":2:2", "indent with spaces"]);
    add("file_systems:\n  nfs: {}\n databases:\n", &[":3:", "check the indentation"]);
    add("file_systems: { nfs: {}\n", &["this is not YAML", "unclosed bracket", "close what is opened here"]);
    add("file_systems: { nfs: {} }}\n", &[":1:", "this is not YAML"]);
    add("stack: \"gitlab\nfile_systems: {}\n", &[":2:1", "this is not YAML", "quotes"]);
    add("stack: a: b\n", &[":1:", "this is not YAML", "the `:` after each option"]);
    add("stack: @a\n", &[":1:", "this is not YAML", "quotes"]);
    add("stack: `a`\n", &[":1:", "this is not YAML"]);
    add("stack gitlab\nfile_systems: {}\n", &["this is not YAML", "the `:` after each option"]);
    add("{\"stack\": \"a\", \"file_system\": {}}\n", &[":1:", "did you mean `file_systems`?"]);
    add("AWSTemplateFormatVersion: 2010-09-09\nResources: {}\n", &[":1:1", "possible here: `stack`"]);
    add("resource \"aws_vpc\" \"a\" {\n}\n", &[":1:1", "each as `option: value`"]);
    add("apiVersion: kops.k8s.io/v1alpha2\nkind: Cluster\n", &[":1:1", "possible here: `stack`"]);
}

fn names(add: &mut Add<'_>) {
    let long = "a".repeat(64);
    for name in
        ["zürich", "数据", "Nfs", "n_fs", "1nfs", "a--b", "a-", "-a", "a.b", "'a b'", "''", "'../a'", &long]
    {
        for section in ["file_systems", "databases"] {
            add(&format!("{section}:\n  {name}: {{}}\n"), &[":2:3", "lower-case letters and digits"]);
        }
    }
    for name in ["zürich", "数据", "GitLab", "-a", "a-", "a/b", "'..'", "sg-1", "'a b'", &"a".repeat(33)] {
        let text = format!("stack: {name}\nfile_systems: {{ a: {{}} }}\n");
        add(&text, &[":1:8", "lower-case letters, digits and hyphens, at most 32"]);
    }
    for (key, says) in [
        ("'aws:x'", "reserved"),
        ("'provision:stack'", "reserved"),
        ("KubernetesCluster", "choose another key"),
        ("kubernetes.io/cluster/a", "choose another key"),
        ("Name", "choose another key"),
        ("''", "1 to 128 letters"),
        ("'a*'", "1 to 128 letters"),
        (&"k".repeat(129), "1 to 128 letters"),
    ] {
        add(&format!("tags: {{ {key}: x }}\nfile_systems: {{ a: {{}} }}\n"), &[":1:9", says]);
    }
    for (value, says) in [
        ("12", "put the value in quotes"),
        ("true", "put the value in quotes"),
        ("[a]", "write a single value"),
        ("'<b>'", "at most 256 letters"),
        (&"v".repeat(257), "at most 256 letters"),
    ] {
        add(&format!("tags: {{ a: {value} }}\nfile_systems: {{ a: {{}} }}\n"), &[":1:12", says]);
    }
    let many: String = (0..47).map(|number| format!("  t{number}: x\n")).collect();
    add(
        &format!("tags:\n{many}file_systems: {{ a: {{}} }}\n"),
        &[":1:", "has room for 46", "leave some out"],
    );
}

/// Features of YAML beyond names and values.
fn beyond(add: &mut Add<'_>) {
    let plain = "write the value itself";
    add("stack: &name a\nfile_systems: { a: {} }\n", &[":1:", "anchors, aliases and tags", plain]);
    add("file_systems: { a: &a {}, b: *a }\n", &[":1:", plain]);
    add("stack: *nowhere\n", &[":1:", plain]);
    add("a: &a\n  b: *a\n", &[":2:", plain]);
    add("base: &base { backup: true }\nfile_systems: { a: { <<: *base } }\n", &[":1:", plain]);
    add(
        "file_systems: { a: { <<: { backup: true } } }\n",
        &[":1:22", "`<<` is not an option here", "possible here"],
    );
    for tag in
        ["!!str a", "!!binary aGk=", "!include /etc/passwd", "!!python/object/apply:os.system [ls]", "!<x> a"]
    {
        add(&format!("stack: {tag}\nfile_systems: {{ a: {{}} }}\n"), &[":1:", plain]);
    }
    let laughs: String =
        (1..10).map(|n| format!("l{n}: &l{n} [{}]\n", vec![format!("*l{}", n - 1); 9].join(", "))).collect();
    add(&format!("l0: &l0 lol\n{laughs}"), &[":1:", plain]);
    let laughs: String = (1..30).map(|n| format!("l{n}: &l{n} {{ a: *l{0}, b: *l{0} }}\n", n - 1)).collect();
    add(&format!("l0: &l0 {{ a: b }}\n{laughs}"), &[":1:", plain]);
    add("%YAML 1.2\n---\nstack: a\n", &[":1:", "delete the lines that begin with `%`"]);
    add("%TAG ! tag:x,2000:\n---\nstack: a\n", &[":1:", "this is not YAML"]);
    add(
        "stack: a\nfile_systems: { a: {} }\n---\nstack: b\n",
        &[":3:", "more than one document", "a file of its own"],
    );
    add("--- a\n--- b\n", &[":2:", "more than one document"]);
    add("? [a, b]\n: c\n", &[":1:3", "a key is a single text", "`option: value`"]);
    add("? { a: b }\n: c\n", &[":1:3", "a key is a single text"]);
    for open in ["[", "{ a: ", "- ", "a:\n ", "[{ a: "] {
        let deep: String = match open {
            "a:\n " => (0..100).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect(),
            open => open.repeat(80),
        };
        add(&deep, &[":", "five levels deep"]);
    }
}

fn invisible(add: &mut Add<'_>) {
    for (character, name) in [
        ('\0', "U+0000"),
        ('\u{1}', "U+0001"),
        ('\u{7}', "U+0007"),
        ('\u{8}', "U+0008"),
        ('\u{c}', "U+000C"),
        ('\u{1b}', "U+001B"),
        ('\u{7f}', "U+007F"),
        ('\u{85}', "U+0085"),
        ('\u{9b}', "U+009B"),
        ('\u{ad}', "U+00AD"),
        ('\u{200b}', "U+200B"),
        ('\u{200e}', "U+200E"),
        ('\u{2028}', "U+2028"),
        ('\u{202e}', "U+202E"),
        ('\u{2066}', "U+2066"),
        ('\u{feff}', "U+FEFF"),
        ('\u{e0041}', "U+E0041"),
    ] {
        add(&format!("stack: a\nfile_systems: {{ n{character}fs: {{}} }}\n"), &[":2:", name, "delete it"]);
    }
    add("stack: a\n# \u{1b}]0;gone\u{7}\n", &[":2:3", "U+001B", "delete it"]);
    add("stack: a\rregion: b\n", &[":1:9", "U+000D", "delete it"]);
    let escaped = "`st\\";
    add("\"st\\ack\": a\n", &[":1:1", "is not an option here"]);
    add("\"st\\e[31mack\": a\n", &[":1:1", escaped, "is not an option here"]);
    add("\"st\\u202eack\": a\n", &[":1:1", escaped, "is not an option here"]);
    add("file_systems: { \"n\\u202es\": {} }\n", &[":1:17", "lower-case letters"]);
    add("databases: { \"n\\e[2Js\": {} }\n", &[":1:14", "lower-case letters"]);
    add("tags: { \"a\\u2066b\": x }\nfile_systems: { a: {} }\n", &[":1:9", "1 to 128 letters"]);
    add("tags: { a: \"b\\u200bc\" }\nfile_systems: { a: {} }\n", &[":1:12", "at most 256 letters"]);
}

/// Values that are right alone and wrong together.
fn together(add: &mut Add<'_>) {
    let mut fs =
        |options: &str, says: &str| add(&format!("file_systems:\n  a: {{ {options} }}\n"), &[":2:", says]);
    fs("provisioned_throughput_in_mibps: 64", "leave it out, or set `throughput_mode: provisioned`");
    fs("performance_mode: maxIO", "another `throughput_mode`");
    fs("lifecycle: { transition_to_archive: AFTER_90_DAYS }", "set `transition_to_ia` to a shorter time");
    fs("access: [nodes, nodes]", "name each one once");
    fs("access: [{ cidr: 10.99.0.1/16 }]", "write 10.99.0.0/16 for the network");
    fs("access: [nodes, { group: \"\" }]", "the id of a security group");
    fs("access: [node]", "did you mean `nodes`?");
    fs("access: [bastion]", "`bastion` is not possible here");
    let mut db =
        |options: &str, says: &str| add(&format!("databases:\n  a: {{ {options} }}\n"), &[":2:", says]);
    db("iops: 3000", "leave it out");
    db("allocated_storage: 400, iops: 3000", "choose more");
    db("storage_type: gp2, iops: 1000", "leave it out");
    db("storage_type: gp2, storage_throughput: 500", "leave it out");
    for window in ["4:00-4:30", "24:00-24:30", "04:00", "sun:04:00-sun:04:30", "04:00-04:30Z"] {
        db(&format!("backup_window: \"{window}\""), "such as `04:00-04:30`");
    }
    for window in ["04:30-05:30", "sunday:04:30-sunday:05:30", "sun:04:30-05:30", "so:04:30-so:05:30"] {
        db(&format!("maintenance_window: \"{window}\""), "such as `sun:04:30-sun:05:30`");
    }
    for version in ["sixteen", "16.", "160", "-1", "16.4.1", "v16", "latest"] {
        db(&format!("engine_version: \"{version}\""), "a PostgreSQL version");
    }
    for class in ["t4g.medium", "db.t4g", "db.t4g.", "m5.large", "DB.T4G.MEDIUM"] {
        db(&format!("instance_class: {class}"), "such as `db.t4g.medium`");
    }
    let both = "file_systems: { data: {} }\ndatabases: { data: {} }\n";
    add(both, &[":2:14", "`data` is a file system already", "choose another name"]);
    let shared = "file_systems: { a: { security_group: X } }\ndatabases: { b: { security_group: x } }\n";
    add(shared, &[":2:19", "`x` is the security group of `a` already", "leave it out"]);
    let shared = "stack: s\nfile_systems: { a: {}, b: { security_group: s-a } }\n";
    add(shared, &[":2:", "`s-a` is the security group of `a` already"]);
}
