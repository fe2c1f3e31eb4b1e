//! Reading photos back: as sealed bytes for the server, opened for the shopper.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::PathBuf;

use clearshot_protocol::CaptureId;
use clearshot_protocol::envelope::{EnvelopeError, OpenEnvelope, open_envelope};
use clearshot_protocol::manifest::Manifest;

use crate::error::CaptureError;
use crate::store::CaptureStore;
use crate::vault::HEADER_LENGTH;

/// The sealed bytes of a capture, to be streamed to the server.
#[derive(Debug)]
pub struct SealedFile {
    /// The file, opened for reading, standing at `start`.
    pub file: File,
    /// Where in the file the sealed bytes begin: offset `n` of the upload is byte `start + n` of the file.
    pub start: u64,
    /// How many they are.
    pub length: u64,
}

impl CaptureStore {
    /// The sealed bytes of a capture, for sending. When they are gone, the capture becomes `lost` and this answers
    /// [`CaptureError::NoPhoto`]; there is then nothing to report for its step.
    pub fn sealed_file(&self, capture: CaptureId) -> Result<SealedFile, CaptureError> {
        let entry = self.entry(capture)?;
        if !entry.on_device {
            return Err(CaptureError::NoPhoto { capture, state: entry.state });
        }
        let path = self.vault.path(capture);
        match self.vault.open_sealed(&path) {
            Ok(file) => Ok(SealedFile { file, start: HEADER_LENGTH as u64, length: entry.length }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let state = self.mark_lost(capture, "missing", "Its file is gone.")?;
                Err(CaptureError::NoPhoto { capture, state })
            }
            Err(source) => Err(CaptureError::Read { capture, source }),
        }
    }

    /// Where the file of [`Self::sealed_file`] is, for a platform that opens it itself.
    pub fn sealed_path(&self, capture: CaptureId) -> PathBuf {
        self.vault.path(capture)
    }

    /// A capture's thumbnail, a JPEG.
    pub fn open_thumbnail(&self, capture: CaptureId) -> Result<Vec<u8>, CaptureError> {
        Ok(self.open_capture(capture)?.thumbnail)
    }

    /// A capture's photo, a JPEG.
    pub fn open_photo(&self, capture: CaptureId) -> Result<Vec<u8>, CaptureError> {
        Ok(self.open_capture(capture)?.read_photo()?)
    }

    /// What was sealed beside the photo.
    pub fn manifest(&self, capture: CaptureId) -> Result<Manifest, CaptureError> {
        Ok(self.open_capture(capture)?.manifest)
    }

    fn open_capture(&self, capture: CaptureId) -> Result<OpenEnvelope<'static>, CaptureError> {
        let sealed = self.sealed_file(capture)?;
        let envelope = open_envelope(&self.keys.device, BufReader::new(sealed.file))?;
        if envelope.manifest.capture == capture {
            Ok(envelope)
        } else {
            Err(EnvelopeError::NotAnEnvelope.into())
        }
    }
}
