//! The findings from before anything was done: errors and warnings in full, the rest in as few lines as will do.

use std::collections::BTreeSet;

use crate::engine::plan::{Finding, Level};

use super::hint::hint as shown;
use super::page::{Page, words};
use super::style::{Ink, Style};
use super::value::string;

/// The block of findings.
pub(super) fn findings(page: &mut Page<'_>, findings: &[Finding]) {
    let of = |level| findings.iter().filter(move |finding| finding.level == level);
    quiet(page, of(Level::Passed).count(), of(Level::NotChecked));
    problems(page, findings);
}

/// Errors and warnings alone, as text: empty if there are none.
pub fn problems_text(findings: &[Finding], style: &Style) -> String {
    let mut page = Page::new(style);
    problems(&mut page, findings);
    page.finish()
}

fn problems(page: &mut Page<'_>, findings: &[Finding]) {
    let of = |level| findings.iter().filter(move |finding| finding.level == level);
    let levels = [
        (Level::Error, Ink::Error, "error:"),
        (Level::Blocked, Ink::Error, "blocked:"),
        (Level::Warning, Ink::Warning, "warning:"),
    ];
    for (level, ink, label) in levels {
        let mut is_first = true;
        for (finding, hint) in with_one_hint(of(level)) {
            if is_first {
                page.gap();
            }
            loud(page, ink, label, finding);
            if let Some(hint) = hint {
                shown(page, 2, hint);
            }
            // Those that share a hint stand together above it.
            is_first = hint.is_some() || finding.hint.is_none();
        }
    }
}

/// The findings by what they say to do, each thing where it is first said; the last one of those that share a hint is followed by
/// it.
pub(super) fn with_one_hint<'a>(
    findings: impl Iterator<Item = &'a Finding>,
) -> Vec<(&'a Finding, Option<&'a str>)> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        let same = |group: &&mut Vec<&Finding>| {
            finding.hint.is_some() && group.iter().all(|other| other.hint == finding.hint)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    let all = groups.into_iter().flat_map(|group| {
        let last = group.len() - 1;
        let at = move |(at, finding): (usize, &'a Finding)| {
            (finding, finding.hint.as_deref().filter(|_| at == last))
        };
        group.into_iter().enumerate().map(at)
    });
    all.collect()
}

/// The findings that call for no action. The same reason holds for many addresses, and is said once.
fn quiet<'a>(page: &mut Page<'_>, passed: usize, not_checked: impl Iterator<Item = &'a Finding>) {
    let style = page.style();
    let not_checked: BTreeSet<&str> = not_checked.map(|finding| finding.message.as_str()).collect();
    if passed == 0 && not_checked.is_empty() {
        return;
    }
    page.gap();
    match passed {
        0 => {}
        1 => page.line(0, &style.paint(Ink::Faint, "1 check passed.")),
        _ => page.line(0, &style.paint(Ink::Faint, &format!("{passed} checks passed."))),
    }
    for message in not_checked {
        let label = style.paint(Ink::Faint, "not checked:");
        page.fill(0, 2, std::iter::once(label).chain(words(message)));
    }
}

fn loud(page: &mut Page<'_>, ink: Ink, label: &str, finding: &Finding) {
    let style = page.style();
    let address = finding.address.as_ref().map(|address| format!("{}:", string(&address.to_string())));
    page.fill(0, 2, std::iter::once(style.paint(ink, label)).chain(address).chain(words(&finding.message)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_that_several_findings_share_is_said_once_below_them() {
        let finding = |check: &str, message: &str, hint: Option<&str>| Finding {
            check: check.to_owned(),
            address: None,
            level: Level::Error,
            message: message.to_owned(),
            hint: hint.map(str::to_owned),
            remedies: Vec::new(),
        };
        let findings = [
            finding("a", "the first", Some("provision import vpc-1")),
            finding("b", "another thing", None),
            finding("c", "the second", Some("provision import vpc-1")),
            finding("d", "a third thing", Some("provision plan")),
        ];
        assert_eq!(
            problems_text(&findings, &Style { color: false, width: 60 }),
            concat!(
                "error: the first\n",
                "error: the second\n",
                "  hint:\n      provision import vpc-1\n",
                "\n",
                "error: another thing\n",
                "\n",
                "error: a third thing\n",
                "  hint:\n      provision plan\n",
            )
        );
    }
}
