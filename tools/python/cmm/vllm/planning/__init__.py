"""Where does the KV cache go, how large can it be, and why?"""
