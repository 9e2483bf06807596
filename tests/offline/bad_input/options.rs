//! Options, arguments and environment variables that are wrong.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::bad_input::case::Case;

/// The line, its words at spaces; what names the place; what names the remedy.
const LINES: &[(&str, &str, &str)] = &[
    // Commands.
    ("plann", "'plann'", "similar subcommand exists: 'plan'"),
    ("aply", "'aply'", "similar subcommand exists: 'apply'"),
    ("detsroy", "'detsroy'", "similar subcommand exists: 'destroy'"),
    ("deploy", "'deploy'", "similar subcommands exist: 'apply'"),
    ("state", "provision state", "list"),
    ("state lst", "'lst'", "similar subcommand exists: 'list'"),
    ("state push", "'push'", "there are: list, show, forget, move, rebuild"),
    ("validate", "'validate'", "there are: init, import, plan, apply"),
    ("completions", "<SHELL>", "write one of: bash"),
    ("completions cmd", "<SHELL>", "possible values: bash"),
    ("schema", "<DOCUMENT>", "write one of: stack"),
    ("schema stak", "<DOCUMENT>", "similar value exists: 'stack'"),
    ("import", "VPC-ID|ADDRESS=ID", "Usage: provision import"),
    ("import vpc-1 vpc-2", "a network is imported by itself", "provision import VPC-ID"),
    ("plan plan.json", "'plan.json'", "Usage: provision plan"),
    ("apply a.json b.json", "'b.json'", "Usage: provision apply"),
    ("state show", "<ADDRESS>", "Usage: provision state show"),
    ("state move a.b", "<TO>", "Usage: provision state move"),
    ("state unlock", "<ID>", "Usage: provision state unlock"),
    // Names of options.
    ("plan --detailed-exit", "'--detailed-exit'", "similar argument exists: '--detailed-exitcode'"),
    ("plan --detailed-exit-code", "'--detailed-exit-code'", "similar argument exists: '--detailed-exitcode'"),
    ("plan --paralelism 3", "'--paralelism'", "similar argument exists: '--parallelism'"),
    ("plan --refresh", "'--refresh'", "similar argument exists: '--refresh-only'"),
    ("plan --targets a.b", "'--targets'", "similar argument exists: '--target'"),
    ("plan -out=a", "'-o'", "two hyphens: --out"),
    ("plan -p 3", "'-p'", "Usage: provision plan"),
    ("plan --auto-approve", "'--auto-approve'", "is an option of: apply, destroy"),
    ("apply --auto-aprove", "'--auto-aprove'", "similar argument exists: '--auto-approve'"),
    ("apply -auto-approve", "'-a'", "two hyphens: --auto-approve"),
    ("destroy -target=a.b", "'-t'", "two hyphens: --target"),
    ("apply --out a.json", "'--out'", "is an option of: import, plan"),
    ("destroy --replace a.b", "'--replace'", "is an option of: plan, apply"),
    ("output --jsn", "'--jsn'", "similar argument exists: '--json'"),
    ("--jason plan", "'--jason'", "similar argument exists: '--json'"),
    // Values that are missing, empty or there twice.
    ("plan --target", "--target <ADDRESS>", "a value is required"),
    ("plan --state", "--state <PLACE>", "a value is required"),
    ("plan --region --json", "--region <REGION>", "a value is required"),
    ("plan --color", "--color <WHEN>", "possible values: auto, always, never"),
    ("plan --json=yes", "--json", "no more were expected"),
    ("plan --region eu-west-1 --region eu-west-2", "--region <REGION>", "write it once"),
    ("plan --json --json", "--json", "write it once"),
    ("plan --state=", "--state <PLACE>", "give the path of a file"),
    ("plan --config=", "--config <FILE>", "a value is required"),
    ("plan --cluster=", "--cluster <NAME>", "such as `k8s.myzone.net`"),
    ("plan --region=", "--region <REGION>", "such as `eu-west-1`"),
    ("plan --profile=", "--profile <NAME>", "give the name of a profile"),
    ("plan --endpoint-url=", "--endpoint-url <URL>", "http://"),
    ("plan --target=", "--target <ADDRESS>", "such as `aws_db_instance.gitlab-pgsql`"),
    ("plan --out=", "--out [<FILE>]", "a value is required"),
    ("apply --expect=", "--expect <DIGEST>", "at least 8 of its digits"),
    ("plan --subnet-id=", "--subnet-id <ID>", "an id begins with `subnet-`"),
    // Numbers, times, choices.
    ("plan --parallelism 0", "--parallelism <N>", "from 1 to 100"),
    ("plan --parallelism 101", "--parallelism <N>", "from 1 to 100"),
    ("plan --parallelism 99999999999999999999", "--parallelism <N>", "from 1 to 100"),
    ("plan --parallelism x", "--parallelism <N>", "from 1 to 100"),
    ("plan --parallelism=-1", "--parallelism <N>", "from 1 to 100"),
    ("plan --parallelism 1.5", "--parallelism <N>", "from 1 to 100"),
    ("plan --lock-timeout soon", "--lock-timeout <DURATION>", "such as `90s` or `5m`"),
    ("plan --lock-timeout 90", "--lock-timeout <DURATION>", "such as `90s` or `5m`"),
    ("plan --lock-timeout=-5s", "--lock-timeout <DURATION>", "such as `90s` or `5m`"),
    ("plan --lock-timeout 5mm", "--lock-timeout <DURATION>", "such as `90s` or `5m`"),
    ("plan --lock-timeout 99999999999999999999h", "--lock-timeout <DURATION>", "such as `90s` or `5m`"),
    ("plan --lock-timeout 5000000h", "--lock-timeout <DURATION>", "at most 24h"),
    ("plan --color foo", "--color <WHEN>", "possible values: auto, always, never"),
    ("plan --color=foo", "--color <WHEN>", "possible values: auto, always, never"),
    ("plan --color NEVER", "--color <WHEN>", "possible values: auto, always, never"),
    // Addresses.
    ("plan --target nonsense", "--target <ADDRESS>", "such as `aws_db_instance.gitlab-pgsql`"),
    ("plan --target aws_vpc.", "--target <ADDRESS>", "expected `kind.name`"),
    ("plan --target .network", "--target <ADDRESS>", "expected `kind.name`"),
    ("plan --target aws_vpc.a.b", "--target <ADDRESS>", "expected `kind.name`"),
    ("plan --target aws_vpc.a/b/c", "--target <ADDRESS>", "expected `kind.name`"),
    ("plan --target aws_vpc.zürich", "--target <ADDRESS>", "expected `kind.name`"),
    ("plan --target aws_subnet[0]", "--target <ADDRESS>", "expected `kind.name`"),
    ("plan --target module.a.aws_vpc.b", "--target <ADDRESS>", "expected `kind.name`"),
    ("apply --replace db", "--replace <ADDRESS>", "expected `kind.name`"),
    ("destroy --target *", "--target <ADDRESS>", "expected `kind.name`"),
    ("state show gitlab.pgsql.", "<ADDRESS>", "expected `kind.name`"),
    ("state forget aws_vpc.", "<ADDRESS|NAME>", "expected `kind.name`"),
    ("state move a.b c", "one is an address and one a name", "give two names"),
    // Ids.
    ("import vpc", "VPC-ID|ADDRESS=ID", "an id begins with `vpc-`"),
    ("import vpc-", "VPC-ID|ADDRESS=ID", "such as `vpc-0a1b2c3d`"),
    ("import sg-0a1b2c3d", "VPC-ID|ADDRESS=ID", "an id begins with `vpc-`"),
    ("import VPC-0a1b2c3d", "VPC-ID|ADDRESS=ID", "an id begins with `vpc-`"),
    ("import vpc-0a1b_2c3d", "VPC-ID|ADDRESS=ID", "an id begins with `vpc-`"),
    ("import vpc-zürich", "VPC-ID|ADDRESS=ID", "an id begins with `vpc-`"),
    ("import arn:aws:ec2:eu-west-1:1:vpc/vpc-1", "VPC-ID|ADDRESS=ID", "an id begins with `vpc-`"),
    ("import vpc-1 --subnet-id sg-1", "--subnet-id <ID>", "an id begins with `subnet-`"),
    ("import vpc-1 --subnet-id subnet-1,,subnet-2", "--subnet-id <ID>", "an id begins with `subnet-`"),
    ("import vpc-1 --subnet-id subnet-1;subnet-2", "--subnet-id <ID>", "an id begins with `subnet-`"),
    ("plan --node-security-group nodes", "--node-security-group <ID>", "an id begins with `sg-`"),
    (
        "plan --control-plane-security-group subnet-1",
        "--control-plane-security-group <ID>",
        "an id begins with `sg-`",
    ),
    // Places.
    ("plan --state s3://bucket", "--state <PLACE>", "`s3://BUCKET/KEY`"),
    ("plan --state s3://Bucket/key", "--state <PLACE>", "the characters a-z, 0-9"),
    ("plan --state s3://bucket/", "--state <PLACE>", "the key of an object"),
    ("plan --state http://a/b", "--state <PLACE>", "give the path of a file"),
    ("plan --state gs://a/b", "--state <PLACE>", "give the path of a file"),
    ("plan --endpoint-url localhost", "--endpoint-url <URL>", "http://"),
    ("plan --endpoint-url localhost:4566", "--endpoint-url <URL>", "http://"),
    ("plan --endpoint-url http://", "--endpoint-url <URL>", "http://"),
    ("plan --endpoint-url ftp://a", "--endpoint-url <URL>", "http://"),
    ("plan --endpoint-url http://:80", "--endpoint-url <URL>", "http://"),
    ("plan --endpoint-url http://a:99999", "--endpoint-url <URL>", "http://"),
    ("plan --endpoint-url http://a:port", "--endpoint-url <URL>", "http://"),
    ("plan --endpoint-url http://[::1", "--endpoint-url <URL>", "http://"),
    ("plan --endpoint-url http://zürich", "--endpoint-url <URL>", "http://"),
    ("plan --endpoint-url http://a?b=c", "--endpoint-url <URL>", "http://"),
    ("plan --endpoint-url http://user:secret@host", "--endpoint-url says so", "http://"),
    ("plan --region Ireland", "--region <REGION>", "such as `eu-west-1`"),
    ("plan --region eu-west-1a", "--region <REGION>", "such as `eu-west-1`"),
    ("plan --region EU-WEST-1", "--region <REGION>", "such as `eu-west-1`"),
    ("plan --region eu_west_1", "--region <REGION>", "such as `eu-west-1`"),
    ("plan --region evil.com/", "--region <REGION>", "such as `eu-west-1`"),
    ("plan --cluster K8S", "--cluster <NAME>", "such as `k8s.myzone.net`"),
    ("plan --cluster a..b", "--cluster <NAME>", "such as `k8s.myzone.net`"),
    ("plan --cluster zürich", "--cluster <NAME>", "such as `k8s.myzone.net`"),
    ("apply --expect xyz", "--expect <DIGEST>", "at least 8 of its digits"),
    ("apply --expect 1234567", "--expect <DIGEST>", "at least 8 of its digits"),
    ("apply --expect sha256:0123456789", "--expect <DIGEST>", "at least 8 of its digits"),
    // Options that do not go together.
    ("plan --destroy --refresh-only", "'--destroy'", "leave one of the two out"),
    ("plan --destroy --replace a.b", "--replace", "leave one of the two out"),
    ("apply --refresh-only --replace a.b", "--replace", "leave one of the two out"),
    ("apply a.json --target a.b", "[PLAN]", "leave one of the two out"),
    ("apply a.json --replace a.b", "[PLAN]", "leave one of the two out"),
    ("apply a.json --destroy", "[PLAN]", "leave one of the two out"),
    ("apply a.json --refresh-only", "[PLAN]", "leave one of the two out"),
];

