//! Where the subject is: from the network's maps, which lie over its square input, to the upright picture.
//!
//! Two things come of it. The box is drawn by the rule under which `models/MODEL_CARD.md` judges it: the map of the most
//! likely class, bilinear at 40 × 40, cut between its lowest and its highest value, the largest connected piece.
//! The activation is the share of that class cell by cell, which unlike the map means the same in every picture:
//! framing tells by it whether there is a subject at all.

use clearshot_analysis::{ActivationMap, FrameError, Region, Subject};

use crate::card::ModelCard;
use crate::input::Letterbox;
use crate::output::{CLASSES, MAP_SIDE, Output, softmax};

/// Cells from side to side in which the box is found: 4 pixels of the input each, a quarter of the map's.
const FINE_SIDE: usize = 40;

/// The activation over the upright picture, with the box where the picture is of a thing. Fails only if the map's size
/// were beyond what analysis takes.
pub(crate) fn locate(
    output: &Output,
    letterbox: Letterbox,
    card: &ModelCard,
) -> Result<ActivationMap, FrameError> {
    let best = output.best();
    let picture = letterbox.region();
    let is_thing = !matches!(Subject::ALL[best], Subject::Scene | Subject::Surface);
    // Of a room or a bare table, the question is whether some product lies in it.
    let wanted = if is_thing { best } else { Subject::Product as usize };
    let map = activation(output, wanted, card.temperature, picture)?;
    let subject = is_thing.then(|| draw_box(&output.maps()[best], card.box_threshold, picture)).flatten();
    Ok(map.with_subject(subject))
}

/// The share of a class in every cell, on a grid over the picture alone.
fn activation(
    output: &Output,
    class: usize,
    temperature: f64,
    picture: Region,
) -> Result<ActivationMap, FrameError> {
    let maps = output.maps();
    let shares: Vec<f64> = (0..MAP_SIDE * MAP_SIDE)
        .map(|cell| {
            softmax(&std::array::from_fn::<_, CLASSES, _>(|class| maps[class][cell]), temperature)[class]
        })
        .collect();
    // As many cells as the network has over the picture, at least one.
    let cells = |extent: f64| ((extent * MAP_SIDE as f64).round() as usize).clamp(1, MAP_SIDE);
    let (columns, rows) = (cells(picture.width), cells(picture.height));
    let mut over_picture = Vec::with_capacity(columns * rows);
    for row in 0..rows {
        let y = picture.y + picture.height * (row as f64 + 0.5) / rows as f64;
        for column in 0..columns {
            let x = picture.x + picture.width * (column as f64 + 0.5) / columns as f64;
            over_picture.push(bilinear(&shares, x, y) as f32);
        }
    }
    ActivationMap::new(columns as u8, rows as u8, &over_picture)
}

/// The box around the largest connected piece of a map, in fractions of the picture; none when it lies beside the picture.
fn draw_box(map: &[f32], threshold: f64, picture: Region) -> Option<Region> {
    let coarse: Vec<f64> = map.iter().map(|&value| f64::from(value)).collect();
    let middle = |index: usize| (index as f64 + 0.5) / FINE_SIDE as f64;
    let fine: Vec<f64> = (0..FINE_SIDE * FINE_SIDE)
        .map(|cell| bilinear(&coarse, middle(cell % FINE_SIDE), middle(cell / FINE_SIDE)))
        .collect();
    let lowest = fine.iter().copied().fold(f64::MAX, f64::min);
    let highest = fine.iter().copied().fold(f64::MIN, f64::max);
    let cut = lowest + threshold * (highest - lowest);
    let (columns, rows) = largest_piece(&fine, cut)?;
    let fraction = |cells: usize| cells as f64 / FINE_SIDE as f64;
    // Out of the square, and no further than the picture.
    let within = |start: f64, end: f64, from: f64, extent: f64| {
        let (start, end) = ((start - from) / extent, (end - from) / extent);
        (start.clamp(0.0, 1.0), end.clamp(0.0, 1.0))
    };
    let (left, right) = within(fraction(columns.0), fraction(columns.1), picture.x, picture.width);
    let (top, bottom) = within(fraction(rows.0), fraction(rows.1), picture.y, picture.height);
    (right > left && bottom > top).then_some(Region {
        x: left,
        y: top,
        width: right - left,
        height: bottom - top,
    })
}

/// From where to where, in cells.
type Span = (usize, usize);

/// Columns and rows of the largest piece of cells at or above the cut that hang together side by side; of equals, the
/// one that begins first.
fn largest_piece(fine: &[f64], cut: f64) -> Option<(Span, Span)> {
    let mut seen = vec![false; fine.len()];
    let mut largest: Option<(usize, Span, Span)> = None;
    let mut waiting = Vec::new();
    for start in 0..fine.len() {
        if seen[start] || fine[start] < cut {
            continue;
        }
        seen[start] = true;
        waiting.push(start);
        let (mut size, mut columns, mut rows) = (0, (FINE_SIDE, 0), (FINE_SIDE, 0));
        while let Some(cell) = waiting.pop() {
            let (x, y) = (cell % FINE_SIDE, cell / FINE_SIDE);
            size += 1;
            columns = (columns.0.min(x), columns.1.max(x + 1));
            rows = (rows.0.min(y), rows.1.max(y + 1));
            let sides = [
                (x > 0).then(|| cell - 1),
                (x + 1 < FINE_SIDE).then(|| cell + 1),
                (y > 0).then(|| cell - FINE_SIDE),
                (y + 1 < FINE_SIDE).then(|| cell + FINE_SIDE),
            ];
            for next in sides.into_iter().flatten() {
                if !seen[next] && fine[next] >= cut {
                    seen[next] = true;
                    waiting.push(next);
                }
            }
        }
        if largest.is_none_or(|(most, ..)| size > most) {
            largest = Some((size, columns, rows));
        }
    }
    largest.map(|(_, columns, rows)| (columns, rows))
}

