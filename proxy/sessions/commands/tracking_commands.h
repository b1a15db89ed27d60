/* CLIENT TRACKING, CACHING, TRACKINGINFO and GETREDIR. Private to this room. */
#ifndef PROXY_TRACKING_COMMANDS_H
#define PROXY_TRACKING_COMMANDS_H

#include "proxy/sessions/session.h"

session_command_run session_client_tracking, session_client_caching, session_client_trackinginfo, session_client_getredir;

#endif
