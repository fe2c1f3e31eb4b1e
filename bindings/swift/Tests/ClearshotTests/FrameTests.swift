import Clearshot
import Foundation
import Testing

@Suite struct FrameTests {
    private let layout = FrameLayout(width: 640, height: 480)
    private let now = FrameContext(taken: .zero)

    @Test("a frame is judged and the guide says what to show")
    func judged() throws {
        let analyzer = try FrameAnalyzer()
        try analyzer.beginShot(.overview, at: .zero)
        let frame = Data(repeating: 4, count: 640 * 480)
        var hint: Hint?
        for millisecond in stride(from: 0, through: 3000, by: 100) {
            let look = try analyzer.analyze(
                frame,
                layout: layout,
                context: FrameContext(taken: .milliseconds(millisecond))
            )
            #expect(look.report.exposure.mean == 4)
            #expect(look.analysisTime > .zero)
            hint = look.guidance.hint
        }
        #expect(hint == .tooDark || hint == .lensBlocked)
    }

    @Test("a row stride beyond the width leaves out what lies between")
    func rowStride() throws {
        let analyzer = try FrameAnalyzer()
        let tight = try analyzer.analyze(Data(Frames.checks(width: 640, height: 480)), layout: layout, context: now)
        let wide = FrameLayout(width: 640, height: 480, rowStride: 768)
        let padded = Data(Frames.checks(width: 640, height: 480, rowStride: 768))
        #expect(padded.count == 768 * 479 + 640)
        try analyzer.reset()
        #expect(try analyzer.analyze(padded, layout: wide, context: now).report == tight.report)
    }

    @Test("a slice of a larger buffer is read from its own beginning")
    func slice() throws {
        let analyzer = try FrameAnalyzer()
        let whole = Data(repeating: 255, count: 1000) + Data(Frames.checks(width: 640, height: 480))
        let slice = try analyzer.analyze(whole[1000...], layout: layout, context: now)
        try analyzer.reset()
        let alone = try analyzer.analyze(
            Data(Frames.checks(width: 640, height: 480)),
            layout: layout,
            context: now
        )
        #expect(slice.report == alone.report)
    }

