"""The morning's run by itself: when it starts, what runs, and how systemd, launchd or cron is told."""
