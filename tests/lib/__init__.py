"""What tests, demos and the quickstart share: real servers on free ports, started and stopped by pid, and ways to look at them."""
