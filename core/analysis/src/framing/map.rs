//! Where the subject is by the relevance model's activation map: the connected cells around its strongest one.

use super::Found;
use crate::policy::Policy;
use crate::report::{Region, Sides};
use crate::sighting::{ActivationMap, MAX_MAP_CELLS};

/// Finds the subject in the upright frame; none when the map's peak is too weak to be one.
pub(super) fn find(map: &ActivationMap, policy: &Policy) -> Option<Found> {
    let grid = Grid::new(map);
    let peak = grid.peak();
    let strongest = grid.at(peak);
    if strongest < policy.map_peak_from {
        return None;
    }
    let threshold = policy.map_threshold * strongest;
    let subject = grid.connected(peak, threshold);
    Some(grid.describe(&subject, threshold, policy.map_edge_from * strongest))
}

/// Cells by column and row, as `f64`.
struct Grid<'a> {
    columns: usize,
    rows: usize,
    cells: &'a [f32],
}

impl<'a> Grid<'a> {
    fn new(map: &'a ActivationMap) -> Self {
        Self { columns: map.columns(), rows: map.rows(), cells: map.cells() }
    }

    fn at(&self, cell: usize) -> f64 {
        f64::from(self.cells[cell])
    }

    /// The first of the strongest cells. A map has at least one cell.
    fn peak(&self) -> usize {
        (0..self.cells.len()).fold(0, |best, cell| if self.at(cell) > self.at(best) { cell } else { best })
    }

    /// The cells above the threshold that hang together with one, side by side.
    fn connected(&self, start: usize, threshold: f64) -> [bool; MAX_MAP_CELLS] {
        let mut taken = [false; MAX_MAP_CELLS];
        let mut stack = [0usize; MAX_MAP_CELLS];
        let mut waiting = 1;
        stack[0] = start;
        taken[start] = true;
        while waiting > 0 {
            waiting -= 1;
            let cell = stack[waiting];
            let (column, row) = (cell % self.columns, cell / self.columns);
            let sides = [
                (column > 0).then(|| cell - 1),
                (column + 1 < self.columns).then(|| cell + 1),
                (row > 0).then(|| cell - self.columns),
                (row + 1 < self.rows).then(|| cell + self.columns),
            ];
            for next in sides.into_iter().flatten() {
                if !taken[next] && self.at(next) >= threshold {
                    // Every cell is put on the stack once, so it never overflows.
                    taken[next] = true;
                    stack[waiting] = next;
                    waiting += 1;
                }
            }
        }
        taken
    }

    fn describe(&self, subject: &[bool; MAX_MAP_CELLS], threshold: f64, edge_from: f64) -> Found {
        let (mut weight, mut moment_x, mut moment_y) = (0.0, 0.0, 0.0);
        for cell in (0..self.cells.len()).filter(|&cell| subject[cell]) {
            let (column, row) = (cell % self.columns, cell / self.columns);
            weight += self.at(cell);
            moment_x += self.at(cell) * (column as f64 + 0.5);
            moment_y += self.at(cell) * (row as f64 + 0.5);
        }
        // The strongest cell of each column and row of the subject; 0 where there is none.
        let column =
            |column: usize| self.strongest(subject, (0..self.rows).map(|row| row * self.columns + column));
        let row =
            |row: usize| self.strongest(subject, (0..self.columns).map(|column| row * self.columns + column));
        let across = extent(self.columns, column, threshold);
        let down = extent(self.rows, row, threshold);
        let at_edge = |strongest: f64| strongest >= edge_from;
        let (width, height) = (self.columns as f64, self.rows as f64);
        Found {
            subject: Region {
                x: across.0 / width,
                y: down.0 / height,
                width: (across.1 - across.0) / width,
                height: (down.1 - down.0) / height,
            },
            centre: (moment_x / weight / width, moment_y / weight / height),
            touches: Sides {
                left: at_edge(column(0)),
                top: at_edge(row(0)),
                right: at_edge(column(self.columns - 1)),
                bottom: at_edge(row(self.rows - 1)),
            },
            clear: true,
        }
    }

