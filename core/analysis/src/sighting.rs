//! What the relevance model saw in a picture, as analysis takes it in. The model itself is elsewhere; whoever runs one
//! implements [`SubjectModel`].

use serde::{Deserialize, Serialize};

use crate::frame::{FrameError, LumaPlane};
use crate::report::Relevance;

/// Most cells of an activation map: 10 × 10.
pub const MAX_MAP_CELLS: usize = 100;

/// Where in the picture the subject is, as a coarse grid over the upright frame. Lives on the stack.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "MapParts", into = "MapParts")]
pub struct ActivationMap {
    columns: u8,
    rows: u8,
    cells: [f32; MAX_MAP_CELLS],
}

impl ActivationMap {
    /// `cells` row by row from the top left, each 0 (not the subject) to 1 (surely). Values outside are clamped, what
    /// is no number counts as 0.
    pub fn new(columns: u8, rows: u8, cells: &[f32]) -> Result<Self, FrameError> {
        let count = usize::from(columns) * usize::from(rows);
        if count == 0 || count > MAX_MAP_CELLS || cells.len() != count {
            return Err(FrameError::MapSize { columns, rows, cells: cells.len() });
        }
        let mut map = Self { columns, rows, cells: [0.0; MAX_MAP_CELLS] };
        for (cell, &value) in map.cells.iter_mut().zip(cells) {
            *cell = if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) };
        }
        Ok(map)
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
}

impl TryFrom<MapParts> for ActivationMap {
    type Error = FrameError;

    fn try_from(parts: MapParts) -> Result<Self, Self::Error> {
        Self::new(parts.columns, parts.rows, &parts.cells)
    }
}

impl From<ActivationMap> for MapParts {
    fn from(map: ActivationMap) -> Self {
        Self { columns: map.columns, rows: map.rows, cells: map.cells().to_vec() }
    }
}

/// What a model saw in one picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// Of what the picture is.
    pub relevance: Relevance,
    /// Where that is.
    pub map: ActivationMap,
}

/// A model that says of what a picture is, and where. Runs every few frames at most; `None` when it has nothing to say.
pub trait SubjectModel {
    /// Looks at a preview frame; [`LumaPlane::ycbcr`] gives its pixels.
    fn look(&mut self, plane: &LumaPlane<'_>) -> Option<Sighting>;
}
