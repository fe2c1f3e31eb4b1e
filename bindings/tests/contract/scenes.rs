//! The frames of the fixtures, by formula: what a camera could deliver, small enough to be committed.

use crate::files;

const WIDTH: usize = 192;
const HEIGHT: usize = 144;
/// Bytes from row to row of the padded frame.
const PADDED: usize = 208;

/// Writes every frame.
pub(crate) fn write() {
    let item = item();
    let scaled =
        |to: u32| -> Vec<u8> { item.iter().map(|&luma| (u32::from(luma) * to / 256) as u8).collect() };
    let frames = [
        ("item", item.clone()),
        ("dark", scaled(40)),
        ("blurred", blurred(&blurred(&item, 5), 5)),
        ("burnt", plane(|x, y| if y < 80 { 255 } else { 190 + ((x * 7 + y * 3) % 20) as u8 })),
        ("plain", plane(|x, y| 90 + ((x / 31 + y / 29) % 2) as u8)),
        ("black", plane(|_, _| 4)),
        ("backlit", plane(|x, y| if in_box(x, y) { 12 + ((x / 6 + y / 6) % 2 * 10) as u8 } else { 254 })),
        ("glare", glare(&item)),
        ("padded", padded(&item)),
        ("spaced", item.iter().flat_map(|&luma| [luma, 128]).take(2 * item.len() - 1).collect()),
    ];
    for (name, bytes) in frames {
        files::write(&format!("frames/{name}.luma"), &bytes);
    }
    // Blue and red difference by turns, without colour but for the item, which is a little red.
    let chroma = (0..HEIGHT / 2).flat_map(|y| {
        (0..WIDTH / 2).flat_map(move |x| if in_box(2 * x, 2 * y) { [120, 150] } else { [128, 128] })
    });
    files::write("frames/item.chroma", &chroma.collect::<Vec<u8>>());
}

/// A printed box before a wall.
fn item() -> Vec<u8> {
    plane(|x, y| {
        let grain = ((x * 37 + y * 101) % 7) as u8;
        if !in_box(x, y) {
            return 150 + grain;
        }
        match (x / 9 + y / 12) % 3 {
            0 => 40 + grain,
            1 => 110 + grain,
            _ => 205 + grain,
        }
    })
}

fn in_box(x: usize, y: usize) -> bool {
    (48..144).contains(&x) && (30..114).contains(&y)
}

fn plane(luma: impl Fn(usize, usize) -> u8) -> Vec<u8> {
    (0..WIDTH * HEIGHT).map(|index| luma(index % WIDTH, index / WIDTH)).collect()
}

/// The mean of the pixels up to `radius` away along both sides.
fn blurred(source: &[u8], radius: usize) -> Vec<u8> {
    plane(|x, y| {
        let (mut sum, mut count) = (0_u32, 0);
        for y in y.saturating_sub(radius)..(y + radius + 1).min(HEIGHT) {
            for x in x.saturating_sub(radius)..(x + radius + 1).min(WIDTH) {
                sum += u32::from(source[y * WIDTH + x]);
                count += 1;
            }
        }
        (sum / count) as u8
    })
}

/// A burnt-out spot with a soft rim.
fn glare(source: &[u8]) -> Vec<u8> {
    plane(|x, y| {
        let away = (x.abs_diff(90).pow(2) + y.abs_diff(70).pow(2)) as f64;
        let light = (255.0 * 1.6 * (-away / 420.0).exp()) as u32;
        (u32::from(source[y * WIDTH + x]) + light).min(255) as u8
    })
}

/// Rows further apart than they are long, in the range of video; the last row stops at its last pixel.
fn padded(source: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in source.chunks(WIDTH) {
        bytes.resize(bytes.len().next_multiple_of(PADDED), 77);
        bytes.extend(row.iter().map(|&luma| (16 + u32::from(luma) * 219 / 255) as u8));
    }
    bytes
}
