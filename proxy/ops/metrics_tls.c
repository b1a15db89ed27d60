/* Metrics samples about TLS. */
#include "connectors/tls/tls.h"
#include "metrics_samples.h"

#include "base/text.h"

static void add_handshakes(struct samples *samples, const char *side, const char *result, uint64_t count)
{
	struct buffer value = { 0 };

	buffer_add_uint64(&value, count);
	buffer_add_byte(&value, '\0');
	sample_add(samples, "", (struct label[]){ { "side", side }, { "result", result } }, 2, value.ptr);
	buffer_free(&value);
}

void samples_tls_handshakes(struct samples *samples)
{
	if (samples->status->tls == NULL)
		return;
	const struct tls_counts *counts = tls_counts(samples->status->tls);

	add_handshakes(samples, "client", "ok", counts->accepted);
	add_handshakes(samples, "client", "failed", counts->accept_failures);
	add_handshakes(samples, "server", "ok", counts->connected);
	add_handshakes(samples, "server", "failed", counts->connect_failures);
}

void samples_certificates(struct samples *samples)
{
	const char *file;
	int64_t expiry;

	for (unsigned i = 0; samples->status->tls != NULL && (expiry = tls_expiry(samples->status->tls, i, &file)) != 0; i++)
		sample_add_count(samples, (struct label){ "file", file }, (uint64_t)expiry);
}
