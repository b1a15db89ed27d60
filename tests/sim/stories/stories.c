/* The list of stories, and how one is told. */
#include "stories.h"

#include <stdio.h>

#include "story.h"

struct tale {
	const char *name;
	void (*tell)(struct story *story);
	bool has_homes, has_first_homes;
};

#define TALE(function) { #function, function, false, false }
#define HOMES_TALE(function) { #function, function, true, false }
#define FIRST_TALE(function) { #function, function, true, true }

static const struct tale tales[] = {
	TALE(overtaking_write_is_held_back),
	TALE(later_write_beats_a_clock_that_is_ahead),
	TALE(write_is_answered_while_its_log_is_down),
	TALE(log_delivered_twice_counts_once),
	TALE(clock_that_was_set_right_ends_a_quarantine),
	TALE(refused_transaction_of_a_watcher_does_not_run_after_what_it_has_not_seen),
	TALE(increment_survives_a_delete_that_has_not_seen_it),
	TALE(part_is_written_over_a_value_that_has_not_seen_it),
	TALE(whole_numbers_are_added_to_a_fraction_that_has_not_seen_them),
	TALE(two_appends_at_once_are_both_kept_in_one_order),
	TALE(bits_of_two_datacenters_are_both_kept),
	TALE(hyperloglog_has_seen_what_either_has_seen),
	TALE(add_wins_over_a_remove_that_has_not_seen_it),
	TALE(newer_type_is_seen_everywhere),
	TALE(runs_of_pushes_stay_together),
	TALE(element_popped_twice_is_gone_once_and_counted),
	TALE(element_is_set_wherever_it_stands),
	TALE(push_survives_a_removal_that_has_not_seen_it),
	TALE(entry_that_a_trim_has_not_seen_stays),
	TALE(entry_that_a_removal_of_the_key_has_not_seen_stays),
	TALE(id_that_was_chosen_too_small_is_raised),
	TALE(entry_that_comes_late_is_given_to_a_group),
	TALE(entry_that_two_were_given_is_acknowledged_once),
	TALE(entry_that_is_pending_is_claimed_elsewhere),
	TALE(concurrent_sets_are_one_conflict_everywhere),
	TALE(different_fields_are_no_conflict),
	TALE(killed_sidecar_ships_what_it_had_executed),
	TALE(store_restored_from_an_old_snapshot_catches_up),
	TALE(emptied_store_gets_everything_back),
	TALE(emptied_store_is_the_datacenter_that_it_was),
	TALE(store_that_is_emptied_while_it_runs_gets_everything_back),
	TALE(part_that_is_deleted_stops_everything_until_the_data_is_gone),
	TALE(outbox_is_shipped_before_a_store_without_positions_is_given_up),
	TALE(data_without_anything_of_ours_is_old_if_its_log_says_so),
	TALE(new_datacenter_with_data_is_new_after_a_restart_too),
	TALE(store_that_refused_the_first_transaction_is_whole_with_the_next),
	TALE(truncated_log_stops_its_reader_loudly),
	TALE(heartbeats_behind_a_cut_log_stop_its_reader),
	TALE(logs_of_others_are_read_whatever_the_own_one_lost),
	TALE(readers_of_a_datacenter_that_is_stopped_do_not_wait_for_it),
	TALE(needs_resync_names_the_same_write_after_a_restart),
	TALE(hundreds_of_restarts_leave_no_trace),
	TALE(ten_thousand_restarts_leave_no_trace),
	TALE(writes_refused_for_too_many_restarts_are_taken_once_all_are_heard),
	TALE(floor_is_told_only_once_all_have_what_is_below),
	TALE(floor_of_another_datacenter_is_waited_for),
	TALE(incarnation_is_remembered_until_what_it_killed_is_stable),
	TALE(store_that_comes_back_empty_with_its_log_says_so),
	TALE(store_that_comes_back_old_with_its_log_says_so),
	TALE(store_and_log_that_both_lost_writes_say_so_for_good),
	TALE(loss_is_over_once_all_have_a_later_write_and_nobody_lacks_any),
	TALE(key_expires_everywhere_although_clocks_differ),
	TALE(datacenter_that_cleared_a_key_says_nothing_of_its_deadline),
	TALE(cart_walk_ends_with_two_siblings),
	TALE(stale_context_keeps_what_was_long_settled),
	TALE(context_write_replaces_increments_that_were_applied),
	TALE(context_write_replaces_increments_behind_what_it_has_not_seen),
	TALE(removal_is_no_sibling_of_what_comes_after_it),
	TALE(blind_writers_leave_one_version_a_datacenter),
	TALE(one_sibling_too_many_is_refused),
	TALE(client_that_moves_reads_its_own_writes),
	TALE(token_outlives_the_loss_of_what_it_tells),
	HOMES_TALE(held_write_follows_a_user_who_moves),
	HOMES_TALE(client_is_redirected_only_where_its_user_is_known),
	HOMES_TALE(move_to_a_datacenter_that_does_not_hear_is_undone),
	HOMES_TALE(old_home_that_was_rolled_back_knows_that_it_gave_the_user_away),
	HOMES_TALE(user_moves_on_before_everybody_knows),
	HOMES_TALE(flush_leaves_homes_alone),
	FIRST_TALE(user_lives_where_somebody_writes_for_him_first),
	FIRST_TALE(of_two_who_claim_a_user_at_once_one_stays_his_home),
	HOMES_TALE(home_that_was_cut_off_reads_what_others_wrote_before_it_takes_writes),
	TALE(order_of_datacenters_beats_time),
	TALE(loser_of_priority_wins_when_the_winner_is_replaced_unseen),
	TALE(rules_that_change_at_different_moments_end_alike),
	TALE(field_written_at_the_deadline_is_the_same_everywhere),
	TALE(conflict_is_told_once_all_have_its_writes),
	TALE(version_that_survived_one_conflict_begins_another),
	TALE(open_conflict_is_kept_until_a_write_has_seen_it),
	TALE(chain_of_three_is_one_record),
	TALE(write_that_joins_two_records_leaves_one),
	TALE(open_conflict_outlives_its_sidecar),
	TALE(record_is_taken_up_where_its_sidecar_left_it),
	TALE(killed_version_is_not_written_down_alive_by_who_recalls_it),
	TALE(records_of_one_transaction_stand_together_until_one_changes),
	TALE(sum_of_increments_is_no_record),
	TALE(same_member_popped_twice_is_told),
	TALE(dots_of_values_that_are_gone_are_dropped),
	TALE(full_logs_drain_once_they_are_read),
	TALE(full_logs_drain_after_a_restart),
	TALE(own_log_is_read_to_its_end_however_small_the_inbox),
	TALE(open_conflict_is_decided_at_the_limit_of_metadata),
	TALE(clock_that_was_half_an_hour_ahead_is_forgotten_once_it_is_right),
	TALE(of_three_clocks_the_odd_one_is_named),
	TALE(of_two_clocks_nobody_says_which_one_is_wrong),
	TALE(peer_that_is_cut_off_does_not_look_fresh_whatever_its_clock_shows),
	TALE(nothing_is_fresh_before_clocks_were_compared),
	TALE(message_that_was_long_under_way_is_no_drift),
	TALE(steady_clock_that_leaps_stops_nobody),
	TALE(sets_behind_a_flush_in_one_batch_survive_it),
	TALE(full_store_can_be_emptied),
	TALE(full_store_takes_what_removes_and_lets_the_rest_wait),
	TALE(lost_end_that_one_peer_has_read_comes_back_everywhere),
	TALE(appends_under_way_follow_what_the_log_lost),
	TALE(lost_end_that_nobody_keeps_is_told_and_not_waited_for),
	TALE(lost_end_of_a_killed_sidecar_that_a_peer_has_read_is_told),
};

