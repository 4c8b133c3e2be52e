# The server of LMCache, which several vLLM servers share.
#   docker run --rm --gpus all --ipc host --publish 5555:5555 --publish 8080:8080 cmm-lmcache:dev \
#     --l1-size-gb 64 --eviction-policy LRU
# Arguments are those of lmcache server.
ARG CUDA_DEVEL_IMAGE

# The image with nvcc, because LMCache has no wheel for arm64 and is compiled there.
FROM ${CUDA_DEVEL_IMAGE}
COPY docker/steps/common.sh docker/steps/install-packages.sh docker/steps/make-user.sh docker/steps/install-wheels.sh \
     docker/steps/healthy-server.sh /steps/
RUN ["/steps/install-packages.sh", "g++", "ninja-build", "python3", "python3-dev", "python3-venv"]
RUN ["/steps/make-user.sh"]
ENV PATH=/opt/venv/bin:${PATH}
ARG TORCH_CUDA_ARCH_LIST
ARG LMCACHE_VERSION
ARG TORCH_VERSION
ARG OPENAI_VERSION
RUN TORCH_CUDA_ARCH_LIST="${TORCH_CUDA_ARCH_LIST}" /steps/install-wheels.sh "lmcache==${LMCACHE_VERSION}" \
    "torch==${TORCH_VERSION}" "openai==${OPENAI_VERSION}"
RUN ["lmcache", "server", "--help"]

ARG IMAGE_TAG
ARG REVISION
LABEL org.opencontainers.image.title="cmm LMCache" \
      org.opencontainers.image.description="LMCache ${LMCACHE_VERSION}, the server" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${IMAGE_TAG}" \
      org.opencontainers.image.revision="${REVISION}"
USER 10001:10001
WORKDIR /home/cmm
EXPOSE 5555 8080
HEALTHCHECK --interval=30s --timeout=10s --start-period=2m CMD ["/steps/healthy-server.sh", "http://127.0.0.1:8080/healthcheck"]
ENTRYPOINT ["lmcache", "server", "--host", "0.0.0.0"]
