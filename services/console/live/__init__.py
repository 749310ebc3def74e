"""The live feed: what changes on the board, sent to every open page as it happens."""
