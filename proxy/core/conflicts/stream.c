#include "stream.h"

#include "compete.h"
#include "proxy/core/commands/stream_group.h"
#include "proxy/core/commands/stream_id.h"
#include "proxy/core/records/episode.h"
#include "proxy/core/rules/rule.h"
#include "verdict.h"

#include <assert.h>

/* ---- changes ---- */

void stream_see(struct conflicts *conflicts, const struct arrival *arriving)
{
	const struct change *change = arriving->change;
	struct stream_ids *ids = &conflicts->ids;
	struct stream_id id;
	/* One that a client chose may be of any time: those of the future are not followed. */
	if (change->kind == CHANGE_STREAM_ADD && stream_id_read(change->element, &id) && id.ms <= hlc_ms(arriving->party.stamp->hlc) + 1)
		stream_ids_see(ids, id);
	if (change->kind == CHANGE_STREAM_ADD && !arrival_is_remote(arriving))
		stream_tops_learn(ids->tops, change->db, change->key, id.ms, id.seq);
	else if ((change->kind == CHANGE_STREAM_ADD || change->kind == CHANGE_STREAM_REACH) &&
	         (!stream_id_read(change->kind == CHANGE_STREAM_ADD ? change->element : change->value, &id) || stream_id_compare(id, ids->newest) > 0))
		stream_tops_forget(ids->tops, change->db, change->key);
}

/* TRIM: of the stream; it is told with its entries. */
static void note_trim(struct element *stream, const struct change *trim)
{
	struct buffer words = { 0 };
	buffer_add(&words, stream->result);
	resp_add_bulk(&words, SLICE("T"));
	resp_add_bulk(&words, trim->value);
	resp_add_bulk_int(&words, trim->number);
	bytes_free(stream->result);
	stream->result = buffer_copy(buffer_slice(&words));
	buffer_free(&words);
}

/* A record tells of each write what it made present, if it did. Its changes of the stream do not meet each other, so they are shown to the records here. */
static void show_marks(struct keyspace *keyspace, struct element *stream)
{
	for (unsigned i = 0; stream->episodes != NULL && i < stream->history_count; i++) {
		const struct history *history = &stream->histories[i];
		for (uint32_t j = 0; j < history->len; j++) {
			struct stamp stamp = history_stamp(history, j);
			const struct mark *mark = history_mark(history, j);
			stamp.context = mark->note->context;
			episodes_compete(keyspace, stream, &(struct party){ &stamp, mark->note, mark->flags });
		}
	}
}

void stream_apply(struct conflicts *conflicts, const struct arrival *arriving)
{
	struct keyspace *keyspace = conflicts->keyspace;
	struct key *key = arriving->key;
	bool is_remote = arrival_is_remote(arriving);
	for (struct element *entry = key->elements; arriving->change->kind == CHANGE_STREAM_TRIM && entry != NULL; entry = entry->next) {
		if (!note_trims(arriving->party.note, entry))
			continue;
		version_compete(keyspace, arriving, entry, &(struct version){ .stamp = *arriving->party.stamp });
		/* The trim removes all in the store. Those that it has not seen are put back. */
		entry->is_redecided |= is_remote;
		if (is_remote)
			keyspace_set_dirty(keyspace, entry);
	}
	show_marks(keyspace, arriving->element);
	if (!is_remote)
		return;
	if (arriving->change->kind == CHANGE_STREAM_TRIM)
		note_trim(arriving->element, arriving->change);
	arriving->element->is_redecided = true;
	keyspace_set_dirty(keyspace, arriving->element);
}

/* ---- what is told ---- */

/* Is a write alive that made the stream present? What has cleared the key since has not seen it. */
static bool is_cleared(const struct keyspace *keyspace, const struct key *key, const struct history *history, uint32_t at)
{
	const struct stamp stamp = history_stamp(history, at);
	for (unsigned i = 0; i < keyspace->flush_count; i++)
		if (flush_concerns(keyspace->flushes[i].db, key->db) && stamp_covers(&keyspace->flushes[i].stamp, &stamp))
			return true;
	static const enum kind clearing[] = { KIND_KEY, KIND_STRING };
	for (unsigned k = 0; k < 2; k++) {
		const struct element *element = key->fixed[clearing[k]];
		for (unsigned i = 0; element != NULL && i < element->version_count; i++)
			if ((k == 0 || element->versions[i].is_set) && stamp_covers(&element->versions[i].stamp, &stamp))
				return true;
	}
	return false;
}

