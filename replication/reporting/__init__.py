"""Running notebooks, recording what they leave, and reporting it; knows no experiment."""
