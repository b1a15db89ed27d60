/* Settings: what the operator configured, checked and complete: every value that was left out has its default.
 * Plain data. The scalar members, their types, limits and meaning are the rows of settings.def. */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include "base/bytes.h"

#define SETTINGS_PEERS_MAX 15          /* other datacenters */

struct settings_address {
	char *host;                    /* owned; an IPv6 address stands without brackets. Begins with /: the path of a Unix socket */
	uint16_t port;                 /* 0 then */
	bool is_tls;
	char *username, *password;     /* owned; what a URL names, until the settings beside it have them; NULL: none */
};

enum settings_level { SETTINGS_LEVEL_DEBUG, SETTINGS_LEVEL_INFO, SETTINGS_LEVEL_WARN, SETTINGS_LEVEL_ERROR };

struct settings_pair {                 /* both owned */
	char *name;
	char *value;
};

/* Which log, and its settings as they stand in the YAML. For redis-stream: address, username, password, database;
 * the own log's are filled from redis. A name that ends in "_file" has been replaced by the file's first line. */
struct settings_log {
	char *kind;                    /* a name in log_kind.c; owned */
	struct settings_pair *pairs;   /* owned */
	unsigned pair_count;
};

struct settings_peer {
	char *name;                    /* owned */
	struct settings_address address; /* where its sidecar answers clients */
	char *tls_name;                /* whom its certificate must name; NULL: the host of ADDRESS; owned */
	char *username, *password;     /* to log in there; NULL: none is needed; owned */
	struct settings_log log;       /* which log to read it from */
};

struct settings_rule {                 /* in the order of the file: the first match wins; all owned */
	char *match;
	char *rule;                    /* its name, as in proxy/core/rules/rule.c */
	char **order;                  /* priority: names of datacenters, first wins; else none */
	unsigned order_count;
	char *ttl;                     /* merge: which of several deadlines decides; else NULL */
	bool is_stream_ordered;        /* XREAD shows entries of streams only once none can come in front of them */
	bool is_bits_merged;           /* record, custom: each bit of a string is decided by itself, as under other rules */
	char *handler;                 /* custom: the file, as the configuration names it; else NULL */
	struct slice handler_text;     /* what that file says, and a hash of it */
	uint64_t handler_digest;
};

enum settings_away { SETTINGS_AWAY_ACCEPT, SETTINGS_AWAY_REDIRECT, SETTINGS_AWAY_FORWARD, SETTINGS_AWAY_REFUSE };

struct settings_home_default {         /* of a list: match and dc; of a hash: dc and weight. Both owned */
	char *match;                   /* glob over ids */
	char *dc;
	uint32_t weight;
};

struct settings_home {                 /* in the order of the file: the first match wins; all owned */
	char *match;                   /* glob over keys, with one {id} */
	char *name;                    /* users are NAME:ID; homes of one name have equal defaults */
	enum settings_away away;       /* what becomes of a write at another datacenter than the home */
	bool is_read_home;             /* reads are dealt with as writes are */
	bool is_pop_home;              /* pops are executed at the home, whatever AWAY says */
	bool is_mixed_accepted;        /* a request may write keys of several homes */
	bool is_hash;
	bool is_first;                 /* the first datacenter that writes for a user becomes his home; there are no defaults */
	struct settings_home_default *defaults;
	unsigned default_count;
};

#define SETTINGS_C_NAME(member) char *member;       /* owned; NULL where the row has no default and nothing was set */
#define SETTINGS_C_TEXT(member) char *member;
#define SETTINGS_C_PATHS(member) char *member;      /* absolute; ", " between them */
#define SETTINGS_C_LIST(member) char *member;
#define SETTINGS_C_WORD(member) char *member;
#define SETTINGS_C_SECRET(member) char *member;
#define SETTINGS_C_FILE(member)                     /* fills the member of the row before */
#define SETTINGS_C_ADDRESS(member) struct settings_address member;
#define SETTINGS_C_ENDPOINT(member) struct settings_address member;
#define SETTINGS_C_COUNT(member) uint64_t member;
#define SETTINGS_C_DURATION(member) uint64_t member; /* milliseconds */
#define SETTINGS_C_SIZE(member) uint64_t member;     /* bytes */
#define SETTINGS_C_BOOL(member) bool member;
#define SETTINGS_C_LEVEL(member) enum settings_level member;

struct settings {
#define SECTION(name, prose)
#define SETTING(path, member, type, preset, min, max, when, prose) SETTINGS_C_##type(member)
#include "settings.def"
#undef SETTING
#undef SECTION
	struct settings_log log;       /* of this datacenter */
	struct settings_peer *peers;   /* owned */
	unsigned peer_count;
	struct settings_rule *rules;   /* owned */
	unsigned rule_count;
	struct settings_home *homes;   /* owned */
	unsigned home_count;
	unsigned rules_reloads;        /* how often settings_reload brought other rules */
};

/* What the configuration cannot judge itself, since it knows no connector: main fills this. */
struct settings;

struct settings_checks {
	/* Would the log's connector take PAIR, one of LOG's settings? PAIR NULL: all of them together? False: WHY says what is wrong, and the remedy. */
	bool (*log)(const struct settings_log *log, bool is_own, const struct settings_pair *pair, struct buffer *why);
	/* Can connections be encrypted with what SETTINGS says under `tls`? NULL: yes. Else the setting that is wrong, without "tls.", and WHY, with the remedy. */
	const char *(*tls)(const struct settings *settings, struct buffer *why);
};

/* Reads and checks the file; with CHECKS NULL, only as far as the configuration itself can tell. False: *settings is empty, and ERRORS has one
 * line for each thing wrong: FILE:LINE:COL: what, remedy. */
MUST_CHECK bool settings_load(const char *path, const struct settings_checks *checks, struct settings *settings, struct buffer *errors);
/* Likewise, of a file that may have `rules` without being a whole configuration, to try them out: without `dc` it has none, and their orders
 * may name any of DCS; COUNT 0: any name at all. */
MUST_CHECK bool settings_load_rules(const char *path, const char *const *dcs, unsigned count, struct settings *settings, struct buffer *errors);
/* All that has a default, without a file. */
void settings_load_defaults(struct settings *settings);
void settings_free(struct settings *settings);

#endif
