//! Directed graphs small enough to hold in a map: order, cycles, closures. Pure.

use std::collections::{BTreeMap, BTreeSet};

/// Each vertex with those that it waits for. A vertex that is only waited for needs no entry.
pub type Edges<V> = BTreeMap<V, BTreeSet<V>>;

/// All vertices in an order in which each comes after those that it waits for; of several, the smallest first.
///
/// # Errors
/// A cycle, as the list of its vertices, each waiting for the next and the last for the first.
pub fn order<V: Ord + Clone>(edges: &Edges<V>) -> Result<Vec<V>, Vec<V>> {
    let mut done = BTreeSet::new();
    let mut ordered = Vec::new();
    for start in edges.keys().chain(edges.values().flatten()) {
        visit(start, edges, &mut done, &mut Vec::new(), &mut ordered)?;
    }
    Ok(ordered)
}

fn visit<V: Ord + Clone>(
    vertex: &V,
    edges: &Edges<V>,
    done: &mut BTreeSet<V>,
    path: &mut Vec<V>,
    ordered: &mut Vec<V>,
) -> Result<(), Vec<V>> {
    if done.contains(vertex) {
        return Ok(());
    }
    if let Some(start) = path.iter().position(|earlier| earlier == vertex) {
        return Err(path.split_off(start));
    }
    path.push(vertex.clone());
    for next in edges.get(vertex).into_iter().flatten() {
        visit(next, edges, done, path, ordered)?;
    }
    path.pop();
    done.insert(vertex.clone());
    ordered.push(vertex.clone());
    Ok(())
}

/// The given vertices and everything that they wait for, however indirectly.
pub fn closure<V: Ord + Clone>(edges: &Edges<V>, from: impl IntoIterator<Item = V>) -> BTreeSet<V> {
    let mut found = BTreeSet::new();
    let mut todo: Vec<V> = from.into_iter().collect();
    while let Some(vertex) = todo.pop() {
        if found.insert(vertex.clone()) {
            todo.extend(edges.get(&vertex).into_iter().flatten().cloned());
        }
    }
    found
}

/// The same graph with every edge turned round.
pub fn reversed<V: Ord + Clone>(edges: &Edges<V>) -> Edges<V> {
    let mut turned: Edges<V> = Edges::new();
    for (vertex, others) in edges {
        turned.entry(vertex.clone()).or_default();
        for other in others {
            turned.entry(other.clone()).or_default().insert(vertex.clone());
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(pairs: &[(u8, &[u8])]) -> Edges<u8> {
        pairs.iter().map(|(vertex, others)| (*vertex, others.iter().copied().collect())).collect()
    }

    #[test]
    fn each_vertex_comes_after_those_that_it_waits_for() {
        assert_eq!(order(&edges(&[(1, &[3]), (2, &[1]), (3, &[])])), Ok(vec![3, 1, 2]));
        assert_eq!(order(&edges(&[(1, &[9])])), Ok(vec![9, 1]));
    }

    #[test]
    fn a_cycle_is_named_vertex_by_vertex() {
        assert_eq!(order(&edges(&[(1, &[2]), (2, &[3]), (3, &[2])])), Err(vec![2, 3]));
        assert_eq!(order(&edges(&[(1, &[1])])), Err(vec![1]));
    }

    #[test]
    fn a_closure_holds_what_is_reached_indirectly_and_no_more() {
        let graph = edges(&[(1, &[2]), (2, &[3]), (4, &[3])]);
        assert_eq!(closure(&graph, [1]), BTreeSet::from([1, 2, 3]));
        assert_eq!(closure(&reversed(&graph), [3]), BTreeSet::from([1, 2, 3, 4]));
    }
}
