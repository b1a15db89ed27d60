/* A server has one SSL_CTX for each of its certificates; the name that a client asks for (SNI) chooses among them. OpenSSL counts who uses an SSL_CTX,
 * so an old one lives as long as its connections. */
#include "tls.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "tls_error.h"
#include "tls_files.h"

#define CERTIFICATES_MAX 16

struct tls {
	SSL_CTX *servers[CERTIFICATES_MAX];
	char *files[CERTIFICATES_MAX];   /* owned; of each server's certificate */
	int64_t expiries[CERTIFICATES_MAX];
	unsigned count;
	SSL_CTX *client;
	uint32_t handshake_ms;
	struct tls_counts counts;
};

static bool load(struct tls *tls, const struct tls_options *options, struct tls_fault *fault);
static bool load_servers(struct tls *tls, const struct tls_options *options, struct tls_fault *fault);
static bool ask_for_certificates(SSL_CTX *context, const struct tls_options *options, struct tls_fault *fault);
static SSL_CTX *context_new(const SSL_METHOD *method, const struct tls_options *options, struct tls_fault *fault);
static int choose_certificate(SSL *ssl, int *alert, void *tls);
static void unload(struct tls *tls);

struct tls *tls_new(const struct tls_options *options, struct tls_fault *fault)
{
	struct tls *tls = memory_new(sizeof *tls);
	if (load(tls, options, fault))
		return tls;
	tls_free(tls);
	return NULL;
}

void tls_free(struct tls *tls)
{
	if (tls == NULL)
		return;
	unload(tls);
	memory_free(tls);
}

bool tls_reload(struct tls *tls, const struct tls_options *options, struct tls_fault *fault)
{
	struct tls fresh = { .counts = tls->counts };
	if (!load(&fresh, options, fault)) {
		unload(&fresh);
		return false;
	}
	unload(tls);
	*tls = fresh;
	/* What chooses among certificates was told of the struct that is gone. */
	for (unsigned i = 0; i < tls->count; i++)
		SSL_CTX_set_tlsext_servername_arg(tls->servers[i], tls);
	return true;
}

struct ssl_st *tls_accept(const struct tls *tls)
{
	assert(tls->count > 0);
	SSL *ssl = SSL_new(tls->servers[0]);
	SSL_set_accept_state(ssl);
	return ssl;
}

struct ssl_st *tls_connect(const struct tls *tls, const char *name)
{
	SSL *ssl = SSL_new(tls->client);
	unsigned char number[sizeof(struct in6_addr)];
	if (inet_pton(AF_INET, name, number) == 1 || inet_pton(AF_INET6, name, number) == 1) {
		X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name);
	} else {
		SSL_set_tlsext_host_name(ssl, name);
		SSL_set1_host(ssl, name);
	}
	SSL_set_connect_state(ssl);
	return ssl;
}

struct ssl_st *tls_share(struct ssl_st *ssl)
{
	SSL_up_ref(ssl);
	return ssl;
}

void tls_release(struct ssl_st *ssl)
{
	SSL_free(ssl);
}

const char *tls_disbelief(const struct ssl_st *ssl)
{
	long verdict = SSL_get_verify_result(ssl);
	return verdict != X509_V_OK ? X509_verify_cert_error_string(verdict) : NULL;
}

bool tls_has_certificate(const struct tls *tls)
{
	return tls->count > 0;
}

struct tls_counts *tls_counts(struct tls *tls)
{
	return &tls->counts;
}

uint32_t tls_handshake_ms(const struct tls *tls)
{
	return tls->handshake_ms;
}

int64_t tls_expiry(const struct tls *tls, unsigned index, const char **file)
{
	if (index >= tls->count)
		return 0;
	*file = tls->files[index];
	return tls->expiries[index];
}

static void unload(struct tls *tls)
{
	for (unsigned i = 0; i < CERTIFICATES_MAX; i++) {
		SSL_CTX_free(tls->servers[i]);
		memory_free(tls->files[i]);
	}
	SSL_CTX_free(tls->client);
}

