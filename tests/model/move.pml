/* A home's move between datacenters (docs/homes.md, "How a home moves"), of one user. README.md beside this file says what is modelled, what is
 * checked and how to read a counter-example. Nothing here is taken from the code.
 *
 * A datacenter is a sidecar (memory), its Redis (the data, lost back to `disk` at worst) and its log (durable, in order, read late). The sidecar sends
 * transactions through a pipe: todo -> Redis executes -> done -> the sidecar takes the answer. All that anybody ever wrote for the user is in the
 * tables `kind`, `epoch`, `seen`: entry I of origin O. A Redis is told by how much of each origin it has applied. */

#ifndef N
#define N 2             /* datacenters */
#endif
#ifndef ORDERS
#define ORDERS 2        /* to move the home */
#endif
#ifndef WRITES
#define WRITES 2        /* of clients */
#endif
#ifndef CRASHES
#define CRASHES 0       /* of sidecars: memory is lost */
#endif
#ifndef CUTS
#define CUTS 0          /* of connections to Redis: what was under way has an unknown outcome */
#endif
#ifndef ROLLBACKS
#define ROLLBACKS 0     /* of Redis, to what was on disk */
#endif
#ifndef REFUSALS
#define REFUSALS 0      /* of a transaction by Redis */
#endif
#ifndef LOSSES
#define LOSSES 0        /* of heartbeats */
#endif
#ifndef DEATHS
#define DEATHS 0        /* of sidecars that never come back */
#endif
#define MAX (ORDERS + WRITES)   /* entries of one origin */
#define ENTRY(o, i) ((o) * MAX + (i))
#define FIRST_HOME 0            /* by default, with epoch 0 */

/* What an entry is, and what a transaction does. */
#define NOTHING 0
#define WRITE 1         /* a client's */
#define FLIP 2          /* the home goes to another datacenter */
#define APPLY 3         /* the next entry of an origin's log */

/* The connection of a sidecar to its Redis. */
#define CLOSED 0
#define READING 1       /* the store was read; the own log is read up to what it holds at this moment */
#define WHOLE 2         /* entries of logs are applied */

/* The move that a sidecar drives, as the home that was. */
#define NONE 0
#define AWAIT 1         /* the new home is to say that it has all that was sent before the order; writes are taken */
#define HOLD 2          /* writes wait; those sent before are being answered */
#define FLIPPING 3      /* the entry that gives the home away is on its way to Redis */
#define DOUBT 4         /* the connection was lost then */
#define FLIPPED 5       /* Redis has it; the new home is to say that it has it, too */

typedef datacenter {
	/* its Redis */
	byte applied[N], disk[N], ever[N];      /* ever: for the checks alone */
	bit is_refusing;
	/* what it wrote */
	byte kind[MAX], to[MAX], epoch[MAX], seen[MAX * N];
	byte made, logged;
	/* its sidecar's memory */
	bit is_up, is_dead;
	byte state;
	byte sent[N], answered[N];
	byte remembered;        /* own entries that were answered: they reach the log, whatever Redis forgets */
	byte back_to;           /* own entries that the log holds, or will: all of them must be in the store again */
	byte home, home_epoch;  /* the map */
	byte move, target, mark, flip_epoch;
	byte heard[N];          /* entries of ours that the peer is known to have applied, + 1; 0: not heard since the order */
	byte held;              /* writes of clients that wait */
	byte guests, guest_epoch;       /* forwarded ones that wait */
};
datacenter dc[N];
chan todo[N] = [2] of { byte, byte, byte };     /* kind, to (APPLY: origin), epoch */
chan done[N] = [2] of { byte, byte, byte, bit };        /* the same; was it executed? */
chan forwarded[N] = [1] of { byte };            /* epoch of the sender */
byte beat[N * N];       /* a heartbeat on its way: of entries of FROM, by TO; applied + 1 */

byte orders = ORDERS, writes = WRITES, crashes = CRASHES, cuts = CUTS, rollbacks = ROLLBACKS, saves = ROLLBACKS, refusals = REFUSALS, losses = LOSSES, deaths = DEATHS;

