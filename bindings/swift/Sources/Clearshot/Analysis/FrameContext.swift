internal import ClearshotGenerated

/// When a frame was taken, and what the sensors knew then.
///
/// Only the time is needed: analysis never depends on a sensor.
public struct FrameContext: Sendable, Equatable {
    /// When the frame was taken, on any clock that only goes forward (the time of the camera's sample buffer).
    public var taken: Duration
    /// Exposure time in seconds.
    public var exposureTime: Double?
    /// Sensitivity as an ISO number.
    public var iso: Double?
    /// Aperture as an f-number.
    public var aperture: Double?
    /// Turn rate of the phone in radians per second.
    public var gyroRate: Double?
    /// Direction of gravity.
    public var gravity: Gravity?
    /// What the autofocus is doing.
    public var focus: FocusState?
    /// Shortest distance the lens can focus at, in metres.
    public var minimumFocus: Double?
    /// Whether the torch is on.
    public var torch: Bool?
    /// Where the shopper tapped: the defect. In fractions of the upright frame.
    public var region: Region?
    /// How hot the phone is: the hotter, the less often the relevance model looks. None counts as cool.
    public var thermal: ThermalState?

    /// A frame of this time; what is not known is left out.
    public init(
        taken: Duration,
        exposureTime: Double? = nil,
        iso: Double? = nil,
        aperture: Double? = nil,
        gyroRate: Double? = nil,
        gravity: Gravity? = nil,
        focus: FocusState? = nil,
        minimumFocus: Double? = nil,
        torch: Bool? = nil,
        region: Region? = nil,
        thermal: ThermalState? = nil
    ) {
        self.taken = taken
        self.exposureTime = exposureTime
        self.iso = iso
        self.aperture = aperture
        self.gyroRate = gyroRate
        self.gravity = gravity
        self.focus = focus
        self.minimumFocus = minimumFocus
        self.torch = torch
        self.region = region
        self.thermal = thermal
    }

    var generated: ClearshotGenerated.FrameContext {
        ClearshotGenerated.FrameContext(
            takenNs: taken.clampedNanoseconds,
            exposureTimeS: exposureTime,
            iso: iso,
            aperture: aperture,
            gyroRate: gyroRate,
            gravity: gravity.map { ClearshotGenerated.Gravity(x: $0.x, y: $0.y, z: $0.z) },
            focus: focus?.generated,
            minFocusM: minimumFocus,
            torch: torch,
            region: region?.generated,
            thermal: thermal?.generated
        )
    }
}

/// Direction of gravity in the phone's axes, in m/s².
public struct Gravity: Sendable, Equatable {
    /// To the right of the screen.
    public var x: Double
    /// To its top.
    public var y: Double
    /// Out of it.
    public var z: Double

    /// A vector in m/s²; Core Motion gives multiples of 9.81 of it.
    public init(x: Double, y: Double, z: Double) {
        self.x = x
        self.y = y
        self.z = z
    }
}

extension Duration {
    /// In nanoseconds, as far as 64 bits go: 584 years.
    var clampedNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = UInt64(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : whole &+ UInt64(clamping: attoseconds / 1_000_000_000)
    }
}
