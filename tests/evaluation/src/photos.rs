//! Where the pictures come from, which scene each belongs to, and on which side of the split it is.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clearshot_analysis::{Still, StillLimits};

use crate::random::hash;

/// Longest side at which originals are made worse: twice the frame that is judged, so that blur comes before sampling.
const WORKING_LONG_SIDE: u32 = 1_280;

/// What is known of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A sharp, well-lit photo of a product, at full resolution.
    Product,
    /// The sharp one of a blur triplet.
    Sharp,
    /// The one out of focus.
    Defocused,
    /// The one that moved.
    Moved,
    /// A sharp, well-lit picture of our own: a render.
    Render,
    /// A plain dark garment.
    PlainDark,
    /// A dark subject in good light.
    DarkSubject,
    /// Anything else, used for fitting only.
    Other,
}

/// On which side of the split a scene lies: thresholds and weights come from one half and are reported on the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Half {
    Fitted,
    Held,
}

/// A photo file.
#[derive(Debug, Clone)]
pub(crate) struct Photo {
    /// Folder and file name.
    pub(crate) name: String,
    /// Photos of one scene share it and are never split.
    pub(crate) scene: String,
    pub(crate) kind: Kind,
    pub(crate) path: PathBuf,
}

/// RGB pixels, dense.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) data: Vec<u8>,
}

impl Kind {
    /// Whether pictures are made from it: sharp and well lit.
    pub(crate) fn is_original(self) -> bool {
        matches!(self, Self::Product | Self::Sharp | Self::Render | Self::Other)
    }

    /// Whether the photo as it is is sharp; none where nobody said.
    pub(crate) fn truth(self) -> Option<bool> {
        match self {
            Self::Product | Self::Sharp | Self::Render => Some(true),
            Self::Defocused | Self::Moved => Some(false),
            Self::PlainDark | Self::DarkSubject | Self::Other => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Sharp => "sharp",
            Self::Defocused => "defocused",
            Self::Moved => "moved",
            Self::Render => "render",
            Self::PlainDark => "plain-dark",
            Self::DarkSubject => "dark-subject",
            Self::Other => "other",
        }
    }
}

impl Photo {
    pub(crate) fn half(&self) -> Half {
        // The high bits: the lowest of this hash depends on little more than the parity of the text.
        if hash(&self.scene) >> 40 & 1 == 0 { Half::Fitted } else { Half::Held }
    }

    pub(crate) fn decode(&self) -> anyhow::Result<Still> {
        let bytes = std::fs::read(&self.path).with_context(|| self.name.clone())?;
        Still::decode(&bytes, &StillLimits::default()).with_context(|| self.name.clone())
    }

    /// Area-averaged to [`WORKING_LONG_SIDE`], smaller ones as they are; sides are even.
    pub(crate) fn working_copy(&self) -> anyhow::Result<Picture> {
        let still = self.decode()?;
        let longest = still.width().max(still.height());
        let wanted = longest.min(WORKING_LONG_SIDE);
        let side = |side: u32| (f64::from(side) * f64::from(wanted) / f64::from(longest)).round() as u32 & !1;
        let rgb = still.rgb(side(still.width()), side(still.height()));
        Ok(Picture { width: rgb.width as usize, height: rgb.height as usize, data: rgb.data })
    }
}

impl Picture {
    /// Pixels of this picture per pixel of the frame that is judged: 2, or 1 for a picture that is small already.
    pub(crate) fn scale(&self) -> usize {
        if self.width.max(self.height) > 960 { 2 } else { 1 }
    }

    /// Averaged to the frame that is judged.
    pub(crate) fn reduced(&self) -> Self {
        let factor = self.scale();
        let (width, height) = (self.width / factor, self.height / factor);
        let mut data = Vec::with_capacity(3 * width * height);
        for index in 0..3 * width * height {
            let (x, y, channel) = (index / 3 % width, index / 3 / width, index % 3);
            let mut sum = 0;
            for (dx, dy) in (0..factor).flat_map(|dy| (0..factor).map(move |dx| (dx, dy))) {
                let at = (y * factor + dy) * self.width + x * factor + dx;
                sum += usize::from(self.data[3 * at + channel]);
            }
            data.push(((sum + factor * factor / 2) / (factor * factor)) as u8);
        }
        Self { width, height, data }
    }
}

