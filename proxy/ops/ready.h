/* Readiness: findings, each of which is something that keeps this datacenter from working as it should. They decide what /healthz, /readyz and
 * homeport_ready say. */
#ifndef PROXY_READY_H
#define PROXY_READY_H

#include "status.h"

/* Graver ones last. */
enum finding_weight {
	FINDING_NONE,
	FINDING_WARNING,     /* everything is served; it heals by itself or an operator should look at it: /readyz stays 200 */
	FINDING_BROKEN,      /* clients are served, but a peer's writes will not be seen until someone acts: /readyz 503, /healthz 200 */
	FINDING_OUTAGE,      /* clients get errors: /readyz and /healthz 503 */
};

/* Called for each finding. CHECK names it (constant, one word), DC is the peer it is about or NULL, TEXT says what and what to do. */
typedef void finding_visit(void *context, enum finding_weight weight, const char *check, const char *dc, const char *text);

/* Looks for findings and calls VISIT, which may be NULL, for each. Returns the weight of the gravest. */
enum finding_weight readiness_check(const struct sidecar_status *status, const struct moment *now, finding_visit *visit, void *context);
const char *finding_weight_text(enum finding_weight weight);

#endif
