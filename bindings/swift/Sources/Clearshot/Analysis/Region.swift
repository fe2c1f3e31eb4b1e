internal import ClearshotGenerated

/// A rectangle in fractions of the upright picture, origin at the top left.
public struct Region: Sendable, Equatable {
    /// Left edge, 0 to 1.
    public let x: Double
    /// Top edge, 0 to 1.
    public let y: Double
    /// Width, 0 to 1.
    public let width: Double
    /// Height, 0 to 1.
    public let height: Double

    /// A rectangle with this upper left corner and size.
    public init(x: Double, y: Double, width: Double, height: Double) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    init(_ generated: ClearshotGenerated.Region) {
        self.init(x: generated.x, y: generated.y, width: generated.width, height: generated.height)
    }

    var generated: ClearshotGenerated.Region {
        ClearshotGenerated.Region(x: x, y: y, width: width, height: height)
    }
}
