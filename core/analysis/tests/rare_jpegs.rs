//! JPEGs that the standard allows and cameras hardly write, made bit by bit: accepted, or refused by name.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod pictures;

use clearshot_analysis::{Still, StillError, StillLimits};
use jpeg_encoder::{ColorType, SamplingFactor};
use pictures::Flavour;

const EOI: [u8; 2] = [0xFF, 0xD9];

fn decode(bytes: &[u8]) -> Result<Still, StillError> {
    Still::decode(bytes, &StillLimits::default())
}

fn code(bytes: &[u8]) -> &'static str {
    decode(bytes).map_or_else(|error| error.code(), |_| "ok")
}

/// A picture of one colour whose planes stand at 128 + [`BRIGHTNESS`].
#[derive(Clone)]
struct Flat {
    size: (usize, usize),
    /// Sampling of each plane, across and down.
    planes: Vec<(usize, usize)>,
    /// The planes of each scan.
    scans: Vec<Vec<usize>>,
    restart_interval: u16,
    /// Height in the frame header, where it is another.
    stated_height: Option<u16>,
    /// Height in a marker after the first scan.
    later_height: Option<u16>,
    /// Whether a restart stands after the last interval, too.
    last_restart: bool,
}

/// Six bits, the highest set.
const BRIGHTNESS: u8 = 40;

impl Flat {
    fn new(size: (usize, usize), planes: &[(usize, usize)]) -> Self {
        Self {
            size,
            planes: planes.to_vec(),
            scans: vec![(0..planes.len()).collect()],
            restart_interval: 0,
            stated_height: None,
            later_height: None,
            last_restart: false,
        }
    }

    fn file(&self) -> Vec<u8> {
        let mut file = vec![0xFF, 0xD8];
        let mut segment = |marker: u8, payload: &[u8]| {
            file.extend([0xFF, marker]);
            file.extend((payload.len() as u16 + 2).to_be_bytes());
            file.extend(payload);
        };
        // A step of eight makes the mean count whole levels.
        segment(0xDB, &[&[0][..], &[8; 64]].concat());
        let height = self.stated_height.unwrap_or(self.size.1 as u16).to_be_bytes();
        let width = (self.size.0 as u16).to_be_bytes();
        let mut frame = vec![8, height[0], height[1], width[0], width[1], self.planes.len() as u8];
        for (&(across, down), id) in self.planes.iter().zip(1..) {
            frame.extend([id, (across << 4 | down) as u8, 0]);
        }
        segment(0xC0, &frame);
        // Means: 0 is "the same", 10 is "six bits follow". The rest of a block: 0 is "nothing".
        let mut lengths = [0; 16];
        lengths[..2].fill(1);
        segment(0xC4, &[&[0x00][..], &lengths, &[0, 6]].concat());
        lengths[1] = 0;
        segment(0xC4, &[&[0x10][..], &lengths, &[0]].concat());
        if self.restart_interval > 0 {
            segment(0xDD, &self.restart_interval.to_be_bytes());
        }
        for (index, scan) in self.scans.iter().enumerate() {
            let mut header = vec![scan.len() as u8];
            header.extend(scan.iter().flat_map(|&plane| [plane as u8 + 1, 0]));
            header.extend([0, 63, 0]);
            let mut segment = |marker: u8, payload: &[u8]| {
                file.extend([0xFF, marker]);
                file.extend((payload.len() as u16 + 2).to_be_bytes());
                file.extend(payload);
            };
            segment(0xDA, &header);
            file.extend(self.data(scan));
            if let Some(height) = self.later_height.filter(|_| index == 0) {
                file.extend([0xFF, 0xDC, 0, 4]);
                file.extend(height.to_be_bytes());
            }
        }
        file.extend(EOI);
        file
    }

