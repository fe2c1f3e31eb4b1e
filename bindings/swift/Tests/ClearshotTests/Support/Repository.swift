import Foundation

/// Where the checkout is that this file belongs to.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent()  // Support
        .deletingLastPathComponent()  // ClearshotTests
        .deletingLastPathComponent()  // Tests
        .deletingLastPathComponent()  // swift
        .deletingLastPathComponent()  // bindings
        .deletingLastPathComponent()

    /// What Rust, Kotlin and Swift are tested with alike.
    static let contract = root.appending(path: "tests/contract")

    /// The demo's photos.
    static let photos = root.appending(path: "cli/photos")
}

/// A folder that goes with its test.
final class TemporaryFolder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "clearshot-\(UUID())")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }
}
