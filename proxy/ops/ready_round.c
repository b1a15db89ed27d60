#include "ready_round.h"

#include "base/text.h"

#include <stdarg.h>

uint64_t round_age_ms(const struct round *round, uint64_t since_ms)
{
	return since_ms > round->now->steady_ms ? 0 : round->now->steady_ms - since_ms;
}

struct finding round_waiting(const struct round *round, enum wait wait, const char *dc, uint64_t since_ms)
{
	return (struct finding){ wait_weight(wait, round->status->settings, round_age_ms(round, since_ms)), wait_row(wait)->finding, dc };
}

void round_find(struct round *round, struct finding finding, const char *format, ...)
{
	struct buffer text = { 0 };
	va_list args;

	if (finding.weight > round->gravest)
		round->gravest = finding.weight;
	if (round->visit == NULL || finding.weight == FINDING_NONE)
		return;
	va_start(args, format);
	buffer_add_vformat(&text, format, args);
	va_end(args);
	buffer_add_byte(&text, '\0');
	round->visit(round->context, finding.weight, finding.check, finding.dc, text.ptr);
	buffer_free(&text);
}
