"""What a look at the images of a data set shows: copies, series, odd files, blank and outlying pictures."""