/* How far the stream got by the marks of ELEMENT that are alive; false: none of them made it present. */
static bool reach_of(const struct keyspace *keyspace, const struct element *element, struct stream_id *reach)
{
	bool is_there = false;
	for (unsigned i = 0; i < element->history_count; i++) {
		const struct history *history = &element->histories[i];
		for (uint32_t j = 0; j < history->len; j++) {
			const struct mark *mark = history_mark(history, j);
			struct slice text = element->name.len > 0 ? element->name : note_whole_value(mark->note);
			struct stream_id id = { 0, 0 };
			/* A group is in a stream, which has got anywhere. One that every datacenter has is in the store, or cleared. */
			if (!(mark->flags & MARK_PRESENT) || (mark->flags & MARK_DEAD) || mark_is_stable(keyspace, history->origin, mark->seq) ||
			    (!stream_group_has(element->name) && !stream_id_read(text, &id)) || is_cleared(keyspace, element->key, history, j))
				continue;
			is_there = true;
			if (stream_id_compare(id, *reach) > 0)
				*reach = id;
		}
	}
	return is_there;
}

/* The words of the script: "A id n field value …" an entry is there, "D id" none is, "R id" the stream is there and reached that id, "T id x" all below is
 * gone, and that id, too, if x is 1. Of groups: "G group id" it is there, and gave out up to that id, "X group" it is not, "P id group value" that entry is
 * pending, as the value says, "K id group" it is not. */
static void add_word(struct stream_edit *edit, struct slice word)
{
	resp_add_bulk(&edit->arguments, word);
	edit->count++;
}

static void add_entry(struct stream_edit *edit, struct slice id, struct slice fields)
{
	struct slice cursor = fields;
	unsigned count = 0;
	while (cursor.len > 0 && reply_skip(&cursor))
		count++;
	add_word(edit, SLICE("A"));
	add_word(edit, id);
	resp_add_bulk_int(&edit->arguments, count);
	buffer_add(&edit->arguments, fields);
	edit->count += 1 + count;
}

static void add_reach(struct stream_edit *edit, struct stream_id reach)
{
	struct buffer text = { 0 };
	stream_id_add(&text, reach);
	add_word(edit, SLICE("R"));
	add_word(edit, buffer_slice(&text));
	buffer_free(&text);
}

/* The trims of this turn come first: they remove all in the store, and what they have not seen is added again. */
static void begin_edit(struct stream_edit *edit, struct element *element)
{
	struct element *stream = element->key->fixed[KIND_STREAM];
	edit->first = element;
	if (stream == NULL || stream->result.len == 0)
		return;
	for (struct slice cursor = stream->result; cursor.len > 0 && reply_skip(&cursor);)
		edit->count++;
	buffer_add(&edit->arguments, stream->result);
	bytes_free(stream->result);
	stream->result = (struct slice){ NULL, 0 };
}

/* Of a key that was emptied (IS_WHOLE), what is there has to be told; what was acknowledged, too, as it is not late. */
static void add_group(const struct keyspace *keyspace, struct stream_edit *edit, const struct element *element, const struct version *decider, bool is_whole)
{
	struct stream_id reach = { 0, 0 };
	struct slice id, group;
	if (decider == NULL)
		return;
	if (stream_group_read(element->name, &group)) {
		if (!decider->is_present && is_whole)
			return;
		if (!decider->is_present && reach_of(keyspace, element, &reach))
			add_reach(edit, reach);
		add_word(edit, decider->is_present ? SLICE("G") : SLICE("X"));
		add_word(edit, group);
		if (decider->is_present)
			add_word(edit, decider->value);
	} else if (stream_pending_read(element->name, &id, &group)) {
		add_word(edit, decider->is_present ? SLICE("P") : SLICE("K"));
		add_word(edit, id);
		add_word(edit, group);
		if (decider->is_present)
			add_word(edit, decider->value);
	}
}

bool stream_edit_takes(const struct stream_edit *edit, const struct element *element)
{
	return edit->first == NULL || edit->first->key == element->key;
}

