internal import ClearshotGenerated
public import Foundation

/// Which relevance model is used: the one that is built in, until a newer signed one was offered.
///
/// One for the whole app: analysers and stores that are made with it share the loaded model. An app keeps the newest update
/// file that it has fetched, and offers it at every start.
public final class ModelStore: Sendable {
    let store: ClearshotGenerated.ModelStore

    /// Begins with the model that is built in. It is loaded when it is first used, which takes some milliseconds.
    ///
    /// - Throws: Nothing but ``ErrorCode/panic``.
    public init() throws(ClearshotError) {
        store = try core { try ClearshotGenerated.ModelStore.bundled() }
    }

    /// Takes over a model update. After an error the model in use goes on.
    ///
    /// What was made with this store before keeps its model; what is made from now on has the new one.
    ///
    /// - Parameters:
    ///   - update: The update's file.
    ///   - key: The key of those who may sign updates, as 64 hexadecimal digits.
    ///   - appVersion: The version of the app: three numbers, such as `1.4.0`.
    /// - Returns: The new model.
    /// - Throws: ``ErrorCode/invalidModel`` when it is damaged or not signed with the key, ``ErrorCode/modelNotNewer``,
    ///   ``ErrorCode/appTooOld``.
    @discardableResult
    public func offer(_ update: Data, key: String, appVersion: String) throws(ClearshotError) -> ModelInfo {
        try core { ModelInfo(try store.offer(update: update, key: key, appVersion: appVersion)) }
    }

    /// The model in use. Loads it when nobody has yet.
    ///
    /// - Returns: What it says of itself.
    /// - Throws: ``ErrorCode/invalidModel``.
    public func info() throws(ClearshotError) -> ModelInfo {
        try core { ModelInfo(try store.info()) }
    }
}

/// What a model says of itself.
public struct ModelInfo: Sendable, Equatable {
    /// Its version; an update must have a greater one.
    public let version: Int
    /// SHA-256 of its file, in hexadecimal digits: recorded with every verdict that it took part in.
    public let sha256: String

    init(_ generated: ClearshotGenerated.ModelInfo) {
        version = Int(generated.version)
        sha256 = generated.sha256
    }
}
