//! JPEG out: thumbnail and upload derivative, with nothing in the file but tables and picture.

use super::master::Master;
use super::{Jpeg, baseline};
use crate::reduce::{Grey, Reducer, fit};

/// Scales the master down (never up) and encodes it as 4:2:0.
pub(super) fn encode(master: &Master, long_side: u32, quality: u8) -> Jpeg {
    let (width, height) = fit(master.luma.width, master.luma.height, long_side as usize);
    if (width, height) == (master.luma.width, master.luma.height) {
        encode_planes(&master.luma, master.chroma.as_ref(), quality)
    } else {
        let luma = scaled(&master.luma, width, height);
        let (chroma_width, chroma_height) = (width.div_ceil(2), height.div_ceil(2));
        let chroma = master
            .chroma
            .as_ref()
            .map(|planes| planes.each_ref().map(|plane| scaled(plane, chroma_width, chroma_height)));
        encode_planes(&luma, chroma.as_ref(), quality)
    }
}

/// A plane at exactly this size, which must not exceed its own.
pub(super) fn scaled(plane: &Grey, width: usize, height: usize) -> Grey {
    let mut out = Grey::default();
    Reducer::default().reduce_to(&plane.samples(), width, height, &mut out);
    out
}

fn encode_planes(luma: &Grey, chroma: Option<&[Grey; 2]>, quality: u8) -> Jpeg {
    let bytes = baseline::write(luma, chroma, quality);
    Jpeg { bytes, width: luma.width as u32, height: luma.height as u32 }
}
