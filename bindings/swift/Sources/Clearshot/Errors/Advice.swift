internal import ClearshotGenerated

/// What the shopper can do about a failure.
public enum Advice: String, Sendable, CaseIterable {
    /// The same again may work.
    case tryAgain = "try_again"
    /// The photo was not kept, or cannot be.
    case takeAgain = "take_again"
    /// Another file is needed.
    case chooseAnother = "choose_another"
    /// Analysis asks, the shopper decides.
    case retakeOrKeep = "retake_or_keep"
    /// Room is needed on the phone.
    case freeSpace = "free_space"
    /// What waits must be sent first.
    case sendWaiting = "send_waiting"
    /// The network is needed.
    case checkConnection = "check_connection"
    /// The shop wants to know who it is.
    case signIn = "sign_in"
    /// The key of this phone is locked away.
    case unlockDevice = "unlock_device"
    /// The app must be started anew.
    case restartApp = "restart_app"
    /// The app is too old.
    case updateApp = "update_app"
    /// The photo was sent and deleted here.
    case lookAtReturn = "look_at_return"
    /// Only the app's makers can mend it.
    case tellShop = "tell_shop"
    /// There is nothing to do.
    case nothing

    init(_ generated: ClearshotGenerated.Advice) {
        self =
            switch generated {
            case .tryAgain: .tryAgain
            case .takeAgain: .takeAgain
            case .chooseAnother: .chooseAnother
            case .retakeOrKeep: .retakeOrKeep
            case .freeSpace: .freeSpace
            case .sendWaiting: .sendWaiting
            case .checkConnection: .checkConnection
            case .signIn: .signIn
            case .unlockDevice: .unlockDevice
            case .restartApp: .restartApp
            case .updateApp: .updateApp
            case .lookAtReturn: .lookAtReturn
            case .tellShop: .tellShop
            case .nothing: .nothing
            }
    }

    var generated: ClearshotGenerated.Advice {
        switch self {
        case .tryAgain: .tryAgain
        case .takeAgain: .takeAgain
        case .chooseAnother: .chooseAnother
        case .retakeOrKeep: .retakeOrKeep
        case .freeSpace: .freeSpace
        case .sendWaiting: .sendWaiting
        case .checkConnection: .checkConnection
        case .signIn: .signIn
        case .unlockDevice: .unlockDevice
        case .restartApp: .restartApp
        case .updateApp: .updateApp
        case .lookAtReturn: .lookAtReturn
        case .tellShop: .tellShop
        case .nothing: .nothing
        }
    }
}

extension Advice {
    /// The sentence that the shopper reads, in English. Translate by `rawValue`, which never changes.
    public var text: String { Self.texts[self] ?? rawValue }

    private static let texts = texts { try describeAdvice(advice: $0.generated) }
}
