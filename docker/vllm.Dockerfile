# vLLM with a KV cache larger than HBM, everything compiled for one kind of GPU against the PyTorch of the base image.
#   docker run --rm --gpus all --publish 8000:8000 cmm-vllm:dev MODEL
# Each project is a stage of its own, so that a changed pin builds that project again and no other.
ARG PYTORCH_IMAGE

FROM ${PYTORCH_IMAGE} AS base
ENV PIP_CONSTRAINT=/etc/cmm-constraint.txt
COPY docker/steps/common.sh docker/steps/install-packages.sh docker/steps/install-build-tools.sh docker/steps/fetch-source.sh /steps/
ARG BUILD_TOOLS
RUN BUILD_TOOLS="${BUILD_TOOLS}" /steps/install-build-tools.sh

FROM base AS triton-source
ARG TRITON_REPOSITORY
ARG TRITON_VERSION
ARG TRITON_COMMIT
RUN /steps/fetch-source.sh "${TRITON_REPOSITORY}" "v${TRITON_VERSION}" "${TRITON_COMMIT}" /source/triton

FROM triton-source AS triton
COPY docker/steps/build-triton.sh /steps/
ARG MAX_JOBS
RUN MAX_JOBS="${MAX_JOBS}" /steps/build-triton.sh /source/triton

FROM triton-source AS triton-kernels
COPY docker/steps/build-triton-kernels.sh /steps/
RUN ["/steps/build-triton-kernels.sh", "/source/triton"]

FROM base AS flashinfer
ARG FLASHINFER_REPOSITORY
ARG FLASHINFER_VERSION
ARG FLASHINFER_COMMIT
RUN /steps/fetch-source.sh "${FLASHINFER_REPOSITORY}" "v${FLASHINFER_VERSION}" "${FLASHINFER_COMMIT}" /source/flashinfer
COPY docker/steps/build-flashinfer.sh /steps/
ARG MAX_JOBS
ARG TORCH_CUDA_ARCH_LIST
RUN MAX_JOBS="${MAX_JOBS}" TORCH_CUDA_ARCH_LIST="${TORCH_CUDA_ARCH_LIST}" /steps/build-flashinfer.sh /source/flashinfer

FROM base AS lmcache
ARG LMCACHE_REPOSITORY
ARG LMCACHE_VERSION
ARG LMCACHE_COMMIT
RUN /steps/fetch-source.sh "${LMCACHE_REPOSITORY}" "v${LMCACHE_VERSION}" "${LMCACHE_COMMIT}" /source/lmcache
COPY docker/steps/build-lmcache.sh /steps/
ARG MAX_JOBS
ARG TORCH_CUDA_ARCH_LIST
RUN MAX_JOBS="${MAX_JOBS}" TORCH_CUDA_ARCH_LIST="${TORCH_CUDA_ARCH_LIST}" /steps/build-lmcache.sh /source/lmcache

FROM base AS flash-attention
ARG FLASH_ATTENTION_REPOSITORY
ARG FLASH_ATTENTION_VERSION
ARG FLASH_ATTENTION_COMMIT
RUN /steps/fetch-source.sh "${FLASH_ATTENTION_REPOSITORY}" "v${FLASH_ATTENTION_VERSION}" "${FLASH_ATTENTION_COMMIT}" \
    /source/flash-attention
COPY docker/steps/build-flash-attention.sh /steps/
ARG MAX_JOBS
RUN MAX_JOBS="${MAX_JOBS}" /steps/build-flash-attention.sh /source/flash-attention

