//! Pictures as a camera delivers them: planar, chroma at half the size; and the shared photos in that shape.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::path::{Path, PathBuf};

use clearshot_analysis::{
    ChromaPlanes, FrameContext, FrameReport, FrameScratch, LumaPlane, Policy, Still, StillLimits,
    analyse_frame,
};

/// A 4:2:0 picture with even sides.
#[derive(Clone)]
pub(crate) struct Planes {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) luma: Vec<u8>,
    pub(crate) blue: Vec<u8>,
    pub(crate) red: Vec<u8>,
}

impl Planes {
    /// From interleaved RGB, by BT.601 at full range as in JPEG.
    pub(crate) fn from_rgb(data: &[u8], width: usize, height: usize) -> Self {
        let at = |x: usize, y: usize, channel: usize| f64::from(data[3 * (y * width + x) + channel]);
        let mut luma = Vec::with_capacity(width * height);
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            luma.push((0.299 * at(x, y, 0) + 0.587 * at(x, y, 1) + 0.114 * at(x, y, 2)).round() as u8);
        }
        let (mut blue, mut red) = (Vec::new(), Vec::new());
        for (y, x) in (0..height / 2).flat_map(|y| (0..width / 2).map(move |x| (y, x))) {
            let mean = |channel| {
                let sum: f64 = [(0, 0), (1, 0), (0, 1), (1, 1)]
                    .iter()
                    .map(|(dx, dy)| at(2 * x + dx, 2 * y + dy, channel))
                    .sum();
                sum / 4.0
            };
            let [r, g, b] = [0, 1, 2].map(mean);
            blue.push((128.0 - 0.168_736 * r - 0.331_264 * g + 0.5 * b).round() as u8);
            red.push((128.0 + 0.5 * r - 0.418_688 * g - 0.081_312 * b).round() as u8);
        }
        Self { width, height, luma, blue, red }
    }

    /// A photo at the size of a preview; small photos stay as they are, but for an odd row or column.
    pub(crate) fn of_photo(still: &Still, long_side: u32) -> Self {
        let (width, height) = (still.width(), still.height());
        let fitted = |side: u32| (side * long_side / width.max(height)).min(side) & !1;
        let rgb = still.rgb(fitted(width), fitted(height));
        Self::from_rgb(&rgb.data, rgb.width as usize, rgb.height as usize)
    }

    /// The frame's report.
    pub(crate) fn report(&self, context: &FrameContext) -> FrameReport {
        let (width, height) = (self.width / 2, self.height / 2);
        let chroma = ChromaPlanes::new(&self.blue, &self.red, width, height, width, 1).unwrap();
        let plane = LumaPlane::new(&self.luma, self.width, self.height, self.width, 1).unwrap();
        let plane = plane.with_chroma(chroma);
        analyse_frame(&plane, context, &Policy::default(), &mut FrameScratch::default()).unwrap()
    }
}

/// The JPEGs in a folder of the shared photos, sorted; none, with a printed word, when it is absent outside CI.
pub(crate) fn shared(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/photos").join(folder);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        assert!(std::env::var_os("CI").is_none(), "the shared photos are missing: {}", folder.display());
        println!("skipped: {} is absent", folder.display());
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "jpg"));
    files.sort();
    files
}

/// All of them, decoded one after the other, with their names.
pub(crate) fn all_shared() -> impl Iterator<Item = (String, Still)> {
    let folders = ["products", "blur", "blur-small", "trap-plain-dark", "trap-dark-subject"];
    folders.into_iter().flat_map(shared).map(|file| {
        let still = Still::decode(&std::fs::read(&file).unwrap(), &StillLimits::default()).unwrap();
        (file.file_name().unwrap().to_string_lossy().into_owned(), still)
    })
}
