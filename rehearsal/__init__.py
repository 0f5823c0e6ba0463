"""The internet in a box: everything the product meets, on one machine."""
