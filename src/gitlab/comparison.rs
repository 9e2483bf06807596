//! The lines in which a rendered file differs from what is there.

use std::fmt;

/// At most this many lines are shown of a file that is all different.
const MOST: usize = 200;

/// The words for two texts that have the same lines.
pub const ENDS_OF_LINES: &str = "only the ends of lines differ";

/// A line that one of two texts has, and the other has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Differing<'a> {
    pub side: Side,
    /// Its number in the text that has it, counted from 1.
    pub number: usize,
    pub text: &'a str,
}

/// The text that has a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    There,
    Rendered,
}

/// As `diff` shows it: `-` for what is there, `+` for what would be written.
impl fmt::Display for Differing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.side {
            Side::There => '-',
            Side::Rendered => '+',
        };
        write!(f, "{sign}{}: {}", self.number, self.text)
    }
}

/// The differences between two texts, as they are shown.
pub fn differences(there: &str, rendered: &str) -> Vec<String> {
    let differing = differing(there, rendered);
    let mut lines: Vec<String> = differing.iter().take(MOST).map(Differing::to_string).collect();
    if lines.is_empty() && there != rendered {
        lines.push(ENDS_OF_LINES.to_owned());
    }
    let more = differing.len().saturating_sub(MOST);
    if more > 0 {
        lines.push(format!("and {more} more lines"));
    }
    lines
}

/// The lines in which two texts differ.
pub fn differing<'a>(there: &'a str, rendered: &'a str) -> Vec<Differing<'a>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (there.lines().collect(), rendered.lines().collect());
    let same = old.iter().zip(&new).take_while(|(one, other)| one == other).count();
    let (old, new) = (&old[same..], &new[same..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(one, other)| one == other).count();
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    let mut lines = Vec::new();
    let common = common(old, new);
    let (mut at, mut to) = (0, 0);
    for (in_old, in_new) in common.into_iter().chain([(old.len(), new.len())]) {
        let line = |side, at: usize, text| Differing { side, number: same + at + 1, text };
        lines.extend((at..in_old).map(|at| line(Side::There, at, old[at])));
        lines.extend((to..in_new).map(|to| line(Side::Rendered, to, new[to])));
        (at, to) = (in_old + 1, in_new + 1);
    }
    lines
}

/// The longest common subsequence, as pairs of positions. A file of somebody else may be long: then nothing is taken for common.
fn common(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    const LARGEST: usize = 4_000_000;
    if old.len().saturating_mul(new.len()) > LARGEST {
        return Vec::new();
    }
    let width = new.len() + 1;
    let mut lengths = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            lengths[i * width + j] = match old[i] == new[j] {
                true => lengths[(i + 1) * width + j + 1] + 1,
                false => lengths[(i + 1) * width + j].max(lengths[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < old.len() && j < new.len() {
        if old[i] == new[j] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lines_that_differ_are_told_each_with_its_number() {
        let there = "a\nb\nc\nd\ne\n";
        assert_eq!(differences(there, there), [""; 0]);
        assert_eq!(differences(there, "a\nx\nc\ny\nd\ne\n"), ["-2: b", "+2: x", "+4: y"]);
        assert_eq!(differences("", "a\n"), ["+1: a"]);
        assert_eq!(differences("a\nb", "a\nb\n"), ["only the ends of lines differ"]);
        let long: String = (0..300).map(|line| format!("{line}\n")).collect();
        assert_eq!(differences("", &long).len(), MOST + 1);
    }
}
