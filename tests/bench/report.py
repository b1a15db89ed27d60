"""The tables of tests/bench/run. MEDIANS: {(target, load, pipeline): commands a second} and
{(target, load, pipeline, process): µs of processor time a command}."""

# As a part of bare Redis: (target, load, pipeline). Those of the values are meant with --aof.
GOALS = {
    ("local", "SET", 1): 0.8, ("local", "SET", 16): 0.55, ("whole", "SET", 1): 0.7, ("whole", "SET", 16): 0.4,
    ("stream whole", "SET-1KiB", 16): 0.5, ("whole", "SET-1KiB", 16): 0.5,
    ("stream whole", "SET-10KiB", 16): 0.35, ("whole", "SET-10KiB", 16): 0.45,
}
PROXIED = ("nutcracker", "local", "whole")
WITH_VALUES = ("local", "whole", "stream local", "stream whole")


def ratio(medians, target, name, pipeline):
    return medians[target, name, pipeline] / medians["bare", name, pipeline]


def print_ratios(title, medians, targets, loads):
    print(f"\n{title}: bare Redis in commands a second, the others as a part of it")
    print(f"{'command':10}{'P':>3}{'bare':>10}" + "".join(f"{name:>14}" for name in targets))
    for load in loads:
        ratios = "".join(f"{ratio(medians, name, load.name, load.pipeline):14.2f}" for name in targets)
        print(f"{load.name:10}{load.pipeline:3}{medians['bare', load.name, load.pipeline]:10.0f}{ratios}")


def print_throughput(medians, loads):
    print_ratios("Throughput", medians, PROXIED, loads)


def print_values(medians, loads):
    print_ratios("Values, through Kafka and through redis-stream", medians, WITH_VALUES, loads)


def print_processor_time(medians, loads):
    print("\nProcessor time, µs a command, of every process")
    for load in loads:
        print(f"{load.name} P{load.pipeline}")
        for target in ("bare", *PROXIED, *WITH_VALUES[2:]):
            parts = [f"{key[3]} {us:.1f}" for key, us in medians.items() if key[:3] == (target, load.name, load.pipeline) and len(key) == 4]
            if parts:
                print(f"  {target:13} {', '.join(parts)}")


def print_goals(medians):
    print("\nGoals (those of values are meant with --aof)")
    for (target, name, pipeline), goal in GOALS.items():
        if (target, name, pipeline) in medians:
            found = ratio(medians, target, name, pipeline)
            print(f"  {target} {name} P{pipeline}: {found:.2f}, goal {goal:.2f}: {'met' if found >= goal else 'not met'}")
