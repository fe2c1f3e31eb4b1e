import Clearshot

/// Frames made by formulas.
enum Frames {
    /// Checks of 40 pixels in two greys: well lit, with sharp edges.
    static func checks(width: Int, height: Int, rowStride: Int? = nil) -> [UInt8] {
        let rowStride = rowStride ?? width
        // The last row stops at its last pixel, as a camera's may.
        return (0..<rowStride * (height - 1) + width).map { index in
            let (x, y) = (index % rowStride, index / rowStride)
            return (x / 40 + y / 40) % 2 == 0 ? 90 : 170
        }
    }
}
