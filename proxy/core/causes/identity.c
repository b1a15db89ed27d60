/* Identity (see identity.h). A datacenter's id is that of its first store. A store that comes back empty takes it over from its log, or from what a
 * peer knows. Another id means another datacenter, whatever it is called: nothing of it is applied. */
#include "identity.h"

#include "causes.h"

#define FIELD_PREFIX "id:"
#define SETTLING_HEARTBEATS 10       /* so long a store without an id waits whether a peer knows one */
#define QUIET_HEARTBEATS 20          /* a rival of whom nothing was read for so long is gone */
#define RECENT_MS 60000              /* what another wrote into our log longer ago is history */
#define BEATS_ALIVE 2                /* a process that ended may have left one heartbeat on its way */

static bool is_id(const char *known, struct slice id)
{
	return slice_equal(slice_of(known), id);
}

static void learn(struct causes *causes, unsigned dc, struct slice id)
{
	slice_to_text(causes->peers[dc].status.id, sizeof causes->peers[dc].status.id, id);
	causes->identity.changes++;
}

/* ---- the store ---- */

/* What this process knows it goes on knowing, if the store has forgotten it: an empty one took its place. */
void identity_begin(struct causes *causes, struct slice candidate)
{
	slice_to_text(causes->identity.candidate, sizeof causes->identity.candidate, candidate);
	causes->identity.changes++;
	causes->identity.beats = 0;
	causes->identity.first[0] = '\0';
	causes->is_exchanged = false;
}

bool identity_read(struct causes *causes, struct slice field, struct slice value)
{
	size_t prefix = strlen(FIELD_PREFIX);
	if (field.len <= prefix || memcmp(field.ptr, FIELD_PREFIX, prefix) != 0)
		return false;
	int dc = origins_dc(&causes->origins, (struct slice){ field.ptr + prefix, field.len - prefix });
	if (dc < 0)
		return true;
	const char *known = causes->peers[dc].status.id;
	causes->is_exchanged |= dc == 0 && known[0] != '\0' && !is_id(known, value);
	if (!causes->is_exchanged)
		slice_to_text(causes->peers[dc].status.id, sizeof causes->peers[dc].status.id, value);
	return true;
}

unsigned identity_fields(const struct causes *causes, struct buffer *fields, struct slice *values)
{
	unsigned count = 0;
	for (unsigned dc = 0; dc < causes->origins.dc_count; dc++) {
		if (causes->peers[dc].status.id[0] == '\0')
			continue;
		buffer_add_text(&fields[count], FIELD_PREFIX);
		buffer_add_text(&fields[count], causes->origins.dcs[dc]);
		values[count++] = slice_of(causes->peers[dc].status.id);
	}
	return count;
}

/* ---- somebody else goes by our name ---- */

static void note_seen(struct causes *causes)
{
	if (causes->identity.rival_ms == 0)
		step_alarm(causes->step, 0, CORE_TROUBLE_RIVAL + strlen("HOMEPORT "));
	causes->identity.rival_ms = causes->step->steady_ms;
}

/* It has a log of its own, which nobody reads, or which some peers read in place of ours. */
void identity_hear_namesake(struct causes *causes, unsigned dc)
{
	if (causes->identity.rival_ms == 0)
		step_alarm(causes->step, dc, "another sidecar reads this log in the name of this datacenter");
	note_seen(causes);
}

static void note_rival(struct causes *causes, const struct batch *batch)
{
	struct identity *identity = &causes->identity;
	note_seen(causes);
	if (batch->incarnation > identity->rival_incarnation)
		identity->rival_incarnation = batch->incarnation;
}

/* Its writes were sent again, by ourselves. */
static bool is_applied(const struct causes *causes, const struct batch *batch)
{
	uint64_t last_seq = batch->first_seq + batch->write_count - 1;
	for (unsigned i = 0; i < causes->origins.count; i++)
		if (causes->origins.items[i].dc == 0 && causes->origins.items[i].incarnation == batch->incarnation)
			return batch->part_count <= 1 && last_seq <= causes->origins.items[i].applied;
	return false;
}

static bool is_alive(struct identity *identity, const struct batch *batch)
{
	if (batch->incarnation != identity->beat_incarnation)
		identity->beats = 0;
	else if (batch->hlc <= identity->beat_hlc)
		return false;
	identity->beat_incarnation = batch->incarnation;
	identity->beat_hlc = batch->hlc;
	return ++identity->beats >= BEATS_ALIVE;
}

/* What an earlier process of this datacenter had still on its way when it ended is no rival. Writes of its are in the outbox, or were never executed. */
bool identity_hear_between(struct causes *causes, const struct batch *batch)
{
	bool is_writing = batch->write_count > 0 || batch->part_count > 1;
	bool is_named = slice_equal(batch->dc, slice_of(causes->origins.dcs[0]));
	const char *own = causes->peers[0].status.id;
	if (is_named && batch->incarnation == causes->origins.items[causes->self].incarnation)
		return true;
	bool is_other = !is_named || (batch->id.len > 0 && own[0] != '\0' && !is_id(own, batch->id));
	if (is_other || (is_writing ? !is_applied(causes, batch) : batch->hello == 0 && is_alive(&causes->identity, batch)))
		note_rival(causes, batch);
	return !is_writing || is_other || is_applied(causes, batch);
}

