/* Printing for people: tables as wide as what is in them, times and sizes in the largest unit that says enough. */
#ifndef PROXY_CTL_PRINT_H
#define PROXY_CTL_PRINT_H

#include "base/bytes.h"

#include <jansson.h>
#include <stdio.h>

#define CTL_COLUMNS_MAX 8

/* "homeportctl: TEXT" for whoever watches; returns EXIT_UNKNOWN. */
int ctl_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
void ctl_print_json(json_t *value);

long long ctl_count_of(const json_t *object, const char *name);
/* "" where there is none. */
const char *ctl_text_of(const json_t *object, const char *name);
/* A value that is no UTF-8 is in base64, and is printed so. */
void ctl_add_value(struct buffer *out, const json_t *object, const char *name);

void ctl_add_ms(struct buffer *out, long long ms);           /* "263 ms", "1.2 s", "3 min", "2 h", "5 d" */
void ctl_add_bytes(struct buffer *out, long long bytes);     /* "512 B", "4.5 MiB" */
/* How long before NOW_MS a time such as 2026-11-30T07:58:55.127Z was; "" where it is none. */
void ctl_add_age(struct buffer *out, const char *time, long long now_ms);
long long ctl_now_ms(void);

/* Cells are added row by row; then all are printed, each column as wide as its widest cell, numbers to the right. */
struct ctl_table {
	unsigned columns;
	bool is_right[CTL_COLUMNS_MAX];
	char **cells;                        /* owned */
	size_t count;
};

void ctl_table_add(struct ctl_table *table, const char *cell);
void ctl_table_take(struct ctl_table *table, struct buffer *cell);      /* likewise, and empties CELL */
void ctl_table_print(struct ctl_table *table, FILE *out);               /* prints TABLE, and empties it */

#endif
