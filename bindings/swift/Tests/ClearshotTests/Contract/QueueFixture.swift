import Foundation
import Testing

@testable import Clearshot

/// A store with one photo and a planner for it, as the cases of `queue.json` want them.
///
/// Every case begins now, and its steps come at times after that.
struct QueueFixture {
    private let folder: TemporaryFolder
    private let store: CaptureStore
    private let planner: UploadPlanner
    private let capture: CaptureID
    private let began = Date()

    init(_ setup: JSON) async throws {
        folder = try TemporaryFolder()
        let stored = StoreSetup(
            folder: folder.url,
            serviceKey: try #require(setup["service_recipient"].string),
            platformPerformsTransfers: true
        )
        store = try await CaptureStore.open(stored, keys: PlainKeys())
        let item = NewItem(
            sku: "KETTLE-17",
            title: "Kettle",
            reason: .damaged,
            network: .unmetered,
            askPolicy: .warn
        )
        let returnID = ReturnID(rawValue: "019a0000-0000-7000-8000-000000000001")
        let session = try await store.openSession(for: returnID, items: [item])
        let pixels = Repository.contract.appending(path: try #require(setup["pixels"].string))
        let photo = try await store.assess(
            pixels: try Data(contentsOf: pixels),
            layout: PixelLayout(width: 192, height: 144, rowStride: 192, format: .luma),
            for: session.items[0].shots[0].id
        )
        capture = try await store.keep(photo, insisting: true).id
        let url = try #require(setup["server"].string.flatMap(URL.init(string:)))
        planner = try UploadPlanner(store: store, server: ServerSetup(url: url), tokens: Tokens())
    }

    /// Asks what to do, answers it as the step says, and tells what there was to do and how the photo stands after it.
    func play(_ step: JSON) async throws -> JSON {
        let now = began.addingTimeInterval(step["at_s"].double ?? 0)
        if step["retry"].bool == true { try await store.retry(capture, at: now) }
        let conditions = Conditions(
            online: step["offline"].bool != true,
            metered: step["metered"].bool == true
        )
        var (next, again) = (JSON.null, JSON.null)
        switch try await planner.next(on: conditions, at: now) {
        case .wait(let waiting): next = ["wait": .of(waiting.reason)]
        case .done: next = .string("done")
        case .perform(let transfer):
            // Without an answer: the app was killed.
            if step["result"] != .null {
                let reported = try await planner.report(result(step["result"]), for: transfer.ticket, at: now)
                if let second = reported.again {
                    again = try await request(second)
                    let last = try await planner.report(result(step["result_again"]), for: second.ticket, at: now)
                    #expect(last.again == nil, "a token is refreshed once")
                }
            }
            next = try await request(transfer)
        }
        let entry = try await store.entry(capture)
        return [
            "next": next, "again": again, "state": .of(entry.state), "sent": part(entry.offset, of: entry),
            "attempts": .number(Double(entry.attempts)), "error": entry.error.map(JSON.string) ?? .null,
            "choices": .of(entry.choices),
        ]
    }

    /// A request in the words of the fixture: without what differs from run to run.
    private func request(_ transfer: Transfer) async throws -> JSON {
        let header = { (name: String) in
            transfer.headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
        let entry = try await store.entry(capture)
        var body = JSON.null
        switch transfer.body {
        case .empty: break
        case .bytes: body = .string("bytes")
        case .file(_, _, let length):
            let offset = header("Upload-Offset").flatMap(Int64.init) ?? 0
            body = ["from": part(offset, of: entry), "to": part(offset + length, of: entry)]
        }
        return [
            "method": .string(transfer.method),
            "url": .string(transfer.url.absoluteString.replacing(capture.rawValue, with: "{capture}")),
            "authorization": header("Authorization").map(JSON.string) ?? .null,
            "body": body,
        ]
    }

    private func result(_ json: JSON) async throws -> TransferResult {
        if json == .string("cancelled") { return .cancelled }
        if let failure = json["no_answer"].string { return .noAnswer(try #require(NetworkFailure(rawValue: failure))) }
        let entry = try await store.entry(capture)
        guard case .object(let headers) = json["headers"] else { return .noAnswer(.other) }
        return .answer(
            status: json["status"].int,
            headers: headers.map { HTTPHeader(name: $0, value: filled($1, with: entry)) },
            body: Data(filled(json["body"], with: entry).utf8)
        )
    }

    /// A text with this photo's numbers in the places of their names.
    private func filled(_ text: JSON, with entry: QueueEntry) -> String {
        (text.string ?? "").replacing("{capture}", with: capture.rawValue)
            .replacing("{sha256}", with: entry.sha256)
            .replacing("{length}", with: "\(entry.length)")
            .replacing("{half}", with: "\(entry.length / 2)")
    }

    /// How much of the photo that is.
    private func part(_ bytes: Int64, of entry: QueueEntry) -> JSON {
        switch bytes {
        case 0: .string("nothing")
        case entry.length: .string("all")
        case entry.length / 2: .string("half")
        default: .string("another part")
        }
    }
}

/// `first`, and after a refusal `fresh`.
private struct Tokens: TokenProvider {
    func token(refresh: Bool) async throws -> String { refresh ? "fresh" : "first" }
}
