//! The heat map as a picture: one square a cell, transparent where there is nothing to say.
//!
//! Detail goes from red (none: moved or out of focus) by yellow to blue (crisp), which people who cannot tell red from
//! green can tell, too (`ColorBrewer`'s `RdYlBu`). What is burnt out or black is hatched, glare is solid.

use clearshot_analysis::{HeatCell, HeatMap};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder as _, ImageError};

/// Side of a cell in pixels: the least that shows a hatch.
const CELL: usize = 6;
/// Detail from which a cell is shown as crisp: a sharp step has 0.5, print more.
const CRISP: f64 = 0.7;
/// Share of clipped pixels from which a cell is hatched.
const CLIPPED: f64 = 0.5;
/// Opacity of the colours of detail: the photo below stays visible.
const OPACITY: u8 = 200;

/// No detail to crisp, evenly spaced.
pub(super) const DETAIL: [[u8; 3]; 5] =
    [[215, 25, 28], [253, 174, 97], [255, 255, 191], [171, 217, 233], [44, 123, 182]];
/// Burnt out.
pub(super) const BURNT: [u8; 3] = [255, 255, 255];
/// Black.
pub(super) const BLACK: [u8; 3] = [150, 110, 255];
/// Glare.
pub(super) const GLARE: [u8; 3] = [255, 60, 220];

/// A PNG of the whole grid, a few kilobytes.
pub(super) fn png(map: &HeatMap) -> Result<Vec<u8>, ImageError> {
    let (width, height) = (map.columns * CELL, map.rows * CELL);
    let mut pixels = Vec::with_capacity(4 * width * height);
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        pixels.extend(colour(&map.cells[y / CELL * map.columns + x / CELL], x % CELL, y % CELL));
    }
    let mut file = Vec::new();
    PngEncoder::new(&mut file).write_image(&pixels, width as u32, height as u32, ExtendedColorType::Rgba8)?;
    Ok(file)
}

/// Red, green, blue and opacity of a pixel of a cell.
fn colour(cell: &HeatCell, x: usize, y: usize) -> [u8; 4] {
    let rising = (x + y) % CELL < 2;
    let falling = (x + CELL - y) % CELL < 2;
    let ([red, green, blue], opacity) = if cell.glare {
        (GLARE, 255)
    } else if cell.clipped_high >= CLIPPED && rising {
        (BURNT, 255)
    } else if cell.clipped_low >= CLIPPED && falling {
        (BLACK, 255)
    } else if let Some(detail) = cell.detail {
        (ramp(detail / CRISP), OPACITY)
    } else {
        ([0; 3], 0)
    };
    [red, green, blue, opacity]
}

/// The colour at a place on the ramp, 0 to 1.
fn ramp(place: f64) -> [u8; 3] {
    let place = place.clamp(0.0, 1.0) * (DETAIL.len() - 1) as f64;
    let lower = (place as usize).min(DETAIL.len() - 2);
    let share = place - lower as f64;
    std::array::from_fn(|channel| {
        let [from, to] = [DETAIL[lower][channel], DETAIL[lower + 1][channel]].map(f64::from);
        (from + share * (to - from)).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: HeatCell =
        HeatCell { luma: 100.0, detail: None, clipped_low: 0.0, clipped_high: 0.0, glare: false };

    #[test]
    fn the_ramp_meets_its_ends_and_never_leaves_them() {
        assert_eq!(ramp(0.0), DETAIL[0]);
        assert_eq!(ramp(0.5), DETAIL[2]);
        assert_eq!(ramp(1.0), DETAIL[4]);
        assert_eq!((ramp(-1.0), ramp(7.0)), (DETAIL[0], DETAIL[4]));
    }

    #[test]
    fn a_cell_shows_the_worst_that_was_found_and_nothing_where_nothing_was() {
        assert_eq!(colour(&PLAIN, 0, 0)[3], 0);
        assert_eq!(colour(&HeatCell { detail: Some(0.0), ..PLAIN }, 3, 3), [215, 25, 28, OPACITY]);
        let burnt = HeatCell { detail: Some(0.0), clipped_high: 1.0, ..PLAIN };
        assert_eq!(colour(&burnt, 0, 0), [255, 255, 255, 255]);
        assert_eq!(colour(&burnt, 3, 0), [215, 25, 28, OPACITY], "between the lines of the hatch");
        assert_eq!(colour(&HeatCell { glare: true, ..burnt }, 3, 0)[..3], GLARE);
    }

    #[test]
    fn the_picture_has_a_square_for_each_cell() {
        let cells = vec![PLAIN, HeatCell { glare: true, ..PLAIN }];
        let map = HeatMap { columns: 2, rows: 1, cell_width: 0.5, cell_height: 1.0, cells };
        let picture = image::load_from_memory(&png(&map).unwrap()).unwrap().to_rgba8();
        assert_eq!(picture.dimensions(), (12, 6));
        assert_eq!((picture.get_pixel(5, 5).0[3], picture.get_pixel(6, 0).0), (0, [255, 60, 220, 255]));
    }
}
