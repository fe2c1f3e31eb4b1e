import Dispatch

/// Runs an actor on a queue of its own.
///
/// The core's calls are synchronous and some wait for the disk. On Swift's cooperative threads, of which there are as
/// many as cores, they would hold up every other task of the app.
final class BlockingExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(_ label: String) {
        queue = DispatchQueue(label: label, qos: .userInitiated)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}

/// Runs a call of the core that waits, for the disk or the network, away from Swift's cooperative threads.
func blocking<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
) async throws(ClearshotError) -> Value {
    let result: Result<Value, ClearshotError> = await withCheckedContinuation { continuation in
        DispatchQueue.global(qos: .userInitiated).async {
            continuation.resume(returning: Result { () throws(ClearshotError) in try core(body) })
        }
    }
    return try result.get()
}
