// One function for each rule that the log and the manifest keep. In the report: `runs` counts the checks,
// `images` the disks, `recovered` and `refused` the openings.
#ifndef LOG_RULES_PUBLIC_H
#define LOG_RULES_PUBLIC_H

struct scenario_report;

// Creation, and which files belong to the log.
void log_rule_creation_order(struct scenario_report *report);
void log_rule_creation_cut_anywhere(struct scenario_report *report);
void log_rule_unfinished_creation(struct scenario_report *report);
void log_rule_temporary_names_ignored(struct scenario_report *report);
void log_rule_unnamed_next_file(struct scenario_report *report);
void log_rule_unnamed_gap(struct scenario_report *report);
void log_rule_bad_header(struct scenario_report *report);
void log_rule_named_file_missing(struct scenario_report *report);
void log_rule_empty_newest_file(struct scenario_report *report);

// Torn or corrupt.
void log_rule_floor_not_reached(struct scenario_report *report);
void log_rule_floor_is_raised(struct scenario_report *report);
void log_rule_successor_needs_recorded_end(struct scenario_report *report);
void log_rule_covered_by_later_group(struct scenario_report *report);
void log_rule_covered_by_floor(struct scenario_report *report);
void log_rule_covered_by_mark(struct scenario_report *report);
void log_rule_torn_write_quarantined(struct scenario_report *report);
void log_rule_failing_read_is_error(struct scenario_report *report);
void log_rule_group_bound_to_place(struct scenario_report *report);
void log_rule_stated_ambiguity(struct scenario_report *report);

// Recovery.
void log_rule_recovery_copies(struct scenario_report *report);
void log_rule_recovery_distrusts_cache(struct scenario_report *report);
void log_rule_recovery_copies_what_it_checked(struct scenario_report *report);
void log_rule_recovery_rewrites_unnamed(struct scenario_report *report);
void log_rule_recovery_order(struct scenario_report *report);
void log_rule_recovery_idempotent(struct scenario_report *report);
void log_rule_mark_removed_first(struct scenario_report *report);
void log_rule_mark_of_one_file(struct scenario_report *report);

// Writing.
void log_rule_rotation_order_full(struct scenario_report *report);
void log_rule_rotation_order_batched(struct scenario_report *report);
void log_rule_rotation_order_none(struct scenario_report *report);
void log_rule_large_group(struct scenario_report *report);
void log_rule_sector_written_once(struct scenario_report *report);
void log_rule_short_writes_aligned(struct scenario_report *report);
void log_rule_poisoned_by_sync(struct scenario_report *report);
void log_rule_poisoned_by_write(struct scenario_report *report);
void log_rule_poisoned_by_rotation(struct scenario_report *report);
void log_rule_left_over_name_removed(struct scenario_report *report);
void log_rule_full_disk_fails_alone(struct scenario_report *report);
void log_rule_lock(struct scenario_report *report);
void log_rule_gathering_in_time(struct scenario_report *report);
void log_rule_gathering_by_size(struct scenario_report *report);
void log_rule_ids_ignore_compression(struct scenario_report *report);

// The direct log. Each sets up direct writes itself.
void log_rule_direct_only_at_full(struct scenario_report *report);
void log_rule_direct_refused(struct scenario_report *report);
void log_rule_direct_demanded(struct scenario_report *report);
void log_rule_direct_zeros_run_out(struct scenario_report *report);
void log_rule_direct_filler_fails(struct scenario_report *report);
void log_rule_direct_large_group(struct scenario_report *report);
void log_rule_direct_torn_write(struct scenario_report *report);
void log_rule_direct_zeros_no_evidence(struct scenario_report *report);
void log_rule_direct_trimmed(struct scenario_report *report);

// Reading.
void log_rule_prefix_before_fault(struct scenario_report *report);
void log_rule_reader_certainly_durable(struct scenario_report *report);
void log_rule_reader_believes_successor(struct scenario_report *report);
void log_rule_reader_changes_nothing(struct scenario_report *report);
void log_rule_withheld_blocks(struct scenario_report *report);
void log_rule_versions(struct scenario_report *report);
#endif