    fn data(&self, scan: &[usize]) -> Vec<u8> {
        let most = |side: fn(&(usize, usize)) -> usize| self.planes.iter().map(side).max().unwrap();
        let (across, down) = (most(|plane| plane.0), most(|plane| plane.1));
        // A plane alone has only the blocks that it needs; together they make units.
        let (units, blocks): (usize, Vec<usize>) = if let [plane] = *scan {
            let (h, v) = self.planes[plane];
            let count = |side: usize, own: usize, most: usize| (side * own).div_ceil(most).div_ceil(8);
            (count(self.size.0, h, across) * count(self.size.1, v, down), vec![1])
        } else {
            let units = self.size.0.div_ceil(8 * across) * self.size.1.div_ceil(8 * down);
            (units, scan.iter().map(|&plane| self.planes[plane].0 * self.planes[plane].1).collect())
        };
        let interval = if self.restart_interval == 0 { units } else { usize::from(self.restart_interval) };
        let mut data = Vec::new();
        for (restart, first) in (0..units).step_by(interval).enumerate() {
            let mut bits = String::new();
            for unit in first..units.min(first + interval) {
                for &count in &blocks {
                    for block in 0..count {
                        let begins = unit == first && block == 0;
                        bits += if begins { "10101000" } else { "0" };
                        bits += "0";
                    }
                }
            }
            while !bits.len().is_multiple_of(8) {
                bits.push('1');
            }
            data.extend(
                bits.as_bytes()
                    .chunks(8)
                    .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap()),
            );
            if first + interval < units || self.last_restart {
                data.extend([0xFF, 0xD0 + restart as u8 % 8]);
            }
        }
        data
    }
}

/// Makes sure that the file shows one colour of the size and brightness it should have.
fn shows_its_colour(flat: &Flat) {
    let still = decode(&flat.file()).unwrap();
    assert_eq!((still.width() as usize, still.height() as usize), flat.size);
    let pixels = still.rgb(still.width(), still.height()).data;
    assert!(pixels.chunks(3).all(|pixel| pixel == &pixels[..3]), "not flat");
    if flat.planes.len() == 1 {
        assert_eq!(pixels[0], 128 + BRIGHTNESS);
    } else {
        // Cb and Cr of 168 over luma of 168: BT.601.
        assert_eq!(pixels[..3], [224, 126, 239]);
    }
}

#[test]
fn one_scan_and_a_scan_per_plane_show_the_same() {
    for sampling in [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1)] {
        let together = Flat::new((70, 50), &[sampling, (1, 1), (1, 1)]);
        shows_its_colour(&together);
        shows_its_colour(&Flat { scans: vec![vec![0], vec![1], vec![2]], ..together });
    }
}

#[test]
fn planes_of_which_only_some_are_interleaved_are_shown_or_refused_by_name() {
    for sampling in [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1)] {
        let flat = Flat::new((70, 50), &[sampling, (1, 1), (1, 1)]);
        shows_its_colour(&Flat { scans: vec![vec![0], vec![1, 2]], ..flat.clone() });
        let with_luma = Flat { scans: vec![vec![0, 1], vec![2]], ..flat };
        if sampling == (1, 1) {
            shows_its_colour(&with_luma);
        } else {
            assert_eq!(code(&with_luma.file()), "unsupported_format", "{sampling:?}");
        }
    }
}

#[test]
fn planes_sampled_in_thirds_are_refused_by_name() {
    let flat = Flat::new((70, 50), &[(3, 1), (1, 1), (1, 1)]);
    assert_eq!(code(&flat.file()), "unsupported_format");
}

