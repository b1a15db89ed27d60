/* Group script: what Redis runs for a command of a consumer group, and to tell all groups of a stream. Private to the plans. */
#ifndef CORE_GROUP_SCRIPT_H
#define CORE_GROUP_SCRIPT_H

/* KEYS: its keys; ARGV: the command. Answers the client's answer, and what is told. */
extern const char group_script[];
/* KEYS: the stream. Answers what is told of all its groups; of what is no stream, nothing. */
extern const char group_script_of_all[];

#endif
