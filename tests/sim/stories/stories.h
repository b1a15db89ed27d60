/* Stories: short deterministic runs, each named after the fact that it shows. */
#ifndef SIM_STORIES_H
#define SIM_STORIES_H

#include <stdbool.h>

struct story;

/* Tells all of them; false: one does not hold. */
bool stories_run(bool is_trace);

/* causality.c */
void overtaking_write_is_held_back(struct story *story);
void later_write_beats_a_clock_that_is_ahead(struct story *story);
void write_is_answered_while_its_log_is_down(struct story *story);
void log_delivered_twice_counts_once(struct story *story);
void refused_transaction_of_a_watcher_does_not_run_after_what_it_has_not_seen(struct story *story);

/* concurrency.c */
void increment_survives_a_delete_that_has_not_seen_it(struct story *story);
void part_is_written_over_a_value_that_has_not_seen_it(struct story *story);
void whole_numbers_are_added_to_a_fraction_that_has_not_seen_them(struct story *story);
void two_appends_at_once_are_both_kept_in_one_order(struct story *story);
void bits_of_two_datacenters_are_both_kept(struct story *story);
void hyperloglog_has_seen_what_either_has_seen(struct story *story);
void add_wins_over_a_remove_that_has_not_seen_it(struct story *story);
void newer_type_is_seen_everywhere(struct story *story);
void concurrent_sets_are_one_conflict_everywhere(struct story *story);
void different_fields_are_no_conflict(struct story *story);

/* recovery.c */
void clock_that_was_set_right_ends_a_quarantine(struct story *story);
void killed_sidecar_ships_what_it_had_executed(struct story *story);
void store_restored_from_an_old_snapshot_catches_up(struct story *story);
void truncated_log_stops_its_reader_loudly(struct story *story);
void heartbeats_behind_a_cut_log_stop_its_reader(struct story *story);
void logs_of_others_are_read_whatever_the_own_one_lost(struct story *story);
void readers_of_a_datacenter_that_is_stopped_do_not_wait_for_it(struct story *story);
void needs_resync_names_the_same_write_after_a_restart(struct story *story);
void emptied_store_gets_everything_back(struct story *story);
void emptied_store_is_the_datacenter_that_it_was(struct story *story);
void store_that_is_emptied_while_it_runs_gets_everything_back(struct story *story);
void part_that_is_deleted_stops_everything_until_the_data_is_gone(struct story *story);
void outbox_is_shipped_before_a_store_without_positions_is_given_up(struct story *story);
void data_without_anything_of_ours_is_old_if_its_log_says_so(struct story *story);
void new_datacenter_with_data_is_new_after_a_restart_too(struct story *story);
void store_that_refused_the_first_transaction_is_whole_with_the_next(struct story *story);
void hundreds_of_restarts_leave_no_trace(struct story *story);
void ten_thousand_restarts_leave_no_trace(struct story *story);
void writes_refused_for_too_many_restarts_are_taken_once_all_are_heard(struct story *story);
void store_that_comes_back_empty_with_its_log_says_so(struct story *story);
void store_that_comes_back_old_with_its_log_says_so(struct story *story);
void store_and_log_that_both_lost_writes_say_so_for_good(struct story *story);
void loss_is_over_once_all_have_a_later_write_and_nobody_lacks_any(struct story *story);

/* incarnations.c */
void floor_is_told_only_once_all_have_what_is_below(struct story *story);
void floor_of_another_datacenter_is_waited_for(struct story *story);
void incarnation_is_remembered_until_what_it_killed_is_stable(struct story *story);

/* clocks.c */
void clock_that_was_half_an_hour_ahead_is_forgotten_once_it_is_right(struct story *story);
void of_three_clocks_the_odd_one_is_named(struct story *story);
void of_two_clocks_nobody_says_which_one_is_wrong(struct story *story);
void peer_that_is_cut_off_does_not_look_fresh_whatever_its_clock_shows(struct story *story);
void nothing_is_fresh_before_clocks_were_compared(struct story *story);
void message_that_was_long_under_way_is_no_drift(struct story *story);
void steady_clock_that_leaps_stops_nobody(struct story *story);

