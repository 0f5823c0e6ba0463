"""`python -m rehearsal.cloud` prints what the emulated AWS does otherwise than moto, and why."""

from rehearsal.cloud.core.cloud import Cloud
from rehearsal.cloud.core.patches import MOTO
from rehearsal.cloud.core.services import resource_types

cloud = Cloud(port=0)
cloud.stop()
print(f"{len(cloud.patches.applied)} patches of moto {MOTO}:", *cloud.patches.applied, sep="\n")
print(f"\n{len(resource_types())} CloudFormation types of our own:")
for name, type_ in sorted(resource_types().items()):
    print(f"{name}\n    {type(type_).__doc__}")