    @Test("a last row that lacks a pixel is refused, and one that stops at it is not")
    func lastRow() throws {
        let analyzer = try FrameAnalyzer()
        let layout = FrameLayout(width: 640, height: 480, rowStride: 700)
        let needed = 700 * 479 + 640
        #expect(code { _ = try analyzer.analyze(Data(count: needed), layout: layout, context: now) } == nil)
        #expect(
            code { _ = try analyzer.analyze(Data(count: needed - 1), layout: layout, context: now) } == .invalidFrame
        )
    }

    @Test(
        "a layout that does not fit its bytes is refused and nothing has changed",
        arguments: [
            FrameLayout(width: 640, height: 480, rowStride: 639),
            FrameLayout(width: 640, height: 480, pixelStride: 2),
            FrameLayout(width: 640, height: 480, pixelStride: 0),
            FrameLayout(width: 0, height: 480),
            FrameLayout(width: -640, height: 480),
            FrameLayout(width: .max, height: .max),
            FrameLayout(width: 640, height: 480, rowStride: .min),
            FrameLayout(width: 640, height: 480, rotationDegrees: 45),
            FrameLayout(width: 640, height: 480, rotationDegrees: .max),
        ]
    )
    func wrongLayout(wrong: FrameLayout) throws {
        let (analyzer, other) = (try FrameAnalyzer(), try FrameAnalyzer())
        let frame = Data(count: 640 * 480)
        #expect(code { _ = try analyzer.analyze(frame, layout: wrong, context: now) } == .invalidFrame)
        let after = try analyzer.analyze(frame, layout: layout, context: now)
        let fresh = try other.analyze(frame, layout: layout, context: now)
        #expect(after.report == fresh.report && after.guidance == fresh.guidance)
    }

    @Test("an empty buffer is refused")
    func emptyBuffer() throws {
        let analyzer = try FrameAnalyzer()
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        #expect(code { _ = try analyzer.analyze(nothing, layout: layout, context: now) } == .invalidFrame)
        #expect(code { _ = try analyzer.analyze(Data(), layout: layout, context: now) } == .invalidFrame)
    }

    @Test("colours that do not fit are refused, and others are judged")
    func colours() throws {
        let analyzer = try FrameAnalyzer()
        let luma = Frames.checks(width: 640, height: 480)
        let chroma = [UInt8](repeating: 128, count: 640 * 240)
        try luma.withUnsafeBytes { luma in
            try chroma.withUnsafeBytes { plane in
                let interleaved = ChromaLayout(width: 320, height: 240, rowStride: 640, pixelStride: 2)
                let v = UnsafeRawBufferPointer(rebasing: plane[1...])
                let colours = Chroma(layout: interleaved, u: plane, v: v)
                _ = try analyzer.analyze(luma, layout: layout, chroma: colours, context: now)
                let short = Chroma(layout: interleaved, u: plane, v: UnsafeRawBufferPointer(rebasing: plane[2...]))
                #expect(
                    code { _ = try analyzer.analyze(luma, layout: layout, chroma: short, context: now) }
                        == .invalidFrame
                )
            }
        }
    }

    @Test("frames from many threads wait for each other")
    func manyThreads() async throws {
        let analyzer = try FrameAnalyzer()
        let frame = Data(Frames.checks(width: 640, height: 480))
        let first = try analyzer.analyze(frame, layout: layout, context: now).report
        let reports = try await withThrowingTaskGroup(of: FrameReport.self) { group in
            for _ in 0..<40 {
                group.addTask { [layout, now] in
                    try analyzer.analyze(frame, layout: layout, context: now).report
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(reports.count == 40 && reports.allSatisfy { $0 == first })
    }

    @Test("a closed analyzer says so, and can be closed again")
    func closed() throws {
        let analyzer = try FrameAnalyzer()
        try analyzer.close()
        try analyzer.close()
        #expect(
            code { _ = try analyzer.analyze(Data(count: 640 * 480), layout: layout, context: now) } == .closed
        )
        #expect(code { try analyzer.reset() } == .closed)
        #expect(code { try analyzer.beginShot(.label, at: .zero) } == .closed)
    }

    @Test("a bad configuration and a bad model update are typed errors")
    func badConfiguration() throws {
        #expect(code { _ = try FrameAnalyzer(configuration: "{") } == .invalidConfig)
        #expect(code { _ = try ConfigurationInfo(checking: #"{"unknown": 1}"#) } == .invalidConfig)
        #expect(try ConfigurationInfo().policyHash.count == 64)
        let models = try ModelStore()
        let before = try models.info()
        let key = String(repeating: "0", count: 64)
        #expect(code { try models.offer(Data([1, 2, 3]), key: key, appVersion: "1.0.0") } != nil)
        #expect(try models.info() == before)
    }

    #if os(Linux)
        @Test("no byte of a frame is copied")
        func noCopy() throws {
            // A gigabyte of address space without memory behind it. Reading the 64 pixels of each row leaves it so;
            // copying the plane would need a gigabyte.
            let (height, rowStride) = (16_384, 65_536)
            let size = height * rowStride
            let flags = MAP_PRIVATE | Int32(MAP_ANONYMOUS) | Int32(MAP_NORESERVE)
            let start = try #require(mmap(nil, size, PROT_READ, flags, -1, 0))
            try #require(start != MAP_FAILED)
            defer { munmap(start, size) }
            let analyzer = try FrameAnalyzer()
            let before = try peakMemory()
            let layout = FrameLayout(width: 64, height: height, rowStride: rowStride)
            let frame = UnsafeRawBufferPointer(start: start, count: size)
            _ = try analyzer.analyze(frame, layout: layout, context: now)
            #expect(try peakMemory() - before < 100 << 20)
        }

        /// The most memory that this process ever had, in bytes.
        private func peakMemory() throws -> Int {
            let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
            return try #require(Int(line.split(separator: " ").dropLast().last ?? "")) << 10
        }
    #endif
}
