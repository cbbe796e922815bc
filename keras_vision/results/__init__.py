"""What front doors return when they are called from Python: fields, a table, figures, and the model itself."""
