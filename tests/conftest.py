"""Where the shared fixtures come from."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

pytest_plugins = [
    "tests.support.contracts",
    "tests.support.facts",
    "tests.support.folders",
    "tests.support.kafka",
    "tests.support.node",
    "tests.support.postgres",
    "tests.support.service",
    "tests.support.delivery",
    "tests.support.replaying",
    "tests.support.stack",
    "tests.support.promtool",
]
