"""Builds a wheel of the package lat that carries the library, and checks wheels.

    python3 wheel.py build PREFIX [FOLDER]     of what `cmake --install` put below PREFIX; prints the wheel's path
    python3 wheel.py check WHEEL               says which glibc it needs, or what is wrong with it

A wheel holds, below lat/, what lies below PREFIX: the library in lat/lib, where the package looks for it, and trained
models in lat/share/lat/models, where the library does. Shared libraries that it needs and that the platform tag does not
promise lie beside it under names with a part of their hash, so that no other package's library of the same name is taken
for them; all find each other by the run path $ORIGIN. The tag manylinux_X_Y names the newest version of glibc that any of
them asks for. Needs binutils and patchelf; the same files and SOURCE_DATE_EPOCH make the same bytes.
"""

import base64
import csv
import hashlib
import io
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What every system of a manylinux tag has (PEP 600): glibc's libraries and the compiler's runtime.
PROMISED = re.compile(r"(lib(c|m|dl|rt|pthread|resolv|util|nsl|anl|gcc_s|stdc\+\+)|ld-linux[-\w]*)\.so\.\d+")
# Code of these is inside liblat itself.
INSIDE = ("libblis-serial-dev", "librandom123-dev")


class Fault(Exception):
    pass


def run(*command):
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True,
                              env={**os.environ, "LC_ALL": "C"}).stdout
    except FileNotFoundError:
        raise Fault(f"{command[0]} is not installed") from None
    except subprocess.CalledProcessError as error:
        raise Fault(f"{' '.join(map(str, command))}: {error.stderr.strip()}") from None


def dynamic(path, tag):
    """Values of one tag of an ELF file's dynamic section: NEEDED, SONAME, RUNPATH, RPATH."""
    return re.findall(rf"\({tag}\).*\[(.*)\]", run("readelf", "-dW", path))


def glibc_needed(path):
    """The newest version of glibc among those that an ELF file's symbols ask for."""
    names = set(re.findall(r"Name: GLIBC_(\S+)", run("readelf", "-VW", path)))
    if "PRIVATE" in names:
        raise Fault(f"{path} uses glibc's private symbols")
    versions = [(2, 36)] if "ABI_DT_RELR" in names else []
    versions += [tuple(map(int, name.split(".")[:2])) for name in names if name[0].isdigit()]
    return max(versions, default=(2, 0))


def platform_tag(paths):
    major, minor = max(map(glibc_needed, paths))
    return f"manylinux_{major}_{minor}_{platform.machine()}"


def version():
    text = (ROOT / "include/lat/version.h").read_text()
    return ".".join(re.search(rf"LAT_VERSION_{part}\s+(\d+)", text)[1] for part in ("MAJOR", "MINOR", "PATCH"))


# Building

def closure(library):
    """Files of the libraries that a library needs, directly or not, without those that are promised."""
    found = dict(re.findall(r"^\s*(\S+) => (/\S+)", run("ldd", library), re.M))
    files, names = {}, dynamic(library, "NEEDED")
    while names:
        name = names.pop()
        if name in files or PROMISED.fullmatch(name):
            continue
        if name not in found:
            raise Fault(f"{name} is not found")
        files[name] = pathlib.Path(found[name]).resolve()
        names += dynamic(files[name], "NEEDED")
    return files


def carry(library, folder):
    """Copies a library into a folder, and beside it what it needs, renamed. Returns the files and
    where each of what it needs was found."""
    found = closure(library)
    names = {}
    for name, path in found.items():
        stem, rest = name.split(".so", 1)
        names[name] = f"{stem}-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}.so{rest}"
    files = []
    soname, = dynamic(library, "SONAME")
    for name, path in {soname: library, **found}.items():
        target = folder / names.get(name, name)
        shutil.copyfile(path, target)
        run("strip", "--strip-unneeded", target)
        # One change a run: patchelf 0.14 mixes up the names that it writes in one.
        run("patchelf", "--set-soname", target.name, target)
        for needed in dynamic(target, "NEEDED"):
            if needed in names:
                run("patchelf", "--replace-needed", needed, names[needed], target)
        run("patchelf", "--force-rpath", "--set-rpath", "$ORIGIN", target)
        files.append(target)
    return files, found


def copyrights(found):
    """Texts of licenses by package: lat's, of the code inside it, and of the libraries beside it."""
    texts = {"LICENSE": (ROOT / "LICENSE").read_bytes()}
    packages = set(INSIDE)
    for path in found.values():
        # Of a merged /usr, either name of a file may be the one on the list.
        for name in (path, str(path).removeprefix("/usr"), f"/usr{path}"):
            owner = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True).stdout
            if owner:
                packages.add(owner.split(":")[0])
                break
        else:
            raise Fault(f"no package owns {path}, so that its license is not known")
    for package in sorted(packages):
        path = pathlib.Path("/usr/share/doc", package, "copyright")
        if not path.exists():
            raise Fault(f"{path} is not there, so that the license of {package} is not known")
        texts[f"{package}.copyright"] = path.read_bytes()
    return texts


def metadata(licenses):
    lines = ["Metadata-Version: 2.4", "Name: lat", f"Version: {version()}",
             "Summary: Small transformers that learn linear algebra", "Requires-Python: >=3.8",
             "License-Expression: BSD-3-Clause"]
    lines += [f"License-File: {name}" for name in licenses]
    lines += ["Description-Content-Type: text/markdown", "", (ROOT / "README.md").read_text()]
    return "\n".join(lines).encode()


