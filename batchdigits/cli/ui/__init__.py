"""What a terminal shows while a command is at work: bars, tables, the watcher's dashboard."""
