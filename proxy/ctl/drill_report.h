/* Drill report: what a drill came to, for people (text, HTML with plots) and programs (JSON). */
#ifndef PROXY_CTL_DRILL_REPORT_H
#define PROXY_CTL_DRILL_REPORT_H

#include "drill.h"

#include <jansson.h>

/* STARTED: when, as text (RFC 3339). The caller owns the object. */
json_t *drill_report_json(const struct drill *drill, const char *started);
void drill_report_text(const struct drill *drill, struct buffer *out);
/* One file, with all that it needs. */
void drill_report_html(const struct drill *drill, const char *started, struct buffer *out);

#endif
