"""Programs and layers made once, and what replaces a program; a script plays the Go toolchain."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from rehearsal.machine import parts
from rehearsal.machine.parts import Part, PartError, Recipe
from rehearsal.machine.root_layers import digest
from rehearsal.machine.workplace import Workplace

WITH_DEBIAN = Recipe("tool", "example.com/tool", "v1.2.3", "debian-tool", "tool-of-debian")
WITHOUT_DEBIAN = Recipe("tool", "example.com/tool", "v1.2.3")
BUILDS = """#!/bin/sh
echo "$@" >> "$GOCACHE.calls"
mkdir -p "$GOBIN" "$GOMODCACHE" "$GOCACHE"
echo built > "$GOBIN/tool"
"""
FAILS = """#!/bin/sh
mkdir -p "$GOBIN"
echo half > "$GOBIN/tool"
echo "no such module" >&2
exit 1
"""
# The module is one file, and the program is what is in it.
BUILDS_PATCHED = """#!/bin/sh
mkdir -p "$GOMODCACHE/tool" "$GOBIN"
echo "as published" > "$GOMODCACHE/tool/text"
case $1 in
  mod) echo "{\\"Dir\\": \\"$GOMODCACHE/tool\\"}" ;;
  build) cp text "$3" ;;
esac
"""
PATCH = """--- a/text
+++ b/text
@@ -1 +1 @@
-as published
+as S3 does it
"""


@dataclass(frozen=True, slots=True)
class Shop:
    workplace: Workplace
    toolchain: Path

    def go_is(self, script: str) -> None:
        go = self.toolchain / "go"
        go.write_text(script)
        go.chmod(0o755)

    def prepare(self, recipe: Recipe) -> tuple[Part, list[str]]:
        said: list[str] = []
        return parts.prepare(self.workplace, recipe, said.append), said

    @property
    def cached(self) -> list[str]:
        return sorted(path.name for path in (self.workplace.cache / "parts").glob("[!.]*"))

    @property
    def calls(self) -> list[str]:
        return (self.workplace.cache / "go-build.calls").read_text().splitlines()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin/python"))
    (tmp_path / "bin").mkdir()
    return Shop(Workplace(tmp_path / "cache", tmp_path / "run", tmp_path / "lock"), tmp_path / "bin")


def test_a_program_is_built_from_its_module_and_says_so(shop: Shop) -> None:
    shop.go_is(BUILDS)
    part, said = shop.prepare(WITH_DEBIAN)
    assert str(part) == "tool 1.2.3 (built from the Go module)"
    assert part.path is not None
    assert part.path.read_text() == "built\n"
    assert shop.calls == ["install example.com/tool@v1.2.3"]
    assert said[0] == "building tool v1.2.3 from its Go module …"
    assert said[1].startswith("tool built in ")


def test_a_program_is_built_once(shop: Shop) -> None:
    shop.go_is(BUILDS)
    first, _ = shop.prepare(WITH_DEBIAN)
    second, said = shop.prepare(WITH_DEBIAN)
    assert first == second
    assert said == []
    assert len(shop.calls) == 1


def test_another_version_is_another_program(shop: Shop) -> None:
    shop.go_is(BUILDS)
    shop.prepare(WITH_DEBIAN)
    shop.prepare(Recipe("tool", "example.com/tool", "v1.2.4"))
    assert len(shop.cached) == 2


def test_debians_program_replaces_one_that_cannot_be_built(shop: Shop) -> None:
    shop.go_is(FAILS)
    part, said = shop.prepare(WITH_DEBIAN)
    assert (part.path, part.package, part.command) == (None, "debian-tool", "tool-of-debian")
    assert str(part) == "tool of Debian 13 (package debian-tool)"
    assert said[-1] == "tool cannot be built here, Debian's debian-tool takes its place"


def test_error_has_the_reason_if_debian_has_no_package(shop: Shop) -> None:
    shop.go_is(FAILS)
    with pytest.raises(PartError, match=r"go install example\.com/tool@v1\.2\.3 failed:\nno such module"):
        shop.prepare(WITHOUT_DEBIAN)


def test_replacement_is_named_if_debian_has_no_package(shop: Shop) -> None:
    shop.go_is(FAILS)
    part, said = shop.prepare(Recipe("tool", "example.com/tool", "v1.2.3", instead="the old way"))
    assert (part.path, part.package) == (None, None)
    assert said[-1] == "tool cannot be built here, the old way takes its place"


def test_a_patched_program_is_built_from_a_changed_copy_and_says_so(shop: Shop, tmp_path: Path) -> None:
    patch = tmp_path / "tool.patch"
    patch.write_text(PATCH)
    shop.go_is(BUILDS_PATCHED)
    part, _ = shop.prepare(Recipe("tool", "example.com/tool/cmd/tool", "v1.2.3", patch=patch))
    assert str(part) == "tool 1.2.3 (built from the Go module, with tool.patch)"
    assert part.path is not None
    assert part.path.read_text() == "as S3 does it\n"
    assert (shop.workplace.cache / "go-modules/tool/text").read_text() == "as published\n"


def test_a_patch_that_does_not_fit_is_an_error(shop: Shop, tmp_path: Path) -> None:
    patch = tmp_path / "tool.patch"
    patch.write_text(PATCH.replace("-as published", "-as somebody else has it"))
    shop.go_is(BUILDS_PATCHED)
    with pytest.raises(PartError, match=r"patch .*failed:\npatching file text"):
        shop.prepare(Recipe("tool", "example.com/tool/cmd/tool", "v1.2.3", patch=patch))


def test_a_failed_build_leaves_nothing_and_is_tried_again(shop: Shop) -> None:
    shop.go_is(FAILS)
    shop.prepare(WITH_DEBIAN)
    assert shop.cached == []
    shop.go_is(BUILDS)
    part, _ = shop.prepare(WITH_DEBIAN)
    assert part.path is not None


def test_leftovers_of_a_killed_build_are_removed_by_the_next(shop: Shop) -> None:
    shop.go_is(BUILDS)
    left = shop.workplace.cache / "parts/.go-killed"
    left.mkdir(parents=True)
    shop.prepare(WITH_DEBIAN)
    assert not left.exists()


def test_sources_are_forgotten_and_programs_kept(shop: Shop) -> None:
    shop.go_is(BUILDS)
    part, _ = shop.prepare(WITH_DEBIAN)
    parts.forget_sources(shop.workplace)
    assert not (shop.workplace.cache / "go-build").exists()
    assert not (shop.workplace.cache / "go-modules").exists()
    assert part.path is not None
    assert part.path.exists()


def test_digest_of_a_layer_tells_where_one_part_ends_and_the_next_begins() -> None:
    assert digest("ab", "c") != digest("a", "bc")
