/* Render plain: tells the store a change of a key without metadata. */
#include "render.h"

#include "base/number.h"

#include <assert.h>

void render_plain(struct script *script, const struct change *change)
{
	struct buffer number = { 0 };
	script_select(script, change->db);
	switch (change->kind) {
	case CHANGE_SET:
		script_set_value(script, change->key, change->value);
		break;
	case CHANGE_INCREMENT:
		buffer_add_int64(&number, change->number);
		script_add(script, 3, (struct slice[]){ SLICE("INCRBY"), change->key, buffer_slice(&number) });
		break;
	case CHANGE_FIELD_SET:
		script_add_element(script, SLICE("HSET"), change->key, 2, (struct slice[]){ change->element, change->value });
		break;
	case CHANGE_FIELD_INCREMENT:
		buffer_add_int64(&number, change->number);
		script_add(script, 4, (struct slice[]){ SLICE("HINCRBY"), change->key, change->element, buffer_slice(&number) });
		break;
	case CHANGE_MEMBER_ADD:
		script_add_element(script, SLICE("SADD"), change->key, 1, &change->element);
		break;
	case CHANGE_SCORE_SET:
		buffer_add_double(&number, change->score);
		script_add_element(script, SLICE("ZADD"), change->key, 2, (struct slice[]){ buffer_slice(&number), change->element });
		break;
	case CHANGE_CLEAR: case CHANGE_FLUSH: case CHANGE_INCREMENT_FLOAT: case CHANGE_FIELD_REMOVE: case CHANGE_FIELD_INCREMENT_FLOAT:
	case CHANGE_MEMBER_REMOVE: case CHANGE_SCORE_REMOVE: case CHANGE_SCORE_INCREMENT: case CHANGE_EXPIRE: case CHANGE_SIBLING:
	case CHANGE_APPEND: case CHANGE_RANGE: case CHANGE_BITS: case CHANGE_UNION: case CHANGE_LIST_INSERT: case CHANGE_LIST_REMOVE: case CHANGE_LIST_SET:
	case CHANGE_STREAM_ADD: case CHANGE_STREAM_REMOVE: case CHANGE_STREAM_TRIM: case CHANGE_STREAM_REACH:
		assert(false);               /* none of these is plain */
	}
	buffer_free(&number);
}
