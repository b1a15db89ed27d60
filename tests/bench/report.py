"""The tables of tests/bench/run. MEDIANS: {(target, command, pipeline): commands a second} and
{(target, command, pipeline, process): µs of processor time a command}."""

GOALS = {("local", 1): 0.8, ("local", 16): 0.55, ("whole", 1): 0.7, ("whole", 16): 0.4}  # SET, as a part of bare Redis
PROXIED = ("nutcracker", "local", "whole")


def ratio(medians, target, command, pipeline):
    return medians[target, command, pipeline] / medians["bare", command, pipeline]


def print_throughput(medians, commands, pipelines):
    print("\nThroughput: bare Redis in commands a second, the others as a part of it")
    print(f"{'command':9}{'P':>3}{'bare':>10}" + "".join(f"{name:>12}" for name in PROXIED))
    for command in commands:
        for pipeline in pipelines:
            ratios = "".join(f"{ratio(medians, name, command, pipeline):12.2f}" for name in PROXIED)
            print(f"{command:9}{pipeline:3}{medians['bare', command, pipeline]:10.0f}{ratios}")


def print_processor_time(medians, commands, pipelines):
    print("\nProcessor time, µs a command, of every process")
    for command in commands:
        for pipeline in pipelines:
            print(f"{command} P{pipeline}")
            for target in ("bare", *PROXIED):
                parts = [f"{key[3]} {us:.1f}" for key, us in medians.items() if key[:3] == (target, command, pipeline) and len(key) == 4]
                print(f"  {target:11} {', '.join(parts)}")


def print_goals(medians):
    print("\nGoals for SET")
    for (target, pipeline), goal in GOALS.items():
        if (target, "SET", pipeline) in medians:
            found = ratio(medians, target, "SET", pipeline)
            print(f"  {target} P{pipeline}: {found:.2f}, goal {goal:.2f}: {'met' if found >= goal else 'not met'}")
