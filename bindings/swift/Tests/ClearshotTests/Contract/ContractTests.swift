import func ClearshotGenerated.panicOnPurpose
import Foundation
import Testing

@testable import Clearshot

/// The fixtures that Rust, Kotlin and Swift read alike.
@Suite struct ContractTests {
    @Test("every frame is judged as the fixtures say")
    func frames() throws {
        let frames = try FrameFixture.all()
        #expect(frames.count >= 10)
        let models = try ModelStore()
        for frame in frames {
            let analyzer = try FrameAnalyzer(
                configuration: frame.json["config"].text,
                models: frame.json["model"].bool == true ? models : nil
            )
            let context = FrameContext(frame.json["context"])
            if let role = frame.json["role"].string.flatMap(ShotRole.init(rawValue:)) {
                try analyzer.beginShot(role, at: context.taken)
            }
            let found = JSON(try frame.analyze(with: analyzer, context: context).report)
            #expect(JSON.differences(frame.json["expect"], found, at: frame.name) == [])
        }
    }

    @Test("every sequence of frames is guided as the fixtures say")
    func guide() throws {
        let sequences = try JSON.fixture("guide.json")["sequences"].array
        #expect(sequences.count >= 4)
        let frames = Dictionary(uniqueKeysWithValues: try FrameFixture.all().map { ($0.name, $0) })
        for sequence in sequences {
            let found = JSON.array(try changes(in: sequence, of: frames))
            #expect(JSON.differences(sequence["expect"], found, at: sequence["name"].string ?? "") == [])
        }
    }

    @Test("every bad input has the code that the fixtures say")
    func errors() throws {
        let cases = try JSON.fixture("errors.json")["cases"].array
        #expect(cases.count >= 15)
        for bad in cases {
            let error = try #require(thrown { try call(bad) }, "\(bad["name"])")
            let found: JSON = [
                "code": .of(error.code), "reason": .string(error.reason), "advice": .of(error.advice),
            ]
            #expect(JSON.differences(bad["expect"], found, at: bad["name"].string ?? "") == [])
        }
    }

    @Test("every answer moves the queue as the fixtures say")
    func queue() async throws {
        let fixture = try JSON.fixture("queue.json")
        let cases = fixture["cases"].array
        #expect(cases.count >= 10)
        for queued in cases {
            let phone = try await QueueFixture(fixture["setup"])
            for (index, step) in queued["steps"].array.enumerated() {
                let found = try await phone.play(step)
                let place = "\(queued["name"].string ?? "")[\(index)]"
                #expect(JSON.differences(step["expect"], found, at: place) == [])
            }
        }
    }

    @Test("every code has the word and the text that the fixtures say")
    func codes() throws {
        let codes = try JSON.fixture("codes.json")
        func described<Word: CaseIterable & RawRepresentable<String>>(
            _: Word.Type,
            text: (Word) -> String
        ) -> JSON {
            .array(Word.allCases.map { ["code": .of($0), "text": .string(text($0))] })
        }
        func named<Word: CaseIterable & RawRepresentable<String>>(_: Word.Type) -> JSON {
            .array(Word.allCases.map { ["code": .of($0)] })
        }
        let found: JSON = [
            "hints": described(Hint.self, text: \.text),
            "reasons": described(Reason.self, text: \.text),
            "errors": described(ErrorCode.self, text: \.text),
            "advice": described(Advice.self, text: \.text),
            "verdicts": named(Verdict.self),
            "subjects": named(Subject.self),
            "roles": named(ShotRole.self),
        ]
        #expect(JSON.differences(codes, found, at: "codes") == [])
    }

    @Test("a number, a word and a field that differ are found")
    func differences() {
        #expect(JSON.differences(["a": .array([.number(1)])], ["a": .array([.number(1.000_000_1)])], at: "x") == [])
        #expect(JSON.differences(["a": .array([.number(1)])], ["a": .array([.number(1.0001)])], at: "x").count == 1)
        #expect(JSON.differences(["a": .string("b")], ["a": .string("c")], at: "x").count == 1)
        #expect(JSON.differences(["a": .bool(true)], ["a": .bool(true), "b": .null], at: "x").count == 1)
    }

    /// What is shown at the first frame, and at every one at which something else is shown than before.
    private func changes(in sequence: JSON, of frames: [String: FrameFixture]) throws -> [JSON] {
        let analyzer = try FrameAnalyzer(configuration: sequence["config"].text)
        var at = 1_000_000
        var changes: [JSON] = []
        var shown: JSON?
        for part in sequence["parts"].array {
            if let role = part["begin_shot"].string.flatMap(ShotRole.init(rawValue:)) {
                try analyzer.beginShot(role, asks: part["asks"].int, at: .milliseconds(at))
            }
            let frame = try #require(frames[part["frame"].string ?? ""])
            for _ in 0..<part["frames"].int {
                var context = FrameContext(frame.json["context"])
                context.taken = .milliseconds(at)
                context.torch = part["torch"].bool
                let guidance = try frame.analyze(with: analyzer, context: context).guidance
                let now = offers(guidance)
                if now != shown, case .object(var change) = now {
                    change["at_ms"] = .number(Double(at))
                    change["since_ms"] = .number(Double(guidance.since / .milliseconds(1)).rounded())
                    change["progress"] = .of(guidance.progress)
                    changes.append(.object(change))
                    shown = now
                }
                at += sequence["every_ms"].int
            }
        }
        return changes
    }

    private func offers(_ guidance: Guidance) -> JSON {
        [
            "hint": .of(guidance.hint), "torch": .of(guidance.torch), "auto_capture": .of(guidance.autoCapture),
            "show_example": .of(guidance.showExample), "offer_override": .of(guidance.offerOverride),
        ]
    }

    private func call(_ bad: JSON) throws {
        let zeros = { (name: String) in Data(count: bad[name].int) }
        let now = FrameContext(taken: .zero)
        switch bad["call"].string {
        case "analyze":
            let analyzer = try FrameAnalyzer()
            if bad["closed"].bool == true { try analyzer.close() }
            _ = try analyzer.analyze(zeros("luma_bytes"), layout: .init(bad["layout"]), context: now)
        case "analyze_color":
            let analyzer = try FrameAnalyzer()
            try zeros("luma_bytes").withUnsafeBytes { luma in
                try zeros("u_bytes").withUnsafeBytes { u in
                    try zeros("v_bytes").withUnsafeBytes { v in
                        let chroma = Chroma(layout: .init(bad["chroma"]), u: u, v: v)
                        _ = try analyzer.analyze(luma, layout: .init(bad["layout"]), chroma: chroma, context: now)
                    }
                }
            }
        case "analyzer":
            _ = try FrameAnalyzer(configuration: bad["config"].string)
        case "check_config":
            _ = try ConfigurationInfo(checking: bad["config"].string)
        case "offer":
            let update = Data((bad["update"].string ?? "").utf8)
            let (key, version) = (bad["key"].string ?? "", bad["app_version"].string ?? "")
            _ = try ModelStore().offer(update, key: key, appVersion: version)
        case "panic":
            try core { try panicOnPurpose() }
        case let other:
            Issue.record("no such call: \(other ?? "")")
        }
    }
}
