"""What each released network takes in one pass.

Read `tensors` first (a description of tensors, and how it becomes tensors), then `image` and `video` (a function for
each released class).
"""
