//! A layered layout: boxes in columns, each to the right of what it depends on, with few crossings. The same input
//! always gives the same drawing.

/// Which box depends on which, and how much room things take.
pub(super) struct Boxes<'a> {
    pub count: usize,
    /// From what depends to what it depends on.
    pub edges: &'a [(usize, usize)],
    pub height: f64,
    pub gap: f64,
    /// The room for a line that passes a column, with the gap around it.
    pub lane: f64,
}

/// The place of everything: columns are counted, heights measured.
pub(super) struct Layout {
    pub columns: usize,
    pub height: f64,
    /// The column of each box, and its middle.
    pub boxes: Vec<(usize, f64)>,
    /// For each edge the points between its boxes, from what depends to what it depends on.
    pub lanes: Vec<Vec<(usize, f64)>>,
}

/// More rounds have never made a drawing of this size better. The last of an odd number goes rightwards, to what uses.
const ROUNDS: usize = 13;

/// A box, or a line on its way past a column.
struct Vertex {
    column: usize,
    room: f64,
    near: Vec<usize>,
}

/// Lays the boxes out.
pub(super) fn lay_out(boxes: &Boxes<'_>) -> Layout {
    let columns = columns(boxes);
    let mut vertices: Vec<Vertex> = columns
        .iter()
        .map(|column| Vertex { column: *column, room: boxes.height + boxes.gap, near: Vec::new() })
        .collect();
    let mut chains = Vec::new();
    for &(from, to) in boxes.edges {
        let mut chain = vec![from];
        for column in (columns[to] + 1..columns[from]).rev() {
            chain.push(vertices.len());
            vertices.push(Vertex { column, room: boxes.lane, near: Vec::new() });
        }
        chain.push(to);
        for pair in chain.windows(2) {
            vertices[pair[0]].near.push(pair[1]);
            vertices[pair[1]].near.push(pair[0]);
        }
        chains.push(chain);
    }
    let count = columns.iter().max().map_or(0, |last| last + 1);
    let order = order(&vertices, count);
    let middles = middles(&vertices, &order);
    let lowest = vertices.iter().zip(&middles).map(|(vertex, middle)| middle + vertex.room / 2.0);
    Layout {
        columns: count,
        height: lowest.fold(0.0, f64::max),
        boxes: columns.iter().copied().zip(middles.iter().copied()).collect(),
        lanes: chains
            .iter()
            .map(|chain| {
                let between = &chain[1..chain.len() - 1];
                between.iter().map(|vertex| (vertices[*vertex].column, middles[*vertex])).collect()
            })
            .collect(),
    }
}

/// One more than the rightmost dependency; and what depends on nothing stands just left of what needs it.
fn columns(boxes: &Boxes<'_>) -> Vec<usize> {
    let mut columns = vec![0; boxes.count];
    // A circle, which no plan has, must not go on for ever.
    for _ in 0..boxes.count {
        for &(from, to) in boxes.edges {
            columns[from] = columns[from].max((columns[to] + 1).min(boxes.count));
        }
    }
    let settled = columns.clone();
    for (vertex, column) in columns.iter_mut().enumerate() {
        let depends = boxes.edges.iter().any(|(from, _)| *from == vertex);
        let needed = boxes.edges.iter().filter(|(_, to)| *to == vertex).map(|(from, _)| settled[*from]);
        if let (false, Some(nearest)) = (depends, needed.min()) {
            *column = nearest.saturating_sub(1);
        }
    }
    columns
}

/// The vertices of each column from top to bottom. What is used together stays together, and neighbours change places
/// where the lines to their users cross less then. The fewest crossings of all would tear apart what belongs together,
/// for the sake of what is used by everything.
fn order(vertices: &[Vertex], count: usize) -> Vec<Vec<usize>> {
    let mut order = together(vertices, count);
    exchange(vertices, &mut order);
    order
}

