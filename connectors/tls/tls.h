/* TLS: certificates, keys and trusted authorities from files, for connections that we accept and for those that we make.
 * Files are read when it is made, and by tls_reload. Connections that exist go on with what they began with. */
#ifndef CONNECTORS_TLS_H
#define CONNECTORS_TLS_H

#include "base/bytes.h"

struct tls;
struct ssl_st;

enum tls_clients { TLS_CLIENTS_NO, TLS_CLIENTS_OPTIONAL, TLS_CLIENTS_REQUIRED };

struct tls_options {                     /* all borrowed; NULL: not set. Lists of files have commas between them */
	const char *cert, *key;          /* files in PEM; the Nth key belongs to the Nth certificate. Without: nothing can be accepted */
	const char *ca;                  /* who vouches for servers; NULL: whom the system trusts */
	const char *client_ca;           /* who vouches for clients; NULL: CA */
	enum tls_clients clients;        /* must clients show a certificate? */
	bool is_min_13;                  /* TLS 1.3 at least; else 1.2 */
	const char *ciphers;             /* of TLS 1.2, as OpenSSL writes them */
	const char *ciphersuites;        /* of TLS 1.3 */
	uint32_t handshake_ms;           /* how long a handshake may take */
};

/* What is wrong: which setting (a member's name above), and text with a remedy. */
struct tls_fault {
	const char *setting;
	struct buffer why;               /* owned */
};

struct tls_counts {
	uint64_t accepted, accept_failures;      /* handshakes of connections that we accepted */
	uint64_t connected, connect_failures;    /* of those that we made */
};

/* NULL: FAULT says why not. */
struct tls *tls_new(const struct tls_options *options, struct tls_fault *fault);
void tls_free(struct tls *tls);          /* NULL is fine */
/* Reads the files again, for new connections. False: FAULT says why not, and all stays as it was. */
MUST_CHECK bool tls_reload(struct tls *tls, const struct tls_options *options, struct tls_fault *fault);
/* The server's side of a connection. */
struct ssl_st *tls_accept(const struct tls *tls);
/* The client's side. The server's certificate must be for NAME, a host's name or IP address. */
struct ssl_st *tls_connect(const struct tls *tls, const char *name);
/* One more owner of SSL, and one less. */
struct ssl_st *tls_share(struct ssl_st *ssl);
void tls_release(struct ssl_st *ssl);    /* NULL is fine */
/* Why the other side's certificate was not believed; NULL: it was, or none was shown. */
const char *tls_disbelief(const struct ssl_st *ssl);
bool tls_has_certificate(const struct tls *tls);
struct tls_counts *tls_counts(struct tls *tls);
uint32_t tls_handshake_ms(const struct tls *tls);
/* Own certificates: when number INDEX is no longer valid (Unix time in s), and its *file. 0: there are no so many. */
int64_t tls_expiry(const struct tls *tls, unsigned index, const char **file);

#endif
