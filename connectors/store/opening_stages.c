#include "opening_stages.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "client_list.h"
#include "connectors/net/endpoint.h"
#include "proxy/core/wire/record.h"
#include "store_facts.h"

#define EPOCH_KEY "homeport:epoch"
#define IDENTITY_KEY "homeport:identity" /* "<dc> <32 hexadecimal digits>": made once, at the first opening */
#define NAME_PREFIX "homeport:"
#define EXPIRED_NOTICES "__keyevent@*__:expire[d]"   /* spelled as no client spells it, so that PUBSUB NUMPAT counts it apart */
#define EPOCH_BELIEVED (UINT64_MAX >> 2)      /* no sidecar has claimed as much */
#define OUTBOX_CHUNK 1000
#define HOMES_CHUNK "2000"
#define EPISODES_CHUNK "100"             /* small, because records may hold whole values */

typedef void sender(struct opening *opening);
typedef enum opening_state taker(struct opening *opening, struct slice reply);

static sender send_login, send_role, send_transaction, send_epoch_read, send_identity_read, send_claims_read, send_epoch_claim, send_identity, send_names, send_client_list, send_kills, send_info,
	send_databases_read, send_notify_read, send_notify_change, send_subscribe, send_positions_read, send_outbox_read,
	send_episodes_read, send_homes_read, send_parts_read;
static taker take_role, take_epoch_found, take_identity_found, take_claims, take_epoch, take_identity, take_client_list, take_info, take_databases, take_notify, take_notify_change,
	take_positions, take_outbox, take_episodes, take_homes, take_part;
static void send_words(struct opening *opening, unsigned pipeline, unsigned count, const struct slice *words);
static void send_write(struct opening *opening, unsigned count, const struct slice *words);
static void make_identity(struct opening *opening, char *text, size_t size);
static void add_kill(void *context, struct slice client);

#define WORDS(...) sizeof((const struct slice[]){ __VA_ARGS__ }) / sizeof(struct slice), (const struct slice[]){ __VA_ARGS__ }

const struct opening_stage opening_stages[OPENING_STAGE_COUNT] = {
	{ "logging in", send_login, NULL, false },
	{ "asking whether it is the primary", send_role, take_role, false },
	{ "trying a transaction", send_transaction, NULL, false },
	{ "reading " EPOCH_KEY, send_epoch_read, take_epoch_found, false },
	{ "reading " IDENTITY_KEY, send_identity_read, take_identity_found, false },
	{ "listing what connections have claimed", send_claims_read, take_claims, false },
	{ "counting up " EPOCH_KEY, send_epoch_claim, take_epoch, false },
	{ "making " IDENTITY_KEY, send_identity, take_identity, false },
	{ "naming the connections", send_names, NULL, false },
	{ "listing connections", send_client_list, take_client_list, false },
	{ "closing an older sidecar's connections", send_kills, NULL, true },
	{ "reading INFO", send_info, take_info, false },
	{ "reading the number of databases", send_databases_read, take_databases, true },
	{ "reading notify-keyspace-events", send_notify_read, take_notify, true },
	{ "turning on notifications of expired keys", send_notify_change, take_notify_change, true },
	{ "subscribing to notifications of expired keys", send_subscribe, NULL, true },
	{ "reading " CORE_POSITIONS_KEY, send_positions_read, take_positions, false },
	{ "reading " CORE_OUTBOX_KEY, send_outbox_read, take_outbox, false },
	{ "reading " CORE_EPISODES_KEY, send_episodes_read, take_episodes, false },
	{ "reading " CORE_HOMES_KEY, send_homes_read, take_homes, false },
	{ "asking what of the reserved database is there", send_parts_read, take_part, false },
};

static void send_login(struct opening *opening)
{
	const char *password = opening->options->password;
	struct slice username = slice_of(opening->options->username != NULL ? opening->options->username : "default");
	if (password == NULL) {
		send_words(opening, PIPELINE_RESP3, WORDS(SLICE("HELLO"), SLICE("3")));
		return;
	}
	send_words(opening, PIPELINE_RESP2, WORDS(SLICE("AUTH"), username, slice_of(password)));
	send_words(opening, PIPELINE_RESP3, WORDS(SLICE("HELLO"), SLICE("3"), SLICE("AUTH"), username, slice_of(password)));
	send_words(opening, PIPELINE_NOTICES, WORDS(SLICE("AUTH"), username, slice_of(password)));
}

