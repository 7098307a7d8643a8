"""Lets the PyTorch wheel that is linked against CUDA be imported where CUDA's libraries are not.

The default Linux wheel of PyTorch needs gigabytes of CUDA libraries to be loaded at all, also when
only the processor is used. For each library that is missing this makes an empty one beside
PyTorch's own, whose functions all return 100, CUDA's "there is no device". A wheel that needs
nothing of the kind stays as it is.

    python3 torch_without_cuda.py SITE_PACKAGES
"""

import pathlib
import re
import subprocess
import sys
import tempfile

MISSING = re.compile(r"^lib(cu|nv|nccl)")
FUNCTION = re.compile(r"^(cu|nv|nccl|__cuda)[A-Za-z_]")
NO_DEVICE = 100


def readelf(*arguments):
    return subprocess.run(["readelf", "-W", *map(str, arguments)], check=True, text=True,
                          capture_output=True).stdout


def needed_libraries(library):
    return re.findall(r"\(NEEDED\).*\[(.*?)\]", readelf("-d", library))


def version_files(library):
    """Version name -> library it is wanted from."""
    found, file = {}, ""
    for line in readelf("-V", library).splitlines():
        if match := re.search(r"Version: \d+ +File: (\S+)", line):
            file = match.group(1)
        elif match := re.search(r"Name: (\S+) +Flags", line):
            found[match.group(1)] = file
    return found


def undefined_symbols(library):
    """(declaration, name, version or "") of what comes from elsewhere."""
    for line in readelf("--dyn-syms", library).splitlines():
        fields = line.split()
        if len(fields) >= 8 and fields[6] == "UND":
            name, _, version = fields[7].partition("@")
            variable = fields[3] in ("OBJECT", "TLS")
            declaration = (f"char {name}[4096];" if variable else
                           f"int {name}(void) {{ return {NO_DEVICE}; }}")
            yield declaration, name, version.lstrip("@")


def build_stub(path, symbols):
    """`symbols`: version -> {name: declaration}."""
    source, script = [], []
    for version, names in sorted(symbols.items()):
        source += names.values()
        if version:
            listed = "".join(f" {name};" for name in sorted(names))
            script.append(f"{version} {{ global:{listed} }};")
    with tempfile.TemporaryDirectory() as folder:
        code = pathlib.Path(folder, "stub.c")
        versions = pathlib.Path(folder, "stub.map")
        code.write_text("\n".join(source) + "\n")
        versions.write_text("\n".join(script) + "\n")
        command = ["gcc", "-shared", "-fPIC", "-O0", "-fno-builtin", "-w", "-o", path, code,
                   f"-Wl,-soname,{path.name}"]
        if script:
            command.append(f"-Wl,--version-script={versions}")
        subprocess.run(list(map(str, command)), check=True)


def main():
    site = pathlib.Path(sys.argv[1])
    folder = site / "torch" / "lib"
    libraries = sorted(folder.glob("lib*.so"))
    present = {path.name for path in folder.iterdir()} | {
        path.name for path in (site / "nvidia").rglob("lib*.so*")}
    missing = {name for library in libraries for name in needed_libraries(library)
               if MISSING.match(name) and name not in present}
    if not missing:
        return
    symbols = {name: {} for name in missing}
    first = min(missing)
    for library in libraries:
        files = version_files(library)
        for declaration, name, version in undefined_symbols(library):
            if version and files.get(version) in missing:
                symbols[files[version]].setdefault(version, {})[name] = declaration
            elif not version and FUNCTION.match(name):
                symbols[first].setdefault("", {})[name] = declaration
    for name, wanted in symbols.items():
        build_stub(folder / name, wanted)
    print(f"PyTorch: {len(missing)} libraries of CUDA replaced by empty ones")


if __name__ == "__main__":
    main()
