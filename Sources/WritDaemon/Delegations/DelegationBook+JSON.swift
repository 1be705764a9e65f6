// SPDX-License-Identifier: Apache-2.0
import WritCore

extension DelegationBook {
    /// For the daemon's own file: it holds private keys.
    var json: JSON {
        [
            "writs": .array(writs.map(\.json)), "bindings": .array(bindings.map(\.json)),
            "sessions": .array(
                sessions.sorted { $0.key < $1.key }.map { name, session -> JSON in
                    var json: JSON = [
                        "session": .string(name), "writs": .array(session.writs.map { .string($0) }),
                        "seen": .integer(session.seen),
                    ]
                    if let process = session.process { json.set("process", process.json) }
                    return json
                }),
            "children": .array(
                children.sorted { $0.value.id < $1.value.id }.map { child, writ in
                    [
                        "session": .string(child.session), "parent": .string(child.parent),
                        "agent": .string(child.agent), "writ": writ.json,
                    ]
                }),
            "revocations": .object(revocations.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }),
        ]
    }

    /// Nil when it is not whole.
    init?(_ json: JSON) {
        guard let writs = json["writs"]?.array, let bindings = json["bindings"]?.array,
            let sessions = json["sessions"]?.array, let children = json["children"]?.array,
            let revocations = json["revocations"]?.members
        else { return nil }
        self.init()
        for item in writs {
            guard let writ = Writ(item), restore(writ) else { return nil }
        }
        for item in bindings {
            guard let binding = Binding(item), restore(binding) else { return nil }
        }
        for item in sessions {
            guard let name = item["session"]?.string, let ids = item["writs"]?.array, let seen = item["seen"]?.integer,
                !ids.isEmpty, ids.allSatisfy({ $0.string != nil })
            else { return nil }
            var session = Session(writs: ids.compactMap(\.string), seen: seen)
            if let process = item["process"] {
                guard let identity = ProcessFacts.Identity(process) else { return nil }
                session.process = identity
            }
            guard restore(session, name) else { return nil }
        }
        for item in children {
            guard let session = item["session"]?.string, let parent = item["parent"]?.string,
                let agent = item["agent"]?.string, let writ = item["writ"].flatMap({ Writ($0) }),
                keep(writ, for: Child(session: session, parent: parent, agent: agent), now: .min / 2)
            else { return nil }
        }
        for member in revocations {
            guard let token = member.value.string else { return nil }
            self.revocations[member.key] = token
        }
    }
}

extension DelegationBook.Writ {
    var json: JSON {
        var json: JSON = [
            "id": .string(id), "chain": .string(chain), "origin": .string(origin.rawValue),
            "since": .integer(since), "until": .integer(until), "by": .string(by),
        ]
        if let key { json.set("key", .string(StrictBase64.text(key))) }
        return json
    }

    init?(_ json: JSON) {
        guard let id = json["id"]?.string, let chain = json["chain"]?.string,
            let origin = json["origin"]?.string.flatMap({ Origin(rawValue: $0) }), let since = json["since"]?.integer,
            let until = json["until"]?.integer, let by = json["by"]?.string
        else { return nil }
        var key: [UInt8]?
        if let text = json["key"] {
            guard let bytes = text.string.flatMap({ StrictBase64.bytes($0) }), bytes.count == 32 else { return nil }
            key = bytes
        }
        self.init(id: id, chain: chain, key: key, origin: origin, since: since, until: until, by: by)
    }
}

extension DelegationBook.Place {
    /// The key in JSON, and the value there.
    var member: (key: String, value: JSON) {
        switch self {
        case .folder(let folder): ("folder", .string(folder))
        case .session(let session): ("session", .string(session))
        case .process(let process): ("process", process.json)
        }
    }

    /// A few words for people.
    var text: String {
        switch self {
        case .folder(let folder): folder
        case .session(let session): "the session \(session)"
        case .process(let process): "process \(process.number)"
        }
    }
}

extension DelegationBook.Binding {
    var json: JSON {
        let (key, value) = place.member
        return .object([
            .init("writ", .string(writ)), .init(key, value), .init("agent", .string(agent)), .init("by", .string(by)),
        ])
    }

    init?(_ json: JSON) {
        guard let writ = json["writ"]?.string, let agent = json["agent"]?.string, let by = json["by"]?.string else {
            return nil
        }
        let place: DelegationBook.Place
        if let folder = json["folder"]?.string {
            place = .folder(folder)
        } else if let session = json["session"]?.string {
            place = .session(session)
        } else if let process = json["process"].flatMap({ ProcessFacts.Identity($0) }) {
            place = .process(process)
        } else {
            return nil
        }
        self.init(writ: writ, place: place, agent: agent, by: by)
    }
}

extension ProcessFacts.Identity {
    /// Number and start.
    fileprivate var json: JSON { [.integer(Int64(number)), .integer(Int64(clamping: start))] }

    fileprivate init?(_ json: JSON) {
        guard let pair = json.array, pair.count == 2, let number = pair[0].integer.flatMap({ Int32(exactly: $0) }),
            let start = pair[1].integer.flatMap({ UInt64(exactly: $0) })
        else { return nil }
        self.init(number: number, start: start)
    }
}
