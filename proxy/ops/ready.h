/* Readiness: findings, each of which is something that keeps this datacenter from working as it should. They decide what /healthz, /readyz and
 * homeport_ready say. */
#ifndef PROXY_READY_H
#define PROXY_READY_H

#include "status.h"
#include "waits.h"

/* Called for each finding. CHECK names it (constant, one word), DC is the peer it is about or NULL, TEXT says what and what to do. */
typedef void finding_visit(void *context, enum finding_weight weight, const char *check, const char *dc, const char *text);

/* Looks for findings and calls VISIT, which may be NULL, for each. Returns the weight of the gravest. */
enum finding_weight readiness_check(const struct sidecar_status *status, const struct moment *now, finding_visit *visit, void *context);
/* The same, with CORE for what the core says of itself (NULL: there is none yet). */
enum finding_weight readiness_find(const struct sidecar_status *status, const struct core_status *core, const struct moment *now, finding_visit *visit, void *context);

#endif
