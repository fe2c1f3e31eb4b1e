import Clearshot
import Foundation
import Testing

@Suite struct StoreTests {
    /// A service key that is one, whose secret nobody needs.
    private static let serviceKey = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
    private static let returnID = ReturnID(rawValue: "01890a5d-ac96-774b-bcce-b302099a8057")
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test("a photo is judged, reviewed, annotated, saved and shown again")
    func keep() async throws {
        let store = try await open()
        let session = try await openSession(in: store)
        let shot = session.items[0].shots[0]
        let pending = try await store.assess(try Photos.first(), for: shot.id)
        #expect(pending.review.report.width > 0 && pending.review.asks.asks == 0)
        #expect(try pending.thumbnail().prefix(2) == Data([0xff, 0xd8]))
        let line = Stroke(points: [.init(x: 0.1, y: 0.1), .init(x: 0.5, y: 0.6)], width: 0.01)
        let saved = try await store.keep(pending, insisting: true, annotation: [line], network: .unmetered)
        #expect(code { _ = try pending.jpeg() } == .closed)

        let entry = try #require(try await store.queue().first)
        #expect(entry.capture == saved.id && entry.shot == shot.id && entry.state == .queued)
        #expect(entry.network == .unmetered && entry.onDevice)
        #expect(abs(entry.takenAt.timeIntervalSinceNow) < 60)
        #expect(try await store.thumbnail(of: saved.id).prefix(2) == Data([0xff, 0xd8]))
        #expect(try await store.photo(of: saved.id).count > 10_000)
        #expect(try await store.manifest(of: saved.id).contains("0.6"))
        #expect(try await store.session(session.id).items[0].shots[0].current == saved.id)
        #expect(try await store.counters().queued == 1)
    }

    @Test("pixels that the platform decoded are judged, and a layout that does not fit them is refused")
    func pixels() async throws {
        let store = try await open()
        let shot = try await openSession(in: store).items[0].shots[0].id
        let pixels = Data(Frames.checks(width: 640, height: 480).flatMap { [$0, $0, $0, 255] })
        let layout = PixelLayout(width: 640, height: 480, rowStride: 2560, format: .rgba, orientation: 6)
        let pending = try await store.assess(pixels: pixels, layout: layout, for: shot)
        #expect(pending.review.report.width == 480 && pending.review.report.height == 640)
        let wrong = PixelLayout(width: 641, height: 480, rowStride: 2560, format: .rgba)
        let refused = await code { _ = try await store.assess(pixels: pixels, layout: wrong, for: shot) }
        #expect(refused == .unsupportedPhoto)
    }

    @Test("what is no photo, no id and no shot has an error of its own")
    func badInput() async throws {
        let store = try await open()
        let session = try await openSession(in: store)
        let shot = session.items[0].shots[0].id
        let photo = try Photos.first()
        await #expect(code { _ = try await store.assess(Data(), for: shot) } == .damagedPhoto)
        await #expect(code { _ = try await store.assess(photo.prefix(5_000), for: shot) } == .damagedPhoto)
        await #expect(code { _ = try await store.assess(Data("GIF89a".utf8), for: shot) } == .unsupportedPhoto)
        let unknown = ShotID(rawValue: Self.returnID.rawValue)
        await #expect(code { _ = try await store.assess(photo, for: unknown) } == .notFound)
        await #expect(code { _ = try await store.assess(photo, for: ShotID(rawValue: "x")) } == .invalidArgument)
        let empty = NewItem(sku: "", title: "", reason: .unwanted)
        await #expect(code { try await store.add(empty, to: session.id) } == .invalidArgument)
        #expect(try await store.counters().captured == 0)
    }

    @Test("two asks, then the shopper wins")
    func asks() async throws {
        let store = try await open()
        let shot = try await openSession(in: store).items[0].shots[0].id
        let dark = Data(repeating: 3, count: 640 * 480)
        let layout = PixelLayout(width: 640, height: 480, rowStride: 640, format: .luma)
        for left in [1, 0] {
            let photo = try await store.assess(pixels: dark, layout: layout, for: shot)
            #expect(photo.review.report.verdict == .retake)
            await #expect(code { try await store.keep(photo) } == .askFirst)
            #expect(try await store.askAgain(after: photo).asksLeft == left)
        }
        let saved = try await store.keep(try await store.assess(pixels: dark, layout: layout, for: shot))
        #expect(saved.keptAnyway)
    }

    @Test("a closed store says so to every call, and a paused one until it is resumed")
    func closed() async throws {
        let store = try await open()
        try await store.pause()
        await #expect(code { _ = try await store.queue() } == .paused)
        try await store.resume()
        #expect(try await store.queue().isEmpty)
        try await store.close()
        try await store.close()
        await #expect(code { _ = try await store.queue() } == .closed)
        await #expect(code { _ = try await store.openSession(for: Self.returnID, items: []) } == .closed)
        await #expect(code { try await store.resume() } == .closed)
        #expect(code { _ = try runner(of: store) } == .closed)
    }

    @Test("two stores on one folder see each other's photos")
    func twoStores() async throws {
        let (one, other) = (try await open(), try await open())
        let shot = try await openSession(in: one).items[0].shots[0].id
        let pending = try await other.assess(try Photos.first(), for: shot)
        let saved = try await other.keep(pending, insisting: true)
        #expect(try await one.entry(saved.id).state == .queued)
        async let first = one.counters()
        async let second = other.counters()
        #expect(try await (first, second) == (one.counters(), other.counters()))
    }

