"""Conflict records as the datacenters list them, and whether all list the same."""

import json

from .workspace import wait_until


def _without_cursor(record):
    """It says where the record stands in this datacenter's own list."""
    return {name: value for name, value in record.items() if name != "cursor"}


def listed(client, *filters):
    """HOMEPORT CONFLICTS with FILTERS, newest first: a list of dictionaries."""
    return [_without_cursor(record) for record in json.loads(client("HOMEPORT", "CONFLICTS", *filters, "FORMAT", "JSON"))["conflicts"]]


def everywhere(world, *filters):
    """{datacenter: records}."""
    found = {}
    for dc in world:
        with dc.client() as client:
            found[dc.name] = listed(client, *filters)
    return found


def are_same(found):
    first, *others = found.values()
    return all(other == first for other in others)


def wait_same(world, count, *filters, seconds=20):
    """Until every datacenter lists the same COUNT records; returns them."""
    def look():
        found = everywhere(world, *filters)
        records = next(iter(found.values()))
        return [records] if are_same(found) and len(records) == count else None
    try:
        return wait_until(look, seconds, f"{count} records {' '.join(map(str, filters))}, the same everywhere")[0]
    except TimeoutError as error:
        raise TimeoutError(f"{error}\n{json.dumps(everywhere(world, *filters), indent=1)}") from None


def open_metrics(world):
    """{datacenter: conflicts that wait for somebody}."""
    return {dc.name: int(dc.sidecar.metrics().one("homeport_conflicts_open")) for dc in world}
