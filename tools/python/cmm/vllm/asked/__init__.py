"""What did the user ask for, and can it be: arguments of vLLM, options of cmm serve, recipes?"""
