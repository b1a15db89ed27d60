/* TLS files: certificates, keys and authorities, read into OpenSSL's contexts. */
#ifndef CONNECTORS_TLS_FILES_H
#define CONNECTORS_TLS_FILES_H

#include "base/bytes.h"

struct ssl_ctx_st;

/* CONTEXT shows the certificate in the file CERT, whose key is in KEY. NULL: done. Else the setting that is wrong, and WHY. */
const char *tls_files_identify(struct ssl_ctx_st *context, const char *cert, const char *key, struct buffer *why);
/* CONTEXT trusts the authorities in FILES; if IS_TOLD, it names them to clients. False: WHY says what is wrong. */
MUST_CHECK bool tls_files_trust(struct ssl_ctx_st *context, const char *files, bool is_told, struct buffer *why);
/* When CONTEXT's certificate, or one that it was issued by and that is shown with it, is no longer valid. Unix time in s. */
int64_t tls_files_expiry(struct ssl_ctx_st *context);

#endif
