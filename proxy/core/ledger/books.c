/* Books: what the store keeps for us beside the data (see books.h). */
#include "books.h"

void books_add_correction(struct books *books, struct slice payload)
{
	resp_add_command(&books->corrections, 6,
	                 (struct slice[]){ SLICE("XADD"), SLICE(CORE_OUTBOX_KEY), SLICE("NOMKSTREAM"), SLICE("*"), SLICE("r"), payload });
	books->correction_count++;
}

void books_reset(struct books *books)
{
	buffer_reset(&books->corrections);
	books->correction_count = 0;
	books->is_trim_due = false;
}

void books_free(struct books *books)
{
	for (unsigned dc = 0; dc < CORE_DCS_MAX; dc++)
		memory_free(books->roads[dc].miles);
	buffer_free(&books->corrections);
	buffer_free(&books->run_id);
}
