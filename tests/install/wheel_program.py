"""What a wheel has to do where it was unpacked: wheel_program.py FOLDER. Everything that it loads and the system
does not promise lies below FOLDER; a model that it brings answers one matrix, and most fresh ones."""

import pathlib
import sys

import lat

folder = str(pathlib.Path(sys.argv[1]).resolve())
maps = pathlib.Path("/proc/self/maps").read_text().splitlines()
loaded = {line.split()[-1] for line in maps if "/" in line}
for name in ("liblat", "liblapack", "libblas", "libjansson", "libgfortran"):
    strangers = [path for path in loaded if f"/{name}" in path and not path.startswith(folder)]
    assert not strangers, strangers
assert any("/liblat.so" in path for path in loaded), loaded
assert lat.model_folder().startswith(folder), lat.model_folder()

model = lat.Model.load(pathlib.Path(lat.model_folder(), "eigenvalues-5x5.safetensors"))
values, report = lat.Solver(model, refine=30).solve(
    [[2, 1, 0, 0, 0], [1, 3, 1, 0, 0], [0, 1, 4, 1, 0], [0, 0, 1, 5, 1], [0, 0, 0, 1, 6]])
assert report.residual < 1e-10, report.residual
accuracy = lat.evaluate(lat.Model.load_named("eigenvalues-5x5"), count=50, seed=1)[0]["accuracy"][0]
assert accuracy >= 80, accuracy
print(f"lat {lat.version()}: eigenvalues {' '.join(f'{row[0]:.3f}' for row in values.tolist())},",
      f"residual {report.residual:.2g}, {accuracy:.0f} % of 50 within 5 %")
