//! The photos of the demo: those that come with it, or the user's own.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clearshot_analysis::Reason;
use clearshot_protocol::api::{Resolution, ReturnReason, ShotRole};
use serde::Deserialize;

use crate::photo_files::photos_in;

/// What is known of an order and its photos, in the order of taking them.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) order: String,
    pub(super) items: Vec<StoryItem>,
    pub(super) photos: Vec<StoryPhoto>,
}

/// An item that comes back.
#[derive(Debug, Deserialize)]
pub(super) struct StoryItem {
    pub(super) sku: String,
    pub(super) title: String,
    pub(super) reason: ReturnReason,
    pub(super) wanted: Resolution,
}

/// A photo that the shopper takes.
#[derive(Debug)]
pub(super) struct StoryPhoto {
    pub(super) name: String,
    pub(super) sku: String,
    pub(super) role: ShotRole,
    /// What is wrong with the item, in a sentence.
    pub(super) defect: String,
    /// The photo of the same shot that this one replaces.
    pub(super) retake_of: Option<String>,
    pub(super) source: PhotoSource,
}

#[derive(Debug)]
pub(super) enum PhotoSource {
    Embedded(&'static [u8]),
    File(PathBuf),
}

impl StoryPhoto {
    /// The photo's file, as the camera wrote it.
    pub(super) fn read(&self) -> anyhow::Result<Cow<'static, [u8]>> {
        match &self.source {
            PhotoSource::Embedded(bytes) => Ok(Cow::Borrowed(bytes)),
            PhotoSource::File(path) => {
                Ok(Cow::Owned(std::fs::read(path).with_context(|| format!("read {}", path.display()))?))
            }
        }
    }
}

/// `cli/photos/manifest.json`: what is true of the photos that come with the program.
#[derive(Debug, Deserialize)]
struct Manifest {
    order: String,
    items: Vec<StoryItem>,
    photos: Vec<ManifestPhoto>,
}

#[derive(Debug, Deserialize)]
struct ManifestPhoto {
    file: String,
    sku: String,
    role: ShotRole,
    defect: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "the demo finds out by itself; a test compares"))]
    truth: Truth,
    retake_of: Option<String>,
}

/// What analysis should say of a photo: `"good"`, or the reasons to retake.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[cfg_attr(not(test), expect(dead_code, reason = "as above"))]
enum Truth {
    Good(Good),
    Reasons(Vec<Reason>),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Good {
    Good,
}

const MANIFEST: &str = include_str!("../../photos/manifest.json");

macro_rules! embedded {
    ($($file:literal),* $(,)?) => {
        /// The photos that come with the program, by file name.
        const EMBEDDED: &[(&str, &[u8])] = &[$(($file, include_bytes!(concat!("../../photos/", $file))),)*];
    };
}

embedded!(
    "01-mug-overview.jpg",
    "02-mug-chip-motion.jpg",
    "03-mug-chip.jpg",
    "04-mug-chip-again.jpg",
    "05-mug-crack.jpg",
    "06-frame-overview-glare.jpg",
    "07-frame-overview.jpg",
    "08-frame-glass-defocus.jpg",
    "09-frame-glass.jpg",
    "10-parcel-dark.jpg",
    "11-parcel.jpg",
    "12-parcel-label.jpg",
    "13-tin-overview.jpg",
    "14-tin-dent.jpg",
);

/// The story of the photos that come with the program.
pub(super) fn embedded_story() -> anyhow::Result<Story> {
    let manifest: Manifest = serde_json::from_str(MANIFEST).context("read the demo's manifest")?;
    let photos = manifest
        .photos
        .into_iter()
        .map(|photo| {
            let bytes = EMBEDDED.iter().find(|(file, _)| *file == photo.file).map(|(_, bytes)| *bytes);
            Ok(StoryPhoto {
                source: PhotoSource::Embedded(bytes.with_context(|| format!("find {}", photo.file))?),
                name: photo.file,
                sku: photo.sku,
                role: photo.role,
                defect: photo.defect,
                retake_of: photo.retake_of,
            })
        })
        .collect::<anyhow::Result<_>>()?;
    Ok(Story { order: manifest.order, items: manifest.items, photos })
}

/// The story of the user's own photos: one item, the first photo its overview, each other a defect. Who is asked to take
/// one again insists on it, since no other is there.
pub(super) fn own_story(folder: &Path) -> anyhow::Result<Story> {
    let files = photos_in(folder).with_context(|| format!("read the photos in {}", folder.display()))?;
    if files.is_empty() {
        bail!("find photos in {}: there is no .jpg, .jpeg or .png", folder.display());
    }
    let item = StoryItem {
        sku: "YOUR-ITEM".to_owned(),
        title: "Your item".to_owned(),
        reason: ReturnReason::Damaged,
        wanted: Resolution::Replacement,
    };
    let photos = files
        .into_iter()
        .enumerate()
        .map(|(at, path)| StoryPhoto {
            // Unique also where two folders below hold the same file name: the shopper knows shots by it.
            name: path.strip_prefix(folder).unwrap_or(&path).display().to_string(),
            sku: item.sku.clone(),
            role: if at == 0 { ShotRole::Overview } else { ShotRole::Defect },
            defect: "Your photo.".to_owned(),
            retake_of: None,
            source: PhotoSource::File(path),
        })
        .collect();
    Ok(Story { order: "YOUR-ORDER".to_owned(), items: vec![item], photos })
}

#[cfg(test)]
mod tests {
    use clearshot_analysis::{Aim, FrameContext, Policy, Still, StillLimits};

    use super::*;

    #[test]
    fn the_photos_are_those_of_the_manifest_and_small_enough_to_be_embedded() {
        let story = embedded_story().unwrap();
        assert_eq!(story.photos.len(), EMBEDDED.len());
        assert_eq!(story.items.len(), 3);
        assert!(EMBEDDED.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() <= 4_000_000);
        for photo in &story.photos {
            assert!(story.items.iter().any(|item| item.sku == photo.sku), "{}", photo.name);
        }
    }

    #[test]
    fn every_photo_is_judged_as_the_manifest_says() {
        let manifest: Manifest = serde_json::from_str(MANIFEST).unwrap();
        for photo in &manifest.photos {
            let bytes = EMBEDDED.iter().find(|(file, _)| *file == photo.file).unwrap().1;
            let context = FrameContext { aim: Aim::for_role(photo.role.as_str()), ..FrameContext::default() };
            let still = Still::decode(bytes, &StillLimits::default()).unwrap();
            let report = still.report_in(&context, &Policy::default());
            // A duplicate is known by the session, not by the photo. Of several faults, one must be found.
            let truth = match &photo.truth {
                Truth::Good(Good::Good) => Vec::new(),
                Truth::Reasons(reasons) => {
                    reasons.iter().copied().filter(|reason| *reason != Reason::Duplicate).collect()
                }
            };
            assert_eq!(report.reasons.is_empty(), truth.is_empty(), "{}: {report:?}", photo.file);
            assert!(report.reasons.iter().all(|reason| truth.contains(reason)), "{}: {report:?}", photo.file);
        }
    }
}
