internal import ClearshotGenerated
public import Foundation

/// A photo, as the queue shows it.
public struct QueueEntry: Sendable, Equatable {
    /// The capture's id.
    public let capture: CaptureID
    /// The sitting.
    public let session: SessionID
    /// The return.
    public let returnID: ReturnID
    /// The line of the return.
    public let item: ItemID
    /// The line's SKU, where it is known.
    public let sku: String?
    /// The slot.
    public let shot: ShotID
    /// What the slot should show.
    public let role: ShotRole
    /// When it was taken.
    public let takenAt: Date
    /// What analysis said; absent where the queue was rebuilt from a photo that could not be opened.
    public let verdict: Verdict?
    /// Codes of the reasons to retake.
    public let reasons: [String]
    /// Whether the shopper kept it although analysis would have retaken it.
    public let keptAnyway: Bool
    /// The photo that it replaces.
    public let supersedes: CaptureID?
    /// The photo that replaces it.
    public let supersededBy: CaptureID?
    /// Where it stands.
    public let state: CaptureState
    /// Bytes that the server is known to have.
    public let offset: Int64
    /// Sealed bytes, in all.
    public let length: Int64
    /// Digest of the sealed bytes, 64 hexadecimal digits.
    public let sha256: String
    /// Failed tries since the last progress.
    public let attempts: Int
    /// When it is tried again, if it waits.
    public let nextAt: Date?
    /// A stable code of what went wrong last, such as `network` or the server's.
    public let error: String?
    /// A sentence: where it stands and why.
    public let status: String
    /// A sentence: what the shopper can do; absent where the choices say it all.
    public let advice: String?
    /// What the shopper can do, the most helpful first; empty where nothing is left to do.
    public let choices: [Choice]
    /// Which networks it may use.
    public let network: NetworkPolicy
    /// Whether the photo is still on this device.
    public let onDevice: Bool

    init(_ generated: ClearshotGenerated.QueueEntry) {
        capture = CaptureID(rawValue: generated.capture)
        session = SessionID(rawValue: generated.session)
        returnID = ReturnID(rawValue: generated.returnId)
        item = ItemID(rawValue: generated.item)
        sku = generated.sku
        shot = ShotID(rawValue: generated.shot)
        role = ShotRole(generated.role)
        takenAt = Date(milliseconds: generated.takenAt)
        verdict = generated.verdict.map(Verdict.init)
        reasons = generated.reasons
        keptAnyway = generated.keptAnyway
        supersedes = generated.supersedes.map(CaptureID.init(rawValue:))
        supersededBy = generated.supersededBy.map(CaptureID.init(rawValue:))
        state = CaptureState(generated.state)
        offset = Int64(generated.offset)
        length = Int64(generated.length)
        sha256 = generated.sha256
        attempts = Int(generated.attempts)
        nextAt = generated.nextAt.map(Date.init(milliseconds:))
        error = generated.error
        status = generated.status
        advice = generated.advice
        choices = generated.choices.map(Choice.init)
        network = NetworkPolicy(generated.network)
        onDevice = generated.onDevice
    }
}

/// Where a photo stands.
public enum CaptureState: String, Sendable, CaseIterable {
    /// Saved; nothing of it is known to have been sent.
    case queued
    /// Partly sent.
    case uploading
    /// The server has every byte, and has not yet accepted it.
    case uploaded
    /// The server accepted it.
    case accepted
    /// The server says that it cannot be evidence.
    case rejected
    /// Sending has failed too often or for too long; it can be tried again.
    case stalled
    /// Its photo is no longer whole on this device.
    case lost

    init(_ generated: ClearshotGenerated.CaptureState) {
        self =
            switch generated {
            case .queued: .queued
            case .uploading: .uploading
            case .uploaded: .uploaded
            case .accepted: .accepted
            case .rejected: .rejected
            case .stalled: .stalled
            case .lost: .lost
            }
    }
}

/// One thing that the shopper can do about a photo.
public enum Choice: String, Sendable, CaseIterable {
    /// Nothing: it goes on by itself.
    case wait
    /// Look after the connection.
    case connect
    /// Use a network that is not metered.
    case connectToWifi = "connect_to_wifi"
    /// Sign in again.
    case signIn = "sign_in"
    /// Have it sent again from a clean slate.
    case retry
    /// Ask the shop: no photo would be taken as things are.
    case askShop = "ask_shop"
    /// Take another photo of the same.
    case takeAgain = "take_again"
    /// Delete the photo from this device.
    case discard

    init(_ generated: ClearshotGenerated.Choice) {
        self =
            switch generated {
            case .wait: .wait
            case .connect: .connect
            case .connectToWifi: .connectToWifi
            case .signIn: .signIn
            case .retry: .retry
            case .askShop: .askShop
            case .takeAgain: .takeAgain
            case .discard: .discard
            }
    }
}
