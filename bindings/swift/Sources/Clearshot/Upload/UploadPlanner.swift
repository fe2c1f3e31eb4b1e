internal import ClearshotGenerated
public import Foundation

/// Plans transfers for a platform that performs them itself: a background `URLSession` goes on when the app is gone.
///
/// Open the store with ``StoreSetup/platformPerformsTransfers``. Ask ``next(on:)``, perform, ``report(_:for:)``; what an
/// answer means is decided in the core, alike on every platform.
public actor UploadPlanner {
    private nonisolated let planner: ClearshotGenerated.UploadPlanner
    private nonisolated let executor = BlockingExecutor("dev.clearshot.planner")

    /// The actor's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// A planner of the store's photos.
    ///
    /// - Parameters:
    ///   - store: The store.
    ///   - server: The returns API.
    ///   - tokens: The app's sign-in.
    /// - Throws: ``ErrorCode/invalidServer``, ``ErrorCode/closed``.
    public init(
        store: CaptureStore,
        server: ServerSetup,
        tokens: any TokenProvider
    ) throws(ClearshotError) {
        planner = try core {
            try ClearshotGenerated.UploadPlanner(
                store: store.store,
                server: server.generated,
                tokens: TokenAdapter(tokens)
            )
        }
    }

    /// What to perform now. Asking again while transfers are out gives those of other photos.
    ///
    /// - Parameter conditions: The network.
    /// - Returns: A transfer, what is waited for, or that nothing is left.
    /// - Throws: ``ErrorCode/closed``, ``ErrorCode/paused``, ``ErrorCode/token``.
    public func next(on conditions: Conditions) throws(ClearshotError) -> NextTransfer {
        try next(on: conditions, at: Date())
    }

    /// As ``next(on:)``, at another time: for tests.
    func next(on conditions: Conditions, at now: Date) throws(ClearshotError) -> NextTransfer {
        try core {
            try NextTransfer(
                try planner.next(conditions: conditions.generated, now: now.milliseconds)
            )
        }
    }

    /// Takes how a transfer went.
    ///
    /// - Parameters:
    ///   - result: What the platform saw.
    ///   - ticket: The transfer's.
    /// - Returns: Where the photo stands, and whether to perform the same again with a fresh token.
    /// - Throws: ``ErrorCode/invalidArgument`` for a ticket that is none.
    @discardableResult
    public func report(_ result: TransferResult, for ticket: String) throws(ClearshotError) -> Reported {
        try report(result, for: ticket, at: Date())
    }

    /// As ``report(_:for:)``, at another time: for tests.
    func report(
        _ result: TransferResult,
        for ticket: String,
        at now: Date
    ) throws(ClearshotError) -> Reported {
        try core {
            try Reported(
                try planner.report(ticket: ticket, result: result.generated, now: now.milliseconds)
            )
        }
    }

    /// Writes the range of a file that a transfer sends to a file of its own (sealed bytes): a background `URLSession` sends
    /// whole files only. Delete it when the transfer is reported.
    ///
    /// - Parameters:
    ///   - ticket: The transfer's.
    ///   - file: Where to write.
    /// - Throws: ``ErrorCode/diskFull``, ``ErrorCode/storage``, ``ErrorCode/noPhoto``.
    public func writeBody(of ticket: String, to file: URL) throws(ClearshotError) {
        try core { try planner.writeBody(ticket: ticket, path: file.path(percentEncoded: false)) }
    }
}