FROM base AS vllm
ARG VLLM_REPOSITORY
ARG VLLM_VERSION
ARG VLLM_COMMIT
RUN /steps/fetch-source.sh "${VLLM_REPOSITORY}" "v${VLLM_VERSION}" "${VLLM_COMMIT}" /source/vllm
COPY --from=triton-source /source/triton/python/triton_kernels /source/triton/python/triton_kernels
COPY docker/steps/build-vllm.sh /steps/
ARG MAX_JOBS
ARG TORCH_CUDA_ARCH_LIST
RUN MAX_JOBS="${MAX_JOBS}" TORCH_CUDA_ARCH_LIST="${TORCH_CUDA_ARCH_LIST}" VLLM_VERSION="${VLLM_VERSION}" \
    /steps/build-vllm.sh /source/vllm /source/triton

FROM base AS infinistore
RUN ["/steps/install-packages.sh", "flatbuffers-compiler", "libboost-dev", "libboost-stacktrace-dev", \
     "libflatbuffers-dev", "libfmt-dev", "libibverbs-dev", "libspdlog-dev", "libuv1-dev"]
ARG INFINISTORE_REPOSITORY
ARG INFINISTORE_COMMIT
RUN /steps/fetch-source.sh "${INFINISTORE_REPOSITORY}" "" "${INFINISTORE_COMMIT}" /source/infinistore
COPY docker/steps/build-infinistore.sh /steps/
RUN ["/steps/build-infinistore.sh", "/source/infinistore"]

FROM base AS probe
COPY docker/steps/build-probe.sh /steps/
RUN ["/steps/install-packages.sh", "cmake", "libcli11-dev", "ninja-build", "nlohmann-json3-dev"]
COPY CMakeLists.txt CMakePresets.json /source/cmm/
COPY include /source/cmm/include
COPY tools /source/cmm/tools
RUN ["/steps/build-probe.sh", "/source/cmm"]

FROM scratch AS wheels
COPY --from=triton /wheels /
COPY --from=triton-kernels /wheels /
COPY --from=flashinfer /wheels /
COPY --from=lmcache /wheels /
COPY --from=flash-attention /wheels /
COPY --from=vllm /wheels /
COPY --from=infinistore /wheels /

FROM base
COPY docker/steps/make-user.sh docker/steps/install-built-wheels.sh docker/steps/healthy-server.sh /steps/
# What InfiniStore is linked with.
RUN ["/steps/install-packages.sh", "libboost-stacktrace-dev", "libfmt-dev", "libibverbs1", "libspdlog-dev", "libuv1-dev"]
RUN ["/steps/make-user.sh", "/models"]
RUN --mount=type=bind,from=wheels,source=/,target=/wheels ["/steps/install-built-wheels.sh", "/wheels"]

COPY --from=probe /usr/local/bin/cmm_probe /usr/local/bin/
COPY docker/steps/install-cmm.sh docker/steps/check-vllm.sh /steps/
COPY include /opt/cmm/source/include
COPY tools /opt/cmm/source/tools
COPY bench /opt/cmm/source/bench
ARG ALLOCATOR_RECIPE
RUN ALLOCATOR_RECIPE="${ALLOCATOR_RECIPE}" /steps/install-cmm.sh /opt/cmm/source
ARG TRITON_VERSION
ARG FLASHINFER_VERSION
ARG LMCACHE_VERSION
ARG VLLM_VERSION
RUN /steps/check-vllm.sh "triton=${TRITON_VERSION}" triton-kernels= "flashinfer-python=${FLASHINFER_VERSION}" \
    "lmcache=${LMCACHE_VERSION}" flash-attn-3= "vllm=${VLLM_VERSION}" infinistore= cmm=

COPY LICENSE /opt/cmm/
ENV HF_HOME=/models
ARG IMAGE_TAG
ARG REVISION
LABEL org.opencontainers.image.title="cmm vLLM" \
      org.opencontainers.image.description="vLLM ${VLLM_VERSION} with a KV cache larger than HBM, from source" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${IMAGE_TAG}" \
      org.opencontainers.image.revision="${REVISION}"
USER 10001:10001
WORKDIR /home/cmm
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=20m CMD ["/steps/healthy-server.sh", "http://127.0.0.1:8000/health"]
ENTRYPOINT ["cmm", "serve"]