/* limits.c */
void full_logs_drain_once_they_are_read(struct story *story);
void full_logs_drain_after_a_restart(struct story *story);
void own_log_is_read_to_its_end_however_small_the_inbox(struct story *story);
void open_conflict_is_decided_at_the_limit_of_metadata(struct story *story);
void sets_behind_a_flush_in_one_batch_survive_it(struct story *story);
void full_store_can_be_emptied(struct story *story);
void full_store_takes_what_removes_and_lets_the_rest_wait(struct story *story);

/* contexts.c */
void cart_walk_ends_with_two_siblings(struct story *story);
void stale_context_keeps_what_was_long_settled(struct story *story);
void context_write_replaces_increments_that_were_applied(struct story *story);
void context_write_replaces_increments_behind_what_it_has_not_seen(struct story *story);
void removal_is_no_sibling_of_what_comes_after_it(struct story *story);
void blind_writers_leave_one_version_a_datacenter(struct story *story);
void one_sibling_too_many_is_refused(struct story *story);
void dots_of_values_that_are_gone_are_dropped(struct story *story);

/* sessions.c */
void client_that_moves_reads_its_own_writes(struct story *story);
void token_outlives_the_loss_of_what_it_tells(struct story *story);

/* homes.c */
void held_write_follows_a_user_who_moves(struct story *story);
void client_is_redirected_only_where_its_user_is_known(struct story *story);
void move_to_a_datacenter_that_does_not_hear_is_undone(struct story *story);
void old_home_that_was_rolled_back_knows_that_it_gave_the_user_away(struct story *story);
void user_moves_on_before_everybody_knows(struct story *story);
void flush_leaves_homes_alone(struct story *story);
void user_lives_where_somebody_writes_for_him_first(struct story *story);
void of_two_who_claim_a_user_at_once_one_stays_his_home(struct story *story);
void home_that_was_cut_off_reads_what_others_wrote_before_it_takes_writes(struct story *story);

/* rules.c */
void order_of_datacenters_beats_time(struct story *story);
void loser_of_priority_wins_when_the_winner_is_replaced_unseen(struct story *story);
void rules_that_change_at_different_moments_end_alike(struct story *story);

/* expiry.c */
void key_expires_everywhere_although_clocks_differ(struct story *story);
void datacenter_that_cleared_a_key_says_nothing_of_its_deadline(struct story *story);
void field_written_at_the_deadline_is_the_same_everywhere(struct story *story);

/* records.c */
void conflict_is_told_once_all_have_its_writes(struct story *story);
void version_that_survived_one_conflict_begins_another(struct story *story);
void open_conflict_is_kept_until_a_write_has_seen_it(struct story *story);
void chain_of_three_is_one_record(struct story *story);
void write_that_joins_two_records_leaves_one(struct story *story);
void open_conflict_outlives_its_sidecar(struct story *story);
void record_is_taken_up_where_its_sidecar_left_it(struct story *story);
void killed_version_is_not_written_down_alive_by_who_recalls_it(struct story *story);
void records_of_one_transaction_stand_together_until_one_changes(struct story *story);
void sum_of_increments_is_no_record(struct story *story);
void same_member_popped_twice_is_told(struct story *story);

/* lists.c */
void runs_of_pushes_stay_together(struct story *story);
void element_popped_twice_is_gone_once_and_counted(struct story *story);
void element_is_set_wherever_it_stands(struct story *story);
void push_survives_a_removal_that_has_not_seen_it(struct story *story);

/* streams.c */
void entry_that_a_trim_has_not_seen_stays(struct story *story);
void entry_that_a_removal_of_the_key_has_not_seen_stays(struct story *story);
void id_that_was_chosen_too_small_is_raised(struct story *story);
void entry_that_comes_late_is_given_to_a_group(struct story *story);
void entry_that_two_were_given_is_acknowledged_once(struct story *story);
void entry_that_is_pending_is_claimed_elsewhere(struct story *story);

/* lost_end.c */
void lost_end_that_one_peer_has_read_comes_back_everywhere(struct story *story);
void appends_under_way_follow_what_the_log_lost(struct story *story);
void lost_end_that_nobody_keeps_is_told_and_not_waited_for(struct story *story);
void lost_end_of_a_killed_sidecar_that_a_peer_has_read_is_told(struct story *story);

#endif
