#include "full_script.h"

#include "proxy/core/resp/resp.h"

/* Lua hands no more than some 8000 words to a command. Longer commands are cut into several, where their answers (how many there were) add up. They are
 * looked at before anything is executed. In RESP2 nil is false in an array, so the replies are given back in RESP2's terms, whatever they hold. */
static const char text[] =
	"#!lua flags=allow-oom\n"
	"local bytes, at, commands, replies = ARGV[1], 1, {}, {}\n"
	"local fixed = { DEL = 1, UNLINK = 1, EXISTS = 1, HDEL = 2, SREM = 2, ZREM = 2, HSET = 2 }\n"
	"local function number()\n"
	"  local last = string.find(bytes, '\\r\\n', at, true)\n"
	"  local value = tonumber(string.sub(bytes, at + 1, last - 1))\n"
	"  at = last + 2\n"
	"  return value\n"
	"end\n"
	"local function command()\n"
	"  local words = {}\n"
	"  for i = 1, number() do\n"
	"    local len = number()\n"
	"    words[i] = string.sub(bytes, at, at + len - 1)\n"
	"    at = at + len + 2\n"
	"  end\n"
	"  return words\n"
	"end\n"
	/* A script of ours, as no script may run another. Clients' scripts never come here: group_runs_when_full lets none through. */
	"local function evaluate(words)\n"
	"  local keys, arguments, count = {}, {}, tonumber(words[3])\n"
	"  for i = 4, #words do\n"
	"    local list = i - 3 <= count and keys or arguments\n"
	"    list[#list + 1] = words[i]\n"
	"  end\n"
	"  redis.setresp(2)\n"
	"  local is_done, reply = pcall(assert(loadstring('local KEYS, ARGV = ... ' .. words[2])), keys, arguments)\n"
	"  redis.setresp(tonumber(ARGV[2]))\n"
	"  if is_done or type(reply) == 'table' then return reply end\n"
	"  return redis.error_reply(reply)\n"
	"end\n"
	"local function run(words)\n"
	"  if words[1] == 'EVAL' then return evaluate(words) end\n"
	"  if #words <= 4000 then return redis.pcall(unpack(words)) end\n"
	"  local kept, sum = fixed[string.upper(words[1])], 0\n"
	"  for first = kept + 1, #words, 2000 do\n"
	"    local part = { unpack(words, 1, kept) }\n"
	"    for i = first, math.min(first + 1999, #words) do part[#part + 1] = words[i] end\n"
	"    local reply = redis.pcall(unpack(part))\n"
	"    if type(reply) ~= 'number' then return reply end\n"
	"    sum = sum + reply\n"
	"  end\n"
	"  return sum\n"
	"end\n"
	"command()\n"
	"repeat\n"
	"  local words = command()\n"
	"  if #words > 4000 and words[1] ~= 'EVAL' and not fixed[string.upper(words[1])] then\n"
	"    return redis.error_reply('OOM command not allowed when used memory > \\'maxmemory\\'.')\n"
	"  end\n"
	"  commands[#commands + 1] = words\n"
	"until words[1] == 'EXEC'\n"
	"redis.setresp(tonumber(ARGV[2]))\n"
	"for i = 1, #commands - 1 do\n"
	"  local reply = run(commands[i])\n"
	"  if reply == nil then reply = false end\n"
	"  replies[i] = reply\n"
	"end\n"
	"redis.setresp(2)\n"
	"return replies\n";

void full_script_send(struct pipeline *pipeline, const struct effect *group, unsigned protocol)
{
	struct buffer script = { 0 }, room = { 0 };
	resp_add_array(&script, 5);
	resp_add_bulk(&script, SLICE("EVAL"));
	resp_add_bulk(&script, (struct slice){ text, sizeof text - 1 });
	resp_add_bulk_int(&script, 0);
	resp_add_bulk(&script, effect_group_bytes(group, &room));
	resp_add_bulk_int(&script, protocol);
	pipeline_script(pipeline, group, buffer_slice(&script));
	buffer_free(&script);
	buffer_free(&room);
}