/* ---- rules of the design; what is broken on purpose stands beside them ---- */

/* All that the own log knows is in the store again, or on its way there in front of anything new. */
#ifdef BREAK_HOME_WHEN_OPEN
#define IS_BACK(d) (dc[d].state != CLOSED)
#elif defined(BREAK_HOME_WHEN_RECALLED)
#define IS_BACK(d) (dc[d].state == WHOLE)
#else
#define IS_BACK(d) (dc[d].state == WHOLE && dc[d].sent[d] >= dc[d].back_to)
#endif
#define IS_HOME(d) (dc[d].is_up && IS_BACK(d) && dc[d].home == d)
#ifdef BREAK_TAKE_WHILE_FLIPPING
#define IS_MOVING(d) (dc[d].move == HOLD || dc[d].move == DOUBT)
#else
#define IS_MOVING(d) (dc[d].move != NONE && dc[d].move != AWAIT && dc[d].move != FLIPPED)
#endif
#define IS_DECIDED(d) (IS_BACK(d) && !IS_MOVING(d))
#define TAKES(d) (IS_DECIDED(d) && dc[d].home == d)

/* ---- small helpers ---- */

byte x, y, z;   /* scratch, inside d_step only */

#define SET_MAP(d, where, when) dc[d].home = where; dc[d].home_epoch = when

/* I1: never two that would take a write. */
inline check_one_home() {
	x = 0; y = 0;
	do
	:: x < N -> if :: IS_HOME(x) -> y++ :: else fi; x++
	:: else -> break
	od;
	assert(y <= 1);
	x = 0; y = 0
}

/* I2: whoever executes a write of the user has applied all that was executed before it, anywhere. */
inline check_has_seen_all(d) {
	x = 0;
	do
	:: x < N -> assert(dc[d].applied[x] == dc[x].made); x++
	:: else -> break
	od;
	x = 0
}

#ifdef BREAK_TAKE_OLDER
#define IS_NEWER(d, o, i) true
#else
#define IS_NEWER(d, o, i) (dc[o].epoch[i] > dc[d].home_epoch)
#endif

/* A gain may be answered when a later loss was sent already. */
inline map_take(d, o, i) {
	if
	:: dc[o].kind[i] == FLIP && IS_NEWER(d, o, i) -> SET_MAP(d, dc[o].to[i], dc[o].epoch[i])
	:: else
	fi
}

inline map_read(d) {
	SET_MAP(d, FIRST_HOME, 0);
	x = 0;
	do
	:: x < N ->
		y = 0;
		do
		:: y < dc[d].applied[x] ->
			if
			:: dc[x].kind[y] == FLIP && dc[x].epoch[y] > dc[d].home_epoch -> SET_MAP(d, dc[x].to[y], dc[x].epoch[y])
			:: else
			fi;
			y++
		:: else -> break
		od;
		x++
	:: else -> break
	od;
	x = 0; y = 0
}

/* Own entries that neither Redis nor log nor memory has any more never were: nobody else can have seen them. */
inline forget_lost(d) {
	do
	:: dc[d].made > dc[d].applied[d] && dc[d].made > dc[d].logged && dc[d].made > dc[d].remembered ->
		dc[d].made--;
		dc[d].kind[dc[d].made] = NOTHING; dc[d].to[dc[d].made] = 0; dc[d].epoch[dc[d].made] = 0;
		x = 0;
		do :: x < N -> dc[d].seen[dc[d].made * N + x] = 0; x++ :: else -> break od;
		x = 0
	:: else -> break
	od
}

inline lose_connection(d) {
	do :: len(todo[d]) > 0 -> todo[d]?_,_,_ :: else -> break od;
	do :: len(done[d]) > 0 -> done[d]?_,_,_,_ :: else -> break od;
	dc[d].state = CLOSED; dc[d].is_refusing = 0; dc[d].back_to = 0;
	dc[d].held = 0; dc[d].guests = 0; dc[d].guest_epoch = 0;        /* refused: none of them was executed */
	x = 0;
	do :: x < N -> dc[d].sent[x] = 0; dc[d].answered[x] = 0; x++ :: else -> break od;
	x = 0;
	if
	:: dc[d].move == HOLD || dc[d].move == AWAIT -> end_move(d)
	:: dc[d].move == FLIPPING -> dc[d].move = DOUBT
	:: else
	fi;
	SET_MAP(d, 0, 0)
}

