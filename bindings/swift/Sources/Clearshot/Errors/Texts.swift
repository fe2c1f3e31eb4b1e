internal import ClearshotGenerated

extension CaseIterable where Self: Hashable & RawRepresentable<String> {
    /// What the core calls each case: the words are written once, there.
    static func texts(_ describe: (Self) throws -> Words) -> [Self: String] {
        allCases.reduce(into: [:]) { texts, word in
            texts[word] = (try? describe(word))?.text
        }
    }
}