/* Sentinels may name one that is not the primary any more, or not yet. */
static void send_role(struct opening *opening)
{
	if (opening->options->endpoint->is_found)
		send_words(opening, PIPELINE_RESP2, WORDS(SLICE("ROLE")));
}

static enum opening_state take_role(struct opening *opening, struct slice reply)
{
	struct reply list, role;
	if (!reply_read(&reply, &list) || list.type != REPLY_ARRAY || !reply_read(&reply, &role))
		return OPENING_FAILED;
	if (slice_equal(role.text, SLICE("master")))
		return OPENING_UNDER_WAY;
	snprintf(opening->why, sizeof opening->why, "Sentinel names a Redis that says it is no primary (%.*s): waiting until it is, or another is named",
	         (int)role.text.len, role.text.ptr);
	return OPENING_REFUSED;
}

/* If MULTI were refused to this user, the commands of a group would run one by one, without their outbox entry. */
static void send_transaction(struct opening *opening)
{
	for (unsigned pipeline = PIPELINE_RESP2; pipeline <= PIPELINE_RESP3; pipeline++) {
		send_words(opening, pipeline, WORDS(SLICE("MULTI")));
		send_words(opening, pipeline, WORDS(SLICE("EXEC")));
	}
}

static void send_epoch_read(struct opening *opening)
{
	send_words(opening, PIPELINE_RESP2, WORDS(SLICE("GET"), SLICE(EPOCH_KEY)));
}

static enum opening_state take_epoch_found(struct opening *opening, struct slice reply)
{
	struct reply found;
	int64_t number = 0;
	if (!reply_read(&reply, &found) || (found.type == REPLY_STRING && !slice_to_int64(found.text, &number)) || number < 0)
		return OPENING_FAILED;
	opening->epoch_found = (uint64_t)number;
	if (opening->epoch_left == 0 || opening->epoch_found <= opening->epoch_left + opening->epoch_owed)
		return OPENING_UNDER_WAY;
	snprintf(opening->why, sizeof opening->why, EPOCH_KEY " is %" PRIu64 " and was %" PRIu64 ": another sidecar took this Redis over",
	         opening->epoch_found, opening->epoch_left);
	return OPENING_FENCED;
}

/* Somebody may have deleted the epoch while another sidecar is connected. Ours has to be above that one's. */
static void send_claims_read(struct opening *opening)
{
	send_client_list(opening);
}

static void note_claim(void *context, struct slice client)
{
	struct opening *opening = context;
	uint64_t epoch;
	if (client_list_number(client, SLICE(" name=" NAME_PREFIX), &epoch) && epoch > opening->epoch_claimed && epoch < EPOCH_BELIEVED)
		opening->epoch_claimed = epoch;
}

static enum opening_state take_claims(struct opening *opening, struct slice reply)
{
	return client_list_each(reply, opening, note_claim) ? OPENING_UNDER_WAY : OPENING_FAILED;
}

/* A Redis that lost its last writes may hold a lower number than ours, or than one that is in use. Continuing above those keeps numbers unique. */
static void send_epoch_claim(struct opening *opening)
{
	uint64_t base = opening->epoch_found > opening->epoch_left ? opening->epoch_found : opening->epoch_left;
	if (base < opening->epoch_claimed)
		base = opening->epoch_claimed;
	char step[24];
	opening->epoch_step = base + 1 - opening->epoch_found;
	snprintf(step, sizeof step, "%" PRIu64, opening->epoch_step);
	send_write(opening, WORDS(SLICE("INCRBY"), SLICE(EPOCH_KEY), slice_of(step)));
}

static enum opening_state take_epoch(struct opening *opening, struct slice reply)
{
	struct reply claimed;
	if (!reply_read(&reply, &claimed) || claimed.type != REPLY_INTEGER || claimed.integer <= 0)
		return OPENING_FAILED;
	opening->epoch = (uint64_t)claimed.integer;
	return OPENING_UNDER_WAY;
}

