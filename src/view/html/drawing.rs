//! The graph of a plan as a drawing in SVG.

use super::layers::{Boxes, Layout, lay_out};
use super::resources::Resource;
use super::text::escaped;

const WIDTH: f64 = 212.0;
const HEIGHT: f64 = 48.0;
const BETWEEN: f64 = 64.0;
const MARGIN: f64 = 6.0;
/// The most characters that fit into a box at the size of the name.
const LONGEST: usize = 23;

/// The drawing; nothing where there is nothing to draw.
pub(super) fn drawing(resources: &[Resource]) -> String {
    let edges: Vec<(usize, usize)> = resources
        .iter()
        .enumerate()
        .flat_map(|(from, resource)| resource.needs.iter().map(move |to| (from, *to)))
        .collect();
    let layout = laid_out(resources, &edges);
    #[expect(clippy::cast_precision_loss, reason = "columns are counted in dozens")]
    let columns = layout.columns as f64;
    let width = columns * WIDTH + (columns - 1.0).max(0.0) * BETWEEN + 2.0 * MARGIN;
    let height = layout.height + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"group\" \
         aria-label=\"What depends on what\">\n<g aria-hidden=\"true\">\n"
    );
    for (&(from, to), lane) in edges.iter().zip(&layout.lanes) {
        svg += &line(&layout, from, to, lane);
    }
    svg += "</g>\n";
    for (index, resource) in resources.iter().enumerate() {
        svg += &node(&layout, index, resource);
    }
    svg + "</svg>"
}

/// Everything in its place. It is the order of addresses that counts, so that the same stack always looks the same.
fn laid_out(resources: &[Resource], edges: &[(usize, usize)]) -> Layout {
    let mut sorted: Vec<usize> = (0..resources.len()).collect();
    sorted.sort_by(|a, b| resources[*a].address.cmp(&resources[*b].address));
    let mut places = vec![0; sorted.len()];
    sorted.iter().enumerate().for_each(|(place, index)| places[*index] = place);
    let edges: Vec<(usize, usize)> = edges.iter().map(|(from, to)| (places[*from], places[*to])).collect();
    let boxes = Boxes { count: resources.len(), edges: &edges, height: HEIGHT, gap: 14.0, lane: 20.0 };
    let layout = lay_out(&boxes);
    Layout { boxes: places.iter().map(|place| layout.boxes[*place]).collect(), ..layout }
}

fn left(column: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "columns are counted in dozens")]
    let column = column as f64;
    MARGIN + column * (WIDTH + BETWEEN)
}

/// From the left of what depends, past the columns between, to the right of what it depends on.
fn line(layout: &Layout, from: usize, to: usize, lane: &[(usize, f64)]) -> String {
    let (column, middle) = layout.boxes[from];
    let (mut x, mut y) = (left(column), middle + MARGIN);
    let mut path = format!("M{x} {y}");
    for &(column, middle) in lane.iter().chain([&layout.boxes[to]]) {
        let (right, level) = (left(column) + WIDTH, middle + MARGIN);
        let half = (x + right) / 2.0;
        path += &format!("C{half} {y} {half} {level} {right} {level}");
        (x, y) = (left(column), level);
        path += &format!("H{x}");
    }
    // The last stretch would run behind the box that is reached.
    let path = path.rsplit_once('H').map_or(path.as_str(), |(reached, _)| reached);
    let end = left(layout.boxes[to].0) + WIDTH;
    format!(
        "<g class=\"edge\" data-from=\"{from}\" data-to=\"{to}\"><path d=\"{path}\"/>\
         <circle cx=\"{end}\" cy=\"{y}\" r=\"2.5\"/></g>\n"
    )
}

fn node(layout: &Layout, index: usize, resource: &Resource) -> String {
    let (column, middle) = layout.boxes[index];
    let (x, y) = (left(column), middle + MARGIN - HEIGHT / 2.0);
    let focus = if index == 0 { "0" } else { "-1" };
    let Resource { address, kind, name, action, word, sign, .. } = resource;
    let (address, kind, name) = (escaped(address), escaped(kind), escaped(&shortened(name)));
    format!(
        "<g class=\"node {action}\" data-index=\"{index}\" role=\"button\" tabindex=\"{focus}\" \
         aria-label=\"{address}: {word}\" transform=\"translate({x} {y})\"><title>{address}</title>\
         <rect class=\"box\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"7\"/>\
         <rect class=\"bar\" x=\"0\" y=\"10\" width=\"3\" height=\"{}\" rx=\"1.5\"/>\
         <text class=\"kind\" x=\"14\" y=\"19\">{kind}</text><text class=\"name\" x=\"14\" y=\"36\">{name}</text>\
         <text class=\"sign\" x=\"{}\" y=\"20\" text-anchor=\"end\">{sign}</text></g>\n",
        HEIGHT - 20.0,
        WIDTH - 11.0,
    )
}

/// A long name without its middle: names of one set differ at their ends.
fn shortened(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= LONGEST {
        return name.to_owned();
    }
    let kept = LONGEST / 2;
    let ends = [&letters[..kept], &['…'], &letters[letters.len() - kept..]];
    ends.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_both_ends() {
        assert_eq!(shortened("gitlab-nfs/eu-west-1a"), "gitlab-nfs/eu-west-1a");
        assert_eq!(shortened("a-very-long-name-of-a-stack/eu-west-1a"), "a-very-long…/eu-west-1a");
    }
}
