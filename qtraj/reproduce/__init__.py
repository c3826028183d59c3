"""The figures and tables of the source papers, made again: one file a paper, printed values beside ours.

Nothing here imports matplotlib before a figure is drawn.
"""
