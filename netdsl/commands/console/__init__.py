"""What every command says and hears: the terminal, signals, names of files, findings, the shell."""
