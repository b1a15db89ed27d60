/* SETBIT and BITFIELD of the simulated store. */
#include "sim_command.h"

#include <stdlib.h>
#include <string.h>

struct bits {
	char *bytes;                 /* owned */
	size_t len;
};

static bool bits_open(struct sim_call *call, struct bits *bits)
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, call->argv[1], SIM_STRING, &is_wrong);
	struct slice value = key == NULL ? (struct slice){ "", 0 } : store_text(call, key->elements[0].value);

	*bits = (struct bits){ memory_resize(NULL, value.len + 1), value.len };
	memcpy(bits->bytes, value.ptr, value.len);
	return !is_wrong;
}

static void bits_reach(struct bits *bits, int64_t end)
{
	size_t need = ((size_t)end + 7) / 8;

	if (need <= bits->len)
		return;
	bits->bytes = memory_resize(bits->bytes, need);
	memset(bits->bytes + bits->len, 0, need - bits->len);
	bits->len = need;
}

static void bits_close(struct sim_call *call, struct bits *bits, bool is_changed)
{
	struct sim_key *key = store_lookup(call, call->argv[1]);

	if (is_changed) {
		if (key == NULL)
			key = store_create(call, call->db, store_intern(call, call->argv[1]), SIM_STRING);
		key_element_add(key, 0)->value = store_intern(call, (struct slice){ bits->bytes, bits->len });
	}
	memory_free(bits->bytes);
}

static uint64_t bits_get(const struct bits *bits, int64_t at, unsigned width)
{
	uint64_t number = 0;

	for (int64_t bit = at; bit < at + (int64_t)width; bit++) {
		bool is_set = (size_t)(bit / 8) < bits->len && (bits->bytes[bit / 8] >> (7 - bit % 8) & 1);

		number = number << 1 | is_set;
	}
	return number;
}

static void bits_set(struct bits *bits, int64_t at, unsigned width, uint64_t number)
{
	bits_reach(bits, at + (int64_t)width);
	for (unsigned i = 0; i < width; i++) {
		int64_t bit = at + (int64_t)(width - 1 - i);
		unsigned mask = 1u << (7 - bit % 8), byte = (unsigned char)bits->bytes[bit / 8];

		bits->bytes[bit / 8] = (char)(number >> i & 1 ? byte | mask : byte & ~mask);
	}
}

void command_setbit(struct sim_call *call)
{
	struct bits bits;
	int64_t at, bit;
	bool is_good = text_to_int64(call->argv[2], &at) && text_to_int64(call->argv[3], &bit) && at >= 0 && (bit == 0 || bit == 1);

	if (!is_good) {
		reply_error(call, "ERR bit is not an integer or out of range");
		return;
	}
	if (!bits_open(call, &bits)) {
		bits_close(call, &bits, false);
		return;
	}
	reply_integer(call, (int64_t)bits_get(&bits, at, 1));
	bits_set(&bits, at, 1, (uint64_t)bit);
	bits_close(call, &bits, true);
}

struct field { bool is_signed; unsigned width; int64_t at; };

static bool field_read(struct slice type, struct slice offset, struct field *field)
{
	int64_t width = 0;
	bool is_counted = offset.len > 0 && offset.ptr[0] == '#';

	if (is_counted)
		offset = (struct slice){ offset.ptr + 1, offset.len - 1 };
	if (type.len < 2 || !text_to_int64((struct slice){ type.ptr + 1, type.len - 1 }, &width) || width < 1 || width > 64 ||
	    !text_to_int64(offset, &field->at) || field->at < 0)
		return false;
	field->is_signed = type.ptr[0] == 'i';
	field->width = (unsigned)width;
	field->at *= is_counted ? width : 1;
	return true;
}

static int64_t field_get(const struct bits *bits, const struct field *field)
{
	uint64_t number = bits_get(bits, field->at, field->width);

	if (field->is_signed && field->width < 64 && number >> (field->width - 1) & 1)
		number |= ~UINT64_C(0) << field->width;
	return (int64_t)number;
}

/* Overflows wrap. */
void command_bitfield(struct sim_call *call)
{
	struct bits bits;
	struct field field;
	int64_t number = 0, replies[16];
	unsigned count = 0;
	bool is_changed = false;

	if (!bits_open(call, &bits)) {
		bits_close(call, &bits, false);
		return;
	}
	for (unsigned i = 2; i < call->argc && count < 16; i += argument_is(call->argv[i], "get") ? 3 : 4) {
		bool is_get = argument_is(call->argv[i], "get"), is_set = argument_is(call->argv[i], "set");

		if (i + (is_get ? 2 : 3) >= call->argc || !field_read(call->argv[i + 1], call->argv[i + 2], &field) ||
		    (!is_get && !text_to_int64(call->argv[i + 3], &number))) {
			reply_error(call, "ERR syntax error");
			bits_close(call, &bits, false);
			return;
		}
		replies[count] = field_get(&bits, &field);
		if (!is_get) {
			bits_set(&bits, field.at, field.width, (uint64_t)(is_set ? number : replies[count] + number));
			replies[count] = is_set ? replies[count] : field_get(&bits, &field);
			is_changed = true;
		}
		count++;
	}
	reply_array(call, count);
	for (unsigned i = 0; i < count; i++)
		reply_integer(call, replies[i]);
	bits_close(call, &bits, is_changed);
}
