//! The lines of a file, cut around the places that an error marks, where they are wider than the terminal.

use std::ops::Range;

use miette::{
    LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceOffset, SourceSpan, SpanContents,
};

/// Stands for what is left out of a line.
const LEFT_OUT: char = '…';
/// The columns that miette puts before a line of a file, beside its number.
const MARGIN: usize = 4;

/// A file of which no line is wider than there is room. Its places are still those of the whole file when they are named.
#[derive(Debug)]
pub(super) struct Cut {
    name: Option<String>,
    text: String,
    lines: Vec<Line>,
}

/// A line as it was, and as it is shown.
#[derive(Debug)]
struct Line {
    /// The place at which it began, in bytes.
    was_at: usize,
    /// The place at which it begins now.
    is_at: usize,
    /// The part of it that is shown, in bytes of the line.
    kept: Range<usize>,
}

impl Cut {
    /// The file with the labels at their places in it. None where every line fits.
    pub(super) fn of(
        source: &dyn SourceCode,
        labels: &[LabeledSpan],
        width: usize,
    ) -> Option<(Self, Vec<LabeledSpan>)> {
        let whole = source.read_span(&SourceSpan::from((0, 0)), 0, usize::MAX).ok()?;
        let text = std::str::from_utf8(whole.data()).ok()?;
        let digits = text.lines().count().max(1).to_string().len();
        let room = width.saturating_sub(MARGIN + digits).max(1);
        if text.lines().all(|line| line.chars().count() <= room) {
            return None;
        }
        let mut cut = Self { name: whole.name().map(str::to_owned), text: String::new(), lines: Vec::new() };
        let mut was_at = 0;
        for line in text.split_inclusive('\n') {
            let content = line.trim_end_matches(['\n', '\r']);
            let marked = labels.iter().map(|label| label.offset()..label.offset() + label.len());
            let marked = marked.filter(|place| (was_at..=was_at + content.len()).contains(&place.start));
            let marked = marked.map(|place| place.start - was_at..place.end - was_at);
            let kept = kept(content, marked.min_by_key(|place| place.start), room);
            cut.lines.push(Line { was_at, is_at: cut.text.len(), kept: kept.clone() });
            cut.text.extend((kept.start > 0).then_some(LEFT_OUT));
            cut.text.push_str(&content[kept.clone()]);
            cut.text.extend((kept.end < content.len()).then_some(LEFT_OUT));
            cut.text.push_str(&line[content.len()..]);
            was_at += line.len();
        }
        let moved = labels.iter().map(|label| {
            let start = cut.moved(label.offset());
            let length = cut.moved(label.offset() + label.len()).saturating_sub(start);
            let span = SourceSpan::new(SourceOffset::from(start), length);
            let text = label.label().map(str::to_owned);
            match label.primary() {
                true => LabeledSpan::new_primary_with_span(text, span),
                false => LabeledSpan::new_with_span(text, span),
            }
        });
        let moved = moved.collect();
        Some((cut, moved))
    }

    /// The place of a byte of the file, or the nearest one that is shown of its line.
    fn moved(&self, offset: usize) -> usize {
        let line = self.lines.iter().rfind(|line| line.was_at <= offset);
        line.map_or(offset, |line| {
            let within = (offset - line.was_at).clamp(line.kept.start, line.kept.end);
            line.is_at + line.mark() + within - line.kept.start
        })
    }
}

impl Line {
    /// The bytes of the mark before what is shown.
    fn mark(&self) -> usize {
        if self.kept.start > 0 { LEFT_OUT.len_utf8() } else { 0 }
    }
}

/// The part of a line that is shown: with its beginning where the marked place is within reach of that, or else around the place.
fn kept(content: &str, marked: Option<Range<usize>>, room: usize) -> Range<usize> {
    let starts: Vec<usize> = content.char_indices().map(|(at, _)| at).collect();
    if starts.len() <= room {
        return 0..content.len();
    }
    let character = |byte: usize| starts.partition_point(|start| *start < byte);
    let marked = marked.map_or(0..0, |place| character(place.start)..character(place.end));
    let first = if marked.end.min(marked.start + room / 2) < room { 0 } else { marked.start - room / 3 };
    // One column at each side is for the mark.
    let last = first + room.saturating_sub(1 + usize::from(first > 0)).max(1);
    let byte = |character: usize| starts.get(character).copied().unwrap_or(content.len());
    byte(first)..byte(last)
}

impl SourceCode for Cut {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let shown = self.text.read_span(span, before, after)?;
        let at = shown.line();
        // Columns are counted in the file as it is.
        let column = match self.lines.get(at).filter(|_| before == 0) {
            Some(line) => (shown.column() + line.kept.start).saturating_sub(line.mark()),
            None => shown.column(),
        };
        let (data, span, count) = (shown.data(), *shown.span(), shown.line_count());
        Ok(Box::new(match &self.name {
            Some(name) => MietteSpanContents::new_named(name.clone(), data, span, at, column, count),
            None => MietteSpanContents::new(data, span, at, column, count),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, place: Range<usize>, width: usize) -> Option<(String, String, usize)> {
        let labels = [LabeledSpan::new_primary_with_span(None, place)];
        let (cut, moved) = Cut::of(&text.to_owned(), &labels, width)?;
        let (start, length) = (moved[0].offset(), moved[0].len());
        let column = cut.read_span(moved[0].inner(), 0, 0).expect("it is in the text").column();
        Some((cut.text.clone(), cut.text[start..start + length].to_owned(), column))
    }

    #[test]
    fn a_line_that_is_too_wide_is_cut_around_the_marked_place_which_keeps_its_column() {
        let line = format!("a: {{ {}wrong: 1, {} }}\nnext: 2\n", "one: 1, ".repeat(9), "two: 2, ".repeat(9));
        let at = line.find("wrong").expect("it is there");
        let (text, marked, column) = shown(&line, at..at + 5, 40).expect("it is too wide");
        assert_eq!((marked.as_str(), column), ("wrong", at));
        assert!(text.starts_with('…') && text.ends_with("…\nnext: 2\n"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() < 40 - MARGIN), "{text}");
        let (text, marked, column) = shown(&line, 0..1, 40).expect("it is too wide");
        assert_eq!((marked.as_str(), column), ("a", 0));
        assert!(text.starts_with("a: {") && text.contains('…'), "{text}");
        assert_eq!(shown(&line, at..at + 5, 400), None, "it fits");
    }

    #[test]
    fn every_place_of_every_text_can_be_shown_in_any_width() {
        for text in ["", "\n", "ä→漢字 ü: [ö, ß, æ, ø, å, é]\r\nb\n", "x: 漢字漢字漢字漢字漢字漢字漢字"]
        {
            let places = text.char_indices().map(|(at, c)| at..at + c.len_utf8());
            for place in places.chain(std::iter::once(text.len()..text.len())) {
                for width in 0..20 {
                    let _ = shown(text, place.clone(), width);
                }
            }
        }
    }
}
