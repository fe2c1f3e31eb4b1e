internal import ClearshotGenerated
public import Foundation

/// What a store is opened with.
public struct StoreSetup: Sendable, Equatable {
    /// The folder; made if absent. The app's own, and not in its backup.
    public var folder: URL
    /// The returns service's public key (`age1…`), from the app's configuration.
    public var serviceKey: String
    /// Thresholds as JSON; absent: the shipped ones.
    public var configuration: String?
    /// Bytes that the photos may take; absent: 2 GiB.
    public var maximumBytes: Int64?
    /// Photos that may wait; absent: 1,000.
    public var maximumPhotos: Int?
    /// Whether the platform performs transfers that go on without the app (a background `URLSession`, ``UploadPlanner``).
    public var platformPerformsTransfers: Bool

    /// A store in this folder, whose photos only this service can open.
    public init(
        folder: URL,
        serviceKey: String,
        configuration: String? = nil,
        maximumBytes: Int64? = nil,
        maximumPhotos: Int? = nil,
        platformPerformsTransfers: Bool = false
    ) {
        self.folder = folder
        self.serviceKey = serviceKey
        self.configuration = configuration
        self.maximumBytes = maximumBytes
        self.maximumPhotos = maximumPhotos
        self.platformPerformsTransfers = platformPerformsTransfers
    }

    var generated: ClearshotGenerated.StoreSetup {
        ClearshotGenerated.StoreSetup(
            folder: folder.path(percentEncoded: false),
            serviceRecipient: serviceKey,
            config: configuration,
            maxBytes: maximumBytes.map(UInt64.init(clamping:)),
            maxPhotos: maximumPhotos.map(UInt64.init(clamping:)),
            platformPerformsTransfers: platformPerformsTransfers
        )
    }
}
