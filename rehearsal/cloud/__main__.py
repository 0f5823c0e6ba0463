"""`python -m rehearsal.cloud` prints what the emulated AWS does otherwise than moto, and why."""

from rehearsal.cloud.core.cloud import Cloud
from rehearsal.cloud.core.patches import MOTO
from rehearsal.cloud.core.services import resource_types


def main() -> None:
    cloud = Cloud(port=0)
    cloud.stop()
    print(f"{len(cloud.patches)} patches of moto {MOTO}:", *cloud.patches, sep="\n")
    types = resource_types()
    print(f"\n{len(types)} CloudFormation types of our own:")
    for name, type_ in sorted(types.items()):
        print(f"{name}\n    {type(type_).__doc__}")


if __name__ == "__main__":
    main()
