import Clearshot

/// The error that a call throws, if it throws one of ours.
func thrown(by call: () throws -> Void) -> ClearshotError? {
    do {
        try call()
        return nil
    } catch {
        return error as? ClearshotError
    }
}

/// As ``thrown(by:)``, of a call that waits.
func thrown(by call: () async throws -> Void) async -> ClearshotError? {
    do {
        try await call()
        return nil
    } catch {
        return error as? ClearshotError
    }
}

/// The code of the error that a call throws, if it throws one of ours.
func code(of call: () throws -> Void) -> ErrorCode? {
    thrown(by: call)?.code
}

/// As ``code(of:)``, of a call that waits.
func code(of call: () async throws -> Void) async -> ErrorCode? {
    await thrown(by: call)?.code
}
