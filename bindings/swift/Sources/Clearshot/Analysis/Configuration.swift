internal import ClearshotGenerated

/// What a configuration is, as it is recorded with every verdict.
public struct ConfigurationInfo: Sendable, Equatable {
    /// Version of the thresholds.
    public let policyVersion: Int
    /// SHA-256 of the thresholds' canonical JSON, in hexadecimal digits.
    public let policyHash: String

    /// Reads a configuration as ``FrameAnalyzer`` and ``CaptureStore`` take it, so that an app can refuse a bad one when it
    /// is fetched.
    ///
    /// - Parameter json: The configuration; without one, the shipped one is described.
    /// - Throws: ``ErrorCode/invalidConfig``: no JSON, an unknown field, or a value out of its bounds.
    public init(checking json: String? = nil) throws(ClearshotError) {
        let generated = try core { try checkConfig(json: json) }
        policyVersion = Int(generated.policyVersion)
        policyHash = generated.policyHash
    }
}
