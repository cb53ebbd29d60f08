import Foundation
import Testing

@testable import FormDB

@Suite("Writers at the same time")
struct WriterTests {
    @Test("Writers take turns: numbers have no holes, and each sees what came before")
    func turns() throws {
        let directory = TemporaryDirectory()
        let database = try Database(at: directory.url)
        let writes = Thoroughness.isQuick ? 10 : 60
        let sequences = Shared<[UInt64]>([])
        try Threads.run(4) { thread in
            var last: UInt64 = 0
            for _ in 0..<writes {
                let commit = try database.write(by: Provenance(actor: "\(thread)")) { tx in
                    let id = try tx.insert(
                        Feature(geometry: .point(longitude: 0, latitude: 0)), into: "f")
                    // A generated id counts all that were written before.
                    if id != .integer(Int64(tx.sequence)) {
                        throw Difference("\(id) at \(tx.sequence)")
                    }
                    return id
                }
                if commit.sequence <= last { throw Difference("numbers fall") }
                last = commit.sequence
                // What was acknowledged is published, and durable.
                if database.publishedSequence < last || database.durableSequence < last {
                    throw Difference("\(last) was acknowledged too early")
                }
                if try database.feature(commit.value, in: "f") == nil {
                    throw Difference("not seen")
                }
                sequences.update { $0.append(commit.sequence) }
            }
        }
        #expect(sequences.value.sorted() == Array(1...UInt64(4 * writes)))
        let actors = try database.journal().fetchAll().map { $0.provenance?.actor }
        for thread in 0..<4 { #expect(actors.count { $0 == "\(thread)" } == writes) }
    }

    /// A collection without rows yet was asked for its counters.
    @Test("Statistics leave out what a writer is just creating")
    func statisticsBesideCreations() throws {
        let database = try Database.inMemory()
        let rounds = Thoroughness.isQuick ? 200 : 2000
        let isDone = Shared(false)
        try Threads.run(2) { thread in
            if thread == 0 {
                defer { isDone.update { $0 = true } }
                for round in 0..<rounds {
                    try database.write { tx in try tx.createCollection("\(round)") }
                }
                return
            }
            while !isDone.value {
                if database.statistics().versions != 0 { throw Difference("rows of nothing") }
            }
        }
    }

    @Test("Waiting writers are served in order of arrival")
    func order() throws {
        let database = try Database.inMemory()
        let isInside = DispatchSemaphore(value: 0)
        let mayLeave = DispatchSemaphore(value: 0)
        let order = Shared<[Int]>([])
        let holder = ThreadGroup([
            {
                try database.write { tx in
                    isInside.signal()
                    mayLeave.wait()
                    try tx.createCollection("f")
                }
            }
        ])
        isInside.wait()
        var waiting: [ThreadGroup] = []
        for index in 0..<6 {
            waiting.append(
                ThreadGroup([
                    {
                        try database.write { tx in
                            order.update { $0.append(index) }
                            try tx.insert(Feature(geometry: nil), into: "f")
                        }
                    }
                ]))
            // Long enough to have queued, on a busy machine too.
            Thread.sleep(forTimeInterval: 0.05)
        }
        #expect(order.value.isEmpty)
        mayLeave.signal()
        try holder.join()
        for group in waiting { try group.join() }
        #expect(order.value == Array(0..<6))
    }

    /// Writers that run may go before one that still wakes; without a bound a busy one would keep it out.
    @Test("A waiting writer is passed sixteen times at most")
    func passes() throws {
        let database = try Database.inMemory()
        let isInside = DispatchSemaphore(value: 0)
        let mayQueue = DispatchSemaphore(value: 0)
        let served = Shared<[UInt64]>([])
        let waiter = ThreadGroup([
            {
                for _ in 0..<20 {
                    mayQueue.wait()
                    isInside.signal()
                    try database.write { tx in
                        served.update { $0.append(tx.sequence) }
                        try tx.insert(Feature(geometry: nil), into: "f")
                    }
                }
            }
        ])
        for round in 1...20 {
            let held = try database.write { tx in
                mayQueue.signal()
                isInside.wait()
                // Long enough to have queued, on a busy machine too.
                Thread.sleep(forTimeInterval: 0.05)
                try tx.insert(Feature(geometry: nil), into: "f")
            }.sequence
            while served.value.count < round {
                try database.write { try $0.insert(Feature(geometry: nil), into: "f") }
            }
            #expect(served.value[round - 1] <= held + 17)
        }
        try waiter.join()
    }

    @Test("Async writers share the database with sync ones")
    func asyncWriters() async throws {
        let database = try Database.inMemory()
        let writes = Thoroughness.isQuick ? 20 : 200
        let ids = try await withThrowingTaskGroup(of: FeatureID.self) { group in
            for _ in 0..<writes {
                group.addTask {
                    try await database.write { tx in
                        try tx.insert(Feature(geometry: nil), into: "f")
                    }.value
                }
            }
            var ids: [FeatureID] = []
            for try await id in group { ids.append(id) }
            return ids
        }
        #expect(ids.sorted() == (1...Int64(writes)).map { .integer($0) })
        try await database.sync()
    }

    // MARK: Cancelling

    @Test("An async write that is cancelled while it waits throws, and writes nothing")
    func cancelledWhileWaiting() async throws {
        let database = try Database.inMemory()
        let isInside = DispatchSemaphore(value: 0)
        let mayLeave = DispatchSemaphore(value: 0)
        let holder = ThreadGroup([
            {
                try database.write { _ in
                    isInside.signal()
                    mayLeave.wait()
                }
            }
        ])
        Self.wait(isInside)
        let task = Task {
            try await database.write { tx in try tx.createCollection("never") }
        }
        try await Task.sleep(for: .milliseconds(50))
        task.cancel()
        mayLeave.signal()
        await #expect(throws: CancellationError.self) { try await task.value }
        try holder.join()
        #expect(try database.collections.isEmpty)
        #expect(database.publishedSequence == 0)
    }

    @Test("An async write in a cancelled task throws without running its closure")
    func cancelledBefore() async throws {
        let database = try Database.inMemory()
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            try await database.write { _ in Issue.record("the closure ran") }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("Once its closure runs, a cancelled write is committed all the same")
    func cancelledTooLate() async throws {
        let database = try Database.inMemory()
        let isInside = DispatchSemaphore(value: 0)
        let mayLeave = DispatchSemaphore(value: 0)
        let task = Task {
            try await database.write { tx in
                isInside.signal()
                mayLeave.wait()
                try tx.createCollection("there")
            }
        }
        Self.wait(isInside)
        task.cancel()
        mayLeave.signal()
        #expect(try await task.value.sequence == 1)
        #expect(try database.collections == ["there"])
    }

    private static func wait(_ semaphore: DispatchSemaphore) { semaphore.wait() }

    // MARK: Closing

    @Test("Closing waits for the write that runs, and refuses those that wait")
    func closeWaits() throws {
        let directory = TemporaryDirectory()
        let database = try Database(at: directory.url)
        let isInside = DispatchSemaphore(value: 0)
        let mayLeave = DispatchSemaphore(value: 0)
        let writer = ThreadGroup([
            {
                try database.write { tx in
                    isInside.signal()
                    mayLeave.wait()
                    try tx.createCollection("there")
                }
            }
        ])
        isInside.wait()
        let refused = Shared<FormDBError.Code?>(nil)
        let waiter = ThreadGroup([
            {
                do {
                    try database.write { _ in }
                } catch let error as FormDBError {
                    refused.update { $0 = error.code }
                }
            }
        ])
        Thread.sleep(forTimeInterval: 0.05)
        let isClosed = Shared(false)
        let closer = ThreadGroup([
            {
                try database.close()
                isClosed.update { $0 = true }
            }
        ])
        try waiter.join()
        #expect(refused.value == .closed)
        #expect(!isClosed.value)
        mayLeave.signal()
        try writer.join()
        try closer.join()
        let again = try Database(at: directory.url)
        #expect(try again.collections == ["there"])
    }

    @Test("Closing beside readers ends their new work and leaves what they hold")
    func closeWhileReading() throws {
        let directory = TemporaryDirectory()
        let database = try Database(at: directory.url)
        try database.write { tx in
            for number in 0..<500 {
                try tx.insert(
                    Feature(geometry: .point(longitude: Double(number) / 10, latitude: 0)),
                    into: "f")
            }
        }
        let started = DispatchSemaphore(value: 0)
        let readers = ThreadGroup(
            (0..<3).map { _ in
                {
                    let held = try database.snapshot()
                    started.signal()
                    while true {
                        do {
                            let count = try database.features(in: "f").fetchCount()
                            if count != 500 { throw Difference("\(count) of 500") }
                        } catch let error as FormDBError where error.code == .closed {
                            break
                        }
                    }
                    if try held.features(in: "f").fetchAll().count != 500 {
                        throw Difference("a held snapshot lost features")
                    }
                }
            })
        for _ in 0..<3 { started.wait() }
        try database.close()
        try database.close()
        try readers.join()
        #expect(database.isClosed)
    }

    @Test("Many threads may close at once")
    func closeAtOnce() throws {
        let directory = TemporaryDirectory()
        let database = try Database(at: directory.url)
        try database.write { tx in try tx.createCollection("f") }
        try Threads.run(4) { _ in try database.close() }
        #expect(try Database(at: directory.url).collections == ["f"])
    }

    // MARK: Within one thread

    @Test("A write inside a write is refused, and the outer one goes on")
    func reentrant() throws {
        let database = try Database.inMemory()
        try database.write { tx in
            try tx.createCollection("outer")
            let error = #expect(throws: FormDBError.self) {
                try database.write { inner in try inner.createCollection("inner") }
            }
            #expect(error?.code == .reentrant)
            let closing = #expect(throws: FormDBError.self) { try database.close() }
            #expect(closing?.code == .reentrant)
            // A read of the database sees what was published, one of the transaction itself.
            #expect(try database.collections.isEmpty)
            #expect(try tx.collections == ["outer"])
        }
        #expect(try database.collections == ["outer"])
    }

    @Test("A sync waits beside writers")
    func syncs() throws {
        let directory = TemporaryDirectory()
        var configuration = Database.Configuration()
        configuration.durability = .none
        let database = try Database(at: directory.url, configuration: configuration)
        try Threads.run(3) { _ in
            for _ in 0..<30 {
                let commit = try database.write { tx in
                    try tx.append(times: [Int64(tx.sequence)], values: [1], to: "s")
                }
                try database.sync()
                if database.durableSequence < commit.sequence { throw Difference("not synced") }
            }
        }
    }
}
