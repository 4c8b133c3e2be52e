# Runs the benchmark suite and leaves results.json and the report in /results:
#   docker run --rm --gpus all --user "$(id -u):$(id -g)" --volume "$PWD/results:/results" cmm-bench:dev
# Arguments are those of tools/bench. Without a GPU it measures a simulated machine and says so.
ARG CUDA_DEVEL_IMAGE
ARG CUDA_RUNTIME_IMAGE

FROM ${CUDA_DEVEL_IMAGE} AS build
COPY docker/steps/common.sh docker/steps/install-packages.sh docker/steps/build-bench.sh /steps/
RUN ["/steps/install-packages.sh", "g++", "cmake", "ninja-build", "libbenchmark-dev", "libcli11-dev", \
     "nlohmann-json3-dev", "python3", "python3-venv"]
WORKDIR /opt/cmm
COPY CMakeLists.txt CMakePresets.json ./
COPY include include
COPY tools tools
COPY bench bench
ARG BENCH_CUDA_ARCHITECTURES
RUN BENCH_CUDA_ARCHITECTURES="${BENCH_CUDA_ARCHITECTURES}" /steps/build-bench.sh

FROM ${CUDA_RUNTIME_IMAGE}
COPY docker/steps/common.sh docker/steps/install-packages.sh docker/steps/make-user.sh docker/steps/healthy-bench.sh /steps/
RUN ["/steps/install-packages.sh", "python3"]
RUN ["/steps/make-user.sh", "/results"]
COPY --from=build /opt/cmm/bin /opt/cmm/bin
COPY --from=build /opt/cmm/tools /opt/cmm/tools
COPY --from=build /opt/cmm/.venv /opt/cmm/.venv
COPY LICENSE /opt/cmm/
ENV CMM_BENCH_BINARY=/opt/cmm/bin/cmm_bench \
    CMM_PROBE_BINARY=/opt/cmm/bin/cmm_probe \
    MPLCONFIGDIR=/tmp/matplotlib

ARG IMAGE_TAG
ARG REVISION
LABEL org.opencontainers.image.title="cmm bench" \
      org.opencontainers.image.description="Benchmarks of CUDA managed memory, with a report" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${IMAGE_TAG}" \
      org.opencontainers.image.revision="${REVISION}"
USER 10001:10001
WORKDIR /results
HEALTHCHECK --interval=60s --timeout=20s --start-period=5s CMD ["/steps/healthy-bench.sh"]
ENTRYPOINT ["/opt/cmm/tools/bench", "--no-install", "--out", "/results"]