def digest(content):
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def record(members, name):
    rows = [(path, digest(content), len(content)) for path, content in members.items()] + [(name, "", "")]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def write_zip(path, members):
    stamp = time.gmtime(max(int(os.environ.get("SOURCE_DATE_EPOCH", time.time())), 315532800))[:6]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, stamp)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix, for the modes
            info.external_attr = (0o100755 if ".so" in name else 0o100644) << 16
            archive.writestr(info, content)


def build(prefix, folder):
    prefix = pathlib.Path(prefix).resolve()
    library = next(prefix.glob("lib*/**/liblat.so.[0-9]"), None)
    if library is None:
        raise Fault(f"there is no liblat.so below {prefix}/lib")
    members = {}
    for path in sorted((ROOT / "python/lat").glob("*.py*")):
        if not path.is_dir():
            members[f"lat/{path.name}"] = path.read_bytes()
    with tempfile.TemporaryDirectory() as scratch:
        files, found = carry(library, pathlib.Path(scratch))
        place = library.parent.relative_to(prefix).as_posix()
        for path in sorted(files):
            members[f"lat/{place}/{path.name}"] = path.read_bytes()
        tag = f"py3-none-{platform_tag(files)}"
    for path in sorted((prefix / "share/lat/models").glob("*")):
        members[f"lat/share/lat/models/{path.name}"] = path.read_bytes()
    info = f"lat-{version()}.dist-info"
    licenses = copyrights(found)
    for name, text in licenses.items():
        members[f"{info}/licenses/{name}"] = text
    members[f"{info}/METADATA"] = metadata(licenses)
    members[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: lat\nRoot-Is-Purelib: false\nTag: {tag}\n".encode()
    members[f"{info}/RECORD"] = record(members, f"{info}/RECORD")
    wheel = pathlib.Path(folder) / f"lat-{version()}-{tag}.whl"
    write_zip(wheel, members)
    return wheel


# Checking

def check_record(archive, info):
    listed = {}
    for path, wanted, size in csv.reader(io.StringIO(archive.read(f"{info}/RECORD").decode())):
        listed[path] = (wanted, size)
    names = [name for name in archive.namelist() if not name.endswith("/")]
    if sorted(names) != sorted(listed):
        raise Fault(f"RECORD and the files differ in {sorted(set(names) ^ set(listed)) or 'doubled names'}")
    for name in names:
        content = archive.read(name)
        if name != f"{info}/RECORD" and listed[name] != (digest(content), str(len(content))):
            raise Fault(f"{name} is not the file that RECORD lists")


def check_fields(archive, info, wheel_version, tag):
    def fields(name):
        head = archive.read(f"{info}/{name}").decode().split("\n\n", 1)[0]
        return [tuple(line.split(": ", 1)) for line in head.splitlines()]

    wanted = {("Name", "lat"), ("Version", wheel_version), ("License-Expression", "BSD-3-Clause")}
    found = fields("METADATA")
    if not wanted <= set(found):
        raise Fault(f"METADATA lacks {sorted(wanted - set(found))}")
    for name in [value for key, value in found if key == "License-File"]:
        if not archive.read(f"{info}/licenses/{name}"):
            raise Fault(f"{name} is empty")
    if ("Tag", tag) not in fields("WHEEL"):
        raise Fault(f"WHEEL has not the tag of the file's name, {tag}")


def check_libraries(paths, tag):
    """Every library finds what it needs in its folder or by the tag's promise, and asks for no newer glibc."""
    names = {path.name for path in paths}
    if not any(name.startswith("liblat.so.") for name in names):
        raise Fault("there is no liblat in it")
    for path in paths:
        missing = [name for name in dynamic(path, "NEEDED") if name not in names and not PROMISED.fullmatch(name)]
        if missing:
            raise Fault(f"{path.name} needs {', '.join(missing)}")
        if dynamic(path, "RPATH") + dynamic(path, "RUNPATH") != ["$ORIGIN"]:
            raise Fault(f"{path.name} looks for libraries elsewhere than beside itself")
        if dynamic(path, "SONAME") != [path.name]:
            raise Fault(f"{path.name} calls itself {dynamic(path, 'SONAME')}")
    needed = platform_tag(paths)
    match = re.fullmatch(r"manylinux_(\d+)_(\d+)_(\w+)", tag)
    if not match or match[3] != platform.machine() or tuple(map(int, match.groups()[:2])) < max(map(glibc_needed, paths)):
        raise Fault(f"the tag is {tag}, and the libraries need {needed}")


def check(wheel):
    match = re.fullmatch(r"lat-([\d.]+)-((py3)-(none)-(\w+))\.whl", pathlib.Path(wheel).name)
    if not match:
        raise Fault("the name is not that of a wheel of lat")
    info = f"lat-{match[1]}.dist-info"
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as scratch:
        check_record(archive, info)
        check_fields(archive, info, match[1], match[2])
        archive.extractall(scratch)
        libraries = sorted(pathlib.Path(scratch, "lat").glob("**/*.so*"))
        check_libraries(libraries, match[5])
        for path in libraries:
            print("{:32} glibc {}.{}".format(path.name, *glibc_needed(path)))


def main(action="", *arguments):
    if action == "build" and len(arguments) in (1, 2):
        print(build(arguments[0], arguments[1] if len(arguments) == 2 else "."))
    elif action == "check" and len(arguments) == 1:
        check(*arguments)
    else:
        sys.exit("usage: wheel.py build PREFIX [FOLDER] | wheel.py check WHEEL")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (Fault, KeyError, zipfile.BadZipFile) as fault:
        sys.exit(f"wheel.py: {fault}")
