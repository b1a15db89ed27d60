#include "tls_settings.h"

struct tls_options tls_settings_options(const struct settings *settings)
{
	return (struct tls_options){
		.cert = settings->tls_cert,
		.key = settings->tls_key,
		.ca = settings->tls_ca,
		.client_ca = settings->tls_client_ca,
		.clients = strcmp(settings->tls_clients, "required") == 0   ? TLS_CLIENTS_REQUIRED
		           : strcmp(settings->tls_clients, "optional") == 0 ? TLS_CLIENTS_OPTIONAL
		                                                            : TLS_CLIENTS_NO,
		.is_min_13 = strcmp(settings->tls_min_version, "1.3") == 0,
		.ciphers = settings->tls_ciphers,
		.ciphersuites = settings->tls_ciphersuites,
		.handshake_ms = (uint32_t)settings->tls_handshake_ms,
	};
}

const char *tls_settings_check(const struct settings *settings, struct buffer *why)
{
	const struct tls_options options = tls_settings_options(settings);
	struct tls_fault fault = { 0 };
	struct tls *tls = tls_new(&options, &fault);
	tls_free(tls);
	buffer_add(why, buffer_slice(&fault.why));
	buffer_free(&fault.why);
	return fault.setting;
}
