//! Where the subject is by the relevance model: the box that it draws, and its activation at the edges of the frame.
//!
//! The box has one rule, which is the model's own (crate `clearshot-relevance`, judged in `models/MODEL_CARD.md`). Not
//! responsible for drawing it.

use super::Found;
use crate::policy::Policy;
use crate::report::{Region, Sides};
use crate::sighting::ActivationMap;

/// Distance of the box from the side of the frame, as a fraction, within which it may touch it: half a cell of a map of
/// 10 × 10 is as near as it can tell.
const TOUCHING: f64 = 0.05;

/// The subject in the upright frame; none when the model draws no box.
pub(super) fn find(map: &ActivationMap, policy: &Policy) -> Option<Found> {
    let subject = map.subject()?;
    let (right, bottom) = (subject.x + subject.width, subject.y + subject.height);
    let grid = Grid { map, subject, from: policy.map_edge_from };
    let (last_column, last_row) = (map.columns() - 1, map.rows() - 1);
    Some(Found {
        subject,
        centre: (subject.x + subject.width / 2.0, subject.y + subject.height / 2.0),
        touches: Sides {
            left: subject.x < TOUCHING && grid.goes_on(|column, _| column == 0),
            top: subject.y < TOUCHING && grid.goes_on(|_, row| row == 0),
            right: right > 1.0 - TOUCHING && grid.goes_on(|column, _| column == last_column),
            bottom: bottom > 1.0 - TOUCHING && grid.goes_on(|_, row| row == last_row),
        },
        clear: true,
    })
}

/// A map with the box that lies over it.
struct Grid<'a> {
    map: &'a ActivationMap,
    subject: Region,
    /// Share of the strongest activation from which the subject does not end in a cell.
    from: f64,
}

impl Grid<'_> {
    /// Whether the subject is as strong in some of these cells as it is inside: it does not end there.
    fn goes_on(&self, at: impl Fn(usize, usize) -> bool) -> bool {
        let strongest = self.strongest(|_, _| true);
        strongest > 0.0 && self.strongest(at) >= self.from * strongest
    }

    /// The strongest activation of the subject's cells among these.
    fn strongest(&self, at: impl Fn(usize, usize) -> bool) -> f64 {
        let columns = self.map.columns();
        let cells = self.map.cells().iter().enumerate();
        let inside = cells.filter(|&(cell, _)| {
            let (column, row) = (cell % columns, cell / columns);
            at(column, row) && self.covers(column, row)
        });
        inside.map(|(_, &activation)| f64::from(activation)).fold(0.0, f64::max)
    }

    /// Whether the box reaches into a cell.
    fn covers(&self, column: usize, row: usize) -> bool {
        let overlaps = |cell: usize, cells: usize, start: f64, extent: f64| {
            let (from, to) = (cell as f64 / cells as f64, (cell + 1) as f64 / cells as f64);
            start < to && start + extent > from
        };
        let Region { x, y, width, height } = self.subject;
        overlaps(column, self.map.columns(), x, width) && overlaps(row, self.map.rows(), y, height)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(columns: u8, cells: &[f32], subject: Option<Region>) -> Option<Found> {
        let map = ActivationMap::new(columns, (cells.len() / usize::from(columns)) as u8, cells).unwrap();
        let policy = Policy { map_edge_from: 0.8, ..Policy::default() };
        find(&map.with_subject(subject), &policy)
    }

    fn across(x: f64, width: f64) -> Region {
        Region { x, y: 0.25, width, height: 0.5 }
    }

    #[test]
    fn without_a_box_there_is_no_subject_however_strong_the_map() {
        assert_eq!(found(2, &[0.9; 4], None), None);
    }

    #[test]
    fn the_box_is_the_model_s_own_and_ends_with_the_frame() {
        let subject = |region| found(2, &[0.9, 0.0, 0.0, 0.0], Some(region)).map(|found| found.subject);
        assert_eq!(subject(across(0.25, 0.5)), Some(across(0.25, 0.5)));
        assert_eq!(subject(across(0.5, 0.75)), Some(across(0.5, 0.5)));
        assert_eq!(subject(across(f64::NAN, 0.5)), None);
    }

    #[test]
    fn a_subject_touches_the_side_at_which_it_is_as_strong_as_inside() {
        let left = |activation: f32| {
            found(4, &[activation, 0.9, 0.9, 0.0].repeat(4), Some(across(0.0, 0.75))).unwrap().touches
        };
        assert_eq!(left(0.9), Sides { left: true, ..Sides::default() });
        assert_eq!(left(0.5), Sides::default());
        let inside = found(4, &[0.9; 16], Some(across(0.1, 0.8))).unwrap().touches;
        assert_eq!(inside, Sides::default(), "the box ends before the frame does");
    }

    #[test]
    fn another_thing_at_the_side_is_not_the_subject() {
        // Strong in the lower left corner, but the box lies above it.
        let mut cells = [0.0; 16];
        (cells[12], cells[1], cells[2]) = (0.9, 0.9, 0.9);
        let above = Region { x: 0.0, y: 0.0, width: 0.75, height: 0.25 };
        assert_eq!(found(4, &cells, Some(above)).unwrap().touches, Sides { top: true, ..Sides::default() });
    }

    proptest! {
        #[test]
        fn the_subject_lies_in_the_frame_with_its_centre_in_it(
            (columns, cells) in (1u8..=10, 1u8..=10).prop_flat_map(|(columns, rows)| {
                let count = usize::from(columns) * usize::from(rows);
                (Just(columns), proptest::collection::vec(any::<f32>(), count))
            }),
            numbers in [(); 4].map(|()| prop_oneof![-0.5f64..1.5, any::<f64>()]),
        ) {
            let [x, y, width, height] = numbers;
            if let Some(found) = found(columns, &cells, Some(Region { x, y, width, height })) {
                let Region { x, y, width, height } = found.subject;
                prop_assert!(x >= 0.0 && width > 0.0 && x + width <= 1.0 + 1e-9, "{found:?}");
                prop_assert!(y >= 0.0 && height > 0.0 && y + height <= 1.0 + 1e-9, "{found:?}");
                prop_assert!((x..=x + width).contains(&found.centre.0), "{found:?}");
                prop_assert!((y..=y + height).contains(&found.centre.1), "{found:?}");
            }
        }
    }
}
