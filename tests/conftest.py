"""Where the shared fixtures come from."""

pytest_plugins = ["tests.support.facts", "tests.support.postgres", "tests.support.kafka"]
