"""The control plane: checks a registry, renews its certificate, names what broke and repairs what it can."""
