# vLLM with a KV cache larger than HBM, from published wheels: minutes instead of hours.
#   docker run --rm --gpus all --publish 8000:8000 cmm-vllm-wheels:dev MODEL
# Arguments are those of vllm serve and of tools/serve-vllm.
ARG CUDA_DEVEL_IMAGE

FROM ${CUDA_DEVEL_IMAGE} AS probe
COPY docker/steps/common.sh docker/steps/install-packages.sh /steps/
COPY docker/steps/build-probe.sh /steps/
RUN ["/steps/install-packages.sh", "g++", "cmake", "libcli11-dev", "ninja-build", "nlohmann-json3-dev"]
COPY CMakeLists.txt CMakePresets.json /source/cmm/
COPY include /source/cmm/include
COPY tools /source/cmm/tools
RUN ["/steps/build-probe.sh", "/source/cmm"]

# The image with nvcc, because FlashInfer, Triton and cmm compile when they are used.
FROM ${CUDA_DEVEL_IMAGE}
COPY docker/steps/common.sh docker/steps/install-packages.sh docker/steps/make-user.sh docker/steps/install-wheels.sh \
     docker/steps/install-vllm-wheels.sh docker/steps/healthy-server.sh /steps/
RUN ["/steps/install-packages.sh", "g++", "git", "libibverbs1", "ninja-build", "python3", "python3-dev", "python3-venv"]
RUN ["/steps/make-user.sh", "/models"]
ENV PATH=/opt/venv/bin:${PATH}
ARG TORCH_CUDA_ARCH_LIST
ARG VLLM_VERSION
ARG LMCACHE_VERSION
ARG INFINISTORE_WHEEL_VERSION
RUN TORCH_CUDA_ARCH_LIST="${TORCH_CUDA_ARCH_LIST}" VLLM_VERSION="${VLLM_VERSION}" LMCACHE_VERSION="${LMCACHE_VERSION}" \
    INFINISTORE_WHEEL_VERSION="${INFINISTORE_WHEEL_VERSION}" /steps/install-vllm-wheels.sh

COPY --from=probe /usr/local/bin/cmm_probe /usr/local/bin/
COPY docker/steps/install-cmm.sh docker/steps/check-vllm.sh /steps/
COPY include /opt/cmm/source/include
COPY tools /opt/cmm/source/tools
COPY bench /opt/cmm/source/bench
ARG ALLOCATOR_RECIPE
RUN ALLOCATOR_RECIPE="${ALLOCATOR_RECIPE}" /steps/install-cmm.sh /opt/cmm/source && \
    /steps/check-vllm.sh "vllm=${VLLM_VERSION}" "lmcache=${LMCACHE_VERSION}" cmm=

COPY LICENSE /opt/cmm/
ENV HF_HOME=/models
ARG IMAGE_TAG
ARG REVISION
LABEL org.opencontainers.image.title="cmm vLLM from wheels" \
      org.opencontainers.image.description="vLLM ${VLLM_VERSION} with a KV cache larger than HBM" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${IMAGE_TAG}" \
      org.opencontainers.image.revision="${REVISION}"
USER 10001:10001
WORKDIR /home/cmm
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=20m CMD ["/steps/healthy-server.sh", "http://127.0.0.1:8000/health"]
ENTRYPOINT ["cmm", "serve"]
