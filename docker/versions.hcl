# Every reference that the images are built from, and nowhere else a second copy. A variable of the environment with
# the same name replaces one for a build: VLLM_VERSION=0.24.0 docker/build vllm-wheels.
#
# An image is a tag and the digest of its index for all platforms. A source is a release and the commit that its tag
# must lead to: the build fails where it leads elsewhere. An empty commit takes the tag as it is, and the build says so.

variable "CUDA_DEVEL_IMAGE" {
  default = "nvcr.io/nvidia/cuda:13.0.1-devel-ubuntu24.04@sha256:7d2f6a8c2071d911524f95061a0db363e24d27aa51ec831fcccf9e76eb72bc92"
}
variable "CUDA_RUNTIME_IMAGE" {
  default = "nvcr.io/nvidia/cuda:13.0.1-runtime-ubuntu24.04@sha256:c3fde347d52d578c84fd644bc177bc7ec333feaf11550d990da4084d7612e4c7"
}
# Its digest is not known here; docker/pin-digests writes it where the registry answers.
variable "PYTORCH_IMAGE" {
  default = "nvcr.io/nvidia/pytorch:26.03-py3"
}

# vLLM, whose other versions need other releases of what stands below.
variable "VLLM_REPOSITORY" {
  default = "https://github.com/vllm-project/vllm.git"
}
variable "VLLM_VERSION" {
  default = "0.23.0"
}
variable "VLLM_COMMIT" {
  default = "0fc695fc6d1d82e9a5ac6835ac8e4e1c83703665"
}

# Triton, and triton_kernels from its tree.
variable "TRITON_REPOSITORY" {
  default = "https://github.com/triton-lang/triton.git"
}
variable "TRITON_VERSION" {
  default = "3.6.0"
}
variable "TRITON_COMMIT" {
  default = ""
}

# vLLM 0.23.0 asks for FlashInfer 0.6.12, and imports four names that this one does not have: two for MXFP4 experts on
# Hopper, b12x_fused_moe and trtllm_batch_decode_sparse_mla_dsv4. Each is imported where a model needs it.
variable "FLASHINFER_REPOSITORY" {
  default = "https://github.com/flashinfer-ai/flashinfer.git"
}
variable "FLASHINFER_VERSION" {
  default = "0.6.6"
}
variable "FLASHINFER_COMMIT" {
  default = "70b142b75b46aa56e7f675a8e6ec1a977352c91f"
}

# LMCache, the PyTorch that its wheel fits and the client that its command imports. It names neither; vLLM names both.
variable "LMCACHE_REPOSITORY" {
  default = "https://github.com/LMCache/LMCache.git"
}
variable "LMCACHE_VERSION" {
  default = "0.4.7"
}
variable "LMCACHE_COMMIT" {
  default = "307439a1d7a4eb49fcaac1b565ad5c3b3b3f918f"
}

variable "TORCH_VERSION" {
  default = "2.11.0"
}

variable "OPENAI_VERSION" {
  default = "3.57.0"
}

# The hopper folder of FlashAttention, the wheel flash_attn_3.
variable "FLASH_ATTENTION_REPOSITORY" {
  default = "https://github.com/Dao-AILab/flash-attention.git"
}
variable "FLASH_ATTENTION_VERSION" {
  default = "2.8.3.post1"
}
variable "FLASH_ATTENTION_COMMIT" {
  default = "a8aa52b1ab3e9ca574c8a33b3f35afc017ffa2e2"
}

# From source, a commit of the main branch that fixes a crash without RDMA and is in no release. As a wheel, a release.
variable "INFINISTORE_REPOSITORY" {
  default = "https://github.com/bytedance/InfiniStore.git"
}
variable "INFINISTORE_COMMIT" {
  default = "502490382125803f785c80bf0345e9038df31f88"
}
variable "INFINISTORE_WHEEL_VERSION" {
  default = "0.2.35"
}

# What builds the wheels, as pip reads it; NVSHMEM is for the kernels of FlashInfer.
variable "BUILD_TOOLS" {
  default = "build==1.3.0 cmake==3.31.6 meson==1.9.1 ninja==1.13.0 nvidia-nvshmem-cu13==3.4.5 packaging==25.0 pybind11==3.0.1 setuptools==80.9.0 setuptools-scm==9.2.2 wheel==0.45.1"
}
