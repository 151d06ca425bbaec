"""Which models suit this machine: measured with models of random weights, remembered, and chosen from."""