inline end_move(d) {
	dc[d].move = NONE; dc[d].target = 0; dc[d].mark = 0; dc[d].flip_epoch = 0;
	y = 0;
	do :: y < N -> dc[d].heard[y] = 0; y++ :: else -> break od;
	y = 0
}

/* ---- Redis ---- */

/* Epochs rise by one, and every store sees each of them, in order. */
inline check_epoch(d, when) {
	z = 0; x = 0;
	do
	:: x < N ->
		y = 0;
		do
		:: y < dc[d].applied[x] -> if :: dc[x].epoch[y] > z -> z = dc[x].epoch[y] :: else fi; y++
		:: else -> break
		od;
		x++
	:: else -> break
	od;
	assert(when == z + 1);
	x = 0; y = 0; z = 0
}

inline redis_make(d, what, where, when) {
	check_has_seen_all(d);
	if :: what == FLIP -> check_epoch(d, when) :: else fi;
	dc[d].kind[dc[d].made] = what; dc[d].to[dc[d].made] = where; dc[d].epoch[dc[d].made] = when;
	x = 0;
	do :: x < N -> dc[d].seen[dc[d].made * N + x] = dc[d].applied[x]; x++ :: else -> break od;
	x = 0;
	dc[d].made++; dc[d].applied[d]++; dc[d].ever[d]++
}

#if N == 2
#define IS_DIRTY(d) (dc[d].disk[0] != dc[d].applied[0] || dc[d].disk[1] != dc[d].applied[1])
#else
#define IS_DIRTY(d) (dc[d].disk[0] != dc[d].applied[0] || dc[d].disk[1] != dc[d].applied[1] || dc[d].disk[2] != dc[d].applied[2])
#endif

proctype redis(byte d) {
	byte what, where, when;
end:	do
	:: atomic { todo[d]?what,where,when ->
		d_step {
			if
			:: what == APPLY && dc[d].is_refusing -> done[d]!what,where,when,0
			:: what == APPLY && !dc[d].is_refusing ->
				if :: dc[where].kind[dc[d].applied[where]] == FLIP -> check_epoch(d, dc[where].epoch[dc[d].applied[where]]) :: else fi;
				dc[d].applied[where]++;
				if :: dc[d].applied[where] > dc[d].ever[where] -> dc[d].ever[where] = dc[d].applied[where] :: else fi;
				done[d]!what,where,when,1
			:: else -> redis_make(d, what, where, when); done[d]!what,where,when,1
			fi;
			what = 0; where = 0; when = 0
		} }
#if REFUSALS
	:: atomic { refusals > 0 && len(todo[d]) > 0 -> todo[d]?what,where,when;
		d_step {
			refusals--;
			if :: what == APPLY -> dc[d].is_refusing = 1 :: else fi;
			done[d]!what,where,when,0;
			what = 0; where = 0; when = 0
		} }
#endif
#if ROLLBACKS
	:: d_step { saves > 0 && IS_DIRTY(d) -> saves--; x = 0; do :: x < N -> dc[d].disk[x] = dc[d].applied[x]; x++ :: else -> break od; x = 0 }
#endif
	od
}
/* ---- the sidecar ---- */

#define CAN_SEND(d) (len(todo[d]) + len(done[d]) < 2)

#ifdef BREAK_HOME_WHEN_SENT
#define IS_GAINED_AT_SENDING true
#else
#define IS_GAINED_AT_SENDING false
#endif
#ifdef BREAK_LOSE_WHEN_ANSWERED
#define IS_LOST_AT_SENDING false
#else
#define IS_LOST_AT_SENDING true
#endif

