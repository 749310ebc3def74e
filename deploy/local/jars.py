"""What a real Apache Kafka needs: Java, and its jars, brought once by Maven into a cache of the user.

Invariant: the cache holds complete sets only; a set is named after the content of `kafka/pom.xml` and appears whole.
The cache is `$XDG_CACHE_HOME/carejourney` (else `~/.cache/carejourney`), outside the repository, so that every clone
and every clean build shares it.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

POM = Path(__file__).parent / "kafka" / "pom.xml"
OLDEST_JAVA = 17
MAVEN_SECONDS = 600
JAVA_SECONDS = 30
VERSION = re.compile(r'version "(?:1\.)?(\d+)')
HOW_TO_GET_JAVA = "install Java 17 or newer (Debian: apt-get install openjdk-17-jre-headless) or set JAVA_HOME"
HOW_TO_GET_MAVEN = "install Maven (Debian: apt-get install maven)"


class Lacking(RuntimeError):
    """Something that Apache Kafka needs is not here. `remedy` says how to get it."""

    def __init__(self, what: str, remedy: str) -> None:
        """`what` is missing; `remedy` brings it."""
        super().__init__(f"{what}: {remedy}")
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Java:
    """A Java that can run Kafka."""

    program: Path
    version: int


def find_java() -> Java:
    """The first Java new enough among `JAVA_HOME`, the path and the usual places; raises `Lacking`."""
    found: list[int] = []
    for program in _java_programs():
        version = _java_version(program)
        if version >= OLDEST_JAVA:
            return Java(program, version)
        found.append(version)
    what = f"Java is too old ({max(found)})" if any(found) else "no Java found"
    raise Lacking(what, HOW_TO_GET_JAVA)


def find_maven() -> Path:
    """Maven's program; raises `Lacking`."""
    program = shutil.which("mvn")
    if program is None:
        raise Lacking("no Maven found", HOW_TO_GET_MAVEN)
    return Path(program)


def cache() -> Path:
    """Where this user's downloads are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "carejourney"


def cached_jars() -> Path | None:
    """The directory of Kafka's jars, if they are here already."""
    directory = cache() / f"kafka-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"
    return directory if directory.is_dir() else None


def kafka_version() -> str:
    """The version of Kafka the pom asks for."""
    found = re.search(r"kafka_2\.13</artifactId>\s*<version>([^<]+)", POM.read_text(encoding="utf-8"))
    return found.group(1) if found else "unknown"


def bring_jars() -> Path:
    """The directory of Kafka's jars, brought by Maven (43 MB) when they are not here; raises `Lacking`."""
    here = cached_jars()
    if here is not None:
        return here
    maven = find_maven()
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache(), prefix="kafka.") as scratch:
        libs = Path(scratch) / "libs"
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={libs}"]
        try:
            ran = subprocess.run(  # noqa: S603 - Maven on our own pom
                [str(maven), "-q", "-B", "--strict-checksums", "-f", str(POM), *goal],
                capture_output=True,
                text=True,
                check=False,
                timeout=MAVEN_SECONDS,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            raise Lacking("Maven did not bring Kafka's jars in ten minutes", "check the network, then retry") from None
        if ran.returncode != 0 or not libs.is_dir():
            said = (ran.stdout + ran.stderr).strip().splitlines()
            raise Lacking(f"Maven could not bring Kafka's jars ({said[0] if said else 'it said nothing'})", "see above")
        whole = cache() / f"kafka-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"
        if not whole.is_dir():
            libs.rename(whole)
    return whole


def _java_programs() -> list[Path]:
    home = os.environ.get("JAVA_HOME")
    on_path = shutil.which("java")
    programs = [Path(home) / "bin" / "java"] if home else []
    programs += [Path(on_path)] if on_path else []
    programs += sorted(Path("/usr/lib/jvm").glob("*/bin/java"), reverse=True)
    return [program for program in programs if program.is_file()]


def _java_version(program: Path) -> int:
    """The major version, 0 when the program does not say."""
    try:
        ran = subprocess.run(  # noqa: S603 - asks a found Java for its version
            [str(program), "-version"], capture_output=True, text=True, check=False, timeout=JAVA_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = VERSION.search(ran.stderr)
    return int(found.group(1)) if found else 0


def main(verb: str) -> int:
    """`python -m deploy.local.jars java|cached|bring`: 0 when it is there (or was brought), else 1 and what to do."""
    try:
        if verb == "java":
            find_java()
        elif verb == "cached" and cached_jars() is None:
            return 1
        elif verb == "bring":
            find_java()
            bring_jars()
    except Lacking as lacking:
        sys.stderr.write(f"no Apache Kafka: {lacking}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