static void send_identity_read(struct opening *opening)
{
	send_words(opening, PIPELINE_RESP2, WORDS(SLICE("GET"), SLICE(IDENTITY_KEY)));
}

/* Looked at before anything is written or anybody fenced: the store may be in use by the sidecar that it belongs to. */
static enum opening_state take_identity_found(struct opening *opening, struct slice reply)
{
	struct reply found;
	if (!reply_read(&reply, &found))
		return OPENING_FAILED;
	if (found.type != REPLY_STRING)
		return OPENING_UNDER_WAY;
	struct slice id = found.text, dc = slice_take_until(&id, ' ');
	if (!slice_equal(dc, slice_of(opening->options->dc))) {
		snprintf(opening->why, sizeof opening->why,
		         "it belongs to datacenter \"%.*s\" (" IDENTITY_KEY "), and this is \"%s\": correct redis.address or dc; "
		         "to use it for \"%s\", empty it first (FLUSHALL)", (int)dc.len, dc.ptr, opening->options->dc, opening->options->dc);
		return OPENING_REFUSED;
	}
	snprintf(opening->facts.identity, sizeof opening->facts.identity, "%.*s", (int)id.len, id.ptr);
	return OPENING_UNDER_WAY;
}

/* A store without an identity gets one. NX and reading it back: of two sidecars that open at once, one makes it. */
static void send_identity(struct opening *opening)
{
	char identity[300];
	if (opening->facts.identity[0] != '\0')
		return;
	make_identity(opening, identity, sizeof identity);
	send_write(opening, WORDS(SLICE("SET"), SLICE(IDENTITY_KEY), slice_of(identity), SLICE("NX")));
	send_identity_read(opening);
}

/* To SET: OK or nil. To GET: the identity. */
static enum opening_state take_identity(struct opening *opening, struct slice reply)
{
	return opening->replies_due > 0 ? OPENING_UNDER_WAY : take_identity_found(opening, reply);
}

static void make_identity(struct opening *opening, char *text, size_t size)
{
	unsigned char random[16];
	size_t len = (size_t)snprintf(text, size - 2 * sizeof random, "%s ", opening->options->dc);
	ssize_t got = getrandom(random, sizeof random, 0);
	assert(got == sizeof random && len < size - 2 * sizeof random);
	for (size_t i = 0; i < sizeof random; i++)
		len += (size_t)snprintf(text + len, size - len, "%02x", random[i]);
}

static void send_names(struct opening *opening)
{
	char name[40];
	snprintf(name, sizeof name, NAME_PREFIX "%" PRIu64, opening->epoch);
	for (unsigned pipeline = 0; pipeline < PIPELINE_COUNT; pipeline++)
		send_words(opening, pipeline, WORDS(SLICE("CLIENT"), SLICE("SETNAME"), slice_of(name)));
}

static void send_client_list(struct opening *opening)
{
	send_words(opening, PIPELINE_RESP2, WORDS(SLICE("CLIENT"), SLICE("LIST")));
}

static enum opening_state take_client_list(struct opening *opening, struct slice reply)
{
	return client_list_each(reply, opening, add_kill) ? OPENING_UNDER_WAY : OPENING_FAILED;
}

/* Only connections with lower numbers are killed: a sidecar with a higher one is newer, and is about to kill ours. */
static void add_kill(void *context, struct slice client)
{
	struct opening *opening = context;
	uint64_t id, epoch;
	if (!client_list_number(client, SLICE("id="), &id) || !client_list_number(client, SLICE(" name=" NAME_PREFIX), &epoch) ||
	    epoch >= opening->epoch)
		return;
	opening->rivals = memory_resize(opening->rivals, (opening->rival_count + 1) * sizeof *opening->rivals);
	opening->rivals[opening->rival_count++] = id;
}

/* An error means that the connection has closed by itself. (It could also mean that we lack the permission, but CLIENT LIST needs the
 * same one and has just succeeded.) */
