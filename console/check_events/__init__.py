"""Events of other producers, checked before or after they are sent."""
