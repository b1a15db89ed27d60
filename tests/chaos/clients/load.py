"""The load of a redis-py application; see README.md."""

import json
import random
import sys
import time
from collections import Counter

import redis

KEYS = 40
COUNTERS = 8


def connect(host, port):
    # No retries of its own: a second INCR in place of a lost answer would count twice.
    return redis.Redis(host, port, protocol=3, socket_timeout=20, retry=None, retry_on_timeout=False, retry_on_error=[])


def random_write(client, dice, name):
    key = dice.randrange(KEYS)
    mix = (
        lambda: client.set(f"text:{key}", f"{name}-{dice.random()}"),
        lambda: client.hset(f"hash:{key}", f"field{dice.randrange(5)}", name),
        lambda: client.hincrby(f"tally:{key}", "n", 1),
        lambda: client.sadd(f"set:{key}", dice.randrange(30)),
        lambda: client.srem(f"set:{key}", dice.randrange(30)),
        lambda: client.zadd(f"rank:{key}", {f"m{dice.randrange(10)}": dice.randrange(100)}),
        lambda: client.zincrby(f"rank:{key}", 1, f"m{dice.randrange(10)}"),
        lambda: client.delete(f"text:{key}"),
        lambda: client.get(f"text:{key}"),
        lambda: client.hgetall(f"hash:{key}"),
        lambda: client.append(f"log:{key}", name[:1]) if dice.randrange(20) == 0 else client.strlen(f"log:{key}"),
    )
    dice.choice(mix)()


def main():
    host, port, name, commands, seed = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    dice = random.Random(seed)
    client = connect(host, port)
    acknowledged, unknown, errors, done = Counter(), Counter(), 0, 0
    while done < commands:
        counter = f"count:{dice.randrange(COUNTERS)}" if dice.randrange(3) == 0 else None
        try:
            if counter:
                client.incr(counter)
                acknowledged[counter] += 1
            else:
                random_write(client, dice, name)
            done += 1
        except redis.ResponseError:
            errors += 1
            time.sleep(0.02)
        except redis.ConnectionError as error:
            # Includes BusyLoading, which is an answer: the command did not take place.
            errors += 1
            if counter and not isinstance(error, redis.exceptions.BusyLoadingError) and "refused" not in str(error):
                unknown[counter] += 1
            time.sleep(0.1)
        except redis.TimeoutError:
            errors += 1
            if counter:
                unknown[counter] += 1
    print(json.dumps({"commands": done, "errors": errors, "acknowledged": acknowledged, "unknown": unknown}))


main()
