internal import ClearshotGenerated

/// How the bytes of a luma plane lie.
public struct FrameLayout: Sendable, Equatable {
    /// Width in pixels, as delivered.
    public var width: Int
    /// Height in pixels, as delivered.
    public var height: Int
    /// Bytes from one row to the next. The last row may stop at its last pixel.
    public var rowStride: Int
    /// Bytes from one pixel to the next.
    public var pixelStride: Int
    /// How values map to light.
    public var range: LumaRange
    /// By how many degrees the frame must be turned clockwise to be upright: 0, 90, 180 or 270.
    public var rotationDegrees: Int

    /// A plane of this size; rows without a gap, full range and upright unless said otherwise.
    public init(
        width: Int,
        height: Int,
        rowStride: Int? = nil,
        pixelStride: Int = 1,
        range: LumaRange = .full,
        rotationDegrees: Int = 0
    ) {
        self.width = width
        self.height = height
        self.rowStride = rowStride ?? width.multipliedReportingOverflow(by: pixelStride).partialValue
        self.pixelStride = pixelStride
        self.range = range
        self.rotationDegrees = rotationDegrees
    }

    /// Numbers out of the core's range go to its ends, where the core refuses them with a reason.
    var generated: ClearshotGenerated.FrameLayout {
        ClearshotGenerated.FrameLayout(
            width: UInt32(clamping: width),
            height: UInt32(clamping: height),
            rowStride: UInt32(clamping: rowStride),
            pixelStride: UInt32(clamping: pixelStride),
            range: range.generated,
            rotationDegrees: Int32(clamping: rotationDegrees)
        )
    }
}

/// How the bytes of both chroma planes lie.
///
/// Those of semi-planar pictures (NV12) lie in one buffer: it is given twice, the second time from one byte further on,
/// with a pixel stride of 2.
public struct ChromaLayout: Sendable, Equatable {
    /// Width of a plane in samples.
    public var width: Int
    /// Height of a plane in samples.
    public var height: Int
    /// Bytes from one row to the next.
    public var rowStride: Int
    /// Bytes from one sample to the next.
    public var pixelStride: Int

    /// Planes of this size.
    public init(width: Int, height: Int, rowStride: Int, pixelStride: Int) {
        self.width = width
        self.height = height
        self.rowStride = rowStride
        self.pixelStride = pixelStride
    }

    var generated: ClearshotGenerated.ChromaLayout {
        ClearshotGenerated.ChromaLayout(
            width: UInt32(clamping: width),
            height: UInt32(clamping: height),
            rowStride: UInt32(clamping: rowStride),
            pixelStride: UInt32(clamping: pixelStride)
        )
    }
}

/// The colours of a frame: both chroma planes, borrowed like the luma.
public struct Chroma {
    /// How both planes lie.
    public var layout: ChromaLayout
    /// The blue difference (Cb).
    public var u: UnsafeRawBufferPointer
    /// The red difference (Cr).
    public var v: UnsafeRawBufferPointer

    /// Two planes that lie alike.
    public init(layout: ChromaLayout, u: UnsafeRawBufferPointer, v: UnsafeRawBufferPointer) {
        self.layout = layout
        self.u = u
        self.v = v
    }
}
