"""How a scenario is run: on both logs, or on the one asked for, and slowly when a person watches."""

import argparse
import os
import time

from . import tap
from .world import LOGS


class Story(tap.Facts):
    """Facts, and the steps between them. deploy/demo sets HOMEPORT_DEMO to the seconds that each step is left standing."""

    def __init__(self):
        super().__init__()
        self._pause_seconds = float(os.environ.get("HOMEPORT_DEMO", 0))

    def step(self, text):
        self.note(text)
        time.sleep(self._pause_seconds)


def run(scenario):
    """SCENARIO(story, log) states facts. Runs it for each log that --log names, and exits."""
    parser = argparse.ArgumentParser(description=scenario.__doc__)
    parser.add_argument("--log", choices=LOGS, help="default: one after the other")
    chosen = parser.parse_args().log

    def on_each_log(story):
        for log in [chosen] if chosen else LOGS:
            story.note(f"{scenario.__name__.replace('_', ' ')}, over {log}")
            scenario(story, log)

    tap.run(on_each_log, Story())
