/* Pipeline: one connection to the store. Single commands and groups (transactions) are sent without waiting for earlier replies, and
 * replies come in the order of sending. A gate holds back everything queued from some byte on, until the groups of another pipeline
 * are answered. */
#ifndef CONNECTORS_PIPELINE_H
#define CONNECTORS_PIPELINE_H

#include "proxy/core/vocabulary/effect.h"

struct endpoint;
struct event_base;
struct pipeline;

#define PIPELINE_NO_GATE UINT64_MAX
#define PIPELINE_ANY_DB UINT32_MAX     /* a group selects its databases itself */

/* None of these may free the pipeline. */
struct pipeline_callbacks {
	void *context;
	void (*connected)(void *context, struct pipeline *pipeline);
	void (*closed)(void *context, struct pipeline *pipeline, const char *why);   /* once; WHY is borrowed for the call */
	void (*reply)(void *context, uint64_t tag, struct slice reply);      /* to pipeline_read */
	void (*pushed)(void *context, struct slice reply);                   /* a message of a subscription, or of CLIENT TRACKING */
	void (*answered)(void *context, struct pipeline *pipeline, uint64_t id, const struct slice *replies, unsigned count, struct slice error);
	void (*fed)(void *context);          /* all replies of one read from the socket were handed out */
	void (*forgot)(void *context, struct pipeline *pipeline);            /* the store may not have remembered the keys of what it was to remember */
};

struct pipeline_options {
	struct event_base *loop;
	const struct endpoint *endpoint;     /* borrowed for the call */
	unsigned attempt;                    /* see dial.h */
	uint64_t reply_bytes_max;
};

/* NULL: *why says why not. Commands may be queued at once; they are sent once the connection is made and flushed. */
struct pipeline *pipeline_new(const struct pipeline_options *options, const struct pipeline_callbacks *callbacks, const char **why);
void pipeline_free(struct pipeline *pipeline);           /* NULL is fine; `closed` is not called */
void pipeline_read(struct pipeline *pipeline, uint32_t db, struct slice command, uint64_t tag);
/* The keys that the next command or group reads are remembered by the store, which tells (`pushed`) when one changes. CLIENT TRACKING is on, with OPTIN. */
void pipeline_remember(struct pipeline *pipeline, uint32_t db);
/* Borrows what GROUP's pieces point to until it is answered, or the pipeline is freed. */
void pipeline_group(struct pipeline *pipeline, const struct effect *group);
/* SCRIPT: one command, which runs GROUP. */
void pipeline_script(struct pipeline *pipeline, const struct effect *group, struct slice script);
/* In GROUP's place runs a transaction that changes nothing: it is answered as one whose watched keys have changed. */
void pipeline_void_group(struct pipeline *pipeline, const struct effect *group);
void pipeline_flush(struct pipeline *pipeline);
/* How many bytes were ever queued: the position of what is queued next. */
uint64_t pipeline_position(const struct pipeline *pipeline);
/* Nothing from POSITION on is sent until the gate moves. */
void pipeline_set_gate(struct pipeline *pipeline, uint64_t position);
uint64_t pipeline_bytes_queued(const struct pipeline *pipeline);
uint64_t pipeline_answers_due(const struct pipeline *pipeline);
/* To be called some times within the limit of silence, before the next. */
void pipeline_look(struct pipeline *pipeline);
/* Signs that the other side works: bytes that came, and bytes that it took after it had refused to take more, or after all was given to the kernel. */
uint64_t pipeline_bytes_moved(const struct pipeline *pipeline);
/* Sends PING, whose reply is handed out as `pushed`. Only for a pipeline on which nothing else is asked. */
void pipeline_probe(struct pipeline *pipeline);

#endif
