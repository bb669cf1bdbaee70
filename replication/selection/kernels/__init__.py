"""What selectors compute with: compiled loops, graphs and assignments."""
