# Run PageFoundry on the head by the interpreter that PAGEFOUNDRY_PYTHON names, else by Ray's own.
#
# The head's PATH may have another interpreter than Ray's, or none. A job runs below the raylet,
# whose command line has the interpreter of its workers.
python=${PAGEFOUNDRY_PYTHON:-}
pid=$PPID
while [ -z "$python" ] && [ "${pid:-1}" -gt 1 ] && [ -r "/proc/$pid/cmdline" ]; do
  python=$(tr '\0' '\n' <"/proc/$pid/cmdline" |
    sed -n 's/^--python_worker_command=\([^ ]*\).*/\1/p')
  pid=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status")
done
python=${python:-python}

# What a driver imports first; the engines' libraries are the replicas' matter.
look='import sys
from importlib.util import find_spec
print(*(name for name in sys.argv[1:] if not find_spec(name)))'
if ! missing=$("$python" -c "$look" ray typer pydantic pyarrow deltalake pymupdf pipelines 2>&1) ||
  [ -n "$missing" ]; then
  echo "pagefoundry: on the cluster's head $python lacks: $missing; install PageFoundry and its" \
    "dependencies for it there, or name another interpreter of the head by submit --python" >&2
  exit 2
fi
exec "$python" -m pipelines.cli "$@"
