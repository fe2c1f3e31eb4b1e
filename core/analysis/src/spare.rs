//! Buffers that are kept from frame to frame and never grow once a frame of their size was seen.
//!
//! How much there is to find differs from frame to frame. A buffer that is only as long as what was found would grow with
//! the first frame that has more; so each has room for the most that a frame of its size can have.

/// Empties a buffer and makes room for so many.
pub(crate) fn room_for<T>(buffer: &mut Vec<T>, most: usize) {
    buffer.clear();
    buffer.reserve(most);
}
