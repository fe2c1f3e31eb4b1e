import Clearshot
import Foundation
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

@Suite struct UploadTests {
    @Test("photos reach the server, and the queue and the progress say so")
    func sync() async throws {
        let phone = try await Phone()
        let store = try await phone.open()
        let saved = try await phone.keep(3, in: store)
        let runner = try phone.runner(of: store)
        let report = try await runner.sync(for: .seconds(60))
        #expect(report.end == .done && report.accepted == 3 && report.failures == 0)
        #expect(try await store.counters().accepted == 3)
        let progress = try runner.progress()
        #expect(!progress.running && progress.accepted == 3)
        #expect(progress.sent == progress.total)
        try await expectAccepted(saved, by: phone)
    }

    @Test("a task that is cancelled in the middle of an upload ends at once, and nothing is lost")
    func cancelled() async throws {
        let phone = try await Phone()
        let store = try await phone.open()
        let saved = try await phone.keep(2, in: store)
        let runner = try phone.runner(of: store)
        phone.server.freeze()
        let sync = Task { try await runner.sync(for: .seconds(60)) }
        for try await progress in runner.progressUpdates(every: .milliseconds(5)) where progress.sent > 0 { break }

        // Another one has to wait for its turn.
        await #expect(code { _ = try await runner.sync(for: .seconds(1)) } == .inUse)

        let clock = ContinuousClock()
        let began = clock.now
        sync.cancel()
        await #expect(code { _ = try await sync.value } == .cancelled)
        #expect(clock.now - began < .seconds(5))

        phone.server.thaw()
        #expect(try await store.counters().captured == 2)
        #expect(try await runner.sync(for: .seconds(60)).end == .done)
        try await expectAccepted(saved, by: phone)
    }