pub fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> =
        LINES.iter().map(|(line, place, remedy)| Case::of(line).says([*place, *remedy])).collect();
    cases.extend(words());
    cases.extend(variables());
    cases.extend(profiles());
    cases
}

/// Arguments that do not come from a keyboard.
fn words() -> Vec<Case> {
    let with = |words: &[&[u8]]| Case::with(words.iter().map(|word| OsString::from_vec(word.to_vec())));
    let utf_8 = ["UTF-8", "hint: "];
    vec![
        with(&[]).says(["Usage: provision", "Commands:"]),
        with(&[b""]).says(["''", "Usage: provision"]),
        with(&[b"plan", b"--region", b"eu west 1"]).says(["--region <REGION>", "such as `eu-west-1`"]),
        with(&[b"plan", b"--cluster", b"my cluster"]).says(["--cluster <NAME>", "such as `k8s.myzone.net`"]),
        with(&[b"plan", b"--lock-timeout", b"5 m x"]).says(["--lock-timeout <DURATION>", "such as `90s`"]),
        with(&[b"plan", b"--endpoint-url", b"http://a b"]).says(["--endpoint-url <URL>", "http://"]),
        with(&[b"pl\x1b[2Jan"]).says(["pl\\u{1b}[2Jan", "Usage: provision"]),
        with(&[b"--color=always", b"pl\x1b[31man"]).says(["pl\\u{1b}[31man", "Usage: provision"]),
        with(&["pl\u{202e}an".as_bytes()]).says(["pl\\u{202e}an", "Usage: provision"]),
        with(&[b"plan", b"--jso\x07n"]).says(["--jso\\u{7}n", "'--json'"]),
        with(&[b"plan", b"--target", b"a.\x1b[2J"]).says(["--target <ADDRESS>", "expected `kind.name`"]),
        with(&[b"plan", b"--target", b"two\nlines"]).says(["'two\\nlines'", "expected `kind.name`"]),
        with(&[b"import", b"vpc-\x1b]0;title\x07"]).says(["VPC-ID|ADDRESS=ID", "an id begins with `vpc-`"]),
        with(&[b"plan", b"--region", "eu-\u{200b}west-1".as_bytes()])
            .says(["--region <REGION>", "such as `eu-west-1`"]),
        with(&[b"plan", b"--state", b"s3://\x1b[2J"]).says(["--state <PLACE>", "`s3://BUCKET/KEY`"]),
        with(&[b"plan", b"--config", b"no\x1b[2Jne.yaml"]).says(["no\\u{1b}[2Jne.yaml", "hint: "]),
        with(&[b"apply", b"no\x1b[2Jne.json"]).says(["no\\u{1b}[2Jne.json", "provision plan --out"]),
        with(&[b"\xff"]).says(utf_8),
        with(&[b"plan", b"--region", b"\xff"]).says(["--region", "UTF-8"]),
        with(&[b"plan", b"--target", b"a.\xff\xfe"]).says(["--target", "UTF-8"]),
        with(&[b"plan", b"--col\xffor"]).says(utf_8),
        with(&[b"import", b"vpc-\xff"]).says(utf_8),
        with(&[b"plan", b"--config", b"n\xffne.yaml"]).says(["n\u{fffd}ne.yaml", "hint: "]),
        with(&[b"plan", b"--parallelism", &[b'9'; 60_000]]).says(["--parallelism <N>", "from 1 to 100"]),
        with(&[b"plan", b"--target", &[b'a'; 100_000]]).says(["--target <ADDRESS>", "expected `kind.name`"]),
        with(&[b"plan", b"--config", &[b'c'; 5_000]]).says(["File name too long", "hint: "]),
    ]
}

