/* Wrapper text: the parts in Lua that a form consists of (wrapper.h), except for what depends on the script. */
#ifndef CORE_WRAPPER_TEXT_H
#define CORE_WRAPPER_TEXT_H

extern const char wrapper_slow_part[];
extern const char wrapper_call_part[];
extern const char wrapper_plain_part[];
extern const char wrapper_proxy_part[];
extern const char wrapper_globals_part[];
extern const char wrapper_end_part[];
/* Of a library: in front of its text. */
extern const char wrapper_library_start[];
extern const char wrapper_library_run[];
extern const char wrapper_library_slow[];
extern const char wrapper_library_end[];
extern const char wrapper_library_register[];

#endif