static bool load(struct tls *tls, const struct tls_options *options, struct tls_fault *fault)
{
	tls->handshake_ms = options->handshake_ms;
	if (!load_servers(tls, options, fault))
		return false;
	tls->client = context_new(TLS_client_method(), options, fault);
	if (tls->client == NULL)
		return false;
	SSL_CTX_set_verify(tls->client, SSL_VERIFY_PEER, NULL);
	if (options->ca == NULL) {
		SSL_CTX_set_default_verify_paths(tls->client);
	} else if (!tls_files_trust(tls->client, options->ca, false, &fault->why)) {
		fault->setting = "ca";
		return false;
	}
	/* A server that asks who we are is shown our first certificate. */
	if (tls->count > 0) {
		char *cert = text_list_item(options->cert, 0), *key = text_list_item(options->key, 0);
		fault->setting = tls_files_identify(tls->client, cert, key, &fault->why);
		memory_free(cert);
		memory_free(key);
	}
	return tls->count == 0 || fault->setting == NULL;
}

static bool load_servers(struct tls *tls, const struct tls_options *options, struct tls_fault *fault)
{
	if (options->cert == NULL || options->key == NULL)
		return true;
	while (tls->count < CERTIFICATES_MAX) {
		char *cert = text_list_item(options->cert, tls->count), *key = text_list_item(options->key, tls->count);
		bool is_end = cert == NULL && key == NULL;
		if (!is_end && (cert == NULL || key == NULL)) {
			fault->setting = "key";
			buffer_add_format(&fault->why, "there are not as many keys as certificates, name one key for each file of tls.cert, in the same order");
		} else if (!is_end) {
			tls->servers[tls->count] = context_new(TLS_server_method(), options, fault);
			if (tls->servers[tls->count] != NULL)
				fault->setting = tls_files_identify(tls->servers[tls->count], cert, key, &fault->why);
		}
		memory_free(key);
		if (is_end || fault->setting != NULL) {
			memory_free(cert);
			return is_end;
		}
		SSL_CTX *context = tls->servers[tls->count];
		tls->files[tls->count] = cert;
		tls->expiries[tls->count] = tls_files_expiry(context);
		tls->count++;
		SSL_CTX_set_session_id_context(context, (const unsigned char *)"homeport", 8);
		SSL_CTX_set_tlsext_servername_callback(context, choose_certificate);
		SSL_CTX_set_tlsext_servername_arg(context, tls);
		if (!ask_for_certificates(context, options, fault))
			return false;
	}
	fault->setting = "cert";
	buffer_add_format(&fault->why, "there are more than %d certificates, keep at most so many", CERTIFICATES_MAX - 1);
	return false;
}

static bool ask_for_certificates(SSL_CTX *context, const struct tls_options *options, struct tls_fault *fault)
{
	const char *ca = options->client_ca != NULL ? options->client_ca : options->ca;
	if (options->clients == TLS_CLIENTS_NO)
		return true;
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (options->clients == TLS_CLIENTS_REQUIRED ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), NULL);
	if (ca == NULL) {
		fault->setting = "clients";
		buffer_add_text(&fault->why, "clients' certificates cannot be checked, name in tls.ca or tls.client_ca who vouches for them");
		return false;
	}
	if (tls_files_trust(context, ca, true, &fault->why))
		return true;
	fault->setting = options->client_ca != NULL ? "client_ca" : "ca";
	return false;
}

static SSL_CTX *context_new(const SSL_METHOD *method, const struct tls_options *options, struct tls_fault *fault)
{
	SSL_CTX *context = SSL_CTX_new(method);
	if (context == NULL) {
		fault->setting = "cert";
		tls_error_add(&fault->why, "OpenSSL cannot be used");
		return NULL;
	}
	SSL_CTX_set_min_proto_version(context, options->is_min_13 ? TLS1_3_VERSION : TLS1_2_VERSION);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	if (options->ciphers != NULL && SSL_CTX_set_cipher_list(context, options->ciphers) != 1)
		fault->setting = "ciphers";
	else if (options->ciphersuites != NULL && SSL_CTX_set_ciphersuites(context, options->ciphersuites) != 1)
		fault->setting = "ciphersuites";
	if (fault->setting == NULL)
		return context;
	tls_error_add(&fault->why, "OpenSSL does not know that list, see `openssl ciphers`");
	SSL_CTX_free(context);
	return NULL;
}

/* A client that asks for no name, or for one that no certificate is for, gets the first. */
static int choose_certificate(SSL *ssl, int *alert, void *context)
{
	(void)alert;
	const struct tls *tls = context;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	for (unsigned i = 0; name != NULL && i < tls->count; i++) {
		if (X509_check_host(SSL_CTX_get0_certificate(tls->servers[i]), name, 0, 0, NULL) != 1)
			continue;
		SSL_set_SSL_CTX(ssl, tls->servers[i]);
		break;
	}
	return SSL_TLSEXT_ERR_OK;
}
