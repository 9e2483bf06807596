//! The graph of a plan as drawings in SVG: in columns for wide screens and paper, in one column for narrow screens.

mod columns;
mod layers;
mod rails;

use super::resources::Resource;
use super::text::{escaped, link_to};

/// The most characters that fit into a box at the size of the name.
const LONGEST: usize = 23;

/// Both drawings, of which the style shows the one that fits.
pub(super) fn drawings(resources: &[Resource]) -> String {
    let placed = resources.iter().enumerate();
    let edges: Vec<(usize, usize)> =
        placed.flat_map(|(from, resource)| resource.needs.iter().map(move |to| (from, *to))).collect();
    columns::drawing(resources, &edges) + "\n" + &rails::drawing(resources, &edges)
}

/// A box in a drawing, and a link to the card of its resource.
struct Node {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl Node {
    fn drawn(&self, index: usize, resource: &Resource) -> String {
        let Self { x, y, width, height } = self;
        let Resource { address, kind, name, action, word, sign, .. } = resource;
        let link = link_to(address);
        let (address, kind, name) = (escaped(address), escaped(kind), escaped(&shortened(name)));
        let (bar, upper, lower) = (height - 20.0, height / 2.0 - 5.0, height / 2.0 + 12.0);
        let end = (width * 10.0 - 110.0).round() / 10.0;
        format!(
            "<a class=\"node {action}\" href=\"{link}\" data-index=\"{index}\" aria-label=\"{address}: {word}\" \
             transform=\"translate({x} {y})\"><title>{address}</title>\
             <rect class=\"box\" width=\"{width}\" height=\"{height}\" rx=\"7\"/>\
             <rect class=\"bar\" x=\"0\" y=\"10\" width=\"3\" height=\"{bar}\" rx=\"1.5\"/>\
             <text class=\"kind\" x=\"14\" y=\"{upper}\">{kind}</text>\
             <text class=\"name\" x=\"14\" y=\"{lower}\">{name}</text>\
             <text class=\"sign\" x=\"{end}\" y=\"{upper}\" text-anchor=\"end\">{sign}</text></a>\n"
        )
    }
}

/// A line from what depends to what it depends on, where it has a dot.
fn edge((from, to): (usize, usize), path: &str, (x, y): (f64, f64)) -> String {
    format!(
        "<g class=\"edge\" data-from=\"{from}\" data-to=\"{to}\"><path d=\"{path}\"/>\
         <circle cx=\"{x}\" cy=\"{y}\" r=\"2.5\"/></g>\n"
    )
}

/// A drawing of this size.
fn framed(class: &str, (width, height): (f64, f64), edges: &str, nodes: &str) -> String {
    format!(
        "<svg class=\"{class}\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"group\" \
         aria-label=\"What depends on what\">\n<g aria-hidden=\"true\">\n{edges}</g>\n{nodes}</svg>"
    )
}

/// The places of resources in the order of addresses: it counts, so that the same stack always looks the same.
fn by_address(resources: &[Resource]) -> Vec<usize> {
    let mut sorted: Vec<usize> = (0..resources.len()).collect();
    sorted.sort_by(|a, b| resources[*a].address.cmp(&resources[*b].address));
    sorted
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
