internal import ClearshotGenerated

/// What a photo is to show: by it framing and subject are judged.
public enum ShotRole: String, Sendable, CaseIterable {
    /// The whole item.
    case overview
    /// One spot of it, near by.
    case defect
    /// Something with print on it, straight on.
    case label
    /// What the item came in.
    case packaging
    /// A serial number, which may be on a screen.
    case serial
    /// Anything else.
    case other

    init(_ generated: ClearshotGenerated.ShotRole) {
        self =
            switch generated {
            case .overview: .overview
            case .defect: .defect
            case .label: .label
            case .packaging: .packaging
            case .serial: .serial
            case .other: .other
            }
    }

    var generated: ClearshotGenerated.ShotRole {
        switch self {
        case .overview: .overview
        case .defect: .defect
        case .label: .label
        case .packaging: .packaging
        case .serial: .serial
        case .other: .other
        }
    }
}