static void send_kills(struct opening *opening)
{
	for (unsigned i = 0; i < opening->rival_count; i++) {
		char id[24];
		snprintf(id, sizeof id, "%" PRIu64, opening->rivals[i]);
		send_words(opening, PIPELINE_RESP2, WORDS(SLICE("CLIENT"), SLICE("KILL"), SLICE("ID"), slice_of(id)));
	}
}

static void send_info(struct opening *opening)
{
	send_words(opening, PIPELINE_RESP2, WORDS(SLICE("INFO")));
}

static enum opening_state take_info(struct opening *opening, struct slice reply)
{
	store_facts_take(&opening->facts, reply);
	opening->is_data_there = info_has_data(reply, opening->options->reserved_db);
	return opening->facts.run_id[0] != '\0' ? OPENING_UNDER_WAY : OPENING_FAILED;
}

/* If CONFIG is refused, the reserved database is taken for the last one. */
static void send_databases_read(struct opening *opening)
{
	send_words(opening, PIPELINE_RESP2, WORDS(SLICE("CONFIG"), SLICE("GET"), SLICE("databases")));
}

static enum opening_state take_databases(struct opening *opening, struct slice reply)
{
	int64_t number;
	if (slice_to_int64(config_value(reply), &number) && number > opening->options->reserved_db && number < UINT32_MAX)
		opening->databases = (uint32_t)number;
	return OPENING_UNDER_WAY;
}

static void send_notify_read(struct opening *opening)
{
	send_words(opening, PIPELINE_RESP2, WORDS(SLICE("CONFIG"), SLICE("GET"), SLICE("notify-keyspace-events")));
}

static enum opening_state take_notify(struct opening *opening, struct slice reply)
{
	struct slice flags = config_value(reply);
	const char *missing = notify_missing(flags);
	opening->facts.is_notifying = missing[0] == '\0';
	snprintf(opening->facts.notices_found, sizeof opening->facts.notices_found, "%.*s", (int)flags.len, flags.len > 0 ? flags.ptr : "");
	snprintf(opening->notify_flags, sizeof opening->notify_flags, "%.*s%s", (int)flags.len, flags.len > 0 ? flags.ptr : "", missing);
	return OPENING_UNDER_WAY;
}

static void send_notify_change(struct opening *opening)
{
	if (opening->facts.is_notifying || opening->notify_flags[0] == '\0')
		return;
	send_words(opening, PIPELINE_RESP2,
	           WORDS(SLICE("CONFIG"), SLICE("SET"), SLICE("notify-keyspace-events"), slice_of(opening->notify_flags)));
}

static enum opening_state take_notify_change(struct opening *opening, struct slice reply)
{
	(void)reply;
	opening->facts.is_notifying = true;
	return OPENING_UNDER_WAY;
}

static void send_subscribe(struct opening *opening)
{
	send_words(opening, PIPELINE_NOTICES, WORDS(SLICE("PSUBSCRIBE"), SLICE(EXPIRED_NOTICES)));
}

static void send_positions_read(struct opening *opening)
{
	send_words(opening, PIPELINE_RESP2, WORDS(SLICE("HGETALL"), SLICE(CORE_POSITIONS_KEY)));
}

static enum opening_state take_positions(struct opening *opening, struct slice reply)
{
	return memento_take_positions(&opening->memento, reply) ? OPENING_UNDER_WAY : OPENING_FAILED;
}

static void send_outbox_read(struct opening *opening)
{
	char from[48] = "-", chunk[12];
	const struct memento *memento = &opening->memento;
	if (memento->outbox_count > 0) {
		const struct stored_entry *last = &memento->outbox[memento->outbox_count - 1];
		snprintf(from, sizeof from, "(%" PRIu64 "-%" PRIu64, last->ms, last->seq);
	}
	snprintf(chunk, sizeof chunk, "%d", OUTBOX_CHUNK);
	send_words(opening, PIPELINE_RESP2,
	           WORDS(SLICE("XRANGE"), SLICE(CORE_OUTBOX_KEY), slice_of(from), SLICE("+"), SLICE("COUNT"), slice_of(chunk)));
}

static enum opening_state take_outbox(struct opening *opening, struct slice reply)
{
	unsigned count;
	if (!memento_take_outbox(&opening->memento, reply, &count))
		return OPENING_FAILED;
	opening->is_stage_repeated = count == OUTBOX_CHUNK;
	return OPENING_UNDER_WAY;
}

