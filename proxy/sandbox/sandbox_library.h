/* Sandbox library: the functions that a handler may call. */
#ifndef PROXY_SANDBOX_LIBRARY_H
#define PROXY_SANDBOX_LIBRARY_H

#include "base/bytes.h"

#include <lua.h>

/* In protected mode: fills the globals. COMPILED and CODE as for sandbox_load. */
void sandbox_library_open(lua_State *state, const struct buffer *compiled, struct buffer *code);

#endif
