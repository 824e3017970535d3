"""Mutation testing: change the package a little, and ask whether any test notices.

Read `made` (the changes, and those that nobody could see), `chosen` (the tests for a change), `tried` (one change, one
process), then `__main__`.
"""