static void send_episodes_read(struct opening *opening)
{
	const char *place = opening->memento.episodes_place;
	send_words(opening, PIPELINE_RESP2, WORDS(SLICE("HSCAN"), SLICE(CORE_EPISODES_KEY), slice_of(place[0] == '\0' ? "0" : place), SLICE("COUNT"),
	                                      SLICE(EPISODES_CHUNK)));
}

static enum opening_state take_episodes(struct opening *opening, struct slice reply)
{
	if (!memento_take_episodes(&opening->memento, reply))
		return OPENING_FAILED;
	opening->is_stage_repeated = strcmp(opening->memento.episodes_place, "0") != 0;
	return OPENING_UNDER_WAY;
}

static void send_homes_read(struct opening *opening)
{
	const char *place = opening->memento.homes_place;
	send_words(opening, PIPELINE_RESP2, WORDS(SLICE("HSCAN"), SLICE(CORE_HOMES_KEY), slice_of(place[0] == '\0' ? "0" : place), SLICE("COUNT"),
	                                      SLICE(HOMES_CHUNK)));
}

static enum opening_state take_homes(struct opening *opening, struct slice reply)
{
	opening->is_home_first = opening->memento.homes_place[0] == '\0';
	if (!memento_take_homes(&opening->memento, reply))
		return OPENING_FAILED;
	opening->is_stage_repeated = strcmp(opening->memento.homes_place, "0") != 0;
	return OPENING_UNDER_WAY;
}

/* Of the outbox, which has no field that could be a mark, whether it is there (enum core_part). */
static void send_parts_read(struct opening *opening)
{
	const struct slice hashes[] = {
		[PART_POSITIONS] = SLICE(CORE_POSITIONS_KEY), [PART_EPISODES] = SLICE(CORE_EPISODES_KEY), [PART_VERSIONS] = SLICE(CORE_VERSIONS_KEY),
		[PART_HOMES] = SLICE(CORE_HOMES_KEY),
	};
	for (unsigned part = 0; part < PART_OUTBOX; part++)
		send_words(opening, PIPELINE_RESP2, WORDS(SLICE("HEXISTS"), hashes[part], SLICE(CORE_MARK)));
	send_words(opening, PIPELINE_RESP2, WORDS(SLICE("EXISTS"), SLICE(CORE_OUTBOX_KEY)));
}

static enum opening_state take_part(struct opening *opening, struct slice reply)
{
	struct reply is_there;
	if (!reply_read(&reply, &is_there) || is_there.type != REPLY_INTEGER)
		return OPENING_FAILED;
	opening->parts |= (is_there.integer > 0 ? 1u : 0) << (PART_COUNT - 1 - opening->replies_due);
	return OPENING_UNDER_WAY;
}

static void send_words(struct opening *opening, unsigned pipeline, unsigned count, const struct slice *words)
{
	struct buffer command = { 0 };
	resp_add_command(&command, count, words);
	/* SELECT is not allowed before the login. */
	uint32_t db = pipeline == PIPELINE_RESP2 && opening->stage > 0 ? opening->options->reserved_db : 0;
	pipeline_read(opening->pipelines[pipeline], db, buffer_slice(&command), 0);
	buffer_free(&command);
	opening->replies_due++;
}

/* A write of one key. A full store refuses it, but not from a script that says that it may go beyond (Redis 7.0 or later). */
static void send_write(struct opening *opening, unsigned count, const struct slice *words)
{
	enum { WORDS_MAX = 4 };
	struct slice script[WORDS_MAX + 4] = { SLICE("EVAL"), SLICE("#!lua flags=allow-oom\nreturn redis.call(ARGV[1], KEYS[1], unpack(ARGV, 2))"),
	                                       SLICE("1"), words[1], words[0] };
	assert(count >= 2 && count <= WORDS_MAX);
	memcpy(script + 5, words + 2, (count - 2) * sizeof *words);
	if (opening->is_full)
		send_words(opening, PIPELINE_RESP2, count + 3, script);
	else
		send_words(opening, PIPELINE_RESP2, count, words);
}
