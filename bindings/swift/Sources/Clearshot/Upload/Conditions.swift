internal import ClearshotGenerated
public import Foundation

/// The network as the platform knows it.
public struct Conditions: Sendable, Equatable {
    /// Whether there is one at all.
    public var online: Bool
    /// Whether it costs the shopper money by the byte.
    public var metered: Bool

    /// A network, or none.
    public init(online: Bool, metered: Bool) {
        self.online = online
        self.metered = metered
    }

    /// A network that costs nothing.
    public static let unmetered = Conditions(online: true, metered: false)
    /// A network that costs by the byte.
    public static let metered = Conditions(online: true, metered: true)
    /// No network.
    public static let offline = Conditions(online: false, metered: false)

    var generated: ClearshotGenerated.Conditions {
        ClearshotGenerated.Conditions(online: online, metered: metered)
    }
}

/// The returns API, as the app's configuration has it.
public struct ServerSetup: Sendable, Equatable {
    /// Its address, such as `https://returns.shop.example`.
    public var url: URL
    /// Certificates to trust in addition, PEM: for a test server or a company's own authority. Counts where Clearshot
    /// itself sends.
    public var extraRoot: Data?
    /// Whether `http` may go to other computers than this one. The token then travels in clear: for trying things out.
    public var allowsPlainHTTP: Bool

    /// A server at this address.
    public init(url: URL, extraRoot: Data? = nil, allowsPlainHTTP: Bool = false) {
        self.url = url
        self.extraRoot = extraRoot
        self.allowsPlainHTTP = allowsPlainHTTP
    }

    var generated: ClearshotGenerated.ServerSetup {
        ClearshotGenerated.ServerSetup(
            url: url.absoluteString,
            extraRoot: extraRoot,
            allowPlainHttp: allowsPlainHTTP
        )
    }
}
