internal import ClearshotGenerated

/// Everything analysis says about a full-resolution photo.
public struct StillReport: Sendable, Equatable {
    /// Good, or retake.
    public let verdict: Verdict
    /// Why to retake; the one to tell first at the front; empty when good.
    public let reasons: [Reason]
    /// Upright width in pixels.
    public let width: Int
    /// Upright height in pixels.
    public let height: Int
    /// Focus and motion.
    public let sharpness: Sharpness
    /// Light.
    public let exposure: Exposure
    /// Standard deviation of the sensor's noise in luma steps.
    public let noiseSigma: Double
    /// Reflections.
    public let glare: Glare
    /// Where the subject is.
    public let framing: Framing
    /// What covers the lens.
    public let lens: Lens
    /// Signs of a display.
    public let screen: Screen
    /// What the relevance model saw; none when no model ran.
    public let relevance: Relevance?
    /// Version of the policy that judged.
    public let policyVersion: Int
    /// SHA-256 of the policy's canonical JSON, in hex.
    public let policyHash: String

    init(_ generated: ClearshotGenerated.StillReport) {
        verdict = Verdict(generated.verdict)
        reasons = generated.reasons.map(Reason.init)
        width = Int(generated.width)
        height = Int(generated.height)
        sharpness = Sharpness(generated.sharpness)
        exposure = Exposure(generated.exposure)
        noiseSigma = generated.noiseSigma
        glare = Glare(generated.glare)
        framing = Framing(generated.framing)
        lens = Lens(generated.lens)
        screen = Screen(generated.screen)
        relevance = generated.relevance.map(Relevance.init)
        policyVersion = Int(generated.policyVersion)
        policyHash = generated.policyHash
    }
}
