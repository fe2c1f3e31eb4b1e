import func ClearshotGenerated.panicOnPurpose
import Foundation
import Testing

@testable import Clearshot

@Suite struct ErrorTests {
    @Test("a panic of the core comes back as an error, and the next call works")
    func panic() throws {
        #expect(code { try core { try panicOnPurpose() } } == .panic)
        #expect(try ConfigurationInfo().policyVersion > 0)
    }

    @Test("an error tells a person what it means and what to do")
    func words() throws {
        let error = try #require(thrown { _ = try ConfigurationInfo(checking: "{") })
        #expect(error.errorDescription == ErrorCode.invalidConfig.text)
        #expect(error.recoverySuggestion == error.advice.text)
        #expect(error.description.hasPrefix("invalid_config: failed to "))
        #expect(error.localizedDescription == "The configuration cannot be used.")
    }
}
