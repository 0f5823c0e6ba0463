"""Another registry that is copied into ours, and its largest layers."""
