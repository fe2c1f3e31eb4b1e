internal import ClearshotGenerated
public import Foundation

/// Judges the frames of one camera's preview and guides the shopper through them.
///
/// Call it on the camera's own queue, while the pixel buffer is locked: a frame is borrowed for the length of the call and
/// never copied.
///
/// ```swift
/// CVPixelBufferLockBaseAddress(buffer, .readOnly)
/// defer { CVPixelBufferUnlockBaseAddress(buffer, .readOnly) }
/// let luma = UnsafeRawBufferPointer(
///     start: CVPixelBufferGetBaseAddressOfPlane(buffer, 0),
///     count: CVPixelBufferGetBytesPerRowOfPlane(buffer, 0) * CVPixelBufferGetHeightOfPlane(buffer, 0))
/// let look = try analyzer.analyze(luma, layout: layout, context: FrameContext(taken: time))
/// ```
///
/// Calls from several threads wait for each other. It is no actor, because the lock of a pixel buffer must not outlive a
/// suspension.
public final class FrameAnalyzer: Sendable {
    private let analyzer: ClearshotGenerated.FrameAnalyzer

    /// Begins without a shot.
    ///
    /// - Parameters:
    ///   - configuration: The app's configuration as JSON; without one, the shipped thresholds.
    ///   - models: The app's model; without one, nobody asks whether the picture is of the item at all.
    /// - Throws: ``ErrorCode/invalidConfig``, ``ErrorCode/invalidModel``.
    public init(configuration: String? = nil, models: ModelStore? = nil) throws(ClearshotError) {
        analyzer = try core {
            try ClearshotGenerated.FrameAnalyzer(config: configuration, models: models?.store)
        }
    }

    /// Takes the next frame.
    ///
    /// - Parameters:
    ///   - luma: The luma plane. Read during the call only.
    ///   - layout: How its bytes lie.
    ///   - chroma: The frame's colours, which tell glare from white paint, a finger from a shadow and a screen from an item.
    ///   - context: When it was taken, and what the sensors knew.
    /// - Returns: What analysis says of the frame, and what to show.
    /// - Throws: ``ErrorCode/invalidFrame`` when the layout does not fit the bytes; then nothing has changed.
    public func analyze(
        _ luma: UnsafeRawBufferPointer,
        layout: FrameLayout,
        chroma: Chroma? = nil,
        context: FrameContext
    ) throws(ClearshotError) -> FrameLook {
        try core {
            guard let chroma else {
                return FrameLook(
                    try analyzer.analyze(
                        layout: layout.generated,
                        luma: try borrowed(luma),
                        context: context.generated
                    )
                )
            }
            return FrameLook(
                try analyzer.analyzeColor(
                    layout: layout.generated,
                    luma: try borrowed(luma),
                    chroma: chroma.layout.generated,
                    u: try borrowed(chroma.u),
                    v: try borrowed(chroma.v),
                    context: context.generated
                )
            )
        }
    }

    /// Takes the next frame, from bytes that are in a `Data` already. They are not copied either.
    ///
    /// - Parameters:
    ///   - luma: The luma plane.
    ///   - layout: How its bytes lie.
    ///   - context: When it was taken, and what the sensors knew.
    /// - Returns: What analysis says of the frame, and what to show.
    /// - Throws: As ``analyze(_:layout:chroma:context:)``.
    public func analyze(
        _ luma: Data,
        layout: FrameLayout,
        context: FrameContext
    ) throws(ClearshotError) -> FrameLook {
        try core {
            try luma.withUnsafeBytes { try analyze($0, layout: layout, context: context) }
        }
    }

    /// The next shot begins: the guide starts anew, and what the model saw is forgotten.
    ///
    /// - Parameters:
    ///   - role: What the shot is to show.
    ///   - asks: How often another photo of it was asked for already.
    ///   - time: When it begins, on the frames' clock.
    /// - Throws: ``ErrorCode/closed``.
    public func beginShot(_ role: ShotRole, asks: Int = 0, at time: Duration) throws(ClearshotError) {
        try core {
            try analyzer.beginShot(
                role: role.generated,
                asks: UInt32(clamping: asks),
                atNs: time.clampedNanoseconds
            )
        }
    }

    /// Begins as new, without a shot: another camera, or another clock.
    ///
    /// - Throws: ``ErrorCode/closed``.
    public func reset() throws(ClearshotError) {
        try core { try analyzer.reset() }
    }

    /// Gives the buffers back. Every later call but this one fails with ``ErrorCode/closed``.
    ///
    /// - Throws: Nothing but ``ErrorCode/panic``.
    public func close() throws(ClearshotError) {
        try core { try analyzer.close() }
    }
}

/// Everything to know after a frame.
public struct FrameLook: Sendable, Equatable {
    /// What analysis says about this frame.
    public let report: FrameReport
    /// Whether the lamps flicker.
    public let flicker: Flicker
    /// What to show.
    public let guidance: Guidance
    /// How long the analysis took, without the way into the core and back.
    public let analysisTime: Duration

    init(_ generated: ClearshotGenerated.FrameLook) {
        report = FrameReport(generated.report)
        flicker = Flicker(generated.flicker)
        guidance = Guidance(generated.guidance)
        analysisTime = .nanoseconds(Int64(clamping: generated.analysisNs))
    }
}
