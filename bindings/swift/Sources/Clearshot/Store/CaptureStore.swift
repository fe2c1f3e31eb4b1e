internal import ClearshotGenerated
import Foundation

/// Sessions, sealed photos and the queue, in one folder.
///
/// Everything a shopper photographs is saved here before anything else happens to it, and stays until the server has
/// accepted it. Several stores, also of several processes, can be open on one folder.
///
/// ```swift
/// let store = try await CaptureStore.open(setup, keys: keys)
/// let session = try await store.openSession(for: returnID, items: [item])
/// let photo = try await store.assess(jpeg, for: session.items[0].shots[0].id)
/// try await store.keep(photo)
/// ```
///
/// Its calls wait for the disk on a thread of their own, never on Swift's.
public actor CaptureStore {
    /// What opening mended.
    public nonisolated let repaired: RepairReport
    nonisolated let store: ClearshotGenerated.CaptureStore
    private nonisolated let executor = BlockingExecutor("dev.clearshot.store")

    /// The actor's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private init(_ generated: ClearshotGenerated.CaptureStore) throws {
        store = generated
        repaired = RepairReport(try generated.repaired())
    }

    /// Opens the store, and mends what a crash, a full disk or a person left behind.
    ///
    /// - Parameters:
    ///   - setup: The folder, the service's key and the limits.
    ///   - keys: What protects this phone's key.
    ///   - models: The app's model, which looks at every photo; an update of it counts from the next opening on.
    /// - Returns: The open store.
    /// - Throws: ``ErrorCode/keyStore``, ``ErrorCode/invalidConfig``, ``ErrorCode/diskFull``, ``ErrorCode/storage``,
    ///   ``ErrorCode/appTooOld`` when a later version wrote the folder.
    public static func open(
        _ setup: StoreSetup,
        keys: any DeviceKeyStore,
        models: ModelStore? = nil
    ) async throws(ClearshotError) -> CaptureStore {
        try await blocking {
            try CaptureStore(
                ClearshotGenerated.CaptureStore.open(
                    setup: setup.generated,
                    keys: KeyStoreAdapter(keys),
                    model: models?.store,
                    now: Date().milliseconds
                )
            )
        }
    }

    /// Closes the store. Waits for a photo that is being kept; whatever is being sent ends. Closing again is fine.
    ///
    /// - Throws: ``ErrorCode/storage``.
    public func close() throws(ClearshotError) {
        try core { try store.close() }
    }

    /// Closes the database, so that the system may suspend the process. Until ``resume()``, other calls fail with
    /// ``ErrorCode/paused``.
    ///
    /// - Throws: ``ErrorCode/closed``.
    public func pause() throws(ClearshotError) {
        try core { try store.pause() }
    }

    /// Opens the database again. Nothing happens when the store is not paused.
    ///
    /// - Throws: ``ErrorCode/closed``, ``ErrorCode/storage``.
    public func resume() throws(ClearshotError) {
        try core { try store.resume() }
    }
}

// MARK: - Sessions

extension CaptureStore {
    /// Opens a session for a return, with its items, each with the shots of its reason.
    ///
    /// - Parameters:
    ///   - returnID: The return's id, from the shop's server.
    ///   - items: What comes back; more can be added.
    /// - Returns: The session.
    /// - Throws: ``ErrorCode/invalidArgument`` for an id that is none or an item without SKU, ``ErrorCode/diskFull``.
    public func openSession(for returnID: ReturnID, items: [NewItem]) throws(ClearshotError) -> Session {
        try core {
            let id = try store.openSession(
                returnId: returnID.rawValue,
                items: items.map(\.generated),
                now: Date().milliseconds
            )
            return Session(try store.session(session: id))
        }
    }

    /// A session, as it stands.
    ///
    /// - Parameter id: Its id.
    /// - Returns: The session with its items and shots.
    /// - Throws: ``ErrorCode/notFound``.
    public func session(_ id: SessionID) throws(ClearshotError) -> Session {
        try core { Session(try store.session(session: id.rawValue)) }
    }

    /// All sessions, the newest first.
    ///
    /// - Returns: The sessions with their items and shots.
    /// - Throws: ``ErrorCode/closed``, ``ErrorCode/paused``.
    public func sessions() throws(ClearshotError) -> [Session] {
        try core { try store.sessions().map(Session.init) }
    }

    /// The newest session of a return.
    ///
    /// - Parameter returnID: The return's id.
    /// - Returns: The session; nil when there is none yet.
    /// - Throws: ``ErrorCode/invalidArgument`` for an id that is none.
    public func session(of returnID: ReturnID) throws(ClearshotError) -> Session? {
        try core { try store.sessionOfReturn(returnId: returnID.rawValue).map(Session.init) }
    }

    /// Adds an item to a session. One that it has already (the same SKU) keeps its shots and takes the new labels.
    ///
    /// - Parameters:
    ///   - item: The item.
    ///   - session: The session.
    /// - Returns: The item's id.
    /// - Throws: ``ErrorCode/notFound``, ``ErrorCode/invalidArgument``.
    @discardableResult
    public func add(_ item: NewItem, to session: SessionID) throws(ClearshotError) -> ItemID {
        try core {
            ItemID(
                rawValue: try store.addItem(session: session.rawValue, item: item.generated, now: Date().milliseconds)
            )
        }
    }

    /// Adds a shot to an item, such as one more defect.
    ///
    /// - Parameters:
    ///   - role: What the shot should show.
    ///   - item: The item.
    ///   - session: The session.
    /// - Returns: The shot's id.
    /// - Throws: ``ErrorCode/notFound``.
    public func addShot(
        _ role: ShotRole,
        to item: ItemID,
        in session: SessionID
    ) throws(ClearshotError) -> ShotID {
        try core {
            ShotID(
                rawValue: try store.addShot(
                    session: session.rawValue,
                    item: item.rawValue,
                    role: role.generated,
                    now: Date().milliseconds
                )
            )
        }
    }

    /// Changes how hard the shop insists on a good photo of a shot.
    ///
    /// - Parameters:
    ///   - policy: How hard.
    ///   - shot: The shot.
    /// - Throws: ``ErrorCode/notFound``.
    public func setAskPolicy(_ policy: AskPolicy, of shot: ShotID) throws(ClearshotError) {
        try core { try store.setAskPolicy(shot: shot.rawValue, policy: policy.generated) }
    }
}
