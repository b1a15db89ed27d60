#include "tls_files.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/text.h"
#include "tls_error.h"

static bool is_readable(const char *file, struct buffer *why);
static int refuse_passphrase(char *room, int size, int is_writing, void *context);
static int64_t expiry_of(const X509 *certificate);

const char *tls_files_identify(struct ssl_ctx_st *context, const char *cert, const char *key, struct buffer *why)
{
	struct buffer what = { 0 };
	const char *wrong = NULL;
	ERR_clear_error();
	SSL_CTX_set_default_passwd_cb(context, refuse_passphrase);
	if (!is_readable(cert, why))
		return "cert";
	if (!is_readable(key, why))
		return "key";
	if (SSL_CTX_use_certificate_chain_file(context, cert) != 1) {
		wrong = "cert";
		buffer_add_format(&what, "the file '%s' holds no certificate in PEM, write the certificate and those it was issued by", cert);
	} else if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(context) != 1) {
		wrong = "key";
		buffer_add_format(&what, "the file '%s' holds no key, in PEM and without a passphrase, of the certificate '%s': give the key that was made for it", key, cert);
	}
	if (wrong != NULL) {
		buffer_add_byte(&what, '\0');
		tls_error_add(why, what.ptr);
	}
	buffer_free(&what);
	return wrong;
}

bool tls_files_trust(struct ssl_ctx_st *context, const char *files, bool is_told, struct buffer *why)
{
	STACK_OF(X509_NAME) *names = sk_X509_NAME_new_null();
	bool is_good = true;
	for (unsigned i = 0; is_good; i++) {
		char *file = text_list_item(files, i);
		if (file == NULL)
			break;
		struct buffer what = { 0 };
		is_good = is_readable(file, why);
		ERR_clear_error();
		if (is_good && (SSL_CTX_load_verify_locations(context, file, NULL) != 1 || (is_told && SSL_add_file_cert_subjects_to_stack(names, file) != 1))) {
			buffer_add_format(&what, "the file '%s' holds no certificates in PEM, write those of the authorities to trust", file);
			buffer_add_byte(&what, '\0');
			tls_error_add(why, what.ptr);
			is_good = false;
		}
		buffer_free(&what);
		memory_free(file);
	}
	if (is_told)
		SSL_CTX_set_client_CA_list(context, names);
	else
		sk_X509_NAME_free(names);
	return is_good;
}

int64_t tls_files_expiry(struct ssl_ctx_st *context)
{
	STACK_OF(X509) *chain = NULL;
	int64_t first = expiry_of(SSL_CTX_get0_certificate(context));
	SSL_CTX_get0_chain_certs(context, &chain);
	for (int i = 0; chain != NULL && i < sk_X509_num(chain); i++) {
		int64_t expiry = expiry_of(sk_X509_value(chain, i));
		first = expiry < first ? expiry : first;
	}
	return first;
}

static int64_t expiry_of(const X509 *certificate)
{
	struct tm end;
	return ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1 ? (int64_t)timegm(&end) : 0;
}

static bool is_readable(const char *file, struct buffer *why)
{
	if (access(file, R_OK) == 0)
		return true;
	buffer_add_format(why, "cannot read the file '%s' (%s), check the path and its permissions", file, strerror(errno));
	return false;
}

/* OpenSSL would ask at the terminal. */
static int refuse_passphrase(char *room, int size, int is_writing, void *context)
{
	(void)room;
	(void)size;
	(void)is_writing;
	(void)context;
	return 0;
}
