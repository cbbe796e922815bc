"""How settings are chosen: spaces, strategies, the ledger of trials, the loop that drives them, and what is found."""
