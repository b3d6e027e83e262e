# Sourced by the scripts in bin/: activates .venv, unless a virtual environment is active, and installs
# the package in it.
# usage: . bin/venv.sh [EXTRA]
extra="${1:+[$1]}"
if [ -z "${VIRTUAL_ENV:-}" ]; then
  if [ ! -x .venv/bin/python ]; then
    "${PYTHON:-python3}" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
      { echo "tfcolor needs Python 3.10 or newer; set PYTHON=/path/to/python3" >&2; exit 1; }
    "${PYTHON:-python3}" -m venv .venv
  fi
  . .venv/bin/activate
fi
# Reinstall only when the requirements or the checkout changed: pip takes half a minute even without changes.
stamp="$VIRTUAL_ENV/.tfcolor${1:+-$1}"
if [ "$(cat "$stamp" 2>/dev/null)" != "$PWD" ] || [ setup.cfg -nt "$stamp" ] ||
  [ pyproject.toml -nt "$stamp" ] || [ constraints.txt -nt "$stamp" ]; then
  echo "== installing tfcolor$extra into $VIRTUAL_ENV (TensorFlow is about 600 MB)"
  known=(--constraint constraints.txt)
  python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || known=()  # some are for 3.11 and newer
  python -m pip install --disable-pip-version-check "${known[@]}" --editable ".$extra"
  echo "$PWD" >"$stamp"
fi
