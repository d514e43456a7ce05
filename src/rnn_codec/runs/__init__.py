"""All that the folder of a run is: its layout, weights, identity, cost, and what is made of it."""
