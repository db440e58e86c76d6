"""A platform each: which requests ask for its numbers, and what its refusals mean. Answers are read by schemas."""
