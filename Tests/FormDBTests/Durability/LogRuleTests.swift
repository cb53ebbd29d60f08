import CoreScenarios
import Testing

// One test for each rule that the log and the manifest keep (docs/ARCHITECTURE.md). The rules are tried in C, on an
// in-memory disk whose every call is seen.

/// Runs one rule on each path to the disk; `runs` are its checks.
private func check(
    _ name: String, _ rule: (UnsafeMutablePointer<scenario_report>) -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    for path in LogPath.allCases {
        let report = unsafe runScenario(
            "rule, \(name), \(path)", path: path, { unsafe rule($0) },
            sourceLocation: sourceLocation)
        #expect(report.runs > 0, sourceLocation: sourceLocation)
    }
}

/// Creation, and which files belong to the log.
@Suite("Log rules: creation and files")
struct LogCreationRuleTests {
    @Test("Log 1 is made durable, then the manifest, then the parent directory is synced")
    func creationOrder() {
        unsafe check("creation order") { unsafe log_rule_creation_order($0) }
    }

    @Test("Creation that is cut anywhere can be begun again")
    func creationCutAnywhere() {
        unsafe check("creation cut anywhere") { unsafe log_rule_creation_cut_anywhere($0) }
    }

    @Test("Without a manifest, only a lone log 1 without groups is an unfinished creation")
    func unfinishedCreation() {
        unsafe check("unfinished creation") { unsafe log_rule_unfinished_creation($0) }
    }

    @Test("Temporary names are ignored")
    func temporaryNamesIgnored() {
        unsafe check("temporary names ignored") { unsafe log_rule_temporary_names_ignored($0) }
    }

    @Test("An unnamed next log file belongs to the log if its header continues the chain")
    func unnamedNextFile() {
        unsafe check("unnamed next file") { unsafe log_rule_unnamed_next_file($0) }
    }

    @Test("An unnamed log file behind a gap is corruption, and so is a second unnamed one")
    func unnamedGap() {
        unsafe check("unnamed gap") { unsafe log_rule_unnamed_gap($0) }
    }

    @Test("A bad header under a final name is corruption")
    func badHeader() {
        unsafe check("bad header") { unsafe log_rule_bad_header($0) }
    }

    @Test("A named log file that is missing, swapped or foreign is corruption")
    func namedFileMissing() {
        unsafe check("named file missing") { unsafe log_rule_named_file_missing($0) }
    }

    @Test("A newest file with a valid header and no group is an empty log")
    func emptyNewestFile() {
        unsafe check("empty newest file") { unsafe log_rule_empty_newest_file($0) }
    }
}

/// What is dropped as a torn write, and what is refused.
@Suite("Log rules: torn or corrupt")
struct LogDamageRuleTests {
    @Test("A log that does not reach the manifest's floor is corruption")
    func floorNotReached() {
        unsafe check("floor not reached") { unsafe log_rule_floor_not_reached($0) }
    }

    @Test("The floor is raised at sync, rotation, clean close and recovery")
    func floorIsRaised() {
        unsafe check("floor is raised") { unsafe log_rule_floor_is_raised($0) }
    }

    @Test("A file with a successor must be valid to its recorded end")
    func successorNeedsRecordedEnd() {
        unsafe check("successor needs recorded end") {
            unsafe log_rule_successor_needs_recorded_end($0)
        }
    }

    @Test("A bad group that a later group's durable_through covers is corruption")
    func coveredByLaterGroup() {
        unsafe check("covered by later group") { unsafe log_rule_covered_by_later_group($0) }
    }

    @Test("A bad group that the floor covers is corruption")
    func coveredByFloor() {
        unsafe check("covered by floor") { unsafe log_rule_covered_by_floor($0) }
    }

    @Test("A bad group that the clean mark covers is corruption")
    func coveredByMark() {
        unsafe check("covered by mark") { unsafe log_rule_covered_by_mark($0) }
    }

    @Test("A torn write is dropped, its bytes in quarantine first")
    func tornWriteQuarantined() {
        unsafe check("torn write quarantined") { unsafe log_rule_torn_write_quarantined($0) }
    }

    @Test("A read that fails is an error, never a torn write")
    func failingReadIsError() {
        unsafe check("failing read is error") { unsafe log_rule_failing_read_is_error($0) }
    }

