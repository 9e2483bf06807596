//! The lines in which a rendered file differs from what is there.

/// The lines that differ, as `diff` shows them: `-` for what is there, `+` for what would be written. At most this many are shown of a file
/// that is all different.
const MOST: usize = 200;

/// The differences between two texts, each line with its sign and its number in the file that has it.
pub fn differences(there: &str, rendered: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (there.lines().collect(), rendered.lines().collect());
    let same = old.iter().zip(&new).take_while(|(one, other)| one == other).count();
    let (old, new) = (&old[same..], &new[same..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(one, other)| one == other).count();
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    let mut lines = Vec::new();
    let common = common(old, new);
    let (mut at, mut to) = (0, 0);
    for (in_old, in_new) in common.into_iter().chain([(old.len(), new.len())]) {
        lines.extend((at..in_old).map(|line| format!("-{}: {}", same + line + 1, old[line])));
        lines.extend((to..in_new).map(|line| format!("+{}: {}", same + line + 1, new[line])));
        (at, to) = (in_old + 1, in_new + 1);
    }
    if lines.is_empty() && there != rendered {
        lines.push("only the ends of lines differ".to_owned());
    }
    let more = lines.len().saturating_sub(MOST);
    if more > 0 {
        lines.truncate(MOST);
        lines.push(format!("and {more} more lines"));
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
