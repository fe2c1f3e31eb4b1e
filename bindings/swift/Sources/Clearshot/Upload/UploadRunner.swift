internal import ClearshotGenerated

/// Sends what a store's queue holds, from the app's own process.
///
/// Call ``sync(for:on:)`` when there is a network: at the start of the app, after a photo was kept, from a background task.
/// Whatever was cut off goes on with the next call.
public final class UploadRunner: Sendable {
    private let runner: ClearshotGenerated.UploadRunner
    private let tokens: TokenAdapter

    /// A runner for the store's photos.
    ///
    /// - Parameters:
    ///   - store: The store.
    ///   - server: The returns API.
    ///   - tokens: The app's sign-in.
    ///   - log: The app's log, if it wants to know.
    /// - Throws: ``ErrorCode/invalidServer``, ``ErrorCode/closed``.
    public init(
        store: CaptureStore,
        server: ServerSetup,
        tokens: any TokenProvider,
        log: (any LogSink)? = nil
    ) throws(ClearshotError) {
        let adapter = TokenAdapter(tokens)
        self.tokens = adapter
        runner = try core {
            try ClearshotGenerated.UploadRunner(
                store: store.store,
                server: server.generated,
                tokens: adapter,
                log: log.map(LogAdapter.init)
            )
        }
    }

    /// Sends what can be sent, and deletes what the server has had for long enough.
    ///
    /// Cancelling the task ends it at once; nothing is lost, and the next call goes on where it stopped.
    ///
    /// - Parameters:
    ///   - time: How long at most.
    ///   - conditions: The network; tell changes with ``setConditions(_:)``.
    /// - Returns: What was done, and why it ended.
    /// - Throws: ``ErrorCode/cancelled`` when the task was cancelled, ``ErrorCode/inUse`` while another call of this runner
    ///   is at it, ``ErrorCode/closed`` when the store was closed.
    @discardableResult
    public func sync(
        for time: Duration = .seconds(60),
        on conditions: Conditions = .unmetered
    ) async throws(ClearshotError) -> SyncReport {
        let cancellation = try core { try Cancellation() }
        let report: Result<SyncReport, ClearshotError> = await withTaskCancellationHandler {
            await syncOnce(for: time, on: conditions, cancellation)
        } onCancel: {
            try? cancellation.cancel()
            tokens.cancel()
        }
        if case .success(let report) = report, report.end == .cancelled {
            throw ClearshotError(
                code: .cancelled,
                reason: "synchronise: the task was cancelled",
                advice: .nothing
            )
        }
        return try report.get()
    }

    /// The network has changed. A synchronisation that runs takes note at once.
    ///
    /// - Parameter conditions: The network now.
    /// - Throws: Nothing but ``ErrorCode/panic``.
    public func setConditions(_ conditions: Conditions) throws(ClearshotError) {
        try core { try runner.setConditions(conditions: conditions.generated) }
    }

    /// There is a new photo or a new token: a synchronisation that waits looks again.
    ///
    /// - Throws: Nothing but ``ErrorCode/panic``.
    public func wake() throws(ClearshotError) {
        try core { try runner.wake() }
    }

    /// How far the synchronisation is, or how far the last one came.
    ///
    /// - Returns: A snapshot.
    /// - Throws: Nothing but ``ErrorCode/panic``.
    public func progress() throws(ClearshotError) -> SyncProgress {
        try core { SyncProgress(try runner.progress()) }
    }

    /// The progress, again whenever it has changed, for as long as it is iterated: before, while and after something is
    /// sent.
    ///
    /// - Parameter interval: How often it is looked at. Changes in between come as one.
    /// - Returns: The progress as it is now, then as it changes. Ends when its task is cancelled.
    public func progressUpdates(every interval: Duration = .milliseconds(200)) -> Updates<SyncProgress> {
        Updates(every: interval) { try self.progress() }
    }

    private func syncOnce(
        for time: Duration,
        on conditions: Conditions,
        _ cancellation: Cancellation
    ) async -> Result<SyncReport, ClearshotError> {
        do {
            return .success(
                try await blocking { [runner] in
                    SyncReport(
                        try runner.syncFor(
                            millis: time.clampedMilliseconds,
                            conditions: conditions.generated,
                            cancellation: cancellation
                        )
                    )
                }
            )
        } catch {
            return .failure(error)
        }
    }
}
