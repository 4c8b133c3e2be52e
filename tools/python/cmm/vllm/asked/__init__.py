"""What did the user ask for: the arguments of vLLM, options of cmm serve, and what they ask of this machine?"""