/// The value of a map at a place in fractions of the square, in a straight line between the middles of its cells, and
/// level beyond the outermost.
fn bilinear(map: &[f64], x: f64, y: f64) -> f64 {
    let place = |fraction: f64| {
        let at = (fraction * MAP_SIDE as f64 - 0.5).clamp(0.0, (MAP_SIDE - 1) as f64);
        let first = (at as usize).min(MAP_SIDE - 2);
        (first, at - first as f64)
    };
    let ((column, right), (row, down)) = (place(x), place(y));
    let at = |column: usize, row: usize| map[row * MAP_SIDE + column];
    let across = |row: usize| at(column, row) * (1.0 - right) + at(column + 1, row) * right;
    across(row) * (1.0 - down) + across(row + 1) * down
}

#[cfg(test)]
mod tests {
    use clearshot_analysis::SamplePlane;
    use proptest::prelude::*;

    use super::*;
    use crate::example;
    use crate::input::Input;
    use crate::model::ModelFile;

    fn card() -> ModelCard {
        ModelFile::read(&example::bytes(&example::model())).unwrap().card().clone()
    }

    fn letterbox(width: usize, height: usize) -> Letterbox {
        let data = vec![0; width * height];
        let plane = SamplePlane::new(&data, width, height, width, 1).unwrap();
        Input::of_rgb(&[plane; 3]).letterbox()
    }

    /// An answer in which one class is strong in the cells that `inside` names.
    fn answer(class: usize, inside: impl Fn(usize, usize) -> bool) -> Output {
        let mut maps = [0.0f32; CLASSES * MAP_SIDE * MAP_SIDE];
        for cell in 0..MAP_SIDE * MAP_SIDE {
            if inside(cell % MAP_SIDE, cell / MAP_SIDE) {
                maps[class * MAP_SIDE * MAP_SIDE + cell] = 8.0;
            }
        }
        let mut logits = [0.0; CLASSES];
        logits[class] = 1.0;
        Output::new(&logits, &maps).unwrap()
    }

    const DOCUMENT: usize = Subject::Document as usize;

    fn assert_box(region: Option<Region>, expected: [f64; 4], within: f64) {
        let Region { x, y, width, height } = region.unwrap();
        let found = [x, y, width, height];
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= within), "{found:?} {expected:?}");
    }

    #[test]
    fn the_box_is_where_the_map_is_strong() {
        let output = answer(DOCUMENT, |x, y| (2..6).contains(&x) && (3..9).contains(&y));
        let map = locate(&output, letterbox(100, 100), &card()).unwrap();
        // To the nearest of 40 cells.
        assert_box(map.subject(), [0.2, 0.3, 0.4, 0.6], 0.026);
        let strongest = map.cells().iter().copied().fold(0.0, f32::max);
        assert!(strongest > 0.95 && map.cells()[0] < 0.2);
    }

    #[test]
    fn the_box_of_a_wide_picture_is_in_fractions_of_the_picture_and_ends_with_it() {
        // Twice as wide as high: rows 2.5 to 7.5 of the map hold the picture.
        let output = answer(DOCUMENT, |x, y| x < 5 && y < 5);
        let map = locate(&output, letterbox(320, 160), &card()).unwrap();
        assert_eq!((map.columns(), map.rows()), (10, 5));
        assert_box(map.subject(), [0.0, 0.0, 0.5, 0.5], 0.051);
    }

    #[test]
    fn of_two_pieces_the_larger_has_the_box() {
        let output =
            answer(DOCUMENT, |x, y| (x == 9 && y == 0) || ((1..4).contains(&x) && (5..9).contains(&y)));
        let map = locate(&output, letterbox(10, 10), &card()).unwrap();
        assert_box(map.subject(), [0.1, 0.5, 0.3, 0.4], 0.026);
    }

    #[test]
    fn a_room_has_no_box_and_its_activation_is_that_of_products_in_it() {
        let scene = Subject::Scene as usize;
        let output = answer(scene, |x, _| x < 9);
        let map = locate(&output, letterbox(10, 10), &card()).unwrap();
        assert_eq!(map.subject(), None);
        // Column 9 says nothing: each class has a seventh.
        assert!(map.cells()[0] < 0.01 && (map.cells()[9] - 1.0 / 7.0).abs() < 1e-3);
    }

    #[test]
    fn a_level_map_has_the_whole_picture_as_its_box() {
        let output = answer(DOCUMENT, |_, _| true);
        let map = locate(&output, letterbox(3, 4), &card()).unwrap();
        assert_box(map.subject(), [0.0, 0.0, 1.0, 1.0], 1e-9);
    }

    proptest! {
        #[test]
        fn any_answer_has_its_box_within_the_picture_or_none(
            logits in proptest::array::uniform7(-1e30f32..1e30),
            maps in proptest::collection::vec(-1e30f32..1e30, CLASSES * MAP_SIDE * MAP_SIDE),
            (width, height) in (1usize..300, 1usize..300),
        ) {
            let output = Output::new(&logits, &maps).unwrap();
            let map = locate(&output, letterbox(width, height), &card()).unwrap();
            prop_assert!(map.cells().iter().all(|cell| (0.0..=1.0).contains(cell)));
            if let Some(Region { x, y, width, height }) = map.subject() {
                prop_assert!(x >= 0.0 && y >= 0.0 && width > 0.0 && height > 0.0);
                prop_assert!(x + width <= 1.0 + 1e-9 && y + height <= 1.0 + 1e-9);
            }
        }
    }
}
