//! The drawing in one column: each box below what it depends on, and beside the boxes a rail for each that others depend on.

use super::super::resources::Resource;
use super::{Node, by_address, edge, framed};

/// Fits into a card on a screen of 360 pixels.
const WIDTH: f64 = 296.0;
const HEIGHT: f64 = 44.0;
const STEP: f64 = 52.0;
const MARGIN: f64 = 3.0;
/// The distance of a rail from the next one, where there is room for it.
const APART: f64 = 9.0;
/// The most room for all rails: beside them a box has room for its name.
const MOST: f64 = 90.0;
/// The room between the innermost rail and the boxes.
const BESIDE: f64 = 11.0;
/// How far above and below its middle a box takes in what it depends on, and is left by its own rail.
const ASIDE: f64 = 7.0;
const BEND: f64 = 5.0;

pub(super) fn drawing(resources: &[Resource], edges: &[(usize, usize)]) -> String {
    let rows = rows(resources);
    let rails = rails(resources, &rows);
    let lanes = rails.iter().flatten().max().map_or(0, |last| last + 1);
    let apart = if lanes == 0 { 0.0 } else { APART.min(MOST / number(lanes)) };
    let left = tenths(MARGIN + if lanes == 0 { 0.0 } else { number(lanes) * apart + BESIDE });
    let middle = |place: usize| MARGIN + number(rows[place]) * STEP + HEIGHT / 2.0;
    let lines: String = edges
        .iter()
        .filter_map(|&(from, to)| {
            let rail = tenths(left - BESIDE - number(rails[to]?) * apart);
            Some(edge((from, to), &line(left, rail, middle(from), middle(to)), (left, middle(to) + ASIDE)))
        })
        .collect();
    let nodes = resources.iter().enumerate().map(|(place, resource)| {
        let (y, width) = (middle(place) - HEIGHT / 2.0, tenths(WIDTH - MARGIN - left));
        Node { x: left, y, width, height: HEIGHT }.drawn(place, resource)
    });
    let height = number(resources.len()) * STEP - (STEP - HEIGHT) + 2.0 * MARGIN;
    framed("rails", (WIDTH, height), &lines, &nodes.collect::<String>())
}

#[expect(clippy::cast_precision_loss, reason = "rows and rails are counted in dozens")]
fn number(count: usize) -> f64 {
    count as f64
}

fn tenths(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}

/// The row of each resource: what it depends on stands above it, and as near as can be.
fn rows(resources: &[Resource]) -> Vec<usize> {
    let sorted = by_address(resources);
    let is_needed = |place: &&usize| !resources[**place].needed_by.is_empty();
    // In a circle, which no plan has, everything is needed.
    let ends = sorted.iter().filter(|place| !is_needed(place)).chain(sorted.iter().filter(is_needed));
    let mut rows = vec![None; resources.len()];
    let mut seen = vec![false; resources.len()];
    let mut next = 0;
    for end in ends {
        let mut todo = vec![(*end, false)];
        while let Some((place, is_ready)) = todo.pop() {
            if is_ready {
                rows[place] = Some(next);
                next += 1;
            } else if !std::mem::replace(&mut seen[place], true) {
                todo.push((place, true));
                todo.extend(resources[place].needs.iter().rev().map(|need| (*need, false)));
            }
        }
    }
    rows.into_iter().flatten().collect()
}

/// The rail of each resource that others depend on, counted from the boxes. Short rails are near to the boxes, so that few lines cross
/// them, and no two lie on each other.
fn rails(resources: &[Resource], rows: &[usize]) -> Vec<Option<usize>> {
    let span = |place: usize| {
        let users = resources[place].needed_by.iter().map(|user| rows[*user]);
        users.fold((rows[place], rows[place]), |(first, last), row| (first.min(row), last.max(row)))
    };
    let mut needed: Vec<(usize, usize, usize)> = (0..resources.len())
        .filter(|place| !resources[*place].needed_by.is_empty())
        .map(|place| (span(place).0, span(place).1, place))
        .collect();
    needed.sort_by_key(|(first, last, _)| (last - first, *first));
    let mut lanes: Vec<Vec<(usize, usize)>> = Vec::new();
    let mut rails = vec![None; resources.len()];
    for (first, last, place) in needed {
        let is_free =
            |lane: &Vec<(usize, usize)>| lane.iter().all(|(start, end)| *end <= first || *start >= last);
        let lane = lanes.iter().position(is_free).unwrap_or(lanes.len());
        if lane == lanes.len() {
            lanes.push(Vec::new());
        }
        lanes[lane].push((first, last));
        rails[place] = Some(lane);
    }
    rails
}

/// From the left of what depends to the rail, and along it to what it depends on.
fn line(left: f64, rail: f64, from: f64, to: f64) -> String {
    let (start, end) = (from - ASIDE, to + ASIDE);
    let bend = if start > end { BEND } else { -BEND };
    let (turn, up, down) = (tenths(rail + BEND), start - bend, end + bend);
    format!("M{left} {start}H{turn}Q{rail} {start} {rail} {up}V{down}Q{rail} {end} {turn} {end}H{left}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::resources::{blank, linked};
    use super::*;

    fn resources(count: usize, edges: &[(usize, usize)]) -> Vec<Resource> {
        let named = |n: usize| format!("aws_subnet.n{n:02}").parse().expect("a valid address");
        let mut resources: Vec<Resource> = (0..count).map(|n| blank(&named(n), "watch", ">", "")).collect();
        edges.iter().for_each(|(from, to)| resources[*from].needs.push(*to));
        linked(&mut resources);
        resources
    }

    #[test]
    fn what_is_used_by_one_alone_stands_just_above_it() {
        let rows = rows(&resources(5, &[(0, 3), (1, 2), (1, 4)]));
        assert_eq!(rows, [1, 4, 2, 0, 3]);
    }

    #[test]
    fn a_circle_is_drawn_too() {
        let circle = resources(2, &[(0, 1), (1, 0)]);
        assert_eq!(drawing(&circle, &[(0, 1), (1, 0)]).matches("<path").count(), 2);
    }

    proptest! {
        #[test]
        fn all_stands_below_what_it_depends_on_and_no_rails_lie_on_each_other(
            count in 1_usize..20,
            pairs in prop::collection::vec((0_usize..20, 0_usize..20), 0..40),
        ) {
            let mut edges: Vec<(usize, usize)> =
                pairs.into_iter().filter(|(from, to)| to < from && *from < count).collect();
            edges.sort_unstable();
            edges.dedup();
            let resources = resources(count, &edges);
            let rows = rows(&resources);
            let mut sorted = rows.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..count).collect::<Vec<_>>());
            for (from, to) in &edges {
                prop_assert!(rows[*from] > rows[*to]);
            }
            let rails = rails(&resources, &rows);
            let lowest = |to: usize| resources[to].needed_by.iter().map(|user| rows[*user]).max().unwrap_or(rows[to]);
            for a in 0..count {
                for b in 0..a {
                    let is_apart = rails[a] != rails[b] || rails[a].is_none()
                        || lowest(a) <= rows[b] || lowest(b) <= rows[a];
                    prop_assert!(is_apart, "{a} and {b}");
                }
            }
        }
    }
}
