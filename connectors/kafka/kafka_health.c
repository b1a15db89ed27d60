#include "kafka_health.h"

#include <stdio.h>
#include <string.h>

#include "kafka_settings.h"

static void tell(struct kafka_health *health);

void kafka_health_begin(struct kafka_health *health, const struct log_options *options, const struct log_callbacks *callbacks, const char *doing)
{
	*health = (struct kafka_health){ .callbacks = *callbacks, .dc = options->dc_index, .doing = doing };
	snprintf(health->brokers, sizeof health->brokers, "%s", kafka_settings_brokers(options));
}

/* Statistics are a JSON text, one a second. Only brokers have a state in capitals. */
void kafka_health_take(struct kafka_health *health, rd_kafka_event_t *event)
{
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_ERROR:
		/* "1/1 brokers are down" names none, and follows upon an error that does. */
		if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
			health->is_up = false;
		else
			snprintf(health->why, sizeof health->why, "%s", rd_kafka_event_error_string(event));
		break;
	case RD_KAFKA_EVENT_STATS:
		health->is_up = strstr(rd_kafka_event_stats(event), "\"state\":\"UP\"") != NULL;
		break;
	default:
		return;
	}
	tell(health);
}

void kafka_health_note_up(struct kafka_health *health)
{
	if (health->is_up)
		return;
	health->is_up = true;
	tell(health);
}

void kafka_health_set_problem(struct kafka_health *health, const char *text)
{
	const char *problem = text != NULL ? text : "";
	if (strcmp(health->problem, problem) == 0)
		return;
	snprintf(health->problem, sizeof health->problem, "%s", problem);
	health->is_told = health->is_told && text == NULL;
	tell(health);
}

static void tell(struct kafka_health *health)
{
	bool is_up = health->is_up && health->problem[0] == '\0';
	if (health->is_told && health->is_told_up == is_up)
		return;
	health->is_told = true;
	health->is_told_up = is_up;
	char why[sizeof health->brokers + sizeof health->why + 32];
	snprintf(why, sizeof why, "no broker of %s answers%s%s", health->brokers, health->why[0] != '\0' ? ": " : "", health->why);
	const char *text = is_up ? health->doing : health->problem[0] != '\0' ? health->problem : why;
	health->callbacks.state(health->callbacks.context, health->dc, is_up, text);
}
