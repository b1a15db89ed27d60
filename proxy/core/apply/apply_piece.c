/* Apply piece: a write of very many changes enters the metadata some at a time (see apply.h). */
#include "apply_state.h"

#include "delivery.h"
#include "proxy/core/wire/envelope.h"

void apply_begin_pieces(struct apply_piece *piece, const struct delivery *delivery)
{
	*piece = (struct apply_piece){
		.stamp = { .seq = delivery->first_seq, .hlc = delivery->hlc, .context = delivery->context, .origin = delivery->origin },
		.writes = delivery->writes,
	};
}

bool apply_some(struct apply *apply, const struct delivery *delivery, struct apply_piece *piece, unsigned *most)
{
	while (piece->is_in_write || envelope_write_open(&piece->writes, &apply->piece.facts, &piece->changes)) {
		piece->facts = piece->is_in_write ? piece->facts : apply->piece.facts;
		piece->is_in_write = true;
		if (*most == 0)
			return false;
		bool has_more = envelope_changes_some(&piece->changes, *most, &apply->piece);
		apply->piece.facts = piece->facts;
		struct arriving_write write = {
			.mode = APPLY_REMOTE, .is_under_our_rules = delivery->rules_digest == apply->policies->current->digest,
			.is_lifted = delivery->is_lifted, .stamp = &piece->stamp,
		};
		apply_changes(apply, &write, &apply->piece, NULL, 0);
		*most -= apply->piece.count;
		piece->elements += apply->piece.count;
		if (has_more)
			continue;
		piece->is_in_write = false;
		piece->stamp.seq++;
		piece->stamp.hlc++;
	}
	return true;
}
