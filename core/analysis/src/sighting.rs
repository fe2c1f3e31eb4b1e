//! What the relevance model saw in a picture, as analysis takes it in. The model itself is elsewhere; whoever runs one
//! implements [`SubjectModel`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::frame::{FrameError, LumaPlane};
use crate::relevance::RelevanceLimits;
use crate::report::Region;
use crate::scores::Relevance;
use crate::sensors::inside;

/// Most cells of an activation map: 10 × 10.
pub const MAX_MAP_CELLS: usize = 100;

/// Where in the picture the subject is, as a coarse grid over the upright frame; with the model's own box around it, if
/// the model draws one. Lives on the stack.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "MapParts", into = "MapParts")]
pub struct ActivationMap {
    columns: u8,
    rows: u8,
    cells: [f32; MAX_MAP_CELLS],
    subject: Option<Region>,
}

impl ActivationMap {
    /// `cells` row by row from the top left, each 0 (not the subject) to 1 (surely). Values outside are clamped, what
    /// is no number counts as 0.
    pub fn new(columns: u8, rows: u8, cells: &[f32]) -> Result<Self, FrameError> {
        let count = usize::from(columns) * usize::from(rows);
        if count == 0 || count > MAX_MAP_CELLS || cells.len() != count {
            return Err(FrameError::MapSize { columns, rows, cells: cells.len() });
        }
        let mut map = Self { columns, rows, cells: [0.0; MAX_MAP_CELLS], subject: None };
        for (cell, &value) in map.cells.iter_mut().zip(cells) {
            *cell = if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) };
        }
        Ok(map)
    }

    /// The same map with the box that the model itself draws around the subject, in fractions of the upright frame; what
    /// lies outside the frame is cut off. Without a box, framing goes by the edges.
    #[must_use]
    pub fn with_subject(self, subject: Option<Region>) -> Self {
        Self { subject: subject.and_then(inside), ..self }
    }

    /// The box that the model draws around the subject.
    pub fn subject(&self) -> Option<Region> {
        self.subject
    }

    /// Cells from left to right.
    pub fn columns(&self) -> usize {
        usize::from(self.columns)
    }

    /// Cells from top to bottom.
    pub fn rows(&self) -> usize {
        usize::from(self.rows)
    }

    /// The cells, row by row.
    pub fn cells(&self) -> &[f32] {
        &self.cells[..self.columns() * self.rows()]
    }
}

#[derive(Serialize, Deserialize)]
struct MapParts {
    columns: u8,
    rows: u8,
    cells: Vec<f32>,
    #[serde(default)]
    subject: Option<Region>,
}

impl TryFrom<MapParts> for ActivationMap {
    type Error = FrameError;

    fn try_from(parts: MapParts) -> Result<Self, Self::Error> {
        Ok(Self::new(parts.columns, parts.rows, &parts.cells)?.with_subject(parts.subject))
    }
}

impl From<ActivationMap> for MapParts {
    fn from(map: ActivationMap) -> Self {
        Self { columns: map.columns, rows: map.rows, cells: map.cells().to_vec(), subject: map.subject }
    }
}

/// What a model saw in one picture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// Of what the picture is.
    pub relevance: Relevance,
    /// Where that is.
    pub map: ActivationMap,
    /// Below which shares the model was calibrated to be asked about.
    pub limits: RelevanceLimits,
}

/// Why a model said nothing of a picture. What exactly happened is for logs; whoever asks goes on without an answer.
#[derive(Debug, thiserror::Error)]
#[error("tell of what the picture is")]
pub struct SightingError {
    /// What went wrong inside the model.
    #[from]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// A model that says of what a picture is, and where. Looks at a few frames a second at most; may be asked from several
/// threads at once.
pub trait SubjectModel: Send + Sync {
    /// Looks at a preview frame, or at a photo ([`Still::plane`](crate::Still::plane)). Both may be turned and of any
    /// size; what the model answers is in fractions of the upright picture.
    fn look(&self, picture: &LumaPlane<'_>) -> Result<Sighting, SightingError>;

    /// SHA-256 of the model, in hex: recorded with every verdict that it took part in.
    fn sha256(&self) -> &str;

    /// Version of the model, recorded beside its hash.
    fn version(&self) -> u32;
}

impl fmt::Debug for dyn SubjectModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubjectModel")
            .field("version", &self.version())
            .field("sha256", &self.sha256())
            .finish()
    }
}
