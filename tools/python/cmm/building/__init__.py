"""Where is the compiler and the toolkit, how does a library or a program come from them, who keeps it?"""
