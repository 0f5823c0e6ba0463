"""The CDK stacks of the private registry, and the settings they are built from."""
