internal import ClearshotGenerated

/// One line that the shopper drew, in fractions of the upright photo's width and height.
public struct Stroke: Sendable, Equatable {
    /// Its points.
    public var points: [Point]
    /// Width as a fraction of the photo's longer side.
    public var width: Float

    /// A line through these points.
    public init(points: [Point], width: Float) {
        self.points = points
        self.width = width
    }

    /// A point of a stroke.
    public struct Point: Sendable, Equatable {
        /// From the left edge, 0 to 1.
        public var x: Float
        /// From the upper edge, 0 to 1.
        public var y: Float

        /// A point in fractions of the photo.
        public init(x: Float, y: Float) {
            self.x = x
            self.y = y
        }
    }

    var generated: ClearshotGenerated.Stroke {
        ClearshotGenerated.Stroke(points: points.map { StrokePoint(x: $0.x, y: $0.y) }, width: width)
    }
}
