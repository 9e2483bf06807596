//! What people read, held verbatim.

mod plans;

use provision::plan::{Mode, Plan};
use provision::render::{Style, is_harmful, plan_text};

const PLAIN: Style = Style { color: false, width: 80 };

/// The text with the start of every colour made visible.
fn visible(text: &str) -> String {
    text.replace('\u{1b}', "␛")
}

#[test]
fn the_first_plan_of_the_reference_stack_fits_on_two_screens() {
    let text = plan_text(&plans::first(), &PLAIN);
    assert!(text.lines().count() <= 80, "{} lines", text.lines().count());
    insta::assert_snapshot!(text);
}

#[test]
fn a_narrow_terminal_gets_shorter_lines() {
    let style = Style { width: 50, ..PLAIN };
    insta::assert_snapshot!("narrow_first", plan_text(&plans::first(), &style));
    insta::assert_snapshot!("narrow_update", plan_text(&plans::update(), &style));
}

#[test]
fn a_plan_without_changes_is_one_sentence() {
    insta::assert_snapshot!(plan_text(&plans::settled(), &PLAIN));
}

#[test]
fn updates_show_before_and_after_and_what_they_cost() {
    insta::assert_snapshot!(plan_text(&plans::update(), &PLAIN));
}

#[test]
fn replacements_show_their_order_and_what_forces_them() {
    insta::assert_snapshot!(plan_text(&plans::replace(), &PLAIN));
}

#[test]
fn a_destroy_names_everything_that_goes() {
    insta::assert_snapshot!(plan_text(&plans::destroy(), &PLAIN));
}

#[test]
fn drift_comes_first() {
    insta::assert_snapshot!("drift", plan_text(&plans::drifted(), &PLAIN));
    let refresh = Plan { mode: Mode::RefreshOnly, drift: plans::drifted().drift, ..plans::settled() };
    insta::assert_snapshot!("drift_only", plan_text(&refresh, &PLAIN));
    let none = Plan { mode: Mode::RefreshOnly, ..plans::settled() };
    insta::assert_snapshot!("no_drift", plan_text(&none, &PLAIN));
}

#[test]
fn errors_come_before_warnings_and_say_what_to_write() {
    insta::assert_snapshot!(plan_text(&plans::refused(), &PLAIN));
}

#[test]
fn colours_change_nothing_but_the_colour() {
    let style = Style { color: true, ..PLAIN };
    for plan in [plans::first(), plans::update(), plans::replace(), plans::drifted(), plans::refused()] {
        let colored = plan_text(&plan, &style);
        assert_eq!(anstream::adapter::strip_str(&colored).to_string(), plan_text(&plan, &PLAIN));
    }
    insta::assert_snapshot!("colored_update", visible(&plan_text(&plans::update(), &style)));
    insta::assert_snapshot!("colored_replace", visible(&plan_text(&plans::replace(), &style)));
}

#[test]
fn text_from_outside_can_neither_steer_the_terminal_nor_forge_a_line() {
    let text = plan_text(&plans::hostile(), &PLAIN);
    assert!(!text.replace('\n', "").contains(is_harmful));
    assert!(text.lines().all(|line| !line.trim_start().starts_with("::")), "{text}");
    assert!(!text.contains("\nerror: all is lost"));
    insta::assert_snapshot!(text);
}