/// Everything there is to judge, in a fixed order. The demo's pictures are always there; the shared photos lie beside
/// the repository.
pub(crate) fn collect(root: &Path) -> anyhow::Result<Vec<Photo>> {
    let mut photos = Vec::new();
    let shared = root.join("../shared");
    for (folder, kind) in [
        ("products", Kind::Product),
        ("blur", Kind::Sharp),
        ("blur-small", Kind::Sharp),
        ("trap-plain-dark", Kind::PlainDark),
        ("trap-dark-subject", Kind::DarkSubject),
    ] {
        for path in jpegs(&shared.join("photos").join(folder))? {
            photos.push(photo(folder, kind, path));
        }
    }
    for path in jpegs(&root.join("cli/photos"))? {
        if DEMO_ORIGINALS.iter().any(|name| path.ends_with(name)) {
            photos.push(photo("demo", Kind::Render, path));
        }
    }
    let render = shared.join("render/mug-sharp.jpg");
    if render.is_file() {
        photos.push(photo("render", Kind::Render, render));
    }
    Ok(photos)
}

/// Photos of any folder, taken for sharp: more originals to fit on.
pub(crate) fn others(folder: &Path) -> anyhow::Result<Vec<Photo>> {
    Ok(jpegs(folder)?.into_iter().map(|path| photo("other", Kind::Other, path)).collect())
}

/// The demo's pictures that its manifest calls good.
const DEMO_ORIGINALS: [&str; 9] = [
    "01-mug-overview.jpg",
    "03-mug-chip.jpg",
    "05-mug-crack.jpg",
    "07-frame-overview.jpg",
    "09-frame-glass.jpg",
    "11-parcel.jpg",
    "12-parcel-label.jpg",
    "13-tin-overview.jpg",
    "14-tin-dent.jpg",
];

fn photo(folder: &str, kind: Kind, path: PathBuf) -> Photo {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let kind = match (kind, stem.as_bytes().last()) {
        (Kind::Sharp, Some(b'F')) => Kind::Defocused,
        (Kind::Sharp, Some(b'M')) => Kind::Moved,
        _ => kind,
    };
    Photo { name: format!("{folder}/{stem}"), scene: scene(folder, &stem), kind, path }
}

/// Triplets share the text before their last letter, series of products and renders their first word; a garment
/// stands for itself.
fn scene(folder: &str, stem: &str) -> String {
    let words: Vec<&str> = stem.split(['-', '_']).collect();
    match folder {
        "blur" | "blur-small" => format!("{folder}/{}", stem.trim_end_matches(['S', 'F', 'M'])),
        // NN-mug-overview and mug-sharp show one mug.
        "demo" => format!("render/{}", words.get(1).unwrap_or(&stem)),
        "products" | "render" => format!("{folder}/{}", words.first().unwrap_or(&stem)),
        _ => format!("{folder}/{stem}"),
    }
}

fn jpegs(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        files.push(entry?.path());
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "jpg"));
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_of_one_scene_are_never_split() {
        let photo = |folder, file: &str| photo(folder, Kind::Sharp, PathBuf::from(file));
        let (sharp, moved) = (photo("blur", "176_HONOR-7X_S.jpg"), photo("blur", "176_HONOR-7X_M.jpg"));
        assert_eq!(sharp.scene, moved.scene);
        assert_eq!((sharp.kind, moved.kind), (Kind::Sharp, Kind::Moved));
        assert_eq!(photo("demo", "01-mug-overview.jpg").scene, photo("render", "mug-sharp.jpg").scene);
        assert_ne!(photo("demo", "01-mug-overview.jpg").scene, photo("demo", "13-tin-overview.jpg").scene);
        assert_ne!(sharp.scene, photo("blur", "180_HONOR-10_S.jpg").scene);
    }
}
