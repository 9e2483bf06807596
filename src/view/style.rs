//! The look of text: the one palette, and the width of a line.

use anstyle::{Ansi256Color, Effects};

/// The beginning of a change of colour.
pub(super) const PAINT: &str = "\u{1b}[";

/// The colour, on or off, and the most columns of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub color: bool,
    /// In columns. Words are never broken, so a long one may stick out.
    pub width: usize,
}

/// The meaning of a piece of text, as far as its colour goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    Title,
    Faint,
    Create,
    Update,
    Replace,
    Delete,
    Watch,
    Error,
    Warning,
    Hint,
}

/// Colours of the cube that every terminal of 256 colours has in common, each to be read on white and on black alike: those of the first
/// sixteen are as the theme has them, and yellow on white cannot be read.
const GREEN: Ansi256Color = Ansi256Color(28);
const ORANGE: Ansi256Color = Ansi256Color(130);
const PINK: Ansi256Color = Ansi256Color(163);
const RED: Ansi256Color = Ansi256Color(196);
const TEAL: Ansi256Color = Ansi256Color(30);

impl Ink {
    fn style(self) -> anstyle::Style {
        match self {
            Self::Title => anstyle::Style::new().bold(),
            Self::Faint => anstyle::Style::new().dimmed(),
            Self::Create => GREEN.on_default(),
            Self::Update => ORANGE.on_default(),
            Self::Replace => PINK.on_default(),
            Self::Delete => RED.on_default(),
            Self::Watch | Self::Hint => TEAL.on_default(),
            Self::Error => RED.on_default().effects(Effects::BOLD),
            Self::Warning => ORANGE.on_default().effects(Effects::BOLD),
        }
    }
}

impl Style {
    /// The text in its ink; as it is without colour.
    pub fn paint(&self, ink: Ink, text: &str) -> String {
        if self.color {
            let style = ink.style();
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The light of a colour of the cube, from 0 to 1 (WCAG 2, relative luminance).
    fn light(Ansi256Color(index): Ansi256Color) -> f64 {
        let place = index - 16;
        let channel = |step: u8| {
            let value = f64::from([0, 95, 135, 175, 215, 255][usize::from(step)]) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(place / 36) + 0.7152 * channel(place / 6 % 6) + 0.0722 * channel(place % 6)
    }

    #[test]
    fn every_colour_can_be_read_on_white_and_on_black() {
        for color in [GREEN, ORANGE, PINK, RED, TEAL] {
            let (on_white, on_black) = (1.05 / (light(color) + 0.05), (light(color) + 0.05) / 0.05);
            assert!(on_white.min(on_black) >= 4.0, "{color:?}: {on_white:.2} and {on_black:.2}");
        }
    }
}
