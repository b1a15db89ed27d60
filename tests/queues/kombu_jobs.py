"""An application that queues by Kombu, with priorities: kombu_jobs.py work|produce HOST PORT DC NOTES [COUNT]; tests/lib/jobs.py says what it is to do.
Job DC-n has priority n modulo 10; 0 is served first. PAUSE=1 has a worker wait until the producers have noted "all-produced" twice."""

import os
import socket
import sys
import time

from kombu import Connection, Consumer, Exchange, Producer, Queue

ROLE, HOST, PORT, DC, NOTES = sys.argv[1:6]
JOB_SECONDS = 0.02
# Unacknowledged messages of each datacenter are its own: only its consumers send them again.
OPTIONS = {"priority_steps": list(range(10)), "queue_order_strategy": "priority", "visibility_timeout": 10, "unacked_restore_interval": 1, "unacked_restore_throttle": 1,
           "unacked_key": f"unacked-{DC}", "unacked_index_key": f"unacked-index-{DC}", "unacked_mutex_key": f"unacked-mutex-{DC}"}
QUEUE = Queue("all-jobs", Exchange("all-jobs", type="direct"), routing_key="all-jobs")


def note(*words):
    with open(NOTES, "a", encoding="utf-8") as notes:
        notes.write(" ".join(words) + "\n")


def connect():
    return Connection(f"redis://{HOST}:{PORT}/0", transport_options=OPTIONS)


def work_on(body, message):
    time.sleep(JOB_SECONDS)
    note("done", body, DC)
    message.ack()


def wait_for_producers():
    while os.environ.get("PAUSE"):
        with open(NOTES, encoding="utf-8") as notes:
            if notes.read().count("all-produced") == 2:
                return
        time.sleep(0.1)


def work():
    wait_for_producers()
    while True:
        try:
            with connect() as connection, Consumer(connection, [QUEUE], callbacks=[work_on], prefetch_count=1):
                while True:
                    try:
                        connection.drain_events(timeout=1)
                    except socket.timeout:
                        pass
        except connection.connection_errors + connection.channel_errors as error:
            print(repr(error), flush=True)
            time.sleep(0.2)


def produce(count):
    connection, number = None, 0
    while number < count:
        job = f"{DC}-{number}"
        try:
            connection = connection or connect()
            Producer(connection).publish(job, exchange=QUEUE.exchange, routing_key="all-jobs", declare=[QUEUE], priority=number % 10)
        except Exception as error:  # pylint: disable=broad-except
            note("unanswered", job)
            print(f"{job}: {error!r}", flush=True)
            connection = None
            time.sleep(0.2)
            continue
        note("produced", job)
        number += 1
        time.sleep(0.02)
    note("all-produced", DC)


if ROLE == "work":
    work()
else:
    produce(int(sys.argv[6]))
