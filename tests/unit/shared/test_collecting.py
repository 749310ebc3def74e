"""The collector, as sentences."""

import gc

from shared.collecting import YOUNG_OBJECTS, settle


def test_what_is_loaded_is_put_out_of_the_collectors_way_and_batches_are_not_walked():
    before = gc.get_threshold()
    try:
        settle()
        assert gc.get_freeze_count() > len(gc.get_objects())
        assert gc.get_threshold()[0] == YOUNG_OBJECTS
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
