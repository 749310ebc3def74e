"""The projection: what the topics have said, in tables shaped for the pages. Others read it through `queries`."""
