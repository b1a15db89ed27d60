#include "ctl_findings.h"

#include "ctl_print.h"

#include <string.h>

void ctl_print_findings(const json_t *status, const char *dc)
{
	json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(status, "findings"), i, finding) {
		const char *about = ctl_text_of(finding, "dc");

		if (dc == NULL || strcmp(dc, about) == 0)
			printf("%s %s%s%s: %s\n", ctl_text_of(finding, "weight"), ctl_text_of(finding, "check"), *about != '\0' ? " " : "", about,
			       ctl_text_of(finding, "text"));
	}
}
