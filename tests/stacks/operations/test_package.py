"""The functions' Lambda package."""

import zipfile
from pathlib import Path

from tests.support.assembly import Assembly

LONGEST_PACKAGE_BYTES = 1_500_000
LONGEST_OWN_CODE_BYTES = 50_000


def package(assembly: Assembly) -> Path:
    code = assembly.operations.properties("AWS::Lambda::Function", "CheckHealth")["Code"]
    return assembly.folder / f"asset.{code['S3Key'].removesuffix('.zip')}"


def test_the_functions_share_one_package_of_own_code_and_pinned_packages(assembly: Assembly) -> None:
    functions = assembly.operations.of_type("AWS::Lambda::Function").values()
    first, second = (each["Properties"]["Code"] for each in functions)
    assert first == second
    folder = package(assembly)
    assert {path.name.partition("-")[0] for path in folder.iterdir()} == {
        *("aws_lambda_powertools", "jmespath", "lambdas", "typing_extensions", "typing_extensions.py")
    }
    assert not [path for path in folder.rglob("*") if path.suffix in (".pyc", ".so")]
    assert (folder / "lambdas" / "check_health.py").is_file()


def test_the_package_is_small(assembly: Assembly, tmp_path: Path) -> None:
    folder, archive = package(assembly), tmp_path / "package.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            packed.write(path, path.relative_to(folder))
        own = sum(info.compress_size for info in packed.infolist() if info.filename.startswith("lambdas/"))
    assert own < LONGEST_OWN_CODE_BYTES
    assert archive.stat().st_size < LONGEST_PACKAGE_BYTES
