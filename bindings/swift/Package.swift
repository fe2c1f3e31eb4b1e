// swift-tools-version: 6.0
import Foundation
import PackageDescription

// What ships brings the core's library as an XCFramework (`cargo xtask package xcframework`). A checkout takes it from
// Cargo's folder: tools/swift tells the linker where.
let framework = "ClearshotFFI.xcframework"
let ships = FileManager.default.fileExists(atPath: "\(Context.packageDirectory)/\(framework)")
let library: Target =
    ships ? .binaryTarget(name: "clearshot_ffiFFI", path: framework) : .systemLibrary(name: "clearshot_ffiFFI")

// Nothing is public by an import that nobody thought about.
let settings: [SwiftSetting] = [.enableUpcomingFeature("InternalImportsByDefault")]

let package = Package(
    name: "Clearshot",
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [
        .library(name: "Clearshot", targets: ["Clearshot"])
    ],
    targets: [
        library,
        .target(name: "ClearshotGenerated", dependencies: ["clearshot_ffiFFI"]),
        .target(name: "Clearshot", dependencies: ["ClearshotGenerated"], swiftSettings: settings),
    ]
)

// What ships is the library alone.
if !ships {
    package.targets += [
        .executableTarget(name: "Phone", dependencies: ["Clearshot"], path: "Samples/Phone"),
        .executableTarget(name: "FrameBenchmark", dependencies: ["Clearshot"], path: "Benchmarks/FrameBenchmark"),
        .executableTarget(name: "StillBenchmark", dependencies: ["Clearshot"], path: "Benchmarks/StillBenchmark"),
        .testTarget(name: "ClearshotTests", dependencies: ["Clearshot", "ClearshotGenerated"]),
    ]
}
