"""The addresses and interfaces of the world's network that both sides of the wall use."""

WORLD_ADDRESS = "10.77.0.2"
# S3 has an address of its own, as the gateway endpoint's prefix list has.
S3_ADDRESS = "10.77.0.3"
# The VPC's bridge, which every host's interface is on.
BRIDGE = "vpc0"
# The port of the ACME stand-in, behind the front of the internet's stand-ins, and that of its management interface.
ACME_PORT = 14000
ACME_MANAGEMENT = "https://127.0.0.1:15000"
# Where the hosts' SSM agents are connected to Systems Manager.
MESSAGES_PORT = 8444
# Until an Elastic IP leads to the host that it was given to. EC2 promises no time.
ADDRESS_LAG_SECONDS = 3.0
