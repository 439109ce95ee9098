"""The structures and constants that the Python package and lat.f90 repeat are those of the C headers.

    test_layouts.py SOURCE_DIRECTORY LIBRARY C_COMPILER [FORTRAN_COMPILER]

The headers are read for the names of structures and their fields; the compilers tell where each
field lies and how large it is.
"""

import ctypes
import pathlib
import re
import subprocess
import sys
import tempfile

source, library, *compilers = sys.argv[1:]
include = pathlib.Path(source, "include")
fortran_module = include / "lat" / "lat.f90"
sys.path.insert(0, str(pathlib.Path(source, "python")))
from lat import _constants, _structures  # noqa: E402 (finds the library in the environment)


def field_name(declaration):
    callback = re.search(r"\(\*(\w+)\)", declaration)
    return callback[1] if callback else re.search(r"(\w+)(\[\w+\])?$", declaration)[1]


def structures_of_headers():
    """{structure: names of its fields} for every public structure that is not opaque."""
    found = {}
    for header in sorted(include.glob("lat/*.h")):
        text = re.sub(r"/\*.*?\*/", " ", header.read_text(), flags=re.S)
        text = re.sub(r"//.*", "", text)
        for name, body in re.findall(r"typedef struct (\w+) \{(.*?)\} \1;", text, flags=re.S):
            declarations = [part.strip() for part in body.split(";")]
            found[name] = [field_name(part) for part in declarations if part]
    return found


def run_program(text, suffix, command):
    """Output of a program, as {name: number}."""
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder, "program")
        file = program.with_suffix(suffix)
        file.write_text(text)
        words = [word.format(file=file, folder=folder) for word in command]
        subprocess.run([*words, "-o", str(program)], check=True)
        output = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout
    return {name: int(number) for name, number in (line.split() for line in output.splitlines())}


def offsets_in_c(structures, constants, compiler):
    lines = []
    for name, fields in structures.items():
        lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
        for field in fields:
            lines.append(f'printf("{name}.{field} %zu\\n", offsetof({name}, {field}));')
            lines.append(f'printf("{name}.{field}.size %zu\\n", sizeof((({name} *)0)->{field}));')
    lines += [f'printf("{name} %d\\n", (int){name});' for name in constants]
    text = "#include <lat/lat.h>\n#include <stdio.h>\nint main(void) {\n" + "\n".join(lines) + "\n}\n"
    return run_program(text, ".c", [compiler, f"-I{include}", "{file}"])


def offsets_in_fortran(structures, constants, compiler):
    parts = []
    for name, fields in structures.items():
        parts.append(f"subroutine of_{name}()\n  type({name}), target :: x\n"
                     f"  write (*, '(a,1x,i0)') '{name}', c_sizeof(x)")
        for field in fields:
            parts.append(f"  write (*, '(a,1x,i0)') '{name}.{field}', &\n"
                         f"    transfer(c_loc(x%{field}), 0_c_intptr_t) - "
                         f"transfer(c_loc(x), 0_c_intptr_t)")
            parts.append(f"  write (*, '(a,1x,i0)') '{name}.{field}.size', c_sizeof(x%{field})")
        parts.append("end subroutine")
    calls = [f"call of_{name}()" for name in structures]
    calls += [f"write (*, '(a,1x,i0)') '{name}', {name}" for name in constants]
    text = "\n".join(["program offsets", "use lat", "use, intrinsic :: iso_c_binding", "implicit none",
                      *calls, "contains", *parts, "end program"])
    return run_program(text, ".f90", [compiler, "-J{folder}", str(fortran_module), "{file}", library])


def offsets_in_python():
    found = {}
    for kind in vars(_structures).values():
        if isinstance(kind, type) and hasattr(kind, "_fields_") and hasattr(kind, "c_name"):
            found[f"lat_{kind.c_name}"] = ctypes.sizeof(kind)
            for field, *_ in kind._fields_:
                found[f"lat_{kind.c_name}.{field}"] = getattr(kind, field).offset
                found[f"lat_{kind.c_name}.{field}.size"] = getattr(kind, field).size
    return found


def constants_of_python(in_c):
    """Python leaves prefixes out: {C's name: value}."""
    found = {}
    for name, value in vars(_constants).items():
        if re.fullmatch(r"_?[A-Z][A-Z0-9_]*", name) and isinstance(value, int):
            names = [prefix + name.lstrip("_") for prefix in ("LAT_", "LAT_DECODE_", "LAT_VERDICT_", "LAT_SOURCE_")]
            found.update({full: value for full in names if full in in_c})
    return found


def compare(language, expected, found):
    """Complains of what is not as in C, and of fields that C has besides."""
    owners = {name.split(".")[0] for name in found}
    expected = {name: value for name, value in expected.items() if name.split(".")[0] in owners}
    wrong = sorted(name for name in expected.keys() | found.keys()
                   if expected.get(name) != found.get(name))
    for name in wrong:
        print(f"{language}: {name} is {found.get(name)}, in C {expected.get(name)}")
    print(f"{language}: {len(found)} sizes, offsets and constants, {len(wrong)} wrong")
    return not wrong and len(found) > 0


# Functions that Python has no use for: what others do as well, and sums between processes.
NOT_IN_PYTHON = {
    "lat_task_answer", "lat_task_score", "lat_task_output_shape", "lat_task_max_shapes", "lat_solver_solve",
    "lat_solver_solve_many", "lat_model_save", "lat_model_find", "lat_status_text", "lat_evaluation_row_count",
    "lat_evaluation_tolerance",
    "lat_task_component_count", "lat_version_number", "lat_shard_parts", "lat_shard_sum", "lat_shard_sum_doubles"}


def every_function_is_used():
    """Complains of functions of the library that Python neither calls nor is said to leave out."""
    exported = set(re.findall(r"\b(lat_\w+);", pathlib.Path(source, "lib", "lat.map").read_text()))
    exported = {name for name in exported if not name.endswith("_init_sized")}
    package = "".join(path.read_text() for path in pathlib.Path(source, "python", "lat").glob("*.py"))
    called = set(re.findall(r"_library\.(lat_\w+)", package))
    wrong = sorted(exported - called - NOT_IN_PYTHON) + sorted(NOT_IN_PYTHON & called)
    print(f"Python: {len(called)} of {len(exported)} functions; neither used nor left out, or both: {wrong}")
    return not wrong


def main():
    structures = structures_of_headers()
    header_text = "".join(path.read_text() for path in include.glob("lat/*.h"))
    constants = sorted(set(re.findall(r"\b(LAT_[A-Z0-9_]+)\s*=\s*-?\d", header_text) +
                           re.findall(r"^#define (LAT_[A-Z0-9_]+) -?\d+$", header_text, flags=re.M)))
    module_text = fortran_module.read_text()
    statuses = re.findall(r"X\((LAT_[A-Z_]+), -?\d+", header_text)
    in_c = offsets_in_c(structures, constants + statuses, compilers[0])

    in_python = offsets_in_python()
    in_python.update(constants_of_python(in_c))
    good = every_function_is_used() and compare("Python", in_c, in_python)
    if len(compilers) > 1:
        repeated = re.findall(r"^ *type, bind\(C\), public :: (\w+)", module_text, flags=re.M)
        parameters = re.findall(r"\b(LAT_[A-Z0-9_]+) = -?\d", module_text)
        in_fortran = offsets_in_fortran({name: structures[name] for name in repeated}, parameters,
                                        compilers[1])
        good = compare("Fortran", in_c, in_fortran) and good
    sys.exit(0 if good else 1)


main()
