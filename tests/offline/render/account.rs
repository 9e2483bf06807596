//! One account of what a change does: text, comment, page and document say the same.

use provision::engine::plan::{Change, Consequence, Plan, What, When};
use provision::view::plan_text;

use super::{PLAIN, plan_markdown, plan_page, plans};

/// The words of a consequence, as every form of the plan has them; nothing where no one notices.
fn words(change: &Change, one: &Consequence) -> Option<&'static str> {
    Some(match one.what {
        What::None => return None,
        What::TakesEffect => "takes effect",
        What::BriefPause => "pauses briefly",
        What::Failover => "fails over",
        What::Reboot => "reboots",
        What::Replacement if change.is_create_first() => "the new one is made first",
        What::Replacement => "the old one is deleted first",
        What::Deletion => "is deleted",
        What::AccessLoss => "cuts clients off",
        What::DataLoss => "loses data",
    })
}

fn all() -> Vec<(&'static str, Plan)> {
    vec![
        ("first", plans::first()),
        ("update", plans::update()),
        ("replace", plans::replace()),
        ("destroy", plans::destroy()),
        ("queued", plans::queued(false)),
        ("queued along", plans::queued(true)),
    ]
}

/// A text without the places where its lines are broken.
fn run_on(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_form_of_a_plan_has_the_same_account() {
    let mut seen = 0;
    for (name, plan) in all() {
        let text = plan_text(&plan, &PLAIN);
        let blocks: Vec<String> = text.split("\n\n").map(run_on).collect();
        let comment = plan_markdown(&plan);
        let page = plan_page(&plan);
        let document = serde_json::to_value(&plan).expect("a plan is JSON");
        for (place, change) in plan.changes.iter().enumerate() {
            let address = change.address.to_string();
            assert_eq!(
                document["changes"][place]["account"].as_array().map_or(0, Vec::len),
                change.account.len()
            );
            let row =
                comment.lines().find(|line| line.starts_with('|') && line.contains(&format!("`{address}`")));
            for one in &change.account {
                let Some(words) = words(change, one) else { continue };
                seen += 1;
                let row = row.expect("a row for what is felt");
                assert!(row.contains(&format!("**{words}**")), "{name}: {address}: {words} in {row}");
                assert!(page.contains(words), "{name}: {address}: {words} on the page");
                // The list of what is deleted says so in its title, and of the data what becomes of it.
                if one.when == When::AtOnce && matches!(one.what, What::Deletion | What::DataLoss) {
                    continue;
                }
                let block =
                    blocks.iter().rev().find(|block| block.contains(&address)).expect("a block of its own");
                assert!(block.contains(words), "{name}: {address}: {words} in the text");
            }
        }
    }
    assert!(seen > 10, "{seen}");
}
