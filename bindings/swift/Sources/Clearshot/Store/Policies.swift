internal import ClearshotGenerated

/// Why an item comes back.
///
/// Decides which photos it needs.
public enum ReturnReason: String, Sendable, CaseIterable {
    /// It arrived broken.
    case damaged
    /// It does not work.
    case defective
    /// It is another item than ordered.
    case wrongItem = "wrong_item"
    /// Something is missing.
    case missingParts = "missing_parts"
    /// It is not what the shop described.
    case notAsDescribed = "not_as_described"
    /// The shopper changed their mind.
    case unwanted

    init(_ generated: ClearshotGenerated.ReturnReason) {
        self =
            switch generated {
            case .damaged: .damaged
            case .defective: .defective
            case .wrongItem: .wrongItem
            case .missingParts: .missingParts
            case .notAsDescribed: .notAsDescribed
            case .unwanted: .unwanted
            }
    }

    var generated: ClearshotGenerated.ReturnReason {
        switch self {
        case .damaged: .damaged
        case .defective: .defective
        case .wrongItem: .wrongItem
        case .missingParts: .missingParts
        case .notAsDescribed: .notAsDescribed
        case .unwanted: .unwanted
        }
    }
}

/// How hard the shop insists on a good photo.
///
/// None of them traps the shopper.
public enum AskPolicy: String, Sendable, CaseIterable {
    /// Says what is wrong and keeps the photo.
    case warn
    /// Asks twice; the third photo is kept.
    ///
    /// Before that, the shopper can insist.
    case soft
    /// Asks twice; the third photo is kept.
    ///
    /// Before that, insisting does not help.
    case hard

    init(_ generated: ClearshotGenerated.AskPolicy) {
        self =
            switch generated {
            case .warn: .warn
            case .soft: .soft
            case .hard: .hard
            }
    }

    var generated: ClearshotGenerated.AskPolicy {
        switch self {
        case .warn: .warn
        case .soft: .soft
        case .hard: .hard
        }
    }
}

/// Which networks a photo may use.
public enum NetworkPolicy: String, Sendable, CaseIterable {
    /// Any.
    case any
    /// Only those that cost nothing.
    case unmetered
    /// Those that cost nothing, and after two hours any.
    case unmeteredThenAny = "unmetered_then_any"

    init(_ generated: ClearshotGenerated.NetworkPolicy) {
        self =
            switch generated {
            case .any: .any
            case .unmetered: .unmetered
            case .unmeteredThenAny: .unmeteredThenAny
            }
    }

    var generated: ClearshotGenerated.NetworkPolicy {
        switch self {
        case .any: .any
        case .unmetered: .unmetered
        case .unmeteredThenAny: .unmeteredThenAny
        }
    }
}
