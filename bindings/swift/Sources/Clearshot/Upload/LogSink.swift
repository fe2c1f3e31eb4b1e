internal import ClearshotGenerated

/// Takes what the core tells of itself while it sends: the app's log.
public protocol LogSink: Sendable {
    /// Takes a line. Called from the core's threads.
    ///
    /// - Parameters:
    ///   - line: English, without personal data, tokens or addresses of photos.
    ///   - level: How much it matters.
    func log(_ line: String, level: LogLevel)
}

/// How much a line matters.
public enum LogLevel: String, Sendable, CaseIterable {
    /// For who looks for a fault in Clearshot.
    case debug
    /// What an app's log usually has.
    case info
    /// Something that should not happen often.
    case warning
    /// Something that should not happen.
    case error

    init(_ generated: ClearshotGenerated.LogLevel) {
        self =
            switch generated {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
    }
}

/// A log as the core knows it.
final class LogAdapter: ClearshotGenerated.LogSink, Sendable {
    private let sink: any LogSink

    init(_ sink: any LogSink) {
        self.sink = sink
    }

    func log(level: ClearshotGenerated.LogLevel, line: String) {
        sink.log(line, level: LogLevel(level))
    }
}
