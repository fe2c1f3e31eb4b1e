//! What other apps use to tell sharp from blurred: reference implementations, equal to `OpenCV`'s and scikit-image's
//! (`peers.py` prints theirs; the test below holds them).

/// A dense 8-bit grey picture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GreyView<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// Window of the blur effect in pixels: scikit-image's default.
const BLUR_EFFECT_WINDOW: usize = 11;

/// `cv2.Laplacian(grey, cv2.CV_64F).var()`: the fixed-threshold check of most apps (Pech-Pacheco et al. 2000).
pub(crate) fn variance_of_laplacian(grey: GreyView<'_>) -> f64 {
    let response = |window: [[f64; 3]; 3]| {
        window[0][1] + window[1][0] + window[1][2] + window[2][1] - 4.0 * window[1][1]
    };
    let (mut sum, mut squares) = (0.0, 0.0);
    grey.for_each_window(|window| {
        let response = response(window);
        sum += response;
        squares += response * response;
    });
    let n = grey.data.len() as f64;
    squares / n - (sum / n).powi(2)
}

/// Mean of `cv2.Sobel(x)² + cv2.Sobel(y)²`, 3×3 (Krotkov 1988).
pub(crate) fn tenengrad(grey: GreyView<'_>) -> f64 {
    let mut energy = 0.0;
    grey.for_each_window(|[above, row, below]| {
        let x = above[2] - above[0] + 2.0 * (row[2] - row[0]) + below[2] - below[0];
        let y = below[0] + 2.0 * below[1] + below[2] - above[0] - 2.0 * above[1] - above[2];
        energy += x * x + y * y;
    });
    energy / grey.data.len() as f64
}

/// `skimage.measure.blur_effect(grey)`: 0 (no blur) to 1 (Crété-Roffet et al. 2007). Grows with blur.
pub(crate) fn blur_effect(grey: GreyView<'_>) -> f64 {
    let upright = blur_down(grey);
    let turned: Vec<u8> =
        (0..grey.width).flat_map(|x| (0..grey.height).map(move |y| grey.data[y * grey.width + x])).collect();
    let across = blur_down(GreyView { data: &turned, width: grey.height, height: grey.width });
    upright.max(across)
}

/// Mean of the picture: `cv2.mean(grey)`, which apps compare with 35 or 50 to find darkness.
pub(crate) fn mean(grey: GreyView<'_>) -> f64 {
    grey.data.iter().map(|&value| f64::from(value)).sum::<f64>() / grey.data.len() as f64
}

impl GreyView<'_> {
    /// Every pixel with its neighbours; beyond the edge the picture is mirrored without repeating its outermost row
    /// (`OpenCV`'s default border).
    fn for_each_window(self, mut take: impl FnMut([[f64; 3]; 3])) {
        let mirrored = |at: isize, len: usize| {
            let last = len.cast_signed() - 1;
            let inside = if at < 0 {
                -at
            } else if at > last {
                2 * last - at
            } else {
                at
            };
            inside.clamp(0, last) as usize
        };
        for y in 0..self.height.cast_signed() {
            let rows = [-1, 0, 1].map(|dy| {
                let start = mirrored(y + dy, self.height) * self.width;
                &self.data[start..start + self.width]
            });
            for x in 0..self.width.cast_signed() {
                let columns = [-1, 0, 1].map(|dx| mirrored(x + dx, self.width));
                take(rows.map(|row| columns.map(|column| f64::from(row[column]))));
            }
        }
    }
}

/// The blur effect from row to row.
fn blur_down(grey: GreyView<'_>) -> f64 {
    let (width, height) = (grey.width, grey.height);
    let image: Vec<f64> = grey.data.iter().map(|&value| f64::from(value) / 255.0).collect();
    let averaged = averaged_down(&image, width, height);
    let (mut sharp_sum, mut lost) = (0.0, 0.0);
    for y in 2..height - 1 {
        for x in 2..width - 1 {
            let sharp = sobel_down(&image, width, x, y).abs().max(f64::EPSILON);
            let blurred = sobel_down(&averaged, width, x, y).abs().max(f64::EPSILON);
            sharp_sum += sharp;
            lost += (sharp - blurred).max(0.0);
        }
    }
    (sharp_sum - lost).abs() / sharp_sum
}

/// Edge weights 1, 0, −1 down and ¼, ½, ¼ across, as scikit-image has them.
fn sobel_down(image: &[f64], width: usize, x: usize, y: usize) -> f64 {
    let step = |x: usize| image[(y + 1) * width + x] - image[(y - 1) * width + x];
    0.25 * step(x - 1) + 0.5 * step(x) + 0.25 * step(x + 1)
}

/// Mean over a window of rows; beyond the edge the picture is mirrored, its outermost row repeated (`SciPy`'s default).
fn averaged_down(image: &[f64], width: usize, height: usize) -> Vec<f64> {
    let reach = (BLUR_EFFECT_WINDOW / 2).cast_signed();
    let mirrored = |y: isize| {
        let len = height.cast_signed();
        let inside = y.rem_euclid(2 * len);
        (if inside < len { inside } else { 2 * len - 1 - inside }) as usize
    };
    let mut averaged = vec![0.0; image.len()];
    for (y, out) in averaged.chunks_exact_mut(width).enumerate() {
        for dy in -reach..=reach {
            let row = &image[mirrored(y.cast_signed() + dy) * width..][..width];
            for (out, value) in out.iter_mut().zip(row) {
                *out += value;
            }
        }
        for value in out {
            *value /= BLUR_EFFECT_WINDOW as f64;
        }
    }
    averaged
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pictures of `peers.py`.
    fn picture(width: usize, height: usize) -> Vec<u8> {
        let value = |x: usize, y: usize| (x * x + 3 * y * y + 7 * x * y) / 16 % 256;
        (0..height).flat_map(|y| (0..width).map(move |x| value(x, y) as u8)).collect()
    }

    /// Printed by `python peers.py`; the versions stand in `requirements.txt`.
    const PRINTED: &str = include_str!("../peers.json");

    #[test]
    fn the_peers_are_those_of_opencv_and_scikit_image() {
        let printed: serde_json::Value = serde_json::from_str(PRINTED).unwrap();
        let pictures = printed["pictures"].as_array().unwrap();
        assert!(pictures.len() >= 3);
        for expected in pictures {
            let side = |name: &str| expected[name].as_u64().unwrap() as usize;
            let (width, height) = (side("width"), side("height"));
            let data = picture(width, height);
            let grey = GreyView { data: &data, width, height };
            for (name, found) in [
                ("variance_of_laplacian", variance_of_laplacian(grey)),
                ("tenengrad", tenengrad(grey)),
                ("blur_effect", blur_effect(grey)),
                ("mean", mean(grey)),
            ] {
                let theirs = expected[name].as_f64().unwrap();
                assert!(
                    (found / theirs - 1.0).abs() < 1e-6,
                    "{name} at {width}×{height}: {found}, not {theirs}"
                );
            }
        }
    }
}
