/* Reloading: the file is read anew as at the start; each difference is either taken over or noted as waiting for a restart. */
#ifndef CONFIG_RELOAD_H
#define CONFIG_RELOAD_H

#include "settings.h"

/* Reads the file again and takes over into *RUNNING what may change while running. NOTES gets one line for each setting that changed: taken
 * over (rules and their handlers, too), or waiting for a restart. False: the file is wrong (ERRORS says how) and nothing changed. */
MUST_CHECK bool settings_reload(const char *path, const struct settings_checks *checks, struct settings *running, struct buffer *notes,
                                struct buffer *errors);

#endif
