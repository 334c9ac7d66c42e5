"""Answers to the exercises, for the tests alone: right ones in other words, and unlisted slips."""
