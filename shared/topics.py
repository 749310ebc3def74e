"""`python -m shared.topics --kafka HOST:PORT [--replication 3]`: the one-shot job that makes the suite's topics.

Invariant: it may be run at any time and any number of times; topics that are there stay as they are.
"""

import argparse
import sys

from shared.broker import TOPICS
from shared.provisioning import TopicsFailed, create_topics


def main(arguments: list[str]) -> int:
    """Create what is missing; 0 when all topics are there, else 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="python -m shared.topics", description="Create the suite's topics.")
    parser.add_argument("--kafka", required=True, metavar="HOST:PORT", help="the broker's address")
    parser.add_argument("--replication", type=int, default=1, help="copies of each partition: 3 in production")
    told = parser.parse_args(arguments)
    try:
        create_topics(told.kafka, TOPICS, told.replication)
    except TopicsFailed as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
