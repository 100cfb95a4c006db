"""Reading a user's own files, and the messages that say what is wrong with one."""
