internal import ClearshotGenerated

/// The kinds of failure.
///
/// A later version may add some, and never changes the meaning of one.
public enum ErrorCode: String, Sendable, CaseIterable {
    /// Sizes and strides do not fit the frame's bytes.
    case invalidFrame = "invalid_frame"
    /// The photo is of a kind that is not read, is too large or too small, or its pixels do not fit their description.
    case unsupportedPhoto = "unsupported_photo"
    /// The photo's file is empty, cut short or damaged.
    case damagedPhoto = "damaged_photo"
    /// An argument is not what the call takes: an id that is none, an empty SKU, a time before 1970.
    case invalidArgument = "invalid_argument"
    /// A configuration that is no JSON, has an unknown field or a value out of bounds.
    case invalidConfig = "invalid_config"
    /// A model or a model update that cannot be used.
    case invalidModel = "invalid_model"
    /// A model update that is not newer than the model in use.
    case modelNotNewer = "model_not_newer"
    /// What was given was made for later versions of the app.
    case appTooOld = "app_too_old"
    /// The object was closed before.
    case closed
    /// The store is paused: resume it first.
    case paused
    /// Somebody else is using it now: another process, or a synchronisation that still runs.
    case inUse = "in_use"
    /// The disk is full.
    ///
    /// Nothing was saved, nothing was lost.
    case diskFull = "disk_full"
    /// The limit of waiting photos is reached.
    ///
    /// Nothing was saved, nothing was evicted.
    case quota
    /// The folder cannot be read or written.
    case storage
    /// The database or a file was damaged.
    ///
    /// What can be read again is, when the store is opened again.
    case damaged
    /// No such session, item, shot or capture.
    case notFound = "not_found"
    /// The photo is not on this phone any more.
    case noPhoto = "no_photo"
    /// The capture is in a state in which this cannot be done.
    case wrongState = "wrong_state"
    /// Analysis would have another photo, and the shop wants the shopper to be asked first.
    case askFirst = "ask_first"
    /// The platform's key store failed.
    case keyStore = "key_store"
    /// Something was sealed with another key, or was altered.
    case sealing
    /// The app gave no token that can be used.
    case token
    /// The server's address or a certificate to trust cannot be used.
    case invalidServer = "invalid_server"
    /// The network or the server failed in a way that waiting may mend.
    case network
    /// It was cancelled.
    ///
    /// Nothing is lost, the next call goes on.
    case cancelled
    /// An object of the app that Clearshot called failed: a log, for instance.
    case foreign
    /// A bug of Clearshot: a panic, caught.
    case panic
    /// A failure that should not be possible.
    case `internal`

    init(_ generated: ClearshotGenerated.ErrorCode) {
        self =
            switch generated {
            case .invalidFrame: .invalidFrame
            case .unsupportedPhoto: .unsupportedPhoto
            case .damagedPhoto: .damagedPhoto
            case .invalidArgument: .invalidArgument
            case .invalidConfig: .invalidConfig
            case .invalidModel: .invalidModel
            case .modelNotNewer: .modelNotNewer
            case .appTooOld: .appTooOld
            case .closed: .closed
            case .paused: .paused
            case .inUse: .inUse
            case .diskFull: .diskFull
            case .quota: .quota
            case .storage: .storage
            case .damaged: .damaged
            case .notFound: .notFound
            case .noPhoto: .noPhoto
            case .wrongState: .wrongState
            case .askFirst: .askFirst
            case .keyStore: .keyStore
            case .sealing: .sealing
            case .token: .token
            case .invalidServer: .invalidServer
            case .network: .network
            case .cancelled: .cancelled
            case .foreign: .foreign
            case .panic: .panic
            case .internal: .internal
            }
    }

    var generated: ClearshotGenerated.ErrorCode {
        switch self {
        case .invalidFrame: .invalidFrame
        case .unsupportedPhoto: .unsupportedPhoto
        case .damagedPhoto: .damagedPhoto
        case .invalidArgument: .invalidArgument
        case .invalidConfig: .invalidConfig
        case .invalidModel: .invalidModel
        case .modelNotNewer: .modelNotNewer
        case .appTooOld: .appTooOld
        case .closed: .closed
        case .paused: .paused
        case .inUse: .inUse
        case .diskFull: .diskFull
        case .quota: .quota
        case .storage: .storage
        case .damaged: .damaged
        case .notFound: .notFound
        case .noPhoto: .noPhoto
        case .wrongState: .wrongState
        case .askFirst: .askFirst
        case .keyStore: .keyStore
        case .sealing: .sealing
        case .token: .token
        case .invalidServer: .invalidServer
        case .network: .network
        case .cancelled: .cancelled
        case .foreign: .foreign
        case .panic: .panic
        case .internal: .internal
        }
    }
}

extension ErrorCode {
    /// One sentence in English: what it means.
    public var text: String { Self.texts[self] ?? rawValue }

    private static let texts = texts { try describeError(code: $0.generated) }
}
