"""Session files: keys, settings, schedules, dictionaries."""
