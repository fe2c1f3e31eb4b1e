/// A value of the core, again whenever it has changed.
///
/// The core calls nobody: it is asked, and only while somebody waits for the next value. So a slow reader misses what lay
/// between and never falls behind.
public struct Updates<Value: Sendable & Equatable>: AsyncSequence, Sendable {
    /// What is iterated over.
    public typealias Element = Value

    private let interval: Duration
    private let ask: @Sendable () async throws -> Value

    init(every interval: Duration, ask: @escaping @Sendable () async throws -> Value) {
        self.interval = interval
        self.ask = ask
    }

    /// Begins with the value as it is now.
    public func makeAsyncIterator() -> Iterator {
        Iterator(interval: interval, ask: ask)
    }

    /// Asks, and waits while the answer is the same.
    public struct Iterator: AsyncIteratorProtocol {
        let interval: Duration
        let ask: @Sendable () async throws -> Value
        private var last: Value?

        init(interval: Duration, ask: @escaping @Sendable () async throws -> Value) {
            self.interval = interval
            self.ask = ask
        }

        /// The next value that differs from the last; nil when the task was cancelled.
        public mutating func next() async throws -> Value? {
            while !Task.isCancelled {
                let value = try await ask()
                if value != last {
                    last = value
                    return value
                }
                try? await Task.sleep(for: interval)
            }
            return nil
        }
    }
}
