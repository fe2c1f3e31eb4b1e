internal import ClearshotGenerated

/// How luma values map to light.
public enum LumaRange: String, Sendable, CaseIterable {
    /// 0 is black, 255 is white (JPEG, Android camera, iOS full range).
    case full
    /// 16 is black, 235 is white (video).
    case limited

    init(_ generated: ClearshotGenerated.LumaRange) {
        self =
            switch generated {
            case .full: .full
            case .limited: .limited
            }
    }

    var generated: ClearshotGenerated.LumaRange {
        switch self {
        case .full: .full
        case .limited: .limited
        }
    }
}

/// What the autofocus is doing.
public enum FocusState: String, Sendable, CaseIterable {
    /// Not moving, focus not confirmed.
    case inactive
    /// Looking for focus.
    case scanning
    /// In focus.
    case focused
    /// Gave up.
    case failed

    init(_ generated: ClearshotGenerated.FocusState) {
        self =
            switch generated {
            case .inactive: .inactive
            case .scanning: .scanning
            case .focused: .focused
            case .failed: .failed
            }
    }

    var generated: ClearshotGenerated.FocusState {
        switch self {
        case .inactive: .inactive
        case .scanning: .scanning
        case .focused: .focused
        case .failed: .failed
        }
    }
}

/// How hot the phone is, as its system says.
public enum ThermalState: String, Sendable, CaseIterable {
    /// Nothing to heed.
    case nominal
    /// Slightly warm; the system asks for nothing yet.
    case fair
    /// Hot: the system slows down.
    case serious
    /// Too hot: everything that can wait must stop.
    case critical

    init(_ generated: ClearshotGenerated.ThermalState) {
        self =
            switch generated {
            case .nominal: .nominal
            case .fair: .fair
            case .serious: .serious
            case .critical: .critical
            }
    }

    var generated: ClearshotGenerated.ThermalState {
        switch self {
        case .nominal: .nominal
        case .fair: .fair
        case .serious: .serious
        case .critical: .critical
        }
    }
}
