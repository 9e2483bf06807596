//! What was found before anything was done: errors and warnings in full, the rest in as few lines as will do.
//! Knows nothing of who looked.

use std::collections::BTreeSet;

use crate::plan::{Finding, Level};

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
    of(Level::Error).for_each(|finding| loud(page, Ink::Error, "error:", finding));
    of(Level::Blocked).for_each(|finding| loud(page, Ink::Error, "blocked:", finding));
    of(Level::Warning).for_each(|finding| loud(page, Ink::Warning, "warning:", finding));
}

/// What needs nobody to do anything. The same reason holds for many addresses, and is said once.
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
    page.gap();
    let style = page.style();
    let address = finding.address.as_ref().map(|address| format!("{}:", string(&address.to_string())));
    page.fill(0, 2, std::iter::once(style.paint(ink, label)).chain(address).chain(words(&finding.message)));
    if let Some(hint) = &finding.hint {
        shown(page, 2, hint);
    }
}