void stream_edit_add(struct keyspace *keyspace, struct stream_edit *edit, struct element *element)
{
	struct stream_id reach = { 0, 0 };
	struct verdict verdict = element_verdict(keyspace, element);
	if (edit->first == NULL)
		begin_edit(edit, element);
	if (stream_group_has(element->name)) {
		add_group(keyspace, edit, element, verdict.decider, false);
		return;
	}
	if (element->name.len > 0 && verdict.decider != NULL && verdict.decider->is_present) {
		add_entry(edit, element->name, verdict.decider->value);
		return;
	}
	/* It may have been added and removed in one turn: the stream got so far all the same. */
	if (reach_of(keyspace, element, &reach))
		add_reach(edit, reach);
	if (element->name.len == 0)
		return;
	add_word(edit, SLICE("D"));
	add_word(edit, element->name);
}

/* Redis takes an entry at the end only. So the tail behind one that comes late is taken out, and added again behind it; what XINFO STREAM says, and what
 * groups know of their entries, stays as it was. Entries that are there as told are left alone. */
static const char edit_text[] =
	"local k,last,late,low=KEYS[1],'0-0',{},nil local y=redis.call('TYPE',k).ok if y~='stream' and y~='none' then return 0 end "
	"local function pad(id) local m,s=string.match(id,'(%d+)-(%d+)') return string.rep('0',20-#m)..m..string.rep('0',20-#s)..s end "
	"local function info() local t,r={},redis.pcall('XINFO','STREAM',k) if r.err then return nil end for i=1,#r,2 do t[r[i]]=r[i+1] end return t end "
	"local function add(id,f) return redis.call('XADD',k,id,unpack(f)) end "
	"local function same(a,b) if #a~=#b then return false end for i=1,#a do if a[i]~=b[i] then return false end end return true end "
	"local fresh,gs,ps,ks,had={},{},{},{},{} if ARGV[1]=='T' and y=='stream' then local j=1 while j<=#ARGV do local w=ARGV[j] "
	"if w=='A' then had[ARGV[j+1]]=#redis.call('XRANGE',k,ARGV[j+1],ARGV[j+1])>0 j=j+3+tonumber(ARGV[j+2]) "
	"else j=j+(w=='T' and 3 or w=='G' and 3 or w=='P' and 4 or w=='K' and 3 or 2) end end end "
	"local i,n,dead=1,0,{} while i<=#ARGV do local w,id=ARGV[i],ARGV[i+1] "
	"if w=='A' then local c,f=tonumber(ARGV[i+2]),{} for j=1,c do f[j]=ARGV[i+2+j] end i=i+3+c "
	"local r=redis.pcall('XADD',k,id,unpack(f)) "
	"if type(r)=='table' and r.err then local e=redis.call('XRANGE',k,id,id)[1] "
	"if not e and not had[id] then fresh[#fresh+1]=id end "
	"if not (e and same(e[2],f)) then late[#late+1]={id,f} n=n+1 end elseif not had[id] then fresh[#fresh+1]=id end "
	"elseif w=='G' then gs[#gs+1]={id,ARGV[i+2]} i=i+3 "
	"elseif w=='X' then redis.pcall('XGROUP','DESTROY',k,id) i=i+2 "
	"elseif w=='P' then ps[#ps+1]={id,ARGV[i+2],ARGV[i+3]} i=i+4 "
	"elseif w=='K' then ks[#ks+1]={id,ARGV[i+2]} i=i+3 "
	"elseif w=='D' then redis.call('XDEL',k,id) i=i+2 "
	"elseif w=='T' then if redis.call('EXISTS',k)==1 then redis.call('XTRIM',k,'MINID',id) if ARGV[i+2]=='1' then redis.call('XDEL',k,id) end end i=i+3 "
	"else i=i+2 local t=info() if not t then redis.call('XADD',k,id=='0-0' and '0-1' or id,'x','x') redis.call('XTRIM',k,'MAXLEN',0) "
	"redis.call('XSETID',k,id,'ENTRIESADDED',0) elseif pad(t['last-generated-id'])<pad(id) then redis.call('XSETID',k,id) end end end "
	"if n>0 then "
	"table.sort(late,function(a,b) return pad(a[1])<pad(b[1]) end) low=late[1][1] "
	"local t=info() local tail=redis.call('XRANGE',k,low,'+') local added,gone=t['entries-added'],t['max-deleted-entry-id'] last=t['last-generated-id'] "
	"for j=1,#tail do redis.call('XDEL',k,tail[j][1]) end "
	"redis.call('XSETID',k,last,'ENTRIESADDED',added,'MAXDELETEDID','0-1') "
	"local top=redis.call('XREVRANGE',k,'+','-','COUNT',1)[1] "
	"if top then redis.call('XSETID',k,top[1]) else redis.call('XSETID',k,low=='0-1' and '0-0' or '0-1') end "
	"local a,b=1,1 while a<=#tail or b<=#late do "
	"if b>#late or (a<=#tail and pad(tail[a][1])<pad(late[b][1])) then add(tail[a][1],tail[a][2]) a=a+1 "
	"else if a<=#tail and tail[a][1]==late[b][1] then a=a+1 n=n-1 end add(late[b][1],late[b][2]) b=b+1 end end "
	"redis.call('XSETID',k,last,'ENTRIESADDED',added+n,'MAXDELETEDID',gone=='0-0' and '0-1' or gone) end "
	/* Groups. What a group's last id has passed, and nobody was given, is late: our own consumer has it until somebody reads. */
	"local old={} local r=redis.pcall('XINFO','GROUPS',k) if not r.err then for _,x in ipairs(r) do local m={} for j=1,#x,2 do m[x[j]]=x[j+1] end old[m['name']]=m['last-delivered-id'] end end "
	"local is,named={},{} for g,c in pairs(old) do is[g]=c end "
	"for _,g in ipairs(gs) do is[g[1]]=g[2] if old[g[1]] then redis.call('XGROUP','SETID',k,g[1],g[2]) else redis.call('XGROUP','CREATE',k,g[1],g[2],'MKSTREAM') end end "
	"for _,p in ipairs(ps) do local t,c,o=string.match(p[3],'^(%d+) (%d+) (.*)$') named[p[1]..':'..p[2]]=true "
	"if t then redis.pcall('XCLAIM',k,p[2],o,0,p[1],'TIME',t,'RETRYCOUNT',c,'FORCE','JUSTID') end end "
	"for _,p in ipairs(ks) do named[p[1]..':'..p[2]]=true redis.pcall('XACK',k,p[2],p[1]) end "
	"for g,was in pairs(old) do local function try(id) if not named[id..':'..g] and #redis.call('XPENDING',k,g,id,id,1)==0 then "
	"redis.call('XCLAIM',k,g,'" STREAM_LATE "',0,id,'TIME',0,'RETRYCOUNT',0,'FORCE','JUSTID') end end "
	"for _,id in ipairs(fresh) do if pad(id)<=pad(is[g]) then try(id) end end "
	"if pad(was)<pad(is[g]) then for _,e in ipairs(redis.call('XRANGE',k,'('..was,is[g])) do try(e[1]) end end end return n";

