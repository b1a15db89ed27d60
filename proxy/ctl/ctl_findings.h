/* Findings of the sidecar (what is wrong, and what to do), as lines for people. */
#ifndef PROXY_CTL_FINDINGS_H
#define PROXY_CTL_FINDINGS_H

#include <jansson.h>

/* All that STATUS has; DC: only those about this datacenter, NULL: all. */
void ctl_print_findings(const json_t *status, const char *dc);

#endif
