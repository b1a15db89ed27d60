/* Value: what stands behind a setting's name, read from text: addresses, durations, sizes, counts, names, first lines of files. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "settings.h"
#include "url.h"

/* Each: false, and *text is none. Readers of owned values leave the old value alone then. */
MUST_CHECK bool value_read_count(const char *text, uint64_t *count);
MUST_CHECK bool value_read_duration(const char *text, uint64_t *ms);    /* 500ms, 5s, 1m, 1h, 7d */
MUST_CHECK bool value_read_size(const char *text, uint64_t *bytes);     /* 900000, 900000B, 16KiB, 64MiB, 1GiB */
MUST_CHECK bool value_read_bool(const char *text, bool *answer);       /* yes, no */
MUST_CHECK bool value_read_level(const char *text, enum settings_level *level);
MUST_CHECK bool value_read_address(const char *text, struct settings_address *address); /* HOST:PORT, [IPV6]:PORT */
/* Likewise, or the path of a Unix socket (it begins with /), which leaves the port 0, or a URL (url.h). */
MUST_CHECK bool value_read_endpoint(const char *text, struct settings_address *address);
void value_add_address(struct buffer *out, const struct settings_address *address);       /* as it is written, without user and password */
/* Datacenter names end up in topic names and metric labels. */
bool value_is_name(const char *text);
/* The first line of a file, owned; NULL: WHY says so. A relative PATH is relative to DIRECTORY. */
char *value_read_file(const char *path, const char *directory, struct buffer *why);

/* LIST of paths with each relative one behind DIRECTORY; owned. */
char *value_complete_paths(const char *list, const char *directory);
/* All of a file; at most BYTES_MAX. False: WHY says so. A relative PATH is relative to DIRECTORY. */
MUST_CHECK bool value_read_whole(const char *path, const char *directory, size_t bytes_max, struct buffer *text, struct buffer *why);

const char *value_level_text(enum settings_level level);
bool value_addresses_equal(const struct settings_address *a, const struct settings_address *b);

#endif
