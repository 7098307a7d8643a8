#!/usr/bin/env bash
# Makes every golden file anew with real Keras. Needs python3 (3.11 or later) with venv, network
# access to the Python package index, and Debian's dataset-fashion-mnist (or DANLU_DATA).
#
#   tests/golden/make.sh              all golden files (about two minutes)
#   tests/golden/make.sh layers text  only these generators
#   tests/golden/make.sh names        names/: cases for every function of keras.ops; FAMILY... after it
#                                     takes only these files of names/cases
#   tests/golden/make.sh accuracy     keras_accuracy.json (three trainings on all 60,000 images)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
environments=${GOLDEN_VENV:-$(cd "$here/../.." && pwd)/.venv}
export CUDA_VISIBLE_DEVICES= JAX_PLATFORMS=cpu TF_CPP_MIN_LOG_LEVEL=3 PYTHONDONTWRITEBYTECODE=1

python_with() {  # requirements file, folder -> path of the interpreter
  local folder=$environments/$2
  [[ -x $folder/bin/python ]] || python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$here/$1" >&2
  echo "$folder/bin/python"
}

if [[ ${1:-} == accuracy ]]; then
  python=$(python_with requirements-accuracy.txt golden-accuracy)
  KERAS_BACKEND=tensorflow nice -n 19 "$python" "$here/keras_accuracy.py"
  exit
fi

python=$(python_with requirements.txt golden)
# Of KerasHub only layers are used, which need none of what the whole package does.
"$environments/golden/bin/pip" install --quiet --disable-pip-version-check --no-deps keras-hub==0.32.0 >&2
if [[ ${1:-} == names ]]; then
  [[ $# -gt 1 ]] || "$python" "$here/names/list_names.py"
  "$python" "$here/names/generate.py" "${@:2}"
  exit
fi
[[ $# -gt 0 ]] || "$python" "$here/list_parity.py"
[[ $# -gt 0 ]] || set -- models functional training summary layers trained recurrent sequence mixed losses optimizers metrics initializers activations dtypes text error_texts
for name in "$@"; do
  "$python" "$here/gen_$name.py"
done
"$python" "$here/check.py"
{
  echo "python $("$python" -c 'import platform; print(platform.python_version())')"
  "$python" -m pip freeze --disable-pip-version-check |
    grep -E '^(jax|jaxlib|keras|keras-hub|ml_dtypes|numpy|rich|safetensors|scipy)==' | sed 's/==/ /'
  echo "Keras backend: jax on the CPU, jax_enable_x64, float64 promotion kept (common.py)"
} >"$here/VERSIONS.txt"
