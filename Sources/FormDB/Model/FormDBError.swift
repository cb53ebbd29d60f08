/// What FormDB throws: a stable code, a sentence, where it happened, and what to do about it.
///
/// ```swift
/// do {
///     try db.write { tx in try tx.insert(feature, into: "places") }
/// } catch let error as FormDBError where error.code == .alreadyExists {
///     print(error.message)
/// }
/// ```
public struct FormDBError: Error, Hashable, Sendable {
    /// What kind of failure it is. Decide by this.
    public var code: Code
    /// A sentence in English that says what happened.
    public var message: String
    /// The file concerned, where there is one.
    public var file: String?
    /// The byte offset inside ``file``, or inside the text that was read.
    public var offset: UInt64?
    /// The line (from 1) of the text that was read.
    public var line: Int?
    /// The sequence number concerned.
    public var sequence: UInt64?
    /// The id of the block concerned, in hexadecimal.
    public var block: String?
    /// The system's error number (`errno`), where the system said no.
    public var systemError: Int32?
    private var ownAdvice: String?

    /// Creates an error; `advice` replaces the code's general one.
    public init(
        _ code: Code, _ message: String, file: String? = nil, offset: UInt64? = nil,
        line: Int? = nil, sequence: UInt64? = nil, block: String? = nil,
        systemError: Int32? = nil, advice: String? = nil
    ) {
        self.code = code
        self.message = message
        self.file = file
        self.offset = offset
        self.line = line
        self.sequence = sequence
        self.block = block
        self.systemError = systemError
        ownAdvice = advice
    }

    /// What to do about it.
    public var advice: String? {
        get { ownAdvice ?? code.advice }
        set { ownAdvice = newValue }
    }
}

extension FormDBError {
    /// The kind of a failure: an open set with stable names, in the bands of who has to act.
    public struct Code: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }

        public var description: String { rawValue }
    }
}

extension FormDBError.Code {
    // The caller asked for something that can't be done; nothing changed.

    /// An argument is malformed; the message says which.
    public static let invalidArgument = Self(rawValue: "invalidArgument")
    /// There is no such collection, series, feature or block.
    public static let notFound = Self(rawValue: "notFound")
    /// The id or name exists already.
    public static let alreadyExists = Self(rawValue: "alreadyExists")
    /// The database is closed or closing.
    public static let closed = Self(rawValue: "closed")
    /// A write on what was opened for reading only.
    public static let readOnly = Self(rawValue: "readOnly")
    /// A stated limit would be exceeded.
    public static let tooLarge = Self(rawValue: "tooLarge")
    /// A coordinate is not a number or out of range.
    public static let invalidCoordinate = Self(rawValue: "invalidCoordinate")
    /// A question that this type of geometry can't answer.
    public static let unsupportedGeometry = Self(rawValue: "unsupportedGeometry")
    /// No generated id is left.
    public static let idsExhausted = Self(rawValue: "idsExhausted")
    /// Points with other fields than their series has.
    public static let fieldMismatch = Self(rawValue: "fieldMismatch")
    /// A write inside a write.
    public static let reentrant = Self(rawValue: "reentrant")
    /// The work was cancelled.
    public static let cancelled = Self(rawValue: "cancelled")
    /// The time limit of a question ran out.
    public static let timeLimitExceeded = Self(rawValue: "timeLimitExceeded")
    /// A later write is in the way of an undo.
    public static let conflict = Self(rawValue: "conflict")

    // The system said no.

    /// Reading or writing failed; ``FormDBError/systemError`` says why.
    public static let io = Self(rawValue: "io")
    /// The disk is full. This transaction failed; the database goes on.
    public static let noSpace = Self(rawValue: "noSpace")
    /// Another writer has the database.
    public static let locked = Self(rawValue: "locked")
    /// An earlier write or sync failed; the database must be opened again.
    public static let storePoisoned = Self(rawValue: "storePoisoned")
    /// This commit's write or sync failed; it may or may not be there after opening again.
    public static let commitOutcomeUnknown = Self(rawValue: "commitOutcomeUnknown")
    /// The file doesn't exist.
    public static let missingFile = Self(rawValue: "missingFile")
    /// The system can't do this.
    public static let unsupported = Self(rawValue: "unsupported")

    // The bytes are not what they should be.

    /// A stored file is damaged.
    public static let corrupt = Self(rawValue: "corrupt")
    /// Not a FormDB file at all.
    public static let notOurs = Self(rawValue: "notOurs")
    /// A format that this version no longer reads.
    public static let tooOld = Self(rawValue: "tooOld")
    /// A format that this version doesn't know yet.
    public static let tooNew = Self(rawValue: "tooNew")
    /// Input from outside is not well formed.
    public static let malformed = Self(rawValue: "malformed")

    // Resources.

    /// Memory ran out.
    public static let outOfMemory = Self(rawValue: "outOfMemory")

    /// What to do about this kind of failure, where something general can be said.
    var advice: String? { Self.adviceByCode[self] }

    private static let adviceByCode: [Self: String] = [
        .alreadyExists: "use upsert to replace what is there",
        .closed: "open the database again",
        .readOnly: "open the database for writing",
        .tooLarge: "split the work into smaller pieces, or raise the limit",
        .invalidCoordinate: "give longitude, then latitude, in degrees of WGS84",
        .reentrant: "use the transaction that is open instead of starting another",
        .noSpace: "free some space and write again",
        .locked: "close the other writer, or open for reading only",
        .storePoisoned: "close the database and open it again; that recovers it",
        .commitOutcomeUnknown: "open the database again and look the block up",
        .corrupt: "open a backup, or open the valid blocks before the fault for reading only",
        .notOurs: "check the path",
        .tooOld: "convert the database with an older version first",
        .tooNew: "open it with the newer version that wrote it",
        .malformed: "correct the input, or read it leniently",
        .conflict: "look at the later write and decide which should stand",
    ]
}

extension FormDBError: CustomStringConvertible {
    /// One line: code, message, place and advice.
    public var description: String {
        var text = "\(code): \(message)"
        var places: [String] = []
        if let file { places.append("file \(file)") }
        if let line { places.append("line \(line)") }
        if let offset { places.append("offset \(offset)") }
        if let sequence { places.append("sequence \(sequence)") }
        if let block { places.append("block \(block)") }
        if let systemError { places.append("system error \(systemError)") }
        if !places.isEmpty { text += " (\(places.joined(separator: ", ")))" }
        if let advice { text += "; \(advice)" }
        return text
    }
}
