internal import ClearshotGenerated

/// An item to photograph.
public struct NewItem: Sendable, Equatable {
    /// Stock keeping unit, 1 to 64 characters. Stored sealed.
    public var sku: String
    /// What a person calls it, at most 256 characters. Stored sealed.
    public var title: String
    /// Why it comes back. Gives the item its first shots.
    public var reason: ReturnReason
    /// Which networks its photos may use.
    public var network: NetworkPolicy
    /// How hard the shop insists on good photos of it.
    public var askPolicy: AskPolicy

    /// An item; any network and asking twice unless said otherwise.
    public init(
        sku: String,
        title: String,
        reason: ReturnReason,
        network: NetworkPolicy = .any,
        askPolicy: AskPolicy = .soft
    ) {
        self.sku = sku
        self.title = title
        self.reason = reason
        self.network = network
        self.askPolicy = askPolicy
    }

    var generated: ClearshotGenerated.NewItem {
        ClearshotGenerated.NewItem(
            sku: sku,
            title: title,
            reason: reason.generated,
            network: network.generated,
            askPolicy: askPolicy.generated
        )
    }
}
