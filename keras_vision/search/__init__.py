"""How settings are chosen: spaces, oracles, the ledger of trials, and the runner that drives them."""
