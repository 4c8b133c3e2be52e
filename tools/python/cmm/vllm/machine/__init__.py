"""What is this machine: GPUs, memories, what is known to be peculiar, and what others have taken of it?"""