/// Each vertex followed by what it depends on, so that what belongs together starts together.
fn together(vertices: &[Vertex], count: usize) -> Vec<Vec<usize>> {
    let mut order = vec![Vec::new(); count];
    let mut seen = vec![false; vertices.len()];
    let mut todo: Vec<usize> = (0..vertices.len()).collect();
    // The last is taken first: the rightmost, and of those the first.
    todo.sort_by_key(|vertex| (vertices[*vertex].column, vertices.len() - vertex));
    while let Some(vertex) = todo.pop() {
        if !std::mem::replace(&mut seen[vertex], true) {
            order[vertices[vertex].column].push(vertex);
            let near = vertices[vertex].near.iter().rev();
            todo.extend(near.filter(|other| vertices[**other].column < vertices[vertex].column));
        }
    }
    order
}

/// Exchanges those that stand one above the other wherever the lines to their users cross less then.
fn exchange(vertices: &[Vertex], order: &mut [Vec<usize>]) {
    for column in (0..order.len()).rev() {
        for _ in 0..order[column].len() {
            let rank = ranks(vertices.len(), order);
            let users = |vertex: usize| {
                vertices[vertex].near.iter().copied().filter(|user| vertices[*user].column > column)
            };
            // Two lines cross where the user of the upper one stands below the user of the lower one.
            let crossed = |upper: usize, lower: usize| -> usize {
                users(upper).map(|a| users(lower).filter(|b| rank[a] > rank[*b]).count()).sum()
            };
            let mut exchanged = false;
            for n in 1..order[column].len() {
                let (upper, lower) = (order[column][n - 1], order[column][n]);
                if crossed(upper, lower) > crossed(lower, upper) {
                    order[column].swap(n - 1, n);
                    exchanged = true;
                }
            }
            if !exchanged {
                break;
            }
        }
    }
}

fn ranks(count: usize, order: &[Vec<usize>]) -> Vec<f64> {
    let mut ranks = vec![0.0; count];
    for column in order {
        for (rank, vertex) in (0_u32..).zip(column) {
            ranks[*vertex] = f64::from(rank);
        }
    }
    ranks
}

/// The middle of each vertex: as near to its neighbours as the order and the room of its column allow.
fn middles(vertices: &[Vertex], order: &[Vec<usize>]) -> Vec<f64> {
    let mut middles = vec![0.0; vertices.len()];
    let tallest = order.iter().map(|column| total(vertices, column)).fold(0.0, f64::max);
    for column in order {
        let mut top = (tallest - total(vertices, column)) / 2.0;
        for vertex in column {
            middles[*vertex] = top + vertices[*vertex].room / 2.0;
            top += vertices[*vertex].room;
        }
    }
    for round in 0..ROUNDS {
        let visited: Vec<usize> =
            if round % 2 == 0 { (0..order.len()).collect() } else { (0..order.len()).rev().collect() };
        for column in visited {
            let wanted: Vec<f64> = order[column]
                .iter()
                .map(|vertex| {
                    let near = vertices[*vertex].near.iter().map(|other| middles[*other]);
                    average(near).unwrap_or(middles[*vertex])
                })
                .collect();
            let rooms: Vec<f64> = order[column].iter().map(|vertex| vertices[*vertex].room).collect();
            for (vertex, middle) in order[column].iter().zip(spread(&wanted, &rooms)) {
                middles[*vertex] = middle;
            }
        }
    }
    let top = vertices.iter().zip(&middles).map(|(vertex, middle)| middle - vertex.room / 2.0);
    let top = top.fold(f64::INFINITY, f64::min);
    middles.into_iter().map(|middle| (middle - top).round()).collect()
}

fn total(vertices: &[Vertex], column: &[usize]) -> f64 {
    column.iter().map(|vertex| vertices[*vertex].room).sum()
}