    @Test("A group counts only in its own store, file and place, under its file's salt")
    func groupBoundToPlace() {
        unsafe check("group bound to place") { unsafe log_rule_group_bound_to_place($0) }
    }

    @Test("What stays ambiguous is the last complete group after an unclean stop, nothing else")
    func statedAmbiguity() {
        unsafe check("stated ambiguity") { unsafe log_rule_stated_ambiguity($0) }
    }
}

/// Recovery after an unclean stop, and the clean mark.
@Suite("Log rules: recovery")
struct LogRecoveryRuleTests {
    @Test("Recovery copies the groups above durable_through into a file of a new epoch")
    func recoveryCopies() {
        unsafe check("recovery copies") { unsafe log_rule_recovery_copies($0) }
    }

    @Test("Recovery never calls durable what it only read")
    func recoveryDistrustsCache() {
        unsafe check("recovery distrusts cache") { unsafe log_rule_recovery_distrusts_cache($0) }
    }

    @Test("Recovery copies the very bytes that it checked")
    func recoveryCopiesWhatItChecked() {
        unsafe check("recovery copies what it checked") {
            unsafe log_rule_recovery_copies_what_it_checked($0)
        }
    }

    @Test("Recovery never builds on a newest file that the manifest does not name")
    func recoveryRewritesUnnamed() {
        unsafe check("recovery rewrites unnamed") { unsafe log_rule_recovery_rewrites_unnamed($0) }
    }

    @Test("Recovery makes its file durable, then the manifest, and only then goes on")
    func recoveryOrder() {
        unsafe check("recovery order") { unsafe log_rule_recovery_order($0) }
    }

    @Test("Recovery that is interrupted, also twice over, ends where it would have")
    func recoveryIdempotent() {
        unsafe check("recovery idempotent") { unsafe log_rule_recovery_idempotent($0) }
    }

    @Test("Opening for writing removes the clean mark before its first write to the log")
    func markRemovedFirst() {
        unsafe check("mark removed first") { unsafe log_rule_mark_removed_first($0) }
    }

    @Test("The clean mark speaks of its own file only")
    func markOfOneFile() {
        unsafe check("mark of one file") { unsafe log_rule_mark_of_one_file($0) }
    }
}

/// Appending, rotation, poisoning and the lock.
@Suite("Log rules: writing")
struct LogWritingRuleTests {
    @Test("A rotation seals in its order at full")
    func rotationOrderFull() {
        unsafe check("rotation order full") { unsafe log_rule_rotation_order_full($0) }
    }

    @Test("A rotation seals in its order at batched")
    func rotationOrderBatched() {
        unsafe check("rotation order batched") { unsafe log_rule_rotation_order_batched($0) }
    }

    @Test("A rotation seals in its order at none")
    func rotationOrderNone() {
        unsafe check("rotation order none") { unsafe log_rule_rotation_order_none($0) }
    }

    @Test("A group larger than the file size gets a larger file")
    func largeGroup() {
        unsafe check("large group") { unsafe log_rule_large_group($0) }
    }

    @Test("A sector that holds an acknowledged block is never written again")
    func sectorWrittenOnce() {
        unsafe check("sector written once") { unsafe log_rule_sector_written_once($0) }
    }

    @Test("Short writes and EINTR continue from an aligned offset")
    func shortWritesAligned() {
        unsafe check("short writes aligned") { unsafe log_rule_short_writes_aligned($0) }
    }

    @Test("A failed sync poisons; waiters are told, and nothing is tried again")
    func poisonedBySync() {
        unsafe check("poisoned by sync") { unsafe log_rule_poisoned_by_sync($0) }
    }

    @Test("A failed write poisons; waiters are told, and nothing is tried again")
    func poisonedByWrite() {
        unsafe check("poisoned by write") { unsafe log_rule_poisoned_by_write($0) }
    }

    @Test("A rotation that fails half-way poisons, with nothing of unknown outcome")
    func poisonedByRotation() {
        unsafe check("poisoned by rotation") { unsafe log_rule_poisoned_by_rotation($0) }
    }

    @Test("A left-over temporary file is removed before its name is used again")
    func leftOverNameRemoved() {
        unsafe check("left over name removed") { unsafe log_rule_left_over_name_removed($0) }
    }

