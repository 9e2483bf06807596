//! The look of text: the one palette, and the width of a line.

use anstyle::{AnsiColor, Effects};

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

impl Ink {
    fn style(self) -> anstyle::Style {
        let of = |color: AnsiColor| color.on_default();
        match self {
            Self::Title => anstyle::Style::new().bold(),
            Self::Faint => anstyle::Style::new().dimmed(),
            Self::Create => of(AnsiColor::Green),
            Self::Update => of(AnsiColor::Yellow),
            Self::Replace => of(AnsiColor::Magenta),
            Self::Delete => of(AnsiColor::Red),
            Self::Watch | Self::Hint => of(AnsiColor::Cyan),
            Self::Error => of(AnsiColor::Red).effects(Effects::BOLD),
            Self::Warning => of(AnsiColor::Yellow).effects(Effects::BOLD),
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