#define TALE_COUNT (sizeof(tales) / sizeof(tales[0]))

static bool tale_tell(const struct tale *tale, bool is_trace)
{
	const struct world_plan plan = { .seed = 1, .has_homes = tale->has_homes, .has_first_homes = tale->has_first_homes, .dc_count = 3, .keys = 1, .has_all_rules = true, .load_us = 1, .link_us_max = 2000, .message_bytes_max = 900000 };
	struct trace trace = { .is_on = is_trace };
	struct coverage *coverage = memory_new(sizeof(*coverage));
	struct story story = { .name = tale->name, .world = world_new(&plan, coverage, &trace) };
	bool is_passed;

	/* Homes by default count once all were heard with the same ones configured. */
	story_wait(&story, tale->has_homes ? 2000 : 200);
	tale->tell(&story);
	if (!story.is_told)
		world_conclude(story.world);
	is_passed = auditor_findings(story.world->auditor) == 0;
	printf("%s  %s\n%s", is_passed ? "holds" : "FAILS", tale->name, auditor_report(story.world->auditor));
	world_free(story.world);
	memory_free(coverage);
	return is_passed;
}

bool stories_run(bool is_trace)
{
	unsigned passed = 0;

	for (unsigned i = 0; i < TALE_COUNT; i++)
		passed += tale_tell(&tales[i], is_trace);
	printf("%u stories passed, %u failed\n", passed, (unsigned)TALE_COUNT - passed);
	return passed == TALE_COUNT;
}
