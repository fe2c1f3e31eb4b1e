internal import ClearshotGenerated
public import Foundation

/// A sitting of capturing, as it stands.
public struct Session: Sendable, Equatable {
    /// Its id.
    public let id: SessionID
    /// The return that it is for.
    public let returnID: ReturnID
    /// When it was opened.
    public let openedAt: Date
    /// Its items, in the order of adding them.
    public let items: [Item]

    init(_ generated: ClearshotGenerated.Session) {
        id = SessionID(rawValue: generated.id)
        returnID = ReturnID(rawValue: generated.returnId)
        openedAt = Date(milliseconds: generated.openedAt)
        items = generated.items.map(Item.init)
    }
}

/// An item of a session.
///
/// Its labels are absent where they cannot be known any more: the queue was rebuilt from its photos, or the device key
/// was lost.
public struct Item: Sendable, Equatable {
    /// Its id, derived from the return and the SKU.
    public let id: ItemID
    /// Stock keeping unit.
    public let sku: String?
    /// What a person calls it.
    public let title: String?
    /// Why it comes back.
    public let reason: ReturnReason?
    /// Which networks its photos may use.
    public let network: NetworkPolicy
    /// Its shots, in the order of taking them.
    public let shots: [Shot]

    init(_ generated: ClearshotGenerated.Item) {
        id = ItemID(rawValue: generated.id)
        sku = generated.sku
        title = generated.title
        reason = generated.reason.map(ReturnReason.init)
        network = NetworkPolicy(generated.network)
        shots = generated.shots.map(Shot.init)
    }
}

/// A slot that wants a photo.
public struct Shot: Sendable, Equatable {
    /// Its id.
    public let id: ShotID
    /// What the photo should show.
    public let role: ShotRole
    /// For a defect: the overview shot of the same item.
    public let overview: ShotID?
    /// Whether the return is incomplete without it.
    public let required: Bool
    /// How hard the shop insists on a good photo.
    public let askPolicy: AskPolicy
    /// How often the shopper was asked for another photo since the last one was kept.
    public let asks: Int
    /// The newest photo of it, which supersedes the others.
    public let current: CaptureID?

    init(_ generated: ClearshotGenerated.Shot) {
        id = ShotID(rawValue: generated.id)
        role = ShotRole(generated.role)
        overview = generated.overview.map(ShotID.init(rawValue:))
        required = generated.required
        askPolicy = AskPolicy(generated.askPolicy)
        asks = Int(generated.asks)
        current = generated.current.map(CaptureID.init(rawValue:))
    }
}
