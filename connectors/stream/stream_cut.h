/* Stream cut: a script that cuts off what no reader may take. A Redis that is full may refuse an entry and take the next one, which was sent before the
 * refusal was known. No reader takes such an entry, as one before it is missing; nobody was told that it is in, so it comes again.
 * KEYS[1]: the stream; ARGV[1]: at how many of its last entries to look. Returns the last position of which none before it is missing. */
#ifndef CONNECTORS_STREAM_CUT_H
#define CONNECTORS_STREAM_CUT_H

#define STREAM_CUT_LOOKS 4096            /* for what an earlier process had under way */
#define STREAM_CUT \
	"local at, ids, sound, cut, after = '+', {}, false, 0, false\n" \
	"for i = 1, tonumber(ARGV[1]) do\n" \
	"  local entry = redis.call('XREVRANGE', KEYS[1], at, '-', 'COUNT', 1)[1]\n" \
	"  if not entry then break end\n" \
	"  local position, before = string.match(entry[1], '(%d+)-(%d+)')\n" \
	"  if not sound then sound = position end\n" \
	"  if after and tonumber(after) > tonumber(position) then sound, cut = position, i - 1 end\n" \
	"  ids[i], after, at = entry[1], before, '(' .. entry[1]\n" \
	"end\n" \
	"for i = 1, cut do redis.call('XDEL', KEYS[1], ids[i]) end\n" \
	"return sound\n"

#endif