void stream_edit_end(struct keyspace *keyspace, struct script *script, struct stream_edit *edit)
{
	if (edit->count > 0) {
		script_select(script, edit->first->key->db);
		keyspace->edits = array_reserve(keyspace->edits, keyspace->edit_count, &keyspace->edit_cap, sizeof *keyspace->edits);
		keyspace->edits[keyspace->edit_count++] = script->count;
		script_add_words(script, (const struct slice[]){ SLICE("EVAL"), slice_of(edit_text), SLICE("1"), edit->first->key->name }, 4,
		                 buffer_slice(&edit->arguments), edit->count);
	}
	buffer_free(&edit->arguments);
	*edit = (struct stream_edit){ 0 };
}

/* ---- a key that is written anew ---- */

bool stream_render_whole(struct keyspace *keyspace, struct script *script, struct key *key)
{
	struct stream_edit edit = { 0 };
	struct stream_id reach = { 0, 0 };
	bool is_there = false;
	for (struct element *element = key->elements; element != NULL; element = element->next) {
		if (element->kind != KIND_STREAM)
			continue;
		edit.first = element;
		is_there |= reach_of(keyspace, element, &reach);
		struct verdict verdict = element_verdict(keyspace, element);
		if (stream_group_has(element->name)) {
			add_group(keyspace, &edit, element, verdict.decider, true);
			is_there |= verdict.decider != NULL && verdict.decider->is_present;
			continue;
		}
		if (element->name.len == 0 || verdict.decider == NULL || !verdict.decider->is_present)
			continue;
		add_entry(&edit, element->name, verdict.decider->value);
		is_there = true;
	}
	if (is_there)
		add_reach(&edit, reach);
	stream_edit_end(keyspace, script, &edit);
	return is_there;
}
