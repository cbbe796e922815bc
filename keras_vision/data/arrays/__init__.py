"""Arrays in any usual form: which axis is which, what their values mean, what their labels are."""
