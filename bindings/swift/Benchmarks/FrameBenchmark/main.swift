// What the border costs: a 720p frame from Swift, beyond the analysis itself; and whether memory stays flat.
//
//   bindings/swift/tools/swift run -c release FrameBenchmark
//
// Ends with an error when the median is above the bound, or when memory grows.
import Clearshot
import Foundation

/// Median time beyond the analysis that a frame may take: an eightieth of a frame's time at 60 frames per second.
let bound = Duration.microseconds(200)
/// Growth from frame 2,000 to frame 10,000 that counts as flat: what the allocator keeps back differs by less.
let flatBytes = 1 << 20

let (width, height) = (1280, 720)
let frame = [UInt8](unsafeUninitializedCapacity: width * height) { bytes, count in
    for index in 0..<width * height {
        bytes[index] = UInt8(truncatingIfNeeded: (index % width / 40 + index / width / 40) % 2 * 80 + 90)
    }
    count = width * height
}
let layout = FrameLayout(width: width, height: height)
let analyzer = try FrameAnalyzer()
let clock = ContinuousClock()
var border: [Duration] = []
var analysis: [Duration] = []
border.reserveCapacity(10_000)
analysis.reserveCapacity(10_000)
var memory: [Int] = []

try frame.withUnsafeBytes { luma in
    for number in 1...10_000 {
        let context = FrameContext(taken: .milliseconds(33 * number))
        let began = clock.now
        let look = try analyzer.analyze(luma, layout: layout, context: context)
        let took = clock.now - began
        border.append(took - look.analysisTime)
        analysis.append(look.analysisTime)
        if number == 2_000 || number == 10_000 { memory.append(residentBytes()) }
    }
}

border.sort()
analysis.sort()
let growth = memory[1] - memory[0]
func microseconds(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    return String(format: "%.1f", Double(seconds) * 1e6 + Double(attoseconds) / 1e12)
}
print("analysis of a 720p frame     \(microseconds(analysis[5_000])) µs (median)")
print(
    "border beyond it             \(microseconds(border[5_000])) µs (median), \(microseconds(border[9_900])) µs (99 %)"
)
print("memory, frame 2,000 → 10,000 \(growth / 1024) KiB")
guard border[5_000] <= bound, growth <= flatBytes else {
    print("too much: at most \(microseconds(bound)) µs and \(flatBytes / 1024) KiB are allowed")
    exit(1)
}

/// Memory that this process has now, in bytes; 0 where the system does not tell it in a file.
func residentBytes() -> Int {
    guard let status = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
        let pages = status.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { return 0 }
    return pages * 4096
}
