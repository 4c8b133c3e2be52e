# The images. The versions are in versions.hcl; docker/build checks what it is given and calls
#   docker buildx bake --file docker/versions.hcl --file docker/docker-bake.hcl TARGET
# in the root of the repository.

# An image is REGISTRY/cmm-TARGET:IMAGE_TAG-IMAGE_SUFFIX.
variable "REGISTRY" {
  default = ""
}
variable "IMAGE_TAG" {
  default = "dev"
}
variable "IMAGE_SUFFIX" {
  default = ""
}
# The commit of this repository, for the label.
variable "REVISION" {
  default = ""
}

# GPUs that vLLM and what it uses are compiled for: Hopper, with the instructions that only it has.
variable "TORCH_CUDA_ARCH_LIST" {
  default = "9.0a"
}
# GPUs of cmm_bench: Hopper, GB200 and GB10.
variable "BENCH_CUDA_ARCHITECTURES" {
  default = "90;100;121"
}
# Parallel compilers of a stage; each of FlashAttention's takes several GiB.
variable "MAX_JOBS" {
  default = "8"
}
# The allocator that is built into the vLLM images.
variable "ALLOCATOR_RECIPE" {
  default = "managed | prefer{host} | accessed_by{device} | spill{device{}}"
}

function "named" {
  params = [image]
  result = ["${REGISTRY == "" ? "" : "${REGISTRY}/"}cmm-${image}:${IMAGE_TAG}${IMAGE_SUFFIX == "" ? "" : "-${IMAGE_SUFFIX}"}"]
}

group "default" {
  targets = ["bench"]
}

group "all" {
  targets = ["bench", "vllm", "vllm-wheels", "lmcache"]
}

target "common" {
  context   = "."
  platforms = ["linux/amd64", "linux/arm64"]
  args = {
    IMAGE_TAG = IMAGE_TAG
    REVISION  = REVISION
  }
}

target "bench" {
  inherits   = ["common"]
  dockerfile = "docker/bench.Dockerfile"
  tags       = named("bench")
  args = {
    CUDA_DEVEL_IMAGE         = CUDA_DEVEL_IMAGE
    CUDA_RUNTIME_IMAGE       = CUDA_RUNTIME_IMAGE
    BENCH_CUDA_ARCHITECTURES = BENCH_CUDA_ARCHITECTURES
  }
}

target "vllm" {
  inherits   = ["common"]
  dockerfile = "docker/vllm.Dockerfile"
  tags       = named("vllm")
  args = {
    PYTORCH_IMAGE              = PYTORCH_IMAGE
    TORCH_CUDA_ARCH_LIST       = TORCH_CUDA_ARCH_LIST
    MAX_JOBS                   = MAX_JOBS
    BUILD_TOOLS                = BUILD_TOOLS
    TRITON_REPOSITORY          = TRITON_REPOSITORY
    TRITON_VERSION             = TRITON_VERSION
    TRITON_COMMIT              = TRITON_COMMIT
    FLASHINFER_REPOSITORY      = FLASHINFER_REPOSITORY
    FLASHINFER_VERSION         = FLASHINFER_VERSION
    FLASHINFER_COMMIT          = FLASHINFER_COMMIT
    LMCACHE_REPOSITORY         = LMCACHE_REPOSITORY
    LMCACHE_VERSION            = LMCACHE_VERSION
    LMCACHE_COMMIT             = LMCACHE_COMMIT
    FLASH_ATTENTION_REPOSITORY = FLASH_ATTENTION_REPOSITORY
    FLASH_ATTENTION_VERSION    = FLASH_ATTENTION_VERSION
    FLASH_ATTENTION_COMMIT     = FLASH_ATTENTION_COMMIT
    VLLM_REPOSITORY            = VLLM_REPOSITORY
    VLLM_VERSION               = VLLM_VERSION
    VLLM_COMMIT                = VLLM_COMMIT
    INFINISTORE_REPOSITORY     = INFINISTORE_REPOSITORY
    INFINISTORE_COMMIT         = INFINISTORE_COMMIT
    ALLOCATOR_RECIPE           = ALLOCATOR_RECIPE
  }
}

target "vllm-wheels" {
  inherits   = ["common"]
  dockerfile = "docker/vllm-wheels.Dockerfile"
  tags       = named("vllm-wheels")
  args = {
    CUDA_DEVEL_IMAGE          = CUDA_DEVEL_IMAGE
    TORCH_CUDA_ARCH_LIST      = TORCH_CUDA_ARCH_LIST
    VLLM_VERSION              = VLLM_VERSION
    LMCACHE_VERSION           = LMCACHE_VERSION
    INFINISTORE_WHEEL_VERSION = INFINISTORE_WHEEL_VERSION
    ALLOCATOR_RECIPE          = ALLOCATOR_RECIPE
  }
}

target "lmcache" {
  inherits   = ["common"]
  dockerfile = "docker/lmcache.Dockerfile"
  tags       = named("lmcache")
  args = {
    CUDA_DEVEL_IMAGE     = CUDA_DEVEL_IMAGE
    TORCH_CUDA_ARCH_LIST = TORCH_CUDA_ARCH_LIST
    LMCACHE_VERSION      = LMCACHE_VERSION
    TORCH_VERSION        = TORCH_VERSION
    OPENAI_VERSION       = OPENAI_VERSION
  }
}
