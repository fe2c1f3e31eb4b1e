import Clearshot
import Foundation
import Testing

/// The program of Samples/Phone, run as its README says.
@Suite struct SampleTests {
    @Test("a folder of photos gets from the sample to the server")
    func phone() async throws {
        let phone = try await Phone()
        let sample = try start(phone)
        let output = String(decoding: try sample.output.readToEnd() ?? Data(), as: UTF8.self)
        sample.process.waitUntilExit()
        #expect(sample.process.terminationStatus == 0)
        let photos = try Photos.all().count
        #expect(output.contains("\n\(photos) accepted, "))
        #expect(output.contains("dark.luma: "))
        #expect(try await phone.server.evidence(of: phone.returnID).count == photos)
    }

    @Test("a phone that is killed after it has saved loses nothing, and another process sends it all")
    func killed() async throws {
        let phone = try await Phone()
        phone.server.freeze()
        let sample = try start(phone)
        var saved = 0
        while saved < 3 {
            let line = String(decoding: try firstLine(of: sample.output), as: UTF8.self)
            try #require(!line.isEmpty)
            if line.hasSuffix(", saved") { saved += 1 }
        }
        kill(sample.process.processIdentifier, SIGKILL)
        sample.process.waitUntilExit()
        phone.server.thaw()

        let store = try await phone.open()
        let queue = try await store.queue()
        #expect(queue.count >= saved && queue.allSatisfy(\.onDevice))
        let report = try await phone.runner(of: store).sync(for: .seconds(60))
        #expect(report.end == .done && report.accepted == queue.count)
        let evidence = try await phone.server.evidence(of: phone.returnID)
        #expect(Set(evidence.map(\.sha256)) == Set(queue.map(\.sha256)) && evidence.count == queue.count)
    }

    @Test("the README shows the sample as it is")
    func readme() throws {
        let package = Repository.root.appending(path: "bindings/swift")
        let sample = try String(contentsOf: package.appending(path: "Samples/Phone/main.swift"), encoding: .utf8)
        let readme = try String(contentsOf: package.appending(path: "README.md"), encoding: .utf8)
        #expect(readme.contains("```swift\n\(sample)```\n"))
    }

    private func start(_ phone: Phone) throws -> (process: Process, output: FileHandle) {
        let process = Process()
        let output = Pipe()
        // Built beside the tests.
        process.executableURL = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appending(path: "Phone")
        process.arguments = [
            Repository.contract.appending(path: "frames").path, Repository.photos.path, phone.queue.path,
            phone.server.url.absoluteString, phone.server.recipient, phone.returnID.rawValue,
            try phone.server.token("shopper"),
        ]
        process.standardOutput = output
        try process.run()
        return (process, output.fileHandleForReading)
    }
}
