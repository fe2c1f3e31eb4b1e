// Whether memory stays flat while photos are taken: 300 photos of 12 megapixels, judged, sealed and kept.
//
//   bindings/swift/tools/swift run -c release StillBenchmark PHOTO.jpg
//
// Ends with an error when the resident memory after the last photo differs by more than 2 MB from that after the hundredth.
import Clearshot
import Foundation

/// Photos in all, and those after which the allocator has what it keeps.
let (photos, settled) = (300, 100)
/// Difference that counts as flat.
let flatBytes = 2 << 20

struct PlainKeys: DeviceKeyStore {
    func wrap(_ key: Data) -> Data { key }
    func unwrap(_ wrapped: Data) -> Data { wrapped }
}

guard CommandLine.arguments.count == 2 else { fatalError("usage: StillBenchmark PHOTO.jpg") }
let jpeg = try Data(contentsOf: URL(filePath: CommandLine.arguments[1]))
let folder = FileManager.default.temporaryDirectory.appending(path: "clearshot-stills-\(UUID())")
defer { try? FileManager.default.removeItem(at: folder) }

// Anybody's public key: these photos are never sent.
let key = "age1hvurvcfsjq086lky4zarknfjgn4tka5qec2df73v92wc44nzavcq6lfag8"
let store = try await CaptureStore.open(StoreSetup(folder: folder, serviceKey: key), keys: PlainKeys())
let item = NewItem(sku: "MUG-1", title: "Mug", reason: .damaged)
let returnID = ReturnID(rawValue: "019a0000-0000-7000-8000-000000000001")
let session = try await store.openSession(for: returnID, items: [item])

var memory: [Int] = []
let clock = ContinuousClock()
let began = clock.now
for _ in 1...photos {
    let shot = try await store.addShot(.defect, to: session.items[0].id, in: session.id)
    let pending = try await store.assess(jpeg, for: shot)
    try await store.keep(pending, insisting: true)
    memory.append(residentBytes())
}
let each = (clock.now - began) / photos

// The slope of a line through the memory after each photo, times their number: one peak more or less does not count.
let tail = memory[settled...].map(Double.init)
let centre = Double(tail.count - 1) / 2
let mean = tail.reduce(0, +) / Double(tail.count)
let (covariance, variance) = tail.enumerated().reduce((0.0, 0.0)) { sums, next in
    let distance = Double(next.offset) - centre
    return (sums.0 + distance * (next.element - mean), sums.1 + distance * distance)
}
let growth = covariance / variance * Double(tail.count)
print("a photo of \(jpeg.count / 1024) KiB, judged and kept   \(Int((each / .milliseconds(1)).rounded())) ms (mean)")
print("memory after photo \(settled), \(photos)        \(memory[settled - 1] >> 20), \(memory[photos - 1] >> 20) MiB")
print("growth along its slope           \(Int(growth) / 1024) KiB in \(tail.count) photos")
guard abs(growth) <= Double(flatBytes) else {
    print("too much: at most \(flatBytes / 1024) KiB are allowed")
    exit(1)
}

/// Memory that this process has now, in bytes; 0 where the system does not tell it in a file.
func residentBytes() -> Int {
    guard let status = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
        let pages = status.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { return 0 }
    return pages * 4096
}
