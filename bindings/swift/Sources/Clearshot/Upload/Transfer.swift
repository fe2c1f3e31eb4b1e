internal import ClearshotGenerated
public import Foundation

/// A request to perform: exactly once, without following redirects.
public struct Transfer: Sendable, Equatable {
    /// To be given back with the answer, also by a later process. Holds ids, no token.
    public let ticket: String
    /// The photo that it is for; absent for a question about many.
    public let capture: CaptureID?
    /// The method.
    public let method: String
    /// The address.
    public let url: URL
    /// The headers, with the token. `Content-Length` is the performer's to add.
    public let headers: [HTTPHeader]
    /// The body.
    public let body: TransferBody
    /// When the request may be made by somebody else; absent when it does not matter.
    public let leasedUntil: Date?

    init(_ generated: ClearshotGenerated.Transfer) throws {
        guard let url = URL(string: generated.url) else {
            throw ClearshotError(code: .invalidServer, reason: "use the address of an upload", advice: .tellShop)
        }
        ticket = generated.ticket
        capture = generated.capture.map(CaptureID.init(rawValue:))
        method = generated.method
        self.url = url
        headers = generated.headers.map { HTTPHeader(name: $0.name, value: $0.value) }
        body = TransferBody(generated.body)
        leasedUntil = generated.leasedUntil.map(Date.init(milliseconds:))
    }
}

/// A header of a request or an answer.
public struct HTTPHeader: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// Its value.
    public var value: String

    /// A header.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// What a request sends.
public enum TransferBody: Sendable, Equatable {
    /// Nothing.
    case empty
    /// These bytes.
    case bytes(Data)
    /// A range of a file, which stays as it is until the transfer is reported.
    case file(URL, start: Int64, length: Int64)

    init(_ generated: ClearshotGenerated.TransferBody) {
        self =
            switch generated {
            case .empty: .empty
            case .bytes(let bytes): .bytes(bytes)
            case .file(let path, let start, let length):
                .file(URL(filePath: path), start: Int64(clamping: start), length: Int64(clamping: length))
            }
    }
}

/// What to do now.
public enum NextTransfer: Sendable, Equatable {
    /// Perform this, and report it.
    case perform(Transfer)
    /// Nothing can be done before what is waited for comes.
    case wait(Waiting)
    /// Nothing is left to send.
    case done

    init(_ generated: ClearshotGenerated.NextTransfer) throws {
        self =
            switch generated {
            case .perform(let transfer): .perform(try Transfer(transfer))
            case .wait(let until, let reason):
                .wait(Waiting(ClearshotGenerated.Waiting(until: until, reason: reason)))
            case .done: .done
            }
    }
}

/// How a transfer went, as the platform saw it. What it means, the core decides.
public enum TransferResult: Sendable, Equatable {
    /// Somebody answered: with a status, headers, and a body or as much of it as came.
    case answer(status: Int, headers: [HTTPHeader], body: Data)
    /// Nobody did.
    case noAnswer(NetworkFailure)
    /// It was told to stop. Costs no attempt.
    case cancelled

    var generated: ClearshotGenerated.TransferResult {
        switch self {
        case .answer(let status, let headers, let body):
            .answer(
                status: UInt16(clamping: status),
                headers: headers.map { HttpHeader(name: $0.name, value: $0.value) },
                body: body
            )
        case .noAnswer(let failure): .noAnswer(failure: failure.generated)
        case .cancelled: .cancelled
        }
    }
}

/// Why nobody answered.
public enum NetworkFailure: String, Sendable, CaseIterable {
    /// There was no network, or no way to the server.
    case unreachable
    /// The connection was cut.
    case connectionLost = "connection_lost"
    /// Nothing moved for too long.
    case timedOut = "timed_out"
    /// The server could not prove who it is.
    case tls
    /// The file with the photo could not be read.
    case file
    /// Anything else.
    case other

    var generated: ClearshotGenerated.NetworkFailure {
        switch self {
        case .unreachable: .unreachable
        case .connectionLost: .connectionLost
        case .timedOut: .timedOut
        case .tls: .tls
        case .file: .file
        case .other: .other
        }
    }
}

/// What a report led to.
public struct Reported: Sendable, Equatable {
    /// The photo; absent for a question about many.
    public let capture: CaptureID?
    /// Where the photo stands now; absent when the transfer was not its own any more, and for a question.
    public let state: CaptureState?
    /// The same request with a fresh token, to be performed and reported in its place.
    public let again: Transfer?

    init(_ generated: ClearshotGenerated.Reported) throws {
        capture = generated.capture.map(CaptureID.init(rawValue:))
        state = generated.state.map(CaptureState.init)
        again = try generated.again.map(Transfer.init)
    }
}
