"""A module whose author made a slip at its top level."""

SPEED = 1 / 0