/// The places nearest to the wanted ones, by least squares, at which nothing overlaps (pool adjacent violators).
fn spread(wanted: &[f64], rooms: &[f64]) -> Vec<f64> {
    let mut offsets = Vec::with_capacity(rooms.len());
    let mut below = 0.0;
    for room in rooms {
        offsets.push(below + room / 2.0);
        below += room;
    }
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (wanted, offset) in wanted.iter().zip(&offsets) {
        let mut pool = (wanted - offset, 1);
        while let Some((sum, size)) = pools.pop_if(|(sum, size)| mean(*sum, *size) >= mean(pool.0, pool.1)) {
            pool = (pool.0 + sum, pool.1 + size);
        }
        pools.push(pool);
    }
    let shifts = pools.into_iter().flat_map(|(sum, size)| std::iter::repeat_n(mean(sum, size), size));
    shifts.zip(offsets).map(|(shift, offset)| shift + offset).collect()
}

fn average(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = numbers.fold((0.0, 0), |(sum, count), number| (sum + number, count + 1));
    (count > 0).then(|| mean(sum, count))
}

#[expect(clippy::cast_precision_loss, reason = "boxes are counted in dozens")]
fn mean(sum: f64, count: usize) -> f64 {
    sum / count as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn laid_out(count: usize, edges: &[(usize, usize)]) -> Layout {
        lay_out(&Boxes { count, edges, height: 40.0, gap: 10.0, lane: 20.0 })
    }

    #[test]
    fn what_depends_stands_right_of_what_it_depends_on_and_as_near_as_it_can() {
        let layout = laid_out(4, &[(1, 0), (2, 1), (2, 3)]);
        let columns: Vec<usize> = layout.boxes.iter().map(|(column, _)| *column).collect();
        assert_eq!(columns, [0, 1, 2, 1], "the last depends on nothing, and is needed in column 2");
        assert_eq!(layout.columns, 3);
    }

    #[test]
    fn an_edge_that_passes_a_column_has_a_lane_there() {
        let layout = laid_out(3, &[(1, 0), (2, 1), (2, 0)]);
        let columns: Vec<Vec<usize>> =
            layout.lanes.iter().map(|lane| lane.iter().map(|(column, _)| *column).collect()).collect();
        assert_eq!(columns, [vec![], vec![], vec![1]]);
    }

    #[test]
    fn lines_that_need_not_cross_do_not() {
        let layout = laid_out(6, &[(3, 2), (4, 1), (5, 0)]);
        let middle = |vertex: usize| layout.boxes[vertex].1;
        assert_eq!([middle(3), middle(4), middle(5)], [middle(2), middle(1), middle(0)]);
    }

    #[test]
    fn nothing_and_a_circle_are_drawn_too() {
        assert_eq!(laid_out(0, &[]).columns, 0);
        assert_eq!(laid_out(2, &[(0, 1), (1, 0)]).boxes.len(), 2);
    }

    proptest! {
        #[test]
        fn boxes_never_overlap_and_the_drawing_holds_them_all(
            count in 1_usize..20,
            pairs in prop::collection::vec((0_usize..20, 0_usize..20), 0..40),
        ) {
            let edges: Vec<(usize, usize)> =
                pairs.into_iter().filter(|(from, to)| to < from && *from < count).collect();
            let layout = laid_out(count, &edges);
            for (from, to) in &edges {
                prop_assert!(layout.boxes[*from].0 > layout.boxes[*to].0);
            }
            for (n, a) in layout.boxes.iter().enumerate() {
                prop_assert!(a.1 >= 24.0 && a.1 <= layout.height - 24.0);
                for b in &layout.boxes[n + 1..] {
                    prop_assert!(a.0 != b.0 || (a.1 - b.1).abs() >= 49.0, "{a:?} {b:?}");
                }
            }
            let again = laid_out(count, &edges);
            prop_assert_eq!(again.boxes, layout.boxes);
            prop_assert_eq!(again.lanes, layout.lanes);
        }
    }
}
