"""The suite's Grafana dashboard, made from code."""
