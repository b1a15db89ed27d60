/* Inline commands: a line of words, quoted as Redis's own telnet-like form allows. Used by resp_request.c only. */
#ifndef CORE_RESP_INLINE_H
#define CORE_RESP_INLINE_H

#include "base/bytes.h"

/* Takes the next word off the front of *LINE, unquoted, to the end of WORDS.
 * INLINE_END: only spaces were left. INLINE_UNBALANCED: a quote is not closed, or not followed by a space. */
enum inline_word { INLINE_WORD, INLINE_END, INLINE_UNBALANCED };
MUST_CHECK enum inline_word inline_word_next(struct slice *line, struct buffer *words);

#endif
