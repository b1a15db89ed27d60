/* Records for trials: the conflicts that a sidecar has recorded, or those of a file that homeportctl conflicts list --json wrote. */
#ifndef PROXY_CTL_RECORDS_H
#define PROXY_CTL_RECORDS_H

#include "ctl_options.h"

#include <jansson.h>

/* A list of records as /v1/conflicts tells them; NULL: *code is how to exit, and why was said. */
json_t *ctl_records_gather(const struct ctl_options *options, int *code);
/* A list has values cut: then the record by itself has them whole, if anything has. A new reference. */
json_t *ctl_record_whole(const struct ctl_options *options, json_t *record);

#endif
