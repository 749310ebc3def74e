"""Hospital now (全院一览): the beds by campus and ward, the counts of the day, and what has just happened."""
