/// An id of the queue: a UUID as text. Ids of different things do not mix.
public struct Identifier<Kind>: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The id's text, as the server and logs have it.
    public let rawValue: String

    /// An id from its text. Whether it is one, the core says when it is used (``ErrorCode/invalidArgument``).
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The id's text.
    public var description: String { rawValue }
}

/// What identifiers are of. None of them has values.
public enum IdentifierKind {
    /// A return.
    public enum Return {}
    /// A sitting of capturing.
    public enum Session {}
    /// A line of a return.
    public enum Item {}
    /// A slot that wants a photo.
    public enum Shot {}
    /// One photo.
    public enum Capture {}
}

/// The id of a return, as the shop's server gave it.
public typealias ReturnID = Identifier<IdentifierKind.Return>
/// The id of a sitting of capturing.
public typealias SessionID = Identifier<IdentifierKind.Session>
/// The id of a line of a return.
public typealias ItemID = Identifier<IdentifierKind.Item>
/// The id of a slot that wants a photo.
public typealias ShotID = Identifier<IdentifierKind.Shot>
/// The id of one photo.
public typealias CaptureID = Identifier<IdentifierKind.Capture>