/* A log's next entry, once all that it had seen is applied, or on its way there. */
#define HAS_NEXT(d, o) (dc[d].state == WHOLE && dc[d].sent[o] < dc[o].logged && (o != d || dc[d].sent[o] < dc[d].back_to))
#define NEXT_SAW(d, o, p) dc[o].seen[dc[d].sent[o] * N + (p)]
#define HAS_SEEN(d, o, p) (p == o || NEXT_SAW(d, o, p) <= dc[d].sent[p])
#if N == 2
#define IS_READY(d, o) (HAS_SEEN(d, o, 0) && HAS_SEEN(d, o, 1))
#else
#define IS_READY(d, o) (HAS_SEEN(d, o, 0) && HAS_SEEN(d, o, 1) && HAS_SEEN(d, o, 2))
#endif

inline apply_next(d, o) {
	if
	:: (dc[o].to[dc[d].sent[o]] == d -> IS_GAINED_AT_SENDING : IS_LOST_AT_SENDING) -> map_take(d, o, dc[d].sent[o])
	:: else
	fi;
	dc[d].sent[o]++;
	todo[d]!APPLY,o,0;
	check_one_home()
}

inline flip_answered(d) {
	dc[d].move = FLIPPED; dc[d].mark = dc[d].answered[d];
#ifdef BREAK_TAKE_WHILE_FLIPPING
	SET_MAP(d, dc[d].target, dc[d].flip_epoch);
#endif
	check_one_home()
}

inline flip_refused(d) {
	dc[d].sent[d]--;
	SET_MAP(d, d, dc[d].flip_epoch - 1);
	end_move(d);
	check_one_home()
}

inline take_answer(d, what, where) {
	if
	:: what == APPLY ->
		dc[d].answered[where]++;
		map_take(d, where, dc[d].answered[where] - 1)
	:: else ->
		dc[d].answered[d]++;
		if :: what == FLIP -> flip_answered(d) :: else fi
	fi;
	if :: dc[d].answered[d] > dc[d].remembered -> dc[d].remembered = dc[d].answered[d] :: else fi;
	check_one_home()
}

inline take_refusal(d, what) {
	if
	:: what == APPLY -> lose_connection(d)  /* opened anew: it is read what Redis has */
	:: what == FLIP -> flip_refused(d)
	:: else -> dc[d].sent[d]--
	fi
}

inline open_store(d) {
	x = 0;
	do
	:: x < N -> dc[d].sent[x] = dc[d].applied[x]; dc[d].answered[x] = dc[d].applied[x]; x++
	:: else -> break
	od;
	x = 0;
	if :: dc[d].applied[d] > dc[d].remembered -> dc[d].remembered = dc[d].applied[d] :: else fi;
	map_read(d);
#ifdef BREAK_GUESS_OUTCOME
	if :: dc[d].move == DOUBT -> SET_MAP(d, d, dc[d].flip_epoch - 1); end_move(d) :: else fi;
#endif
	dc[d].state = READING;
	check_one_home()
}

inline read_own_log(d) {
	dc[d].back_to = (dc[d].logged > dc[d].remembered -> dc[d].logged : dc[d].remembered);
	dc[d].state = WHOLE;
	check_one_home()
}

/* The flip was lost with the connection, or was not: store and log tell. */
inline learn_outcome(d) {
	if
	:: dc[d].home_epoch >= dc[d].flip_epoch ->
		x = 0;
		do
		:: dc[d].kind[x] == FLIP && dc[d].epoch[x] == dc[d].flip_epoch -> break
		:: else -> x++
		od;
		dc[d].mark = x + 1; x = 0;
		dc[d].move = FLIPPED
	:: else -> end_move(d)
	fi
}

inline give_away(d) {
	dc[d].flip_epoch = dc[d].home_epoch + 1;
	/* Nobody is given to who is far behind: all from before the order is there. (It may have lost it again since.) */
	assert(dc[dc[d].target].ever[d] >= (dc[d].mark < dc[d].sent[d] -> dc[d].mark : dc[d].sent[d]));
	/* What Redis has not answered yet it may refuse, and execute behind the flip when it is sent again. */
	assert(dc[d].answered[d] == dc[d].sent[d]);
	todo[d]!FLIP,dc[d].target,dc[d].flip_epoch;
	dc[d].sent[d]++;
#ifndef BREAK_TAKE_WHILE_FLIPPING
	SET_MAP(d, dc[d].target, dc[d].flip_epoch);
#endif
	dc[d].move = FLIPPING;
	check_one_home()
}