    @Test("a task that is cancelled before it begins sends nothing")
    func cancelledBefore() async throws {
        let phone = try await Phone()
        let store = try await phone.open()
        try await phone.keep(1, in: store)
        let runner = try phone.runner(of: store)
        let sync = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await runner.sync(for: .seconds(60))
        }
        await #expect(code { _ = try await sync.value } == .cancelled)
        #expect(try await store.counters().queued == 1)
    }

    @Test("a token provider that throws is a fault like any other, and the photos go later")
    func tokenProviderThrows() async throws {
        struct NoWay: Error {}
        struct Broken: TokenProvider {
            func token(refresh: Bool) async throws -> String { throw NoWay() }
        }
        let phone = try await Phone()
        let store = try await phone.open()
        let saved = try await phone.keep(1, in: store)
        let broken = try await phone.runner(of: store, tokens: Broken()).sync(for: .seconds(1))
        #expect(broken.end != .done && broken.accepted == 0)
        let entry = try await store.entry(saved[0].id)
        #expect(entry.state == .queued && entry.attempts > 0 && entry.error == "network")
        #expect(try await phone.runner(of: store).sync(for: .seconds(60)).accepted == 1)
        try await expectAccepted(saved, by: phone)
    }

    @Test("a shopper who is signed out is waited for, and a new token ends the wait")
    func signedOut() async throws {
        actor Session: TokenProvider {
            private var text: String?
            func signIn(_ text: String) { self.text = text }
            func token(refresh: Bool) async throws -> String {
                guard let text else { throw SignedOut() }
                return text
            }
        }
        let phone = try await Phone()
        let store = try await phone.open()
        let saved = try await phone.keep(1, in: store)
        let session = Session()
        let runner = try phone.runner(of: store, tokens: session)
        let sync = Task { try await runner.sync(for: .seconds(60)) }
        for try await progress in runner.progressUpdates(every: .milliseconds(5))
        where progress.waiting?.reason == .unauthorised {
            break
        }
        await session.signIn(try phone.server.token("shopper"))
        try await store.tokenRenewed()
        try runner.wake()
        #expect(try await sync.value.accepted == 1)
        try await expectAccepted(saved, by: phone)
    }

    @Test("a token provider that waits does not hold up a cancelled synchronisation")
    func tokenProviderHangs() async throws {
        struct Hanging: TokenProvider {
            let asked: AsyncStream<Void>.Continuation
            func token(refresh: Bool) async throws -> String {
                asked.finish()
                try await Task.sleep(for: .seconds(3600))
                return "late"
            }
        }
        let phone = try await Phone()
        let store = try await phone.open()
        try await phone.keep(1, in: store)
        let (asked, continuation) = AsyncStream.makeStream(of: Void.self)
        let runner = try phone.runner(of: store, tokens: Hanging(asked: continuation))
        let sync = Task { try await runner.sync(for: .seconds(60)) }
        for await _ in asked {}
        sync.cancel()
        await #expect(code { _ = try await sync.value } == .cancelled)
    }

    @Test("a server that cannot be one is refused")
    func badServer() async throws {
        let phone = try await Phone()
        let store = try await phone.open()
        for address in ["ftp://127.0.0.1", "http://shop.example", "x"] {
            let server = ServerSetup(url: try #require(URL(string: address)))
            #expect(
                code { _ = try UploadRunner(store: store, server: server, tokens: FixedToken("t")) } == .invalidServer
            )
        }
        try await store.close()
        #expect(code { _ = try phone.runner(of: store) } == .closed)
    }

    @Test("what the platform performs itself reaches the server as well")
    func planner() async throws {
        let phone = try await Phone()
        let setup = StoreSetup(
            folder: phone.queue,
            serviceKey: phone.server.recipient,
            platformPerformsTransfers: true
        )
        let store = try await CaptureStore.open(setup, keys: PlainKeys())
        let saved = try await phone.keep(2, in: store)
        let planner = try UploadPlanner(
            store: store,
            server: ServerSetup(url: phone.server.url),
            tokens: FixedToken(phone.server.token("shopper"))
        )
        await #expect(code { try await planner.report(.cancelled, for: "no ticket") } == .invalidArgument)
        transfers: while true {
            switch try await planner.next(on: .unmetered) {
            case .perform(let transfer):
                let result = try await perform(transfer, of: planner, in: phone)
                try await planner.report(result, for: transfer.ticket)
            case .wait(let waiting):
                let until = try #require(waiting.until)
                try await Task.sleep(for: .seconds(max(0, until.timeIntervalSinceNow)))
            case .done:
                break transfers
            }
        }
        try await expectAccepted(saved, by: phone)
    }

    /// As a `URLSession` of the background would: a body comes from a file of its own.
    private func perform(
        _ transfer: Transfer,
        of planner: UploadPlanner,
        in phone: Phone
    ) async throws -> TransferResult {
        var request = URLRequest(url: transfer.url)
        request.httpMethod = transfer.method
        for header in transfer.headers { request.setValue(header.value, forHTTPHeaderField: header.name) }
        switch transfer.body {
        case .empty: break
        case .bytes(let bytes): request.httpBody = bytes
        case .file(_, _, let length):
            let file = phone.folder.url.appending(path: "body")
            try await planner.writeBody(of: transfer.ticket, to: file)
            let body = try Data(contentsOf: file)
            #expect(body.count == Int(length))
            request.httpBody = body
        }
        let (body, response) = try await URLSession.shared.data(for: request)
        let answer = try #require(response as? HTTPURLResponse)
        let headers = answer.allHeaderFields.map { HTTPHeader(name: "\($0.key)", value: "\($0.value)") }
        return .answer(status: answer.statusCode, headers: headers, body: body)
    }
}

/// Every saved photo is evidence with the same digest, and there is nothing else.
func expectAccepted(_ saved: [SavedCapture], by phone: Phone) async throws {
    let evidence = try await phone.server.evidence(of: phone.returnID)
    #expect(evidence.allSatisfy { $0.status == "accepted" })
    #expect(Set(evidence.map(\.sha256)) == Set(saved.map(\.sha256)) && evidence.count == saved.count)
}
