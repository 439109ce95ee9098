"""The smallest loop of an object file that has an instruction so many times, as text for llvm-mca.

    inner_loop.py OBJECT INSTRUCTION COUNT [--objdump llvm-objdump] [--mattr +bf16]

For Arm, of which no machine is at hand:
    inner_loop.py BUILD/lib/CMakeFiles/lat_objects.dir/compute/vector_neon.c.o fmla 16 |
      llvm-mca -mtriple=aarch64 -mcpu=neoverse-v1
"""

import argparse
import re
import subprocess
import sys

LONGEST = 80  # instructions


def instructions(objdump, attributes, path):
    """[(address, text)]"""
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", "--mattr=" + attributes, path], capture_output=True,
                          text=True, check=True).stdout
    found = (re.match(r"\s*([0-9a-f]+):\s+(.*)", line) for line in text.splitlines())
    return [(int(match.group(1), 16), match.group(2).strip()) for match in found if match]


def loops(code):
    """Bodies between the target of a branch backwards and the branch."""
    places = {address: place for place, (address, _) in enumerate(code)}
    for place, (_, text) in enumerate(code):
        branch = re.match(r"(?:b\.\w+|cbn?z \w+,) (?:\w+, )?0x([0-9a-f]+)", re.sub(r"\s+", " ", text))
        target = places.get(int(branch.group(1), 16)) if branch else None
        if target is not None and place - LONGEST < target < place:
            yield [re.sub(r"\s*<.*", "", line) for _, line in code[target:place]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("object")
    parser.add_argument("instruction")
    parser.add_argument("count", type=int)
    parser.add_argument("--objdump", default="llvm-objdump", help="(%(default)s)")
    parser.add_argument("--mattr", default="+bf16", help="(%(default)s)")
    arguments = parser.parse_args()
    code = instructions(arguments.objdump, arguments.mattr, arguments.object)
    fitting = [body for body in loops(code)
               if sum(line.split()[0] == arguments.instruction for line in body) == arguments.count]
    if not fitting:
        sys.exit("no such loop")
    print("\n".join(min(fitting, key=len)))


if __name__ == "__main__":
    main()
