//! The index of all findings is made from the table of checks.

use std::fmt::Write;

use provision::engine::checks::CHECKS;
use provision::engine::plan::Level;

use crate::conformance::documented;

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Blocked => "blocked",
        Level::Warning => "warning",
        Level::NotChecked => "not checked",
        Level::Passed => "passed",
    }
}

fn page() -> String {
    let mut page = String::from(
        "# Every finding, and its cure\n\n\
         A plan says what is wrong or doubtful before anything is done. `plan --json` has each finding below `preflight`, with the name of its check, its level, a\n\
         sentence, and in `hint` what to type. This page is printed from the table of checks. A test brings the findings about on the emulator, types what their hints say, and goes\n\
         on until the plan is empty.\n\n\
         | level | means |\n|---|---|\n\
         | error | nothing can be applied; `plan` and `apply` exit with 1 |\n\
         | blocked | the object is left as it is, with what depends on it; all else can be applied, and `apply` exits with 1 |\n\
         | warning | all can be applied; it is to be known |\n\
         | not checked | a permission or an answer within ten seconds is missing; the message says which |\n\
         | passed | it was looked at, and is in order: in JSON alone, and counted in the text |\n\n\
         A check asks AWS read-only, while the objects are looked at, and only about what the plan makes, changes or deletes: a plan without changes asks nothing more.\n\
         `ec2:CreateSecurityGroup` is asked as a rehearsal (`DryRun`), which makes nothing.\n",
    );
    let index: Vec<String> = CHECKS.iter().map(|check| format!("[`{0}`](#{0})", check.name)).collect();
    write!(page, "\n{}\n", index.join(", ")).expect("a string takes everything");
    for check in CHECKS {
        let levels: Vec<&str> = check.levels.iter().map(|one| level(*one)).collect();
        let asks: Vec<String> = check.asks.iter().map(|action| format!("`{action}`")).collect();
        write!(page, "\n## `{}`\n\n*{}*: {}.\n\n", check.name, levels.join(", "), check.says)
            .expect("a string takes everything");
        writeln!(page, "**Cure.** {}", check.cure).expect("a string takes everything");
        if !asks.is_empty() {
            writeln!(page, "\nAsked of AWS: {}.", asks.join(", ")).expect("a string takes everything");
        }
    }
    page
}

#[test]
fn the_index_of_findings_is_the_table_of_checks() {
    documented("docs/findings.md", &page());
}

#[test]
fn every_check_says_what_ends_it() {
    for check in CHECKS {
        assert!(check.cure.ends_with('.') && !check.says.ends_with('.'), "{}", check.name);
        assert_eq!(check.cure.matches('`').count() % 2, 0, "{}: a name in the cure does not end", check.name);
    }
}
