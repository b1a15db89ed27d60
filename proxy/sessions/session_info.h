/* Session info: INFO as clients see it: without the reserved database, with a section of ours. */
#ifndef PROXY_SESSION_INFO_H
#define PROXY_SESSION_INFO_H

#include "session.h"

/* Does this INFO ask for our section, too? */
bool session_info_is_ours(const struct request *request);
/* The store's REPLY to INFO, adapted. Good until the next answer is put together. */
struct slice session_info_adapt(struct sessions *sessions, struct slice reply, bool with_our_section);
/* Adds our section: "# Homeport" and lines of name:value. */
void session_info_add_section(struct sessions *sessions, struct buffer *text);

/* Is the server of this version, or newer? */
bool sessions_server_is(const struct sessions *sessions, unsigned major, unsigned minor);

#endif