    fn strongest(&self, subject: &[bool; MAX_MAP_CELLS], cells: impl Iterator<Item = usize>) -> f64 {
        cells.filter(|&cell| subject[cell]).map(|cell| self.at(cell)).fold(0.0, f64::max)
    }
}

/// From where to where the profile of a subject along one axis is above the threshold, in cells. Between the middles of
/// its last cell and the next one the activation falls in a straight line to 0; the box ends where it crosses the
/// threshold.
fn extent(len: usize, profile: impl Fn(usize) -> f64, threshold: f64) -> (f64, f64) {
    let inside = |index: &usize| profile(*index) > 0.0;
    let first = (0..len).find(inside).unwrap_or(0);
    let last = (0..len).rfind(inside).unwrap_or(0);
    let reach = |strongest: f64| if strongest > 0.0 { (strongest - threshold) / strongest } else { 0.0 };
    let start = if first == 0 { 0.0 } else { first as f64 + 0.5 - reach(profile(first)) };
    let end = if last + 1 == len { len as f64 } else { last as f64 + 0.5 + reach(profile(last)) };
    (start, end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(columns: u8, cells: &[f32]) -> Option<Found> {
        let map = ActivationMap::new(columns, (cells.len() / usize::from(columns)) as u8, cells).unwrap();
        find(&map, &Policy::default())
    }

    #[test]
    fn a_map_of_zeros_and_a_faint_one_show_no_subject() {
        assert_eq!(found(7, &[0.0; 49]), None);
        assert_eq!(found(7, &[0.1; 49]), None);
    }

    #[test]
    fn the_subject_is_what_hangs_together_with_the_peak() {
        let mut cells = [0.0; 49];
        cells[2 * 7 + 2] = 0.9;
        cells[2 * 7 + 3] = 0.8;
        cells[6 * 7 + 6] = 0.85; // another thing, in the corner
        let found = found(7, &cells).unwrap();
        assert_eq!(found.touches, Sides::default());
        assert!((found.centre.0 - 2.97 / 7.0).abs() < 0.01 && (found.centre.1 - 2.5 / 7.0).abs() < 1e-9);
        assert!(found.subject.x > 0.2 && found.subject.x + found.subject.width < 0.6, "{found:?}");
    }

    #[test]
    fn a_stronger_outermost_cell_makes_the_box_wider_by_less_than_a_cell() {
        let width = |neighbour: f32| found(5, &[0.0, neighbour, 1.0, 0.0, 0.0]).unwrap().subject.width;
        assert!(width(0.9) > width(0.6));
        assert!((width(0.9) - width(0.6)) * 5.0 < 1.0);
    }

    #[test]
    fn a_subject_at_the_edge_touches_it_only_when_it_is_strong_there() {
        let touches =
            |edge: f32| found(5, &[edge, 1.0, 1.0, 0.0, 0.0, edge, 1.0, 1.0, 0.0, 0.0]).unwrap().touches;
        assert!(!touches(0.6).left);
        assert!(touches(0.95).left);
        assert!(!touches(0.95).right);
    }

    proptest! {
        #[test]
        fn the_box_of_any_map_lies_in_the_frame(
            (columns, cells) in (1u8..=10, 1u8..=10).prop_flat_map(|(columns, rows)| {
                let count = usize::from(columns) * usize::from(rows);
                (Just(columns), proptest::collection::vec(0f32..=1.0, count))
            }),
        ) {
            if let Some(Found { subject, centre, .. }) = found(columns, &cells) {
                prop_assert!(subject.x >= 0.0 && subject.width > 0.0 && subject.x + subject.width <= 1.0 + 1e-9);
                prop_assert!(subject.y >= 0.0 && subject.height > 0.0 && subject.y + subject.height <= 1.0 + 1e-9);
                prop_assert!((0.0..=1.0).contains(&centre.0) && (0.0..=1.0).contains(&centre.1));
            }
        }
    }
}
