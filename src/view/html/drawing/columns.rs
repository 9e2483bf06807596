//! The drawing in columns: each box to the right of what it depends on.

use super::super::resources::Resource;
use super::layers::{Boxes, Layout, lay_out};
use super::{Node, by_address, edge, framed};

const WIDTH: f64 = 212.0;
const HEIGHT: f64 = 48.0;
const BETWEEN: f64 = 64.0;
const MARGIN: f64 = 6.0;
/// The most columns that fit on a wide screen.
const MOST: usize = 6;

pub(super) fn drawing(resources: &[Resource], edges: &[(usize, usize)]) -> String {
    let layout = laid_out(resources, edges);
    #[expect(clippy::cast_precision_loss, reason = "columns are counted in dozens")]
    let columns = layout.columns as f64;
    let width = columns * WIDTH + (columns - 1.0).max(0.0) * BETWEEN + 2.0 * MARGIN;
    let size = (width, layout.height + 2.0 * MARGIN);
    let lines = edges.iter().zip(&layout.lanes);
    let lines: String = lines.map(|(&(from, to), lane)| line(&layout, from, to, lane)).collect();
    let nodes = resources.iter().enumerate().map(|(index, resource)| {
        let (column, middle) = layout.boxes[index];
        let (x, y) = (left(column), middle + MARGIN - HEIGHT / 2.0);
        Node { x, y, width: WIDTH, height: HEIGHT }.drawn(index, resource)
    });
    let columns = match layout.columns {
        few if few <= MOST => few.to_string(),
        _ => "many".to_owned(),
    };
    framed(&format!("columns columns-{columns}"), size, &lines, &nodes.collect::<String>())
}

fn laid_out(resources: &[Resource], edges: &[(usize, usize)]) -> Layout {
    let mut places = vec![0; resources.len()];
    by_address(resources).iter().enumerate().for_each(|(place, index)| places[*index] = place);
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
    edge((from, to), path, (left(layout.boxes[to].0) + WIDTH, y))
}
