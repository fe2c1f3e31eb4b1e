internal import ClearshotGenerated
public import Foundation

/// A judged photo that is not kept yet: in memory only, and the shopper's to decide.
///
/// Holds about a megabyte until it is kept or closed.
public final class PendingPhoto: Sendable {
    /// What is known of it.
    public let review: Review
    let photo: ClearshotGenerated.PendingPhoto

    init(_ generated: ClearshotGenerated.PendingPhoto) throws {
        photo = generated
        review = Review(try generated.review())
    }

    /// Its thumbnail.
    ///
    /// - Returns: A JPEG, at most 320 pixels on the longer side.
    /// - Throws: ``ErrorCode/closed`` once it was kept or closed.
    public func thumbnail() throws(ClearshotError) -> Data {
        try core { try photo.thumbnail() }
    }

    /// The photo as it would be kept.
    ///
    /// - Returns: An upright JPEG without metadata.
    /// - Throws: ``ErrorCode/closed`` once it was kept or closed.
    public func jpeg() throws(ClearshotError) -> Data {
        try core { try photo.photo() }
    }

    /// Gives its memory back. Nothing of it was on the disk.
    ///
    /// - Throws: Nothing but ``ErrorCode/panic``.
    public func close() throws(ClearshotError) {
        try core { try photo.close() }
    }
}
