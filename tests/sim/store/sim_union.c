/* PFADD and PFMERGE of the simulated store. Its HyperLogLogs have eight registers, each a letter behind "HYLL": a word raises one of them. One that has seen
 * nothing has the bytes that Redis makes of none. */
#include "sim_command.h"

#include <string.h>

#define REGISTERS 8

static const char empty[] = "HYLL\1\0\0\0\0\0\0\0\0\0\0\0\x7f\xff";

/* False: the command is refused. No key: all registers are low. */
static bool registers_read(struct sim_call *call, struct slice name, char registers[REGISTERS])
{
	bool is_wrong;
	struct sim_key *key = store_lookup_typed(call, name, SIM_STRING, &is_wrong);

	memset(registers, 'a', REGISTERS);
	if (is_wrong)
		return false;
	struct slice value = key == NULL ? (struct slice){ empty, sizeof(empty) - 1 } : store_text(call, key->elements[0].value);
	if (value.len == sizeof(empty) - 1 && memcmp(value.ptr, empty, value.len) == 0)
		return true;
	if (value.len != 4 + REGISTERS || memcmp(value.ptr, "HYLL", 4) != 0) {
		reply_error(call, "WRONGTYPE Key is not a valid HyperLogLog string value.");
		return false;
	}
	memcpy(registers, value.ptr + 4, REGISTERS);
	return true;
}

static bool registers_raise(char registers[REGISTERS], const char by[REGISTERS])
{
	bool is_changed = false;

	for (unsigned i = 0; i < REGISTERS; i++) {
		is_changed |= by[i] > registers[i];
		registers[i] = by[i] > registers[i] ? by[i] : registers[i];
	}
	return is_changed;
}

static bool registers_see(char registers[REGISTERS], struct slice word)
{
	char by[REGISTERS];
	unsigned hash = 0;

	memset(by, 'a', REGISTERS);
	for (size_t i = 0; i < word.len; i++)
		hash += (unsigned char)word.ptr[i];
	by[hash % REGISTERS] = (char)('b' + hash / REGISTERS % 25);
	return registers_raise(registers, by);
}

static void registers_write(struct sim_call *call, struct slice name, const char registers[REGISTERS])
{
	char text[4 + REGISTERS] = "HYLL", low[REGISTERS];
	struct sim_key *key = store_lookup(call, name);

	memset(low, 'a', REGISTERS);
	memcpy(text + 4, registers, REGISTERS);
	struct slice value = memcmp(registers, low, REGISTERS) == 0 ? (struct slice){ empty, sizeof(empty) - 1 } : (struct slice){ text, sizeof(text) };
	if (key == NULL)
		key = store_create(call, call->db, store_intern(call, name), SIM_STRING);
	key_element_add(key, 0)->value = store_intern(call, value);
}

void command_pfadd(struct sim_call *call)
{
	char registers[REGISTERS];
	bool is_changed = store_lookup(call, call->argv[1]) == NULL;

	if (!registers_read(call, call->argv[1], registers))
		return;
	for (unsigned i = 2; i < call->argc; i++)
		is_changed |= registers_see(registers, call->argv[i]);
	if (is_changed)
		registers_write(call, call->argv[1], registers);
	reply_integer(call, is_changed);
}

void command_pfmerge(struct sim_call *call)
{
	char registers[REGISTERS], by[REGISTERS];

	memset(registers, 'a', REGISTERS);
	for (unsigned i = 1; i < call->argc; i++) {
		if (!registers_read(call, call->argv[i], by))
			return;
		registers_raise(registers, by);
	}
	registers_write(call, call->argv[1], registers);
	reply_ok(call);
}
