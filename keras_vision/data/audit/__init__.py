"""What a look at the images of a data set shows: copies, scenes, odd files, blank and outlying pictures."""