/// A profile that is named is the one that counts, no matter what the environment has.
fn profiles() -> Vec<Case> {
    let plan = |arguments: &str| Case::of(&format!("plan {arguments}")).says(["--profile", "hint: "]);
    vec![
        plan("--profile nope").says([
            "there is no AWS profile `nope`",
            ".aws/config or ",
            ".aws/credentials",
            "there is no profile at all",
            "aws configure --profile nope",
        ]),
        plan("--profile prd")
            .text(".aws/config", "[profile prod]\n[default]\n")
            .says(["did you mean `prod`? there are: default, prod"]),
        // Credentials of the environment count before a profile of the environment.
        Case::of("plan")
            .variable("AWS_PROFILE", "no\u{1b}[2Jpe")
            .variable("AWS_ACCESS_KEY_ID", "")
            .says(["AWS_PROFILE names it, and --profile overrides that", "hint: "]),
        Case::of("plan --profile empty").text(".aws/config", "[profile empty]\n").says(["`empty`"]),
        Case::of("plan --profile p").text(".aws/credentials", "[p\naws_access_key_id = x\n").says(["hint: "]),
        Case::of("plan --profile p").text(".aws/credentials", "[p]\naws_access_key_id = x\n").says(["`p`"]),
    ]
}

/// A variable of the environment stands for an option, and is named where it is wrong.
fn variables() -> Vec<Case> {
    let plan =
        |name, value: &[u8]| Case::of("plan").variable(name, OsString::from_vec(value.to_vec())).says([name]);
    vec![
        plan("PROVISION_STATE", b"s3://bucket").says(["`s3://BUCKET/KEY`"]),
        plan("PROVISION_LEASE", b"1s").says(["from 4s to 1h"]),
        plan("PROVISION_CONFIG", b"none.yaml").says(["none.yaml", "hint: "]),
        plan("PROVISION_CLUSTER", b"My Cluster").says(["such as `k8s.myzone.net`"]),
        plan("PROVISION_CLUSTER", b"\xff").says(["UTF-8"]),
        plan("PROVISION_CLUSTER", b"a\x1b[2Jb").says(["'a\\u{1b}[2Jb'", "such as `k8s.myzone.net`"]),
        plan("AWS_ENDPOINT_URL", b"localhost:4566").says(["http://"]),
        plan("AWS_ENDPOINT_URL", b"http://").says(["http://"]),
        plan("AWS_ENDPOINT_URL", b"not a url").says(["http://"]),
        plan("AWS_ENDPOINT_URL", b"http://a:99999").says(["http://"]),
        plan("AWS_ENDPOINT_URL", b"").says(["empty", "http://"]),
        plan("AWS_ENDPOINT_URL", b"http://user:secret@host").says(["a password", "http://"]),
        plan("AWS_REGION", b"eu west 1").says(["such as `eu-west-1`"]),
        plan("AWS_REGION", b"Ireland").says(["such as `eu-west-1`"]),
        plan("AWS_REGION", b"e\x1b[2Ju").says(["such as `eu-west-1`"]),
        plan("AWS_REGION", b"").says(["--region"]),
    ]
}
