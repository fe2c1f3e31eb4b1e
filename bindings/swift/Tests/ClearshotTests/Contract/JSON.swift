import Foundation

/// A JSON value, to compare what was found with what a fixture expects.
enum JSON: Decodable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let string = try? value.decode(String.self) {
            self = .string(string)
        } else if let array = try? value.decode([JSON].self) {
            self = .array(array)
        } else {
            self = .object(try value.decode([String: JSON].self))
        }
    }

    /// A file of `tests/contract`.
    static func fixture(_ name: String) throws -> JSON {
        try JSONDecoder().decode(JSON.self, from: Data(contentsOf: Repository.contract.appending(path: name)))
    }

    subscript(_ key: String) -> JSON {
        guard case .object(let object) = self else { return .null }
        return object[key] ?? .null
    }

    var array: [JSON] {
        guard case .array(let array) = self else { return [] }
        return array
    }

    var double: Double? {
        guard case .number(let number) = self else { return nil }
        return number
    }

    var int: Int { Int(double ?? 0) }

    var string: String? {
        guard case .string(let string) = self else { return nil }
        return string
    }

    var bool: Bool? {
        guard case .bool(let bool) = self else { return nil }
        return bool
    }

    /// The value as JSON text; nil for null.
    var text: String? {
        switch self {
        case .null: nil
        case .bool(let bool): "\(bool)"
        case .number(let number): number == number.rounded() ? "\(Int(number))" : "\(number)"
        case .string(let string): "\"\(string)\""
        case .array(let array): "[\(array.map { $0.text ?? "null" }.joined(separator: ","))]"
        case .object(let object):
            "{\(object.map { "\"\($0)\":\($1.text ?? "null")" }.joined(separator: ","))}"
        }
    }

    /// Where the two differ: numbers by more than 1e-6, the model's shares by more than 1e-3.
    static func differences(_ expected: JSON, _ found: JSON, at place: String) -> [String] {
        switch (expected, found) {
        case (.object(let expected), .object(let found)) where Set(expected.keys) == Set(found.keys):
            return expected.flatMap { key, value in
                differences(value, found[key] ?? .null, at: "\(place).\(key)")
            }
        case (.array(let expected), .array(let found)) where expected.count == found.count:
            return zip(expected, found).enumerated().flatMap { index, pair in
                differences(pair.0, pair.1, at: "\(place)[\(index)]")
            }
        case (.number(let expected), .number(let found)):
            let within = place.contains(".relevance") ? 1e-3 : 1e-6
            return abs(expected - found) <= within ? [] : ["\(place): expected \(expected), found \(found)"]
        default:
            return expected == found ? [] : ["\(place): expected \(expected), found \(found)"]
        }
    }
}

extension JSON: ExpressibleByDictionaryLiteral {
    init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Dictionary(uniqueKeysWithValues: elements))
    }
}

extension JSON {
    static func of(_ value: Double?) -> JSON { value.map(JSON.number) ?? .null }
    static func of(_ value: Bool) -> JSON { .bool(value) }
    static func of(_ word: (some RawRepresentable<String>)?) -> JSON { word.map { .string($0.rawValue) } ?? .null }
    static func of(_ words: [some RawRepresentable<String>]) -> JSON { .array(words.map { .string($0.rawValue) }) }
}