#ifdef BREAK_NO_DRAIN
#define IS_DRAINED(d) true
#else
#define IS_DRAINED(d) (dc[d].answered[d] == dc[d].sent[d])
#endif
#ifdef BREAK_NO_AWAIT
#define IS_CONFIRMED(d) true
#else
/* What Redis refuses of it is no write. */
#define IS_CONFIRMED(d) (dc[d].heard[dc[d].target] > dc[d].mark || (dc[d].heard[dc[d].target] > dc[d].sent[d]))
#endif

#ifdef BREAK_SEND_GUESTS_ON
#define IS_GUEST_SENT_ON(d) (dc[d].home != d)
#define KNOWS_GUESTS_HOME(d) true
#else
#define IS_GUEST_SENT_ON(d) false
#define KNOWS_GUESTS_HOME(d) (dc[d].home_epoch >= dc[d].guest_epoch)
#endif

/* A client's write that was held is decided now. */
inline release_held(d) {
	dc[d].held--;
	if
	:: dc[d].home == d -> todo[d]!WRITE,0,0; dc[d].sent[d]++
	:: dc[d].home != d && len(forwarded[dc[d].home]) == 0 -> forwarded[dc[d].home]!dc[d].home_epoch
	:: else         /* its client is told that the home cannot be reached */
	fi
}

/* A forwarded one is taken, or answered with the home that we know: never forwarded again. */
inline release_guest(d) {
	dc[d].guests--;
	if
	:: dc[d].home == d -> todo[d]!WRITE,0,0; dc[d].sent[d]++
	:: dc[d].home != d && IS_GUEST_SENT_ON(d) && len(forwarded[dc[d].home]) == 0 -> forwarded[dc[d].home]!dc[d].home_epoch
	:: else
	fi;
	if :: dc[d].guests == 0 -> dc[d].guest_epoch = 0 :: else fi
}

#ifdef BREAK_FORGET_HELD
#define IS_RELEASED(d) (IS_DECIDED(d) && dc[d].home != d)
#else
#define IS_RELEASED(d) IS_DECIDED(d)
#endif

#define IS_FLIP_NEXT(d) (dc[d].kind[dc[d].sent[d]] == FLIP)

/* pan tells these if it is built with -DPRINTF. */
#define REACHED(state) printf(state)

