internal import ClearshotGenerated
import Foundation

extension CaptureStore {
    /// Every photo, in the order of taking them.
    ///
    /// - Returns: The photos, with where each stands and what the shopper can do.
    /// - Throws: ``ErrorCode/closed``, ``ErrorCode/paused``.
    public func queue() throws(ClearshotError) -> [QueueEntry] {
        try core { try store.queue().map(QueueEntry.init) }
    }

    /// The queue, again whenever it has changed, for as long as it is iterated.
    ///
    /// ```swift
    /// for try await entries in store.queueUpdates() { show(entries) }
    /// ```
    ///
    /// - Parameter interval: How often it is looked at. Changes in between come as one.
    /// - Returns: The queue as it is now, then as it changes. Ends when its task is cancelled, and with the store's error
    ///   when that is closed.
    public nonisolated func queueUpdates(every interval: Duration = .milliseconds(500)) -> Updates<[QueueEntry]> {
        Updates(every: interval) { try await self.queue() }
    }

    /// One photo of the queue.
    ///
    /// - Parameter capture: The photo.
    /// - Returns: Where it stands.
    /// - Throws: ``ErrorCode/notFound``.
    public func entry(_ capture: CaptureID) throws(ClearshotError) -> QueueEntry {
        try core { QueueEntry(try store.entry(capture: capture.rawValue)) }
    }

    /// How many photos stand where.
    ///
    /// - Returns: Numbers that add up.
    /// - Throws: ``ErrorCode/closed``, ``ErrorCode/paused``.
    public func counters() throws(ClearshotError) -> Counters {
        try core { Counters(try store.counters()) }
    }

    /// Changes which networks a photo may use.
    ///
    /// - Parameters:
    ///   - network: Which.
    ///   - capture: The photo.
    /// - Throws: ``ErrorCode/notFound``.
    public func setNetwork(_ network: NetworkPolicy, of capture: CaptureID) throws(ClearshotError) {
        try core { try store.setNetwork(capture: capture.rawValue, network: network.generated) }
    }

    /// Tries a stalled or rejected photo again, from a clean slate.
    ///
    /// - Parameter capture: The photo.
    /// - Throws: ``ErrorCode/notFound``, ``ErrorCode/wrongState``.
    public func retry(_ capture: CaptureID) throws(ClearshotError) {
        try retry(capture, at: Date())
    }

    /// As ``retry(_:)``, at another time: for tests.
    func retry(_ capture: CaptureID, at now: Date) throws(ClearshotError) {
        try core { try store.retry(capture: capture.rawValue, now: now.milliseconds) }
    }

    /// Tries every stalled photo again.
    ///
    /// - Returns: How many.
    /// - Throws: ``ErrorCode/closed``, ``ErrorCode/paused``.
    @discardableResult
    public func retryStalled() throws(ClearshotError) -> Int {
        try core { Int(try store.retryStalled(now: Date().milliseconds)) }
    }

    /// Ends the pause that a refused token began: the shopper has signed in again.
    ///
    /// - Throws: ``ErrorCode/closed``.
    public func tokenRenewed() throws(ClearshotError) {
        try core { try store.tokenRenewed() }
    }

    /// Deletes the photo of a capture that the server has rejected.
    ///
    /// - Parameter capture: The photo.
    /// - Returns: Bytes that it took.
    /// - Throws: ``ErrorCode/notFound``, ``ErrorCode/wrongState``.
    @discardableResult
    public func discard(_ capture: CaptureID) throws(ClearshotError) -> Int64 {
        try core { Int64(clamping: try store.discard(capture: capture.rawValue)) }
    }

    /// Deletes the photos that the server accepted longer than a day ago. A synchronisation does it by itself.
    ///
    /// - Returns: What was deleted.
    /// - Throws: ``ErrorCode/closed``, ``ErrorCode/paused``.
    @discardableResult
    public func sweep() throws(ClearshotError) -> Deleted {
        try core { Deleted(try store.sweep(now: Date().milliseconds)) }
    }

    /// Deletes photos from this device, those that were never sent too. For the shopper to ask for, and nobody else.
    ///
    /// - Parameter session: The session whose photos go; without one, all of them.
    /// - Returns: What was deleted.
    /// - Throws: ``ErrorCode/notFound``.
    @discardableResult
    public func deletePhotos(of session: SessionID? = nil) throws(ClearshotError) -> Deleted {
        try core { Deleted(try store.deletePhotos(session: session?.rawValue)) }
    }
}
