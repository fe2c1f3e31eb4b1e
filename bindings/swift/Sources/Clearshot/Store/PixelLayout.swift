internal import ClearshotGenerated

/// What a pixel is made of, 8 bits each.
public enum PixelFormat: String, Sendable, CaseIterable {
    /// One byte of luma.
    case luma
    /// Red, green, blue.
    case rgb
    /// Red, green, blue, alpha (laid over white).
    case rgba
    /// Luma, blue and red difference, full range (BT.601, as in JPEG).
    case yCbCr = "y_cb_cr"

    init(_ generated: ClearshotGenerated.PixelFormat) {
        self =
            switch generated {
            case .luma: .luma
            case .rgb: .rgb
            case .rgba: .rgba
            case .yCbCr: .yCbCr
            }
    }

    var generated: ClearshotGenerated.PixelFormat {
        switch self {
        case .luma: .luma
        case .rgb: .rgb
        case .rgba: .rgba
        case .yCbCr: .yCbCr
        }
    }
}

/// How decoded pixels lie in memory: rows from top to bottom, the last one may stop at its last pixel.
public struct PixelLayout: Sendable, Equatable {
    /// Width in pixels.
    public var width: Int
    /// Height in pixels.
    public var height: Int
    /// Bytes from one row to the next.
    public var rowStride: Int
    /// What a pixel is made of.
    public var format: PixelFormat
    /// How the pixels are to be turned: the EXIF value, 1 to 8; others count as 1.
    public var orientation: Int

    /// Pixels that lie so; upright unless the platform's decoder has not turned them.
    public init(width: Int, height: Int, rowStride: Int, format: PixelFormat, orientation: Int = 1) {
        self.width = width
        self.height = height
        self.rowStride = rowStride
        self.format = format
        self.orientation = orientation
    }

    /// Numbers out of the core's range go to its ends, where the core refuses them with a reason.
    var generated: ClearshotGenerated.PixelLayout {
        ClearshotGenerated.PixelLayout(
            width: UInt32(clamping: width),
            height: UInt32(clamping: height),
            rowStride: UInt32(clamping: rowStride),
            format: format.generated,
            orientation: UInt8(clamping: orientation)
        )
    }
}
