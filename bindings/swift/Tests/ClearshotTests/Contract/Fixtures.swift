import Clearshot
import Foundation
import Testing

/// A frame of `frames.json`.
struct FrameFixture {
    let json: JSON

    static func all() throws -> [FrameFixture] {
        try JSON.fixture("frames.json")["frames"].array.map(FrameFixture.init)
    }

    var name: String { json["name"].string ?? "" }

    func analyze(with analyzer: FrameAnalyzer, context: FrameContext) throws -> FrameLook {
        let luma = try bytes(json["luma"])
        let layout = FrameLayout(json["layout"])
        let chroma = json["chroma"]
        guard chroma != .null else { return try analyzer.analyze(luma, layout: layout, context: context) }
        let (u, v) = (try bytes(chroma["u"]["file"]), try bytes(chroma["v"]["file"]))
        return try luma.withUnsafeBytes { luma in
            try u.withUnsafeBytes { u in
                try v.withUnsafeBytes { v in
                    let colours = Chroma(
                        layout: ChromaLayout(chroma["layout"]),
                        u: UnsafeRawBufferPointer(rebasing: u[chroma["u"]["offset"].int...]),
                        v: UnsafeRawBufferPointer(rebasing: v[chroma["v"]["offset"].int...])
                    )
                    return try analyzer.analyze(luma, layout: layout, chroma: colours, context: context)
                }
            }
        }
    }

    private func bytes(_ file: JSON) throws -> Data {
        try Data(contentsOf: Repository.contract.appending(path: #require(file.string)))
    }
}

extension FrameLayout {
    init(_ json: JSON) {
        self.init(
            width: json["width"].int,
            height: json["height"].int,
            rowStride: json["row_stride"].int,
            pixelStride: json["pixel_stride"].int,
            range: json["range"].string.flatMap(LumaRange.init(rawValue:)) ?? .full,
            rotationDegrees: json["rotation_degrees"].int
        )
    }
}

extension ChromaLayout {
    init(_ json: JSON) {
        self.init(
            width: json["width"].int,
            height: json["height"].int,
            rowStride: json["row_stride"].int,
            pixelStride: json["pixel_stride"].int
        )
    }
}

extension FrameContext {
    init(_ json: JSON) {
        let (gravity, region) = (json["gravity"], json["region"])
        self.init(
            taken: .nanoseconds(json["taken_ns"].int),
            exposureTime: json["exposure_time_s"].double,
            iso: json["iso"].double,
            aperture: json["aperture"].double,
            gyroRate: json["gyro_rate"].double,
            gravity: gravity["x"].double.map {
                Gravity(x: $0, y: gravity["y"].double ?? 0, z: gravity["z"].double ?? 0)
            },
            focus: json["focus"].string.flatMap(FocusState.init(rawValue:)),
            minimumFocus: json["min_focus_m"].double,
            torch: json["torch"].bool,
            region: region["x"].double.map {
                Region(
                    x: $0,
                    y: region["y"].double ?? 0,
                    width: region["width"].double ?? 0,
                    height: region["height"].double ?? 0
                )
            },
            thermal: json["thermal"].string.flatMap(ThermalState.init(rawValue:))
        )
    }
}

extension JSON {
    init(_ report: FrameReport) {
        self = [
            "verdict": .of(report.verdict),
            "reasons": .of(report.reasons),
            "sharpness": [
                "state": .of(report.sharpness.state), "score": .of(report.sharpness.score),
                "cause": .of(report.sharpness.cause),
            ],
            "exposure": [
                "state": .of(report.exposure.state), "mean": .of(report.exposure.mean),
                "p50": .of(report.exposure.p50), "p98": .of(report.exposure.p98),
                "clipped_low": .of(report.exposure.clippedLow), "clipped_high": .of(report.exposure.clippedHigh),
            ],
            "noise_sigma": .of(report.noiseSigma),
            "glare": ["present": .of(report.glare.present), "area": .of(report.glare.area)],
            "framing": JSON(report.framing),
            "lens": ["blocked": .of(report.lens.blocked), "covered": .of(report.lens.covered)],
            "screen": ["present": .of(report.screen.present), "strength": .of(report.screen.strength)],
            "relevance": report.relevance.map(JSON.init) ?? .null,
            "motion_px": .of(report.motionPixels),
            "focusing": .of(report.focusing),
            "hints": .of(report.hints),
        ]
    }

    private init(_ framing: Framing) {
        self = [
            "subject": framing.subject.map {
                ["x": .of($0.x), "y": .of($0.y), "width": .of($0.width), "height": .of($0.height)]
            } ?? .null,
            "fill": .of(framing.fill),
            "centre_x": .of(framing.centreX),
            "centre_y": .of(framing.centreY),
            "source": .of(framing.source),
            "offset": .of(framing.offset),
            "touches": [
                "left": .of(framing.touches.left), "top": .of(framing.touches.top),
                "right": .of(framing.touches.right), "bottom": .of(framing.touches.bottom),
            ],
            "roll_deg": .of(framing.rollDegrees),
            "pitch_deg": .of(framing.pitchDegrees),
        ]
    }

    private init(_ relevance: Relevance) {
        let shares = relevance.shares.map { ($0.subject.rawValue, JSON.of($0.share)) }
        self = [
            "subject": .of(relevance.subject),
            "confidence": .of(relevance.confidence),
            "shares": .object(Dictionary(uniqueKeysWithValues: shares)),
        ]
    }
}
