internal import ClearshotGenerated
public import Foundation

extension CaptureStore {
    /// Judges a photo for a shot. Nothing is saved yet.
    ///
    /// - Parameters:
    ///   - photo: A JPEG or PNG.
    ///   - shot: The shot that it was taken for.
    /// - Returns: The photo, with what is known of it.
    /// - Throws: ``ErrorCode/damagedPhoto``, ``ErrorCode/unsupportedPhoto``, ``ErrorCode/notFound``.
    public func assess(_ photo: Data, for shot: ShotID) throws(ClearshotError) -> PendingPhoto {
        try core {
            try photo.withUnsafeBytes { bytes in
                try PendingPhoto(
                    try store.assess(shot: shot.rawValue, photo: try borrowed(bytes, refusedAs: .unsupportedPhoto))
                )
            }
        }
    }

    /// Judges a photo that the platform has decoded (HEIC). Nothing is saved yet.
    ///
    /// - Parameters:
    ///   - pixels: Its pixels.
    ///   - layout: How they lie.
    ///   - shot: The shot that it was taken for.
    /// - Returns: The photo, with what is known of it.
    /// - Throws: ``ErrorCode/unsupportedPhoto`` when the layout does not fit the pixels, ``ErrorCode/notFound``.
    public func assess(
        pixels: Data,
        layout: PixelLayout,
        for shot: ShotID
    ) throws(ClearshotError) -> PendingPhoto {
        try core {
            try pixels.withUnsafeBytes { bytes in
                try PendingPhoto(
                    try store.assessPixels(
                        shot: shot.rawValue,
                        layout: layout.generated,
                        pixels: try borrowed(bytes, refusedAs: .unsupportedPhoto)
                    )
                )
            }
        }
    }

    /// Counts that the shopper was asked for another photo and takes one. A good photo counts nothing.
    ///
    /// - Parameter photo: The photo that is not kept.
    /// - Returns: Where asking stands now.
    /// - Throws: ``ErrorCode/closed`` when the photo was kept or closed.
    @discardableResult
    public func askAgain(after photo: PendingPhoto) throws(ClearshotError) -> AskState {
        try core { AskState(try store.askAgain(photo: photo.photo, now: Date().milliseconds)) }
    }

    /// Seals a photo and puts it into the queue: only when this returns is it saved.
    ///
    /// The photo is closed then. After an error nothing is saved, and it can be kept again.
    ///
    /// - Parameters:
    ///   - photo: The photo.
    ///   - insisting: Whether the shopper insists on a photo that analysis would have retaken.
    ///   - takenAt: When the shutter was pressed.
    ///   - uptime: The same moment on a monotonic clock, since the session began.
    ///   - annotation: What the shopper drew on it. Kept beside the pixels, which stay as they were taken.
    ///   - network: Which networks it may use; without it, those of its item.
    /// - Returns: The saved photo.
    /// - Throws: ``ErrorCode/askFirst`` when the shopper is to be asked for another one, ``ErrorCode/diskFull``,
    ///   ``ErrorCode/quota``.
    @discardableResult
    public func keep(
        _ photo: PendingPhoto,
        insisting: Bool = false,
        takenAt: Date = Date(),
        uptime: Duration = .zero,
        annotation: [Stroke] = [],
        network: NetworkPolicy? = nil
    ) throws(ClearshotError) -> SavedCapture {
        try core {
            let request = KeepRequest(
                insist: insisting,
                takenAt: takenAt.milliseconds,
                monotonicMillis: uptime.clampedMilliseconds,
                annotation: annotation.map(\.generated),
                network: network?.generated
            )
            return SavedCapture(
                try store.keep(photo: photo.photo, request: request, now: Date().milliseconds)
            )
        }
    }

    /// A kept photo's thumbnail.
    ///
    /// - Parameter capture: The photo.
    /// - Returns: A JPEG, at most 320 pixels on the longer side.
    /// - Throws: ``ErrorCode/notFound``, ``ErrorCode/noPhoto``, ``ErrorCode/sealing`` when this phone's key was lost.
    public func thumbnail(of capture: CaptureID) throws(ClearshotError) -> Data {
        try core { try store.thumbnail(capture: capture.rawValue) }
    }

    /// A kept photo.
    ///
    /// - Parameter capture: The photo.
    /// - Returns: A JPEG.
    /// - Throws: As ``thumbnail(of:)``.
    public func photo(of capture: CaptureID) throws(ClearshotError) -> Data {
        try core { try store.photo(capture: capture.rawValue) }
    }

    /// What was sealed beside a kept photo: for an export.
    ///
    /// - Parameter capture: The photo.
    /// - Returns: A JSON document.
    /// - Throws: As ``thumbnail(of:)``.
    public func manifest(of capture: CaptureID) throws(ClearshotError) -> String {
        try core { try store.manifest(capture: capture.rawValue) }
    }
}