    @Test("a key store that throws is a typed error, its words stay out of it, and nothing is lost")
    func keyStoreThrows() async throws {
        struct Locked: Error { let owner = "Jane Doe" }
        struct LockedKeys: DeviceKeyStore {
            func wrap(_ key: Data) throws -> Data { throw Locked() }
            func unwrap(_ wrapped: Data) throws -> Data { throw Locked() }
        }
        let atFirst = await thrown { _ = try await open(keys: LockedKeys()) }
        #expect(atFirst?.code == .keyStore && atFirst?.reason.contains("Jane") == false)

        let store = try await open()
        let shot = try await openSession(in: store).items[0].shots[0].id
        let saved = try await store.keep(try await store.assess(try Photos.first(), for: shot), insisting: true)
        try await store.close()
        await #expect(code { _ = try await open(keys: LockedKeys()) } == .keyStore)
        #expect(try await open().thumbnail(of: saved.id).isEmpty == false)
    }

    @Test("a key that is lost for good is replaced, and the photos can still be sent")
    func keyLost() async throws {
        struct WipedKeys: DeviceKeyStore {
            func wrap(_ key: Data) -> Data { key }
            func unwrap(_ wrapped: Data) throws -> Data { throw DeviceKeyLost() }
        }
        let store = try await open()
        let shot = try await openSession(in: store).items[0].shots[0].id
        let saved = try await store.keep(try await store.assess(try Photos.first(), for: shot), insisting: true)
        try await store.close()
        let after = try await open(keys: WipedKeys())
        #expect(after.repaired.deviceKeyReplaced)
        #expect(try await after.entry(saved.id).state == .queued)
        await #expect(code { _ = try await after.photo(of: saved.id) } == .sealing)
    }

    @Test("the shopper's photos are deleted when they ask for it")
    func delete() async throws {
        let store = try await open()
        let session = try await openSession(in: store)
        let pending = try await store.assess(try Photos.first(), for: session.items[0].shots[0].id)
        let saved = try await store.keep(pending, insisting: true)
        #expect(try await store.deletePhotos(of: session.id).photos == 1)
        await #expect(code { _ = try await store.photo(of: saved.id) } != nil)
    }

    @Test("the queue comes again when it has changed, and ends with its task")
    func updates() async throws {
        let store = try await open()
        let shot = try await openSession(in: store).items[0].shots[0].id
        var updates = store.queueUpdates(every: .milliseconds(1)).makeAsyncIterator()
        #expect(try await updates.next()?.isEmpty == true)
        try await store.keep(try await store.assess(try Photos.first(), for: shot), insisting: true)
        #expect(try await updates.next()?.count == 1)
        let reader = Task {
            var seen = 0
            for try await _ in store.queueUpdates() { seen += 1 }
            return seen
        }
        reader.cancel()
        #expect(try await reader.value <= 1)
    }

    #if os(Linux)
        @Test("a full disk is a typed error, and nothing is half saved", .enabled(if: getuid() == 0, "needs root"))
        func diskFull() async throws {
            let disk = folder.url.appending(path: "disk")
            try FileManager.default.createDirectory(at: disk, withIntermediateDirectories: true)
            try #require(mount("tmpfs", disk.path, "tmpfs", 0, "size=1m") == 0)
            defer { umount(disk.path) }
            let setup = StoreSetup(folder: disk.appending(path: "phone"), serviceKey: Self.serviceKey)
            let store = try await CaptureStore.open(setup, keys: PlainKeys())
            let shot = try await openSession(in: store).items[0].shots[0].id
            try Data(count: 1 << 20).prefix(Self.free(on: disk)).write(to: disk.appending(path: "filler"))
            let pending = try await store.assess(try Photos.first(), for: shot)
            let error = await thrown { try await store.keep(pending, insisting: true) }
            #expect([.diskFull, .quota].contains(error?.code) && error?.advice == .freeSpace)
            #expect(try await store.counters().captured == 0)
            try FileManager.default.removeItem(at: disk.appending(path: "filler"))
            try await store.close()
        }

        /// Bytes that are free on the disk of a folder.
        private static func free(on folder: URL) throws -> Int {
            var status = statvfs()
            try #require(statvfs(folder.path, &status) == 0)
            return Int(status.f_bavail * status.f_bsize)
        }
    #endif

    private func open(keys: any DeviceKeyStore = PlainKeys()) async throws -> CaptureStore {
        let setup = StoreSetup(folder: folder.url.appending(path: "phone"), serviceKey: Self.serviceKey)
        return try await CaptureStore.open(setup, keys: keys)
    }

    private func openSession(in store: CaptureStore) async throws -> Session {
        let item = NewItem(sku: "MUG-1", title: "Mug", reason: .damaged)
        return try await store.openSession(for: Self.returnID, items: [item])
    }

    private func runner(of store: CaptureStore) throws -> UploadRunner {
        let url = try #require(URL(string: "http://127.0.0.1:9"))
        return try UploadRunner(store: store, server: ServerSetup(url: url), tokens: FixedToken("token"))
    }
}
