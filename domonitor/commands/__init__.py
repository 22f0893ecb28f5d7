"""The commands, one module for each family; cli.py puts them together.

Their modules are imported at every start of the command line: what is heavy is imported where it is used.
"""
