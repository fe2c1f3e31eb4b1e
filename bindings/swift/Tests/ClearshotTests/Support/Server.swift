import Clearshot
import Foundation
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A real `clearshot serve` on a free port. Killed when it goes.
final class Server {
    let url: URL
    let recipient: String
    private let process: Process
    private let data: URL

    init(data: URL) throws {
        self.data = data
        process = Process()
        let output = Pipe()
        process.executableURL = Self.program
        process.arguments = ["serve", "--json", "--listen", "127.0.0.1:0", "--data", data.path]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let started = try JSONDecoder().decode(Started.self, from: firstLine(of: output.fileHandleForReading))
        url = try #require(URL(string: "http://\(started.listen)"))
        recipient = started.recipient
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Stops the whole process where it is: connections are made, and nobody answers.
    func freeze() {
        kill(process.processIdentifier, SIGSTOP)
    }

    /// Lets it go on.
    func thaw() {
        kill(process.processIdentifier, SIGCONT)
    }

    /// A token of this server.
    func token(_ role: String) throws -> String {
        let mint = Process()
        let output = Pipe()
        mint.executableURL = Self.program
        mint.arguments = ["token", "--data", data.path, "--role", role, "--subject", "tester"]
        mint.standardOutput = output
        try mint.run()
        mint.waitUntilExit()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Opens a return with these SKUs; its id.
    func openReturn(_ skus: String...) async throws -> ReturnID {
        let items = skus.map { ["sku": $0, "title": $0, "reason": "damaged", "wanted": "refund"] }
        var request = try self.request("v1/returns", role: "shopper")
        request.httpMethod = "POST"
        request.setValue("return of \(skus)", forHTTPHeaderField: "Idempotency-Key")
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.httpBody = try JSONSerialization.data(withJSONObject: ["order": "ORDER-7731-Q", "items": items])
        let opened: Opened = try await answer(to: request)
        return ReturnID(rawValue: opened.id)
    }

    /// All evidence of a return, as an agent sees it.
    func evidence(of id: ReturnID) async throws -> [Evidence] {
        let view: ReturnView = try await answer(to: request("v1/returns/\(id)", role: "agent"))
        return view.items.flatMap(\.evidence)
    }

    struct Evidence: Decodable {
        let id: String
        let status: String
        let sha256: String
    }

    /// The repository's `clearshot`, as Cargo builds it.
    static let program = Repository.root.appending(path: "target/debug/clearshot")

    private struct Started: Decodable {
        let listen: String
        let recipient: String
    }

    private struct Opened: Decodable {
        let id: String
    }

    private struct ReturnView: Decodable {
        let items: [Line]

        struct Line: Decodable {
            let evidence: [Evidence]
        }
    }

    private func request(_ path: String, role: String) throws -> URLRequest {
        var request = URLRequest(url: url.appending(path: path))
        request.setValue("Bearer \(try token(role))", forHTTPHeaderField: "Authorization")
        request.setValue("application/json", forHTTPHeaderField: "Accept")
        return request
    }

    private func answer<Answer: Decodable>(to request: URLRequest) async throws -> Answer {
        let (body, response) = try await URLSession.shared.data(for: request)
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        try #require((200..<300).contains(status), "\(status): \(String(decoding: body, as: UTF8.self))")
        return try JSONDecoder().decode(Answer.self, from: body)
    }
}

/// Waits for a whole line, which a program prints once it is ready.
func firstLine(of output: FileHandle) throws -> Data {
    var line = Data()
    while let byte = try output.read(upToCount: 1), byte.first != UInt8(ascii: "\n") {
        if byte.isEmpty { break }
        line.append(byte)
    }
    return line
}
