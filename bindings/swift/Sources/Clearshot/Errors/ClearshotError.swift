internal import ClearshotGenerated
public import Foundation

/// Why a call did not do what was asked: the only error that this package throws.
///
/// Decide by ``code``, show ``advice`` to the shopper, log ``reason``. As a `LocalizedError`, it shows the same in an
/// alert.
public struct ClearshotError: LocalizedError, Equatable, Sendable {
    /// What kind of failure it is. Its raw value never changes.
    public let code: ErrorCode
    /// What happened, for logs: English, lower case, without personal data. Reads on after "failed to".
    public let reason: String
    /// What the shopper can do about it.
    public let advice: Advice

    /// An error as the package would throw it, for tests of what an app shows.
    public init(code: ErrorCode, reason: String, advice: Advice) {
        self.code = code
        self.reason = reason
        self.advice = advice
    }

    /// What it means, in a sentence.
    public var errorDescription: String? { code.text }

    /// The same as ``reason``.
    public var failureReason: String? { reason }

    /// What the shopper can do about it, in a sentence.
    public var recoverySuggestion: String? { advice.text }
}

extension ClearshotError: CustomStringConvertible {
    /// For logs.
    public var description: String { "\(code.rawValue): failed to \(reason)" }
}

extension ClearshotError {
    /// Whatever the generated code throws: the core's one error, or its own when a panic came through.
    init(thrown error: any Error) {
        switch error {
        case let error as ClearshotError: self = error
        case CaptureError.Failed(let code, let reason, let advice):
            self.init(code: ErrorCode(code), reason: reason, advice: Advice(advice))
        default:
            self.init(code: .panic, reason: "do what was asked: a bug of Clearshot was met", advice: .restartApp)
        }
    }
}

/// Calls the core, so that nothing but a ``ClearshotError`` comes out.
func core<Value>(_ body: () throws -> Value) throws(ClearshotError) -> Value {
    do {
        return try body()
    } catch {
        throw ClearshotError(thrown: error)
    }
}