proctype sidecar(byte d) {
	byte what, where, when, p;
	bit is_executed;
end:	do
	/* Redis and logs */
	:: d_step { dc[d].is_up && dc[d].state == CLOSED -> open_store(d) }
	:: d_step { dc[d].state == READING -> read_own_log(d) }
	:: atomic { len(done[d]) > 0 -> done[d]?what,where,when,is_executed;
		if
		:: !is_executed && what == FLIP -> REACHED("reached: Redis refuses a flip\n")
		:: !is_executed && what == APPLY -> REACHED("reached: Redis refuses a write of a peer\n")
		:: else
		fi;
		d_step {
			if :: is_executed -> take_answer(d, what, where) :: else -> take_refusal(d, what) fi;
			what = 0; where = 0; when = 0; is_executed = 0
		} }
	:: d_step { dc[d].is_up && dc[d].state != READING && dc[d].logged < dc[d].remembered -> dc[d].logged++ }
	:: atomic { HAS_NEXT(d, 0) && IS_READY(d, 0) && CAN_SEND(d) ->
		if :: d == 0 && IS_FLIP_NEXT(d) -> REACHED("reached: a flip that Redis had lost comes back from the own log\n") :: else fi;
		d_step { apply_next(d, 0) } }
	:: atomic { HAS_NEXT(d, 1) && IS_READY(d, 1) && CAN_SEND(d) ->
		if :: d == 1 && IS_FLIP_NEXT(d) -> REACHED("reached: a flip that Redis had lost comes back from the own log\n") :: else fi;
		d_step { apply_next(d, 1) } }
#if N > 2
	:: atomic { HAS_NEXT(d, 2) && IS_READY(d, 2) && CAN_SEND(d) ->
		if :: d == 2 && IS_FLIP_NEXT(d) -> REACHED("reached: a flip that Redis had lost comes back from the own log\n") :: else fi;
		d_step { apply_next(d, 2) } }
#endif

	/* a move */
	:: d_step { dc[d].move == AWAIT && IS_CONFIRMED(d) -> dc[d].move = HOLD }
	:: d_step { dc[d].move == HOLD && IS_DRAINED(d) && CAN_SEND(d) -> give_away(d) }
	:: atomic { dc[d].move == DOUBT && IS_BACK(d) && dc[d].home_epoch >= dc[d].flip_epoch -> REACHED("reached: a flip is learnt to have been executed\n"); d_step { learn_outcome(d) } }
	:: atomic { dc[d].move == DOUBT && IS_BACK(d) && dc[d].home_epoch < dc[d].flip_epoch -> REACHED("reached: a flip is learnt not to have been executed\n"); d_step { learn_outcome(d) } }
	:: atomic { dc[d].move == FLIPPED && dc[d].heard[dc[d].target] > dc[d].mark -> REACHED("reached: a move succeeds\n"); d_step { end_move(d) } }
#ifdef BREAK_UNDO_FLIP
	:: d_step { dc[d].move == FLIPPING -> SET_MAP(d, d, dc[d].flip_epoch); end_move(d); check_one_home() }
#endif
#ifndef BREAK_NO_BOUND
	:: atomic { dc[d].move == HOLD || dc[d].move == AWAIT -> REACHED("reached: a move is rolled back\n"); d_step { end_move(d) } }
#endif

	/* writes that wait */
	:: d_step { dc[d].held > 0 && IS_RELEASED(d) && CAN_SEND(d) -> release_held(d) }
	:: d_step { dc[d].held > 0 && !IS_BACK(d) -> dc[d].held-- }
	:: atomic { dc[d].guests > 0 && IS_DECIDED(d) && KNOWS_GUESTS_HOME(d) && CAN_SEND(d) ->
		if
		:: dc[d].home == d -> REACHED("reached: a forwarded write is taken\n")
		:: else -> REACHED("reached: a forwarded write finds that the home has moved on\n")
		fi;
		d_step { release_guest(d) } }
	:: atomic { dc[d].guests > 0 && !(IS_DECIDED(d) && KNOWS_GUESTS_HOME(d)) ->
		if
		:: dc[d].guest_epoch > dc[d].home_epoch -> REACHED("reached: a forwarded write comes before the entry that makes this the home\n")
		:: else
		fi;
		d_step { dc[d].guests-- } }
	:: d_step { dc[d].is_up && len(forwarded[d]) > 0 && dc[d].state != CLOSED && dc[d].guests == 0 ->
		forwarded[d]?p; dc[d].guests++; dc[d].guest_epoch = p; p = 0 }
	:: d_step { len(forwarded[d]) > 0 -> forwarded[d]?p; p = 0 }     /* lost on the way, or refused: its client is told */
	od
}

/* ---- clients, orders, heartbeats and faults ---- */

#define IS_OPEN(d) (dc[d].is_up && dc[d].state != CLOSED)
#define BEAT(a, b) beat[(a) * N + (b)]
#define AWAITS(a, b) (dc[a].is_up && dc[a].move != NONE && dc[a].target == b)

inline hear(a, b) {
	if
	:: AWAITS(a, b) && BEAT(a, b) > dc[a].heard[b] -> dc[a].heard[b] = BEAT(a, b)
	:: else
	fi;
	BEAT(a, b) = 0
}

inline crash(d) {
	lose_connection(d);
	dc[d].is_up = 0; dc[d].remembered = 0;
	end_move(d);
	SET_MAP(d, 0, 0);
	forget_lost(d)
}

