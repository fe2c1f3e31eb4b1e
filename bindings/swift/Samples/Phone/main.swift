// A phone on the command line: guides through the frames of a preview, keeps every photo of a folder, and sends them.
//
//   Phone FRAMES PHOTOS QUEUE SERVER SERVICE-KEY RETURN TOKEN
//
// FRAMES holds luma planes of 192 × 144 pixels, as a camera would deliver them one after the other.
import Clearshot
import Foundation

struct PlainKeys: DeviceKeyStore {  // A command line has no Keychain.
    func wrap(_ key: Data) -> Data { key }
    func unwrap(_ wrapped: Data) -> Data { wrapped }
}

func say(_ line: String) {  // At once, also into a pipe.
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}

func files(in folder: String, ending: String) throws -> [URL] {
    try FileManager.default.contentsOfDirectory(at: URL(filePath: folder), includingPropertiesForKeys: nil)
        .filter { $0.pathExtension == ending }.sorted { $0.path < $1.path }
}

let arguments = CommandLine.arguments
guard arguments.count == 8, let server = URL(string: arguments[4]) else {
    fatalError("usage: Phone FRAMES PHOTOS QUEUE SERVER SERVICE-KEY RETURN TOKEN")
}

let models = try ModelStore()
let analyzer = try FrameAnalyzer(models: models)
try analyzer.beginShot(.defect, at: .zero)
for (number, frame) in try files(in: arguments[1], ending: "luma").enumerated() {
    let layout = FrameLayout(width: 192, height: 144)
    let context = FrameContext(taken: .seconds(number))
    let look = try analyzer.analyze(try Data(contentsOf: frame), layout: layout, context: context)
    say("\(frame.lastPathComponent): \(look.guidance.hint?.text ?? "…")")
}

let setup = StoreSetup(folder: URL(filePath: arguments[3]), serviceKey: arguments[5])
let store = try await CaptureStore.open(setup, keys: PlainKeys(), models: models)
let item = NewItem(sku: "MUG-1", title: "Mug", reason: .damaged)
let session = try await store.openSession(for: ReturnID(rawValue: arguments[6]), items: [item])
for photo in try files(in: arguments[2], ending: "jpg") {
    let shot = try await store.addShot(.defect, to: session.items[0].id, in: session.id)
    let pending = try await store.assess(try Data(contentsOf: photo), for: shot)
    try await store.keep(pending, insisting: true)
    say("\(photo.lastPathComponent): \(pending.review.report.verdict.rawValue), saved")
}

let runner = try UploadRunner(store: store, server: ServerSetup(url: server), tokens: FixedToken(arguments[7]))
let report = try await runner.sync(for: .seconds(120))
say("\(report.accepted) accepted, \(report.bytesSent) bytes sent")
