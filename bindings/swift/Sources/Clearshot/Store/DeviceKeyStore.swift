internal import ClearshotGenerated
public import Foundation

/// Protects the device key: the Keychain or the Secure Enclave.
///
/// Called when a store is opened, on a thread that may wait. Whatever is thrown becomes ``ErrorCode/keyStore``; nothing is
/// lost, and opening can be tried again.
public protocol DeviceKeyStore: Sendable {
    /// Encrypts the device key, so that only this device can decrypt it.
    ///
    /// - Parameter key: The key, some 70 bytes.
    /// - Returns: What is kept beside the photos.
    /// - Throws: Anything: the key cannot be wrapped now.
    func wrap(_ key: Data) throws -> Data

    /// Decrypts what ``wrap(_:)`` gave.
    ///
    /// - Parameter wrapped: What was kept.
    /// - Returns: The key.
    /// - Throws: ``DeviceKeyLost`` when the key to unwrap with is gone for good: then a new one is made, and older photos can
    ///   still be sent but no longer be looked at. Anything else: not now, the device is locked.
    func unwrap(_ wrapped: Data) throws -> Data
}

/// The key store was wiped, or has invalidated its key: what it wrapped can never be read again.
public struct DeviceKeyLost: Error {
    /// Thrown by ``DeviceKeyStore/unwrap(_:)``.
    public init() {}
}

/// A key store whose every error has become the one that the core knows.
final class KeyStoreAdapter: ClearshotGenerated.DeviceKeyStore, Sendable {
    private let keys: any DeviceKeyStore

    init(_ keys: any DeviceKeyStore) {
        self.keys = keys
    }

    func wrap(key: Data) throws -> Data {
        try foreign { try keys.wrap(key) }
    }

    func unwrap(wrapped: Data) throws -> Data {
        try foreign { try keys.unwrap(wrapped) }
    }
}

/// Runs the app's code. What its error says stays here, because it may name a person; only its kind goes on.
func foreign<Value>(_ body: () throws -> Value) throws(ForeignError) -> Value {
    do {
        return try body()
    } catch is DeviceKeyLost {
        throw ForeignError.KeyLost(reason: "the key store has lost its key")
    } catch is SignedOut {
        throw ForeignError.SignedOut
    } catch {
        throw ForeignError.Unavailable(reason: "the app's code threw \(type(of: error))")
    }
}