    @Test("A full disk at the reservation fails that transaction alone")
    func fullDiskFailsAlone() {
        unsafe check("full disk fails alone") { unsafe log_rule_full_disk_fails_alone($0) }
    }

    @Test("LOCK is never deleted, a second writer is refused, readers neither take nor make it")
    func lock() {
        unsafe check("lock") { unsafe log_rule_lock($0) }
    }

    @Test("Batched blocks are durable after the interval")
    func gatheringInTime() {
        unsafe check("gathering in time") { unsafe log_rule_gathering_in_time($0) }
    }

    @Test("At none, blocks are written at 256 KiB and not synced")
    func gatheringBySize() {
        unsafe check("gathering by size") { unsafe log_rule_gathering_by_size($0) }
    }

    @Test("Block ids do not depend on compression")
    func idsIgnoreCompression() {
        unsafe check("ids ignore compression") { unsafe log_rule_ids_ignore_compression($0) }
    }
}

/// Groups written past the cache, into zeros written ahead.
@Suite("Log rules: the direct log")
struct LogDirectRuleTests {
    @Test("Every group at full is one direct write; none at batched or none, or when switched off")
    func onlyAtFull() {
        unsafe check("direct only at full") { unsafe log_rule_direct_only_at_full($0) }
    }

    @Test("Refused direct writes, or their alignment, mean the other path, and nothing else")
    func refused() {
        unsafe check("direct refused") { unsafe log_rule_direct_refused($0) }
    }

    @Test("Where direct writes are demanded and not to be had, opening or the transaction says so")
    func demanded() {
        unsafe check("direct demanded") { unsafe log_rule_direct_demanded($0) }
    }

    @Test("When the zeros ahead run out, groups are as durable")
    func zerosRunOut() {
        unsafe check("direct zeros run out") { unsafe log_rule_direct_zeros_run_out($0) }
    }

    @Test("A filler that fails poisons nothing: the reservation decides alone")
    func fillerFails() {
        unsafe check("direct filler fails") { unsafe log_rule_direct_filler_fails($0) }
    }

    @Test("A large group is written and synced between direct ones")
    func largeGroup() {
        unsafe check("direct large group") { unsafe log_rule_direct_large_group($0) }
    }

    @Test("A direct write torn at 512 bytes or 4 KiB is dropped, its bytes in quarantine")
    func tornWrite() {
        unsafe check("direct torn write") { unsafe log_rule_direct_torn_write($0) }
    }

    @Test("Zeros behind the last group are no evidence of anything")
    func zerosAreNoEvidence() {
        unsafe check("direct zeros no evidence") { unsafe log_rule_direct_zeros_no_evidence($0) }
    }

    @Test("Sealed and closed files end where their last group does")
    func trimmed() {
        unsafe check("direct trimmed") { unsafe log_rule_direct_trimmed($0) }
    }
}

/// Readers beside a writer, reading up to a fault, and versions.
@Suite("Log rules: reading")
struct LogReadingRuleTests {
    @Test("readOnlyPrefix opens the valid blocks before the fault and names it")
    func prefixBeforeFault() {
        unsafe check("prefix before fault") { unsafe log_rule_prefix_before_fault($0) }
    }

    @Test("A reader beside a writer sees only what is certainly durable")
    func readerCertainlyDurable() {
        unsafe check("reader certainly durable") { unsafe log_rule_reader_certainly_durable($0) }
    }

    @Test("A reader believes what a successor's header records, not its word about itself")
    func readerBelievesSuccessor() {
        unsafe check("reader believes successor") { unsafe log_rule_reader_believes_successor($0) }
    }

    @Test("A reader never truncates, repairs or writes")
    func readerChangesNothing() {
        unsafe check("reader changes nothing") { unsafe log_rule_reader_changes_nothing($0) }
    }

    @Test("Redacted and pruned blocks are readable; an unknown encoding is too new")
    func withheldBlocks() {
        unsafe check("withheld blocks") { unsafe log_rule_withheld_blocks($0) }
    }

    @Test("Too new, too old, not ours and corrupt are errors of their own")
    func versions() {
        unsafe check("versions") { unsafe log_rule_versions($0) }
    }
}
