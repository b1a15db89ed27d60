/* Sidecar: the shell around one core: events go in, effects are run in order, over a lane to the store and over logs. */
#ifndef SIM_SIDECAR_H
#define SIM_SIDECAR_H

#include "world.h"

void sidecar_start(struct world *world, struct dc *dc);
void sidecar_crash(struct world *world, struct dc *dc);
void sidecar_request(struct world *world, struct dc *dc, const struct client_request *request);
void sidecar_run_effect(struct world *world, struct dc *dc, const struct effect *effect);
uint64_t sidecar_lane_us(struct world *world);                   /* how long something is on its way between sidecar and store */
void sidecar_step(struct world *world, struct dc *dc, struct event *event);
void sidecar_turn(struct world *world, struct dc *dc);
void sidecar_tick(struct world *world, struct dc *dc);
void sidecar_handler_ended(struct world *world, struct dc *dc, uint64_t index);    /* the INDEXth handler that was asked for */
void sidecar_new_rules(struct world *world, struct dc *dc);      /* the operator changes the rules, once */
void sidecar_open(struct world *world, struct dc *dc);           /* the connection is made: reads what the store remembers */
void connection_break(struct world *world, struct dc *dc);       /* some of what is on its way may still run */
void connection_retry(struct world *world, struct dc *dc);
void lane_deliver_group(struct world *world, struct dc *dc);
void lane_deliver_answer(struct world *world, struct dc *dc);
void log_land(struct world *world, struct dc *dc);
void log_come_back(struct world *world, struct dc *dc);
void log_acknowledge(struct world *world, struct dc *dc);
void log_go_on(struct world *world, struct dc *dc);               /* the log has room again */
void log_deliver(struct world *world, struct dc *dc, unsigned origin);
void follower_plan(struct world *world, struct dc *dc, unsigned origin);     /* the next message of a log sets out */
void log_wake_followers(struct world *world, unsigned origin);
void log_resume_appends(struct world *world, struct dc *dc);

#endif
