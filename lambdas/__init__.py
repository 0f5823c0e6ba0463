"""The control plane: watches a registry, renews its certificate, says what broke, repairs what it can."""
