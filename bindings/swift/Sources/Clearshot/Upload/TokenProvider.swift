internal import ClearshotGenerated
import Dispatch
import Foundation

/// Gives the shopper's access token: the app's side of signing in.
public protocol TokenProvider: Sendable {
    /// The token in use.
    ///
    /// Asked before every request, so keep the token rather than fetch it. The task is cancelled when the synchronisation
    /// that asks is.
    ///
    /// - Parameter refresh: The server has refused the last token: fetch a fresh one.
    /// - Returns: The token, without `Bearer`.
    /// - Throws: ``SignedOut`` when the shopper must sign in first, which pauses the queue. Anything else: not now; it is
    ///   tried again like any fault of the network.
    func token(refresh: Bool) async throws -> String
}

/// Nobody is signed in.
public struct SignedOut: Error {
    /// Thrown by ``TokenProvider/token(refresh:)``.
    public init() {}
}

/// One token that cannot be refreshed: for a program that runs once, and for tests.
public struct FixedToken: TokenProvider {
    private let text: String

    /// A token, without `Bearer`.
    public init(_ text: String) {
        self.text = text
    }

    /// The same token, always.
    public func token(refresh: Bool) -> String { text }
}

/// A token provider as the core asks it: from a thread of its own, which waits for the answer.
final class TokenAdapter: ClearshotGenerated.TokenProvider, @unchecked Sendable {
    private let tokens: any TokenProvider
    private let lock = NSLock()
    /// Guarded by the lock: those who are being asked now, so that a cancelled synchronisation need not wait for them.
    private var asked: [UUID: Task<Void, Never>] = [:]

    init(_ tokens: any TokenProvider) {
        self.tokens = tokens
    }

    func token(refresh: Bool) throws -> String {
        let (answer, done, id) = (Answer(), DispatchSemaphore(value: 0), UUID())
        let task = Task { [tokens] in
            do {
                answer.result = .success(try await tokens.token(refresh: refresh))
            } catch {
                answer.result = .failure(error)
            }
            done.signal()
        }
        lock.withLock { asked[id] = task }
        defer { lock.withLock { asked[id] = nil } }
        done.wait()
        return try foreign { try answer.result.get() }
    }

    /// Tells everybody who is being asked that nobody waits any more.
    func cancel() {
        lock.withLock { Array(asked.values) }.forEach { $0.cancel() }
    }

    /// Written by the task before it signals, read after the wait.
    private final class Answer: @unchecked Sendable {
        var result: Result<String, any Error> = .failure(CancellationError())
    }
}
