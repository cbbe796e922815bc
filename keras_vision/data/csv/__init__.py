"""CSV files: which columns say the class, the split, the image file or its pixels. `reading.py` opens one."""