#[test]
fn a_height_that_is_said_after_the_scan_counts() {
    for planes in [vec![(1, 1)], vec![(2, 2), (1, 1), (1, 1)]] {
        let flat = Flat { later_height: Some(50), ..Flat::new((70, 50), &planes) };
        shows_its_colour(&flat);
        shows_its_colour(&Flat { stated_height: Some(0), ..flat.clone() });
        let never = Flat { stated_height: Some(0), later_height: None, ..flat.clone() };
        assert_eq!(code(&never.file()), "corrupt");
        let contradicting = Flat { later_height: Some(51), ..flat.clone() };
        assert_eq!(code(&contradicting.file()), "corrupt");
        let bomb = Flat { stated_height: Some(0), later_height: Some(u16::MAX), ..flat };
        let limits = StillLimits { max_pixels: 1_000_000, ..StillLimits::default() };
        assert_eq!(Still::decode(&bomb.file(), &limits).unwrap_err().code(), "too_many_pixels");
    }
}

#[test]
fn a_height_said_late_in_a_file_of_several_scans_counts() {
    let scans = vec![vec![0], vec![1], vec![2]];
    let flat = Flat { later_height: Some(50), scans, ..Flat::new((70, 50), &[(2, 2), (1, 1), (1, 1)]) };
    shows_its_colour(&Flat { stated_height: Some(0), ..flat });
}

#[test]
fn a_restart_that_nothing_follows_is_skipped() {
    for interval in [1, 3, 4, 7] {
        let flat = Flat { restart_interval: interval, ..Flat::new((64, 48), &[(2, 2), (1, 1), (1, 1)]) };
        shows_its_colour(&flat);
        shows_its_colour(&Flat { last_restart: true, ..flat });
    }
}

#[test]
fn a_plane_that_never_comes_is_missed() {
    let flat = Flat { scans: vec![vec![0], vec![1]], ..Flat::new((70, 50), &[(1, 1); 3]) };
    assert_eq!(code(&flat.file()), "truncated");
}

/// Offsets of the scan headers.
fn scans(file: &[u8]) -> Vec<usize> {
    (0..file.len() - 1).filter(|&at| file[at..at + 2] == [0xFF, 0xDA]).collect()
}

#[test]
fn a_progressive_file_that_was_cut_and_given_an_end_is_truncated() {
    let original = pictures::rgb(320, 240);
    for sampling in [SamplingFactor::R_4_4_4, SamplingFactor::R_4_2_0] {
        let flavour = Flavour { progressive: true, sampling, ..Flavour::default() };
        let file = pictures::jpeg(&original, (320, 240), ColorType::Rgb, flavour, None);
        assert_eq!(code(&file), "ok");
        let scans = scans(&file);
        assert!(scans.len() > 3, "{}", scans.len());
        for &scan in &scans[1..] {
            // Before a scan, and in the middle of the one before it.
            for cut in [scan, scan - 10] {
                let forged = [&file[..cut], &EOI].concat();
                assert_eq!(code(&forged), "truncated", "cut at {cut} of {}", file.len());
            }
        }
    }
}

#[test]
fn scans_without_number_are_refused_before_any_is_decoded() {
    let flavour = Flavour { progressive: true, ..Flavour::default() };
    let file = pictures::jpeg(&pictures::rgb(320, 240), (320, 240), ColorType::Rgb, flavour, None);
    let starts = scans(&file);
    let last = &file[starts[starts.len() - 1]..file.len() - 2];
    let flooded = [&file[..file.len() - 2], &last.repeat(5_000)[..], &EOI].concat();
    assert_eq!(code(&flooded), "unsupported_format");
}

#[test]
fn two_planes_of_one_number_are_named_as_damage() {
    let mut file = Flat::new((70, 50), &[(1, 1); 3]).file();
    let frame = file.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    // The second plane calls itself the first.
    file[frame + 13] = 1;
    assert_eq!(code(&file), "corrupt");
}

#[test]
fn a_scan_header_that_makes_no_sense_is_named_as_damage() {
    let file = pictures::plain_jpeg(64, 64);
    let at = scans(&file)[0];
    // More planes than there are bytes, and a plane that does not exist.
    for (place, value) in [(4, 200), (5, 77)] {
        let mut damaged = file.clone();
        damaged[at + place] = value;
        assert_eq!(code(&damaged), "corrupt", "{place}");
    }
}
