"""The images as they stand, and that each check can fail."""

import pathlib
import shutil
import tempfile
import unittest

import bake
import checks

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What stands in a file, what a mistake makes of it, which check must see it, and a word of what it must say.
MISTAKES = (
    (
        "docker/vllm.Dockerfile",
        "ARG VLLM_VERSION\n",
        "ARG VLLM_VERSION=0.23.0\n",
        "pins_stand_in_one_place",
        "0.23.0",
    ),
    (
        "docker/steps/build-lmcache.sh",
        "need MAX",
        "pip install torch==2.11.0\nneed MAX",
        "pins_stand_in_one_place",
        "torch",
    ),
    (
        "docker/bench.Dockerfile",
        "FROM ${CUDA_RUNTIME_IMAGE}",
        "FROM debian:12",
        "pins_stand_in_one_place",
        "debian:12",
    ),
    ("docker/versions.hcl", '"0.4.7"', '"0.23.0"', "pins_stand_in_one_place", "twice"),
    ("docker/versions.hcl", '"0.4.7"', '"dev"', "pins_are_whole", "LMCACHE_VERSION"),
    ("docker/versions.hcl", '"0fc695fc6d', '"0fc', "pins_are_whole", "VLLM_COMMIT"),
    ("docker/versions.hcl", "pytorch:26.03-py3", "pytorch", "pins_are_whole", "PYTORCH_IMAGE"),
    ("docker/vllm.Dockerfile", "ARG LMCACHE_COMMIT\n", "", "arguments_match", "LMCACHE_COMMIT"),
    ("docker/lmcache.Dockerfile", "ARG REVISION", "ARG REVISION\nARG MORE", "arguments_match", "MORE"),
    ("docker/docker-bake.hcl", "= VLLM_COMMIT\n", "= VLLM_VERSION\n", "arguments_match", "VLLM_COMMIT"),
    ("docker/docker-bake.hcl", "= VLLM_COMMIT\n", '= "VLLM_COMMIT"\n', "arguments_match", "VLLM_COMMIT"),
    (
        "docker/versions.hcl",
        "# vLLM,",
        'variable "LEFT" {\n  default = ""\n}\n# vLLM,',
        "arguments_match",
        "LEFT",
    ),
    ("docker/lmcache.Dockerfile", "lmcache==${LMCACHE_VERSION}", "lmcache", "changed_pins_build_anew", ""),
    ("docker/bench.Dockerfile", "USER 10001:10001", "USER root", "images_are_well_behaved", "root"),
    (
        "docker/bench.Dockerfile",
        "USER 10001:10001",
        "USER 10001:10001\nUSER 0:0",
        "images_are_well_behaved",
        "root",
    ),
    ("docker/vllm.Dockerfile", "HEALTHCHECK", "# HEALTHCHECK", "images_are_well_behaved", "HEALTHCHECK"),
    ("docker/vllm.Dockerfile", "image.revision=", "image.rev=", "images_are_well_behaved", "revision"),
    (
        "docker/vllm.Dockerfile",
        'ENTRYPOINT ["cmm", "serve"]',
        "ENTRYPOINT cmm serve",
        "images_are_well_behaved",
        "shell",
    ),
    ("docker/docker-bake.hcl", ', "linux/arm64"]', "]", "images_are_well_behaved", "arm64"),
    (
        "docker/docker-bake.hcl",
        "docker/bench.Dockerfile",
        "docker/gone.Dockerfile",
        "images_are_well_behaved",
        "exist",
    ),
    ("docker/docker-bake.hcl", '"dev"', '"latest"', "nothing_is_called_latest", "latest"),
    ("docker/vllm.Dockerfile", "ENV HF_HOME", "ENV HF_TOKEN=x HF_HOME", "nothing_is_secret", "HF_TOKEN"),
    ("docker/vllm.Dockerfile", "COPY LICENSE", "COPY LICENCE", "copies_exist", "LICENCE"),
    ("docker/vllm.Dockerfile", "COPY LICENSE", "COPY README.md", "copies_exist", "keeps out"),
    (
        "docker/vllm.Dockerfile",
        "COPY docker/steps/build-vllm.sh /steps/\n",
        "",
        "steps_are_there",
        "build-vllm.sh",
    ),
    ("docker/steps/build-vllm.sh", "set -euo pipefail", "set -e", "steps_are_there", "build-vllm.sh"),
    ("docker/Jenkinsfile", "name: 'IMAGE_SUFFIX'", "name: 'SUFFIX'", "jenkins_fits", "SUFFIX"),
    (
        "docker/Jenkinsfile",
        """sh 'docker/build "$TARGET"'""",
        'sh "docker/build $TARGET"',
        "jenkins_fits",
        "environment",
    ),
    ("docker/Jenkinsfile", "'lmcache', ", "", "jenkins_fits", "offers"),
    ("docker/docker-bake.hcl", '"vllm-wheels", "lmcache"]', '"vllm-wheels"]', "jenkins_fits", "group"),
)


class Images(unittest.TestCase):
    def test_every_check_holds(self):
        for check in checks.CHECKS:
            with self.subTest(check.__name__):
                self.assertEqual(list(check(ROOT)), [])

    def test_there_are_the_four_images(self):
        self.assertEqual(set(bake.targets(ROOT / checks.BAKE)), {"bench", "vllm", "vllm-wheels", "lmcache"})

    def test_each_mistake_is_seen_and_by_its_check(self):
        for path, right, wrong, name, word in MISTAKES:
            with self.subTest(f"{path}: {wrong}"), tempfile.TemporaryDirectory() as folder:
                root = pathlib.Path(folder)
                shutil.copytree(ROOT / "docker", root / "docker")
                shutil.copy(ROOT / ".dockerignore", root)
                for one in (
                    "CMakeLists.txt",
                    "CMakePresets.json",
                    "LICENSE",
                    "README.md",
                    "bench",
                    "include",
                    "tools",
                ):
                    (root / one).symlink_to(ROOT / one)
                text = (root / path).read_text()
                self.assertIn(right, text)
                (root / path).write_text(text.replace(right, wrong))
                faults = list(getattr(checks, name)(root))
                self.assertTrue(faults)
                self.assertTrue(any(word in fault for fault in faults), faults)

    def test_every_check_is_seen_to_fail(self):
        self.assertEqual({name for _, _, _, name, _ in MISTAKES}, {check.__name__ for check in checks.CHECKS})

    def test_a_file_that_is_no_hcl_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "versions.hcl"
            path.write_text('variable "A" {\n  default = \n}\n')
            with self.assertRaisesRegex(ValueError, "versions.hcl is no HCL"):
                bake.variables(path)


if __name__ == "__main__":
    unittest.main()
