"""How a network learns: the recipe, the precision, the trainer."""
