"""Folders of images: which folders are splits, which are classes. `reading.py` opens one."""
