"""What 08_neighbours computes and shows."""
