"""The command line: how a function becomes a command, and what the commands share."""
