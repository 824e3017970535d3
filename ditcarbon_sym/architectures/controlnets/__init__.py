"""ControlNets: blocks of a denoiser beside it, fed with a control image too; each block's rows go to the denoiser.

``blocks`` holds what they share; each of the others is the ControlNet of one family.
"""
