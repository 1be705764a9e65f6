// SPDX-License-Identifier: Apache-2.0
public import WritCore

/// Finds personal data in responses and logs: mail addresses, phone numbers, payment cards, bank accounts, national
/// identity numbers. Numbers count only where their checksum or their own rules hold.
///
/// One pass over the bytes; a place is looked at only where a digit, a capital or an `@` begins something. It is not
/// part of any policy's default: what is personal depends on whose data it is.
public struct PersonalDataDetector: Detector {
    /// The word in each finding.
    public let scanner = "pii"

    /// A kind of data; the raw value is the finding's rule.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case email, phone, card = "payment-card", iban
        case usSSN = "us-ssn", ukNINO = "uk-nino", esDNI = "es-dni", itFiscalCode = "it-codice-fiscale"
        case frNIR = "fr-nir", brCPF = "br-cpf", plPESEL = "pl-pesel", seIdentity = "se-personnummer"
        case inAadhaar = "in-aadhaar", caSIN = "ca-sin"
    }

    /// The kinds that are looked for.
    public let kinds: Set<Kind>

    /// Makes a detector.
    public init(kinds: Set<Kind> = Set(Kind.allCases)) {
        self.kinds = kinds
    }

    /// Everything found, in order of place; fingerprints stand for the values.
    public func findings(in request: ScanRequest, _ context: ScanContext) -> [Finding] {
        request.text.withUnsafeBytes { bytes in
            var findings: [Finding] = []
            var lines = LineCounter()
            var at = 0
            while at < bytes.count {
                guard let (kind, range) = match(bytes, at) else {
                    at += 1
                    continue
                }
                guard kinds.contains(kind) else {
                    at = range.upperBound
                    continue
                }
                // The line counter only goes forward, and so do the places.
                let line = lines.line(of: range.lowerBound, in: bytes)
                if findings.count == context.findingLimit {
                    findings.append(
                        Finding(
                            scanner: scanner, rule: "scan-limit", category: "scan_limit", severity: .medium,
                            confidence: 1,
                            span: SourceSpan(start: range.lowerBound, end: bytes.count), line: line,
                            message: "More than \(context.findingLimit) items: the rest of the text was not listed."))
                    break
                }
                findings.append(finding(kind, range, Array(bytes[range]), line, context))
                at = range.upperBound
            }
            return findings
        }
    }

    private func finding(_ kind: Kind, _ range: Range<Int>, _ value: [UInt8], _ line: Int, _ context: ScanContext)
        -> Finding
    {
        let (name, severity, confidence): (String, Severity, Double) =
            switch kind {
            case .email: ("Mail address", .low, 0.9)
            case .phone: ("Phone number", .low, 0.7)
            case .card: ("Payment card number", .high, 0.95)
            case .iban: ("Bank account number (IBAN)", .high, 0.98)
            case .usSSN: ("US social security number", .high, 0.8)
            case .ukNINO: ("UK national insurance number", .high, 0.7)
            case .esDNI: ("Spanish identity number", .high, 0.85)
            case .itFiscalCode: ("Italian tax code", .high, 0.98)
            case .frNIR: ("French social security number", .high, 0.95)
            case .brCPF: ("Brazilian tax number", .high, 0.95)
            case .plPESEL: ("Polish identity number", .high, 0.7)
            case .seIdentity: ("Swedish identity number", .high, 0.8)
            case .inAadhaar: ("Indian Aadhaar number", .high, 0.85)
            case .caSIN: ("Canadian social insurance number", .high, 0.7)
            }
        return Finding(
            scanner: scanner, rule: kind.rawValue, category: "pii", severity: severity, confidence: confidence,
            span: SourceSpan(start: range.lowerBound, end: range.upperBound), line: line, cwe: "CWE-359",
            message: "\(name).", remedy: "Leave it out, or replace it by a stand-in.",
            fingerprint: context.key.fingerprint(of: value))
    }

    private func match(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> (Kind, Range<Int>)? {
        let byte = bytes[at]
        let before = bytes.byte(at - 1)
        if byte == UInt8(ascii: "@") { return MailAddress.range(bytes, at: at).map { (.email, $0) } }
        guard !before.isWord, before != UInt8(ascii: ".") || byte == UInt8(ascii: "+"), before != UInt8(ascii: "-")
        else { return nil }
        if byte.isUpper { return IdentityNumber.lettered(bytes, at) }
        if byte.isDigit || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "(") {
            return IdentityNumber.numeric(bytes, at)
        }
        return nil
    }
}
