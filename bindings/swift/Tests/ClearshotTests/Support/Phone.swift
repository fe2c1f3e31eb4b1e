import Clearshot
import Foundation
import Testing

/// A server with one return, and the folder of a phone beside it.
final class Phone {
    let folder: TemporaryFolder
    let server: Server
    let returnID: ReturnID

    init() async throws {
        folder = try TemporaryFolder()
        server = try Server(data: folder.url.appending(path: "server"))
        returnID = try await server.openReturn("MUG-1")
    }

    var queue: URL { folder.url.appending(path: "phone") }

    func open(keys: any DeviceKeyStore = PlainKeys()) async throws -> CaptureStore {
        try await CaptureStore.open(StoreSetup(folder: queue, serviceKey: server.recipient), keys: keys)
    }

    func runner(of store: CaptureStore, tokens: (any TokenProvider)? = nil) throws -> UploadRunner {
        let tokens = try tokens ?? FixedToken(server.token("shopper"))
        return try UploadRunner(store: store, server: ServerSetup(url: server.url), tokens: tokens)
    }

    /// Opens a session and keeps this many of the demo's photos; their shots.
    @discardableResult
    func keep(_ count: Int, in store: CaptureStore) async throws -> [SavedCapture] {
        let item = NewItem(sku: "MUG-1", title: "Mug", reason: .damaged)
        let session = try await store.openSession(for: returnID, items: [item])
        var saved: [SavedCapture] = []
        for photo in try Photos.all().prefix(count) {
            let shot = try await store.addShot(.defect, to: session.items[0].id, in: session.id)
            let pending = try await store.assess(photo, for: shot)
            saved.append(try await store.keep(pending, insisting: true))
        }
        return saved
    }
}

/// The demo's photos.
enum Photos {
    static func all() throws -> [Data] {
        let files = try FileManager.default.contentsOfDirectory(
            at: Repository.photos,
            includingPropertiesForKeys: nil
        )
        let photos = files.filter { $0.pathExtension == "jpg" }.sorted { $0.path < $1.path }
        try #require(!photos.isEmpty)
        return try photos.map { try Data(contentsOf: $0) }
    }

    static func first() throws -> Data { try #require(try all().first) }
}

/// What a test has instead of a Keychain.
struct PlainKeys: DeviceKeyStore {
    func wrap(_ key: Data) -> Data { key }
    func unwrap(_ wrapped: Data) -> Data { wrapped }
}