inline roll_back(d) {
	lose_connection(d);
	x = 0;
	do :: x < N -> dc[d].applied[x] = dc[d].disk[x]; x++ :: else -> break od;
	x = 0;
	forget_lost(d)
}

inline order(d, t) { dc[d].move = AWAIT; dc[d].target = t; dc[d].mark = dc[d].sent[d]; orders-- }

proctype around(byte d) {
	byte other;
end:	do
	/* a client's write comes to D */
	:: d_step { writes > 0 && dc[d].is_up && TAKES(d) && CAN_SEND(d) -> todo[d]!WRITE,0,0; dc[d].sent[d]++; writes-- }
	:: d_step { writes > 0 && IS_OPEN(d) && !TAKES(d) && dc[d].held == 0 -> dc[d].held++; writes-- }
	/* an order comes to D */
	:: d_step { orders > 0 && IS_HOME(d) && dc[d].move == NONE -> order(d, (d + 1) % N) }
#if N > 2
	:: d_step { orders > 0 && IS_HOME(d) && dc[d].move == NONE -> order(d, (d + 2) % N) }
#endif
	/* D tells the next ones how much of theirs it has: only where that is of use */
	:: d_step { IS_OPEN(d) && AWAITS((d + 1) % N, d) && BEAT((d + 1) % N, d) == 0 && dc[(d + 1) % N].heard[d] < dc[d].answered[(d + 1) % N] + 1 ->
		BEAT((d + 1) % N, d) = dc[d].answered[(d + 1) % N] + 1 }
#if N > 2
	:: d_step { IS_OPEN(d) && AWAITS((d + 2) % N, d) && BEAT((d + 2) % N, d) == 0 && dc[(d + 2) % N].heard[d] < dc[d].answered[(d + 2) % N] + 1 ->
		BEAT((d + 2) % N, d) = dc[d].answered[(d + 2) % N] + 1 }
#endif
	:: d_step { BEAT((d + 1) % N, d) != 0 && dc[(d + 1) % N].is_up -> hear((d + 1) % N, d) }
#if N > 2
	:: d_step { BEAT((d + 2) % N, d) != 0 && dc[(d + 2) % N].is_up -> hear((d + 2) % N, d) }
#endif
#if LOSSES
	:: d_step { losses > 0 && BEAT((d + 1) % N, d) != 0 -> BEAT((d + 1) % N, d) = 0; losses-- }
#endif
	/* faults */
#if CUTS
	:: d_step { cuts > 0 && IS_OPEN(d) -> lose_connection(d); cuts-- }
#endif
#if CRASHES
	:: d_step { crashes > 0 && dc[d].is_up -> crash(d); crashes-- }
#endif
#if ROLLBACKS
	:: d_step { rollbacks > 0 && IS_DIRTY(d) -> roll_back(d); rollbacks-- }
#endif
#if DEATHS
	:: d_step { deaths > 0 && dc[d].is_up -> crash(d); dc[d].is_dead = 1; deaths-- }
#endif
	:: d_step { !dc[d].is_up && !dc[d].is_dead -> dc[d].is_up = 1 }
	od
}

/* ---- the end: nothing can happen any more ---- */

#define IS_DEAD_ONE (deaths < DEATHS)

proctype judge() {
	byte d;
end:	timeout ->
	d_step {
		do
		:: d < N ->
			assert(dc[d].held == 0 && dc[d].guests == 0);                                                   /* I3 */
			assert(dc[d].move == NONE || (dc[d].move == FLIPPED && dc[dc[d].target].is_dead));              /* I4 */
			assert(dc[d].is_dead || dc[d].state == WHOLE);
			/* All know one home, and it knows that it is. */
			assert(dc[d].is_dead || IS_DEAD_ONE || (dc[dc[d].home].home == dc[d].home && dc[dc[d].home].home_epoch == dc[d].home_epoch));
			d++
		:: else -> break
		od
	}
}

init {
	byte d;
	atomic {
		do
		:: d < N -> dc[d].is_up = 1; dc[d].state = WHOLE; run redis(d); run sidecar(d); run around(d); d++
		:: else -> break
		od;
		run judge()
	}
}