/* ---- what logs say ---- */

static void note_stranger(struct causes *causes, unsigned dc, const struct batch *batch)
{
	struct core_peer_status *status = &causes->peers[dc].status;
	uint64_t quiet_ms = UINT64_C(1) * QUIET_HEARTBEATS * causes->identity.heartbeat_ms;
	if (dc == 0 && batch->wall_ms + RECENT_MS > causes->step->now_ms)
		note_rival(causes, batch);
	if (status->stranger_ms == 0 || status->stranger_ms + quiet_ms < causes->step->steady_ms)
		step_alarm(causes->step, dc, "another datacenter of the same name writes this log, with another id: nothing that it writes is applied");
	status->stranger_ms = causes->step->steady_ms;
	if (batch->id.len > 0)
		slice_to_text(status->stranger_id, sizeof status->stranger_id, batch->id);
}

/* Whom does this peer take for us? */
static void hear_of_us(struct causes *causes, unsigned dc, const struct batch *batch)
{
	struct core_peer_status *status = &causes->peers[dc].status;
	for (unsigned i = 0; i < batch->known_count; i++) {
		if (!slice_equal(batch->known[i].dc, slice_of(causes->origins.dcs[0])))
			continue;
		if (batch->known[i].incarnation > causes->peers[dc].told_incarnation)
			causes->peers[dc].told_incarnation = batch->known[i].incarnation;
		if (batch->known[i].id.len == 0)
			continue;
		if (causes->peers[0].status.id[0] == '\0' && causes->is_gate_open)
			learn(causes, 0, batch->known[i].id);
		bool was_other = status->is_following_other;
		status->is_following_other = causes->peers[0].status.id[0] != '\0' && !is_id(causes->peers[0].status.id, batch->known[i].id);
		if (status->is_following_other && !was_other)
			step_alarm(causes->step, dc, "it follows the log of another datacenter that has our name");
	}
}

bool identity_hear(struct causes *causes, unsigned dc, const struct batch *batch, unsigned origin)
{
	struct origin *writer = &causes->origins.items[origin];
	if (dc == 0 && causes->identity.first[0] == '\0')
		slice_to_text(causes->identity.first, sizeof causes->identity.first, batch->candidate);
	if (batch->id.len > 0 && causes->peers[dc].status.id[0] == '\0')
		learn(causes, dc, batch->id);
	if (batch->id.len > 0)
		writer->is_stranger = !is_id(causes->peers[dc].status.id, batch->id);
	writer->is_named = batch->id.len > 0 ? !writer->is_stranger : writer->is_named;
	if (writer->is_named && batch->incarnation > causes->peers[dc].named_incarnation)
		causes->peers[dc].named_incarnation = batch->incarnation;
	if (writer->is_stranger)
		note_stranger(causes, dc, batch);
	else if (dc != 0)
		hear_of_us(causes, dc, batch);
	return !writer->is_stranger;
}

/* Of several new stores that begin one log, the first in the log gives the id. */
void identity_hear_end(struct causes *causes)
{
	struct identity *identity = &causes->identity;
	if (causes->peers[0].status.id[0] == '\0' && identity->first[0] != '\0' && strcmp(identity->first, identity->candidate) != 0)
		learn(causes, 0, slice_of(identity->first));
}

bool identity_is_awaited(const struct causes *causes, unsigned origin)
{
	const struct origin *writer = &causes->origins.items[origin];
	const struct peer *peer = &causes->peers[writer->dc];
	return writer->dc != 0 && peer->status.id[0] != '\0' && !writer->is_named && writer->applied == 0 && writer->incarnation > peer->named_incarnation;
}

/* ---- time ---- */

void identity_tick(struct causes *causes)
{
	struct identity *identity = &causes->identity;
	uint64_t now_ms = causes->step->steady_ms, heartbeat_ms = identity->heartbeat_ms;
	bool is_waiting = causes->peers[0].status.id[0] == '\0' && identity->candidate[0] != '\0';
	if (is_waiting && causes->is_recalled && now_ms >= causes->opened_ms + SETTLING_HEARTBEATS * heartbeat_ms)
		learn(causes, 0, slice_of(identity->candidate));
	if (identity->rival_ms == 0 || now_ms < identity->rival_ms + QUIET_HEARTBEATS * heartbeat_ms)
		return;
	/* Peers heard it later than us. And what it wrote as us is in our log, but not in our store. */
	identity->rival_ms = 0;
	identity->is_renewal_due = true;
	effects_add(causes->step->effects, EFFECT_REOPEN);
}
