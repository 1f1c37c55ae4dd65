"""HTML files for people to look at, each whole in itself: it loads nothing.

Start reading in `gallery`, which shows samples; `webpage` is the frame around every page.
"""
