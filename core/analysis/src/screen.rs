//! Signs of a display: the rainbow fringes between its grid of red, green and blue stripes and the camera's own grid.
//!
//! The three colours of a display lie side by side, so their fringes are a third of a period apart: along a line across
//! the fringes the hue turns round and round. Stripes on cloth, keys and rows of solder joints are as periodic, but go
//! back and forth between two colours. So what is measured is not periodicity but rotation, in windows along a few rows
//! and columns of the chroma planes; neither scale nor brightness matter.
//!
//! Not responsible for displays without fringes (far away, out of focus, or of another make): the relevance model sees
//! those. Without colours nothing is said.

use crate::frame::{ChromaPlanes, SamplePlane};
use crate::policy::Policy;
use crate::report::{Screen, rounded};

/// Rows, and columns, that are looked at: the cost does not depend on the camera.
const LINES: usize = 12;
/// Most samples of a line; longer ones are averaged down.
const MOST_SAMPLES: usize = 256;
/// Samples of a window: some fringes wide on any plane.
const WINDOW: usize = 32;
/// Windows of the longest line.
const MOST_WINDOWS: usize = MOST_SAMPLES / WINDOW;
/// Samples to either side that are averaged and taken off: what a picture's own colours do is slower than a fringe.
const REACH: usize = 6;
/// Root mean square of the colour's swing, in steps, from which a window has one: JPEG and noise stay below.
const LEAST_SWING: f32 = 1.5;
/// Distances, in samples, over which the hue may turn by a quarter: for fringes of 4, 8 and 16 samples.
const LAGS: [usize; 3] = [1, 2, 4];
/// Rotation from which a window shows fringes: 1 is a hue that turns evenly, 0 one that goes back and forth.
const LEAST_ROTATION: f32 = 0.5;

/// Looks for fringes.
pub(crate) fn find(chroma: Option<&ChromaPlanes<'_>>, policy: &Policy) -> Screen {
    let Some(chroma) = chroma else { return Screen::default() };
    let strength = fringed(chroma, true).max(fringed(chroma, false));
    Screen { present: strength >= policy.screen_area_from, strength: rounded(strength) }
}

/// Share of the windows with fringes, along rows or along columns.
fn fringed(chroma: &ChromaPlanes<'_>, along_rows: bool) -> f64 {
    let (len, lines) =
        if along_rows { (chroma.u.width, chroma.u.height) } else { (chroma.u.height, chroma.u.width) };
    if lines < LINES || len < WINDOW {
        return 0.0;
    }
    let step = len.div_ceil(MOST_SAMPLES);
    let windows = len / step / WINDOW;
    let mut turns = [[0i8; MOST_WINDOWS]; LINES];
    for (line, turns) in turns.iter_mut().enumerate() {
        let at = (2 * line + 1) * lines / (2 * LINES);
        let mut colours = Line::default();
        colours.read(chroma, along_rows, at, step, windows * WINDOW);
        for (turn, window) in turns.iter_mut().zip(0..windows) {
            *turn = colours.turn(window * WINDOW);
        }
    }
    confirmed(&turns, windows) as f64 / (LINES * windows.max(1)) as f64
}

/// Windows whose hue turns the same way as that of a neighbour: chance rarely agrees with itself.
fn confirmed(turns: &[[i8; MOST_WINDOWS]; LINES], windows: usize) -> usize {
    let at =
        |line: usize, window: usize| turns.get(line).and_then(|line| line[..windows].get(window)).copied();
    let places = (0..LINES).flat_map(|line| (0..windows).map(move |window| (line, window)));
    places
        .filter(|&(line, window)| {
            let turn = at(line, window);
            let next = [
                at(line.wrapping_sub(1), window),
                at(line + 1, window),
                at(line, window.wrapping_sub(1)),
                at(line, window + 1),
            ];
            turn != Some(0) && next.into_iter().filter(|&next| next == turn).count() >= 2
        })
        .count()
}

/// The colours along a line, without what changes slowly.
struct Line {
    blue: [f32; MOST_SAMPLES],
    red: [f32; MOST_SAMPLES],
}

impl Default for Line {
    fn default() -> Self {
        Self { blue: [0.0; MOST_SAMPLES], red: [0.0; MOST_SAMPLES] }
    }
}

impl Line {
    fn read(&mut self, chroma: &ChromaPlanes<'_>, along_rows: bool, at: usize, step: usize, len: usize) {
        for (plane, colours) in [(&chroma.u, &mut self.blue), (&chroma.v, &mut self.red)] {
            let mut sums = [0.0; MOST_SAMPLES];
            for (index, sum) in sums[..len].iter_mut().enumerate() {
                *sum = (index * step..(index + 1) * step)
                    .map(|place| sample(plane, along_rows, at, place))
                    .sum();
            }
            without_slow(&sums[..len], 1.0 / step as f32, &mut colours[..len]);
        }
    }

    /// The way in which the hue turns in the window that begins here: 1 or −1, or 0 when it does not.
    fn turn(&self, start: usize) -> i8 {
        let blue = &self.blue[start..start + WINDOW];
        let red = &self.red[start..start + WINDOW];
        let swing: f32 = blue.iter().zip(red).map(|(blue, red)| blue * blue + red * red).sum();
        if swing < LEAST_SWING * LEAST_SWING * WINDOW as f32 {
            return 0;
        }
        let mut strongest = 0f32;
        for lag in LAGS {
            // The imaginary part of the autocorrelation of blue + i·red: what turns one way, less what turns the other.
            let turned: f32 =
                (0..WINDOW - lag).map(|n| blue[n] * red[n + lag] - red[n] * blue[n + lag]).sum();
            let rotation = turned / swing * (WINDOW as f32 / (WINDOW - lag) as f32);
            if rotation.abs() > strongest.abs() {
                strongest = rotation;
            }
        }
        if strongest.abs() >= LEAST_ROTATION { strongest.signum() as i8 } else { 0 }
    }
}

fn sample(plane: &SamplePlane<'_>, along_rows: bool, line: usize, place: usize) -> f32 {
    let (x, y) = if along_rows { (place, line) } else { (line, place) };
    f32::from(plane.at(x, y))
}

/// Takes the moving average off and scales.
fn without_slow(values: &[f32], scale: f32, out: &mut [f32]) {
    let len = values.len();
    let mut sum: f32 = values[..REACH.min(len)].iter().sum();
    for index in 0..len {
        let (from, to) = (index.saturating_sub(REACH), (index + REACH).min(len - 1));
        if index + REACH < len {
            sum += values[index + REACH];
        }
        if index > REACH {
            sum -= values[index - REACH - 1];
        }
        out[index] = scale * (values[index] - sum / (to - from + 1) as f32);
    }
}
